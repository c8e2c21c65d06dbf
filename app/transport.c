#include "app/transport.h"

#include "base/mem.h"
#include "sources/http_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *transport_take_token(void)
{
	char *token = getenv("REDTOP_TOKEN"), *own;
	if (!token)
		return NULL;
	own = *token ? mem_strdup(token) : NULL;
	explicit_bzero(token, strlen(token));
	unsetenv("REDTOP_TOKEN");
	return own;
}

static void print_lines(const struct buf *lines)
{
	for (const char *s = buf_text(lines); *s; s += strcspn(s, "\n") + 1)
		fprintf(stderr, "redtop: %.*s\n", (int)strcspn(s, "\n"), s);
}

static struct http_config *load(const struct options *o)
{
	struct buf errors, warnings;
	buf_init(&errors, 0);
	buf_init(&warnings, 0);
	struct http_config *c = http_config_load(o->http_config, &errors,
						 &warnings);
	print_lines(&errors);
	if (c && !o->quiet)
		print_lines(&warnings);
	buf_release(&errors);
	buf_release(&warnings);
	return c;
}

static int set_token(struct http_config *c, const struct options *o,
		     const char *token, struct err *e)
{
	if (o->token_file && c->login)
		return err_set(e, EXIT_USAGE, "--token-file beside %s of "
			       "%.200s: leave one of them out",
			       http_config_login(c), o->http_config);
	if (c->login)
		return 0;
	if (o->token_file)
		c->secret.file = arena_strdup(&c->arena, o->token_file);
	else if (token && token[strcspn(token, "\r\n\t ")])
		return err_set(e, EXIT_USAGE, "REDTOP_TOKEN holds white space: "
			       "not one token");
	else if (token)
		c->secret.value = arena_strdup(&c->arena, token);
	c->login = o->token_file || token ? LOGIN_TOKEN : LOGIN_NONE;
	return 0;
}

static int complain_file(const char *path)
{
	struct err e;
	err_set(&e, EXIT_FILE, "--cacert %.200s: %s", path, strerror(errno));
	return complain(&e);
}

int transport_open(struct options *o, const char *token)
{
	struct err e;
	if (!o->http_config && !o->token_file && !o->cacert && !token)
		return 0;
	struct http_config *c = o->http_config ? load(o) : http_config_new(
		o->token_file ? "--token-file" : token ? "REDTOP_TOKEN"
		: "--cacert");
	if (!c)
		return EXIT_FILE;
	if (set_token(c, o, token, &e) < 0)
		return complain(&e);
	if (o->cacert && access(o->cacert, R_OK) < 0)
		return complain_file(o->cacert);
	if (o->cacert)
		c->tls.ca = (struct http_secret){
			.file = arena_strdup(&c->arena, o->cacert) };
	o->http = c;
	return 0;
}
