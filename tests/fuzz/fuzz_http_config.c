/* An http_config of any bytes is one that can be used, or sentences that each
 * name a place. */
#include "base/text.h"
#include "sources/http_config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_source(const struct http_secret *s)
{
	return !s->value + !s->file + !s->command >= 2;
}

static void check(const struct http_config *c)
{
	struct buf shown;
	struct err e = { 0 };
	if (!is_one_source(&c->user) || !is_one_source(&c->secret)
	    || !is_one_source(&c->tls.ca) || !is_one_source(&c->tls.cert)
	    || !is_one_source(&c->tls.key)
	    || (c->tls.cert.value || c->tls.cert.file)
	       != (c->tls.key.value || c->tls.key.file)
	    || (c->tls.min && c->tls.max && c->tls.min > c->tls.max)
	    || (c->login == LOGIN_OAUTH2 && !c->oauth2.token_url))
		abort();
	for (size_t i = 0; i < c->nr_headers; i++) {
		const struct http_header *h = &c->header[i];
		if (!*h->name || strpbrk(h->name, "\r\n: ")
		    || !is_one_source(&h->value)
		    || (h->value.value && strpbrk(h->value.value, "\r\n")))
			abort();
	}
	if (http_config_check(c, "http://prom:9090", &e) < 0
	    && (c->allow_plain_http || !text_is_clean(e.text)))
		abort();
	http_config_check(c, "https://a:b@prom", &e);
	buf_init(&shown, 0);
	http_config_shown(c, &shown);
	if (!text_is_clean(buf_text(&shown)))
		abort();
	buf_release(&shown);
}

static void check_lines(const struct buf *lines)
{
	for (const char *s = buf_text(lines); *s;) {
		size_t n = strcspn(s, "\n");
		char *line = strndup(s, n);
		if (strncmp(line, "f:", 2) != 0 || !text_is_clean(line)
		    || s[n] != '\n')
			abort();
		free(line);
		s += n + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document d;
	struct buf errors, warnings;
	struct err e;
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	buf_init(&errors, 0);
	buf_init(&warnings, 0);
	if (document_parse(&d, "f", text, size, &e) == 0) {
		struct http_config *c = http_config_read(
			d.nr ? d.root[0] : NULL, "f", &errors, &warnings);
		document_release(&d);
		if (!c != (errors.len > 0))
			abort();
		if (c)
			check(c);
		http_config_free(c);
		check_lines(&errors);
		check_lines(&warnings);
	}
	buf_release(&errors);
	buf_release(&warnings);
	free(text);
	return 0;
}
