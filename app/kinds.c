#include "app/kinds.h"

#include "record/replay.h"
#include "sources/cloudwatch.h"
#include "sources/demo.h"
#include "sources/http.h"
#include "sources/prometheus.h"

#include <string.h>

const struct source_ops *const source_kinds[] = {
	&prometheus_ops, &cloudwatch_ops, &demo_ops, &replay_ops, NULL,
};

const struct source_ops *source_kind(const char *name)
{
	for (size_t i = 0; source_kinds[i]; i++)
		if (strcmp(source_kinds[i]->name, name) == 0)
			return source_kinds[i];
	return NULL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

static bool is_url(const char *s)
{
	return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0;
}

const struct source_ops *kind_of(const char *text, const char **where,
				 struct err *e)
{
	*where = text;
	if (strcmp(text, "demo") == 0) {
		*where = "";
		return &demo_ops;
	}
	if (strncmp(text, "demo:", 5) == 0) {
		*where = text + 5;
		return &demo_ops;
	}
	if (is_url(text)) {
		if (!ends_with(text, "/metrics"))
			return &prometheus_ops;
		err_set(e, EXIT_USAGE,
			"scraping a /metrics page directly is not in this "
			"version; give the base URL of a Prometheus");
		return NULL;
	}
	if (strcmp(text, "cloudwatch") == 0) {
		*where = "";
		return &cloudwatch_ops;
	}
	if (strstr(text, "://")) {
		struct buf shown;
		buf_init(&shown, 80);
		http_url_shown(text, &shown);
		err_set(e, EXIT_USAGE, "'%s' is not a source: only http:// and "
			"https:// URLs, cloudwatch, demo, and recordings are",
			buf_text(&shown));
		buf_release(&shown);
		return NULL;
	}
	return &replay_ops;
}
