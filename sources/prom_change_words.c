#include "sources/prom_change_words.h"

#include "base/mem.h"
#include "base/number.h"
#include "sources/prom_parse.h"
#include "sources/promql.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char counting[] = "histogram_count(";
static const char ranges[] = "prometheus_buckets(";
static const char rate[] = "rate(";

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* Where the window stands: the last one, since a label's value may hold the
 * same text. */
static const char *find_window(const char *s)
{
	const char *at = NULL;
	while ((s = strstr(s, "}[$__rate_interval]")))
		at = s++;
	return at;
}

static char *cut(const char *from, const char *to)
{
	return mem_strndup(from, (size_t)(to - from));
}

bool change_words_read(struct change_words *w, const char *question,
		       const char *service)
{
	const char *by = question ? strstr(question, " by (") : NULL;
	const char *inner = by ? strstr(by, ") (") : NULL;
	const char *at = inner ? find_window(inner) : NULL;
	struct buf b;
	if (!at)
		return false;
	inner += 3;
	bool native = begins(inner, counting);
	if (!begins(inner + (native ? strlen(counting) : 0), rate))
		return false;
	char *open = cut(inner, at);
	buf_init(&b, 0);
	promql_service(&b, open, service);
	free(open);
	*w = (struct change_words){
		.agg = cut(question, by), .open = b.s,
		.close = mem_strdup(at + 1), .native = native,
		.ranges = begins(question, ranges),
	};
	return true;
}

void change_words_release(struct change_words *w)
{
	free(w->agg);
	free(w->open);
	free(w->close);
	*w = (struct change_words){ 0 };
}

void change_words_selector(const struct change_words *w, struct buf *out)
{
	buf_str(out, w->open + (w->native ? strlen(counting) : 0) +
			     strlen(rate));
	buf_char(out, '}');
}

/* `agg` in place of the question's; `bare`: without counting, which leaves one
 * parenthesis less to close. */
static void write_words(const struct change_words *w, const char *agg,
			const char *label, const char *also, bool bare,
			const char *matcher, time_ms span, struct buf *out)
{
	char window[TIME_TEXT];
	const char *open = w->open;
	bare = bare && w->native;
	buf_printf(out, "%s by (", agg);
	if (label)
		promql_label(out, label);
	if (also)
		buf_printf(out, "%s%s", label ? ", " : "", also);
	buf_printf(out, ") (%s", open + (bare ? strlen(counting) : 0));
	if (matcher && *matcher)
		buf_printf(out, ",%s", matcher);
	buf_char(out, '}');
	char *close = cut(w->close, w->close + strlen(w->close) - bare);
	promql_window(out, close, time_duration(span, window));
	free(close);
}

void change_words_rate(const struct change_words *w, const char *label,
		       const char *matcher, time_ms span, struct buf *out)
{
	write_words(w, w->agg, label, NULL, false, matcher, span, out);
}

void change_words_buckets(const struct change_words *w, const char *label,
			  const char *matcher, time_ms span, struct buf *out)
{
	const char *also = w->native ? NULL : w->ranges ? "vmrange" : "le";
	write_words(w, w->agg, label, also, true, matcher, span, out);
}

bool change_words_share(const struct change_words *w, const char *label,
			const char *matcher, double edge, time_ms span,
			struct buf *out)
{
	char number[NUMBER_TEXT];
	struct buf agg;
	if (!w->native && !w->ranges)
		return false;
	number_shortest(edge, number);
	buf_init(&agg, 0);
	if (w->native)
		buf_printf(&agg, "histogram_fraction(0, %s, %s", number,
			   w->agg);
	else
		buf_printf(&agg, "histogram_share(%s, %s", number,
			   w->agg + strlen(ranges));
	write_words(w, buf_text(&agg), label, w->native ? NULL : "vmrange",
		    true, matcher, span, out);
	if (w->native)
		buf_char(out, ')');
	buf_release(&agg);
	return true;
}

void change_words_join(struct buf *query, const struct buf *question,
		       uint32_t id)
{
	buf_printf(query, "%slabel_replace(%s,\"" PROM_TAG "\",\"%" PRIu32
		   "\",\"\",\"\")", query->len ? " or " : "",
		   buf_text(question), id);
}
