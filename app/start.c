#include "app/start.h"

#include "app/commands.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/http.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ROWS_MAX 24
#define RECENT_MAX 6

static const struct {
	int port;
	const char *what;
} usual[] = {
	{ 9090, "Prometheus' usual port" },
	{ 8428, "VictoriaMetrics' usual port" },
};
#define NR_USUAL (sizeof(usual) / sizeof(usual[0]))

struct probe {
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct start_list *list;
	size_t row;
	bool open;
};

struct start_list {
	struct start_row row[ROWS_MAX];
	size_t nr;
	char *text[ROWS_MAX * 4];
	size_t nr_texts;
	struct probe probe[NR_USUAL];
	size_t probing;
	bool closing;
	void (*changed)(void *arg);
	void *arg;
};

static const char *keep(struct start_list *s, const char *text)
{
	if (s->nr_texts == sizeof(s->text) / sizeof(s->text[0]))
		return "";
	struct buf b;
	buf_init(&b, 512);
	text_clean(&b, text, strlen(text));
	s->text[s->nr_texts] = mem_strdup(buf_text(&b));
	buf_release(&b);
	return s->text[s->nr_texts++];
}

static void add(struct start_list *s, enum start_group g, const char *source,
		const char *shown, const char *what, const char *note)
{
	if (s->nr < ROWS_MAX)
		s->row[s->nr++] = (struct start_row){ g, source, shown, what,
						      note };
}

static void add_environment(struct start_list *s)
{
	const char *url = getenv("PROMETHEUS_URL");
	struct buf shown;
	struct err e;
	if (!url || !*url || http_url_check(url, &e) < 0)
		return;
	buf_init(&shown, 256);
	http_url_shown(url, &shown);
	char *own = mem_strdup(url);
	s->text[s->nr_texts++] = own;
	add(s, START_FOUND, own, keep(s, buf_text(&shown)), "PROMETHEUS_URL",
	    "not asked yet");
	buf_release(&shown);
}

struct recent {
	char path[512], name[256];
	time_t when;
	off_t size;
};

static int newest_first(const void *a, const void *b)
{
	const struct recent *x = a, *y = b;
	return x->when == y->when ? strcmp(x->name, y->name)
	       : x->when > y->when ? -1 : 1;
}

static void look_into(const char *dir, struct recent *list, size_t *nr, size_t max)
{
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		struct stat st;
		if (*nr >= max || n < 8 || n > 200
		    || strcmp(e->d_name + n - 7, ".redtop") != 0)
			continue;
		struct recent *r = &list[*nr];
		int len = snprintf(r->path, sizeof(r->path), "%s/%s", dir,
				   e->d_name);
		if (len < 0 || (size_t)len >= sizeof(r->path)
		    || stat(r->path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		snprintf(r->name, sizeof(r->name), "%s", e->d_name);
		r->when = st.st_mtime;
		r->size = st.st_size;
		(*nr)++;
	}
	if (d)
		closedir(d);
}

static void add_recent(struct start_list *s)
{
	static const size_t max = 256;
	struct recent *list = mem_zero(max, sizeof(*list));
	char dir[512], bytes[NUMBER_TEXT], what[64], age[TIME_TEXT], note[64];
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	size_t nr = 0;
	if (xdg && *xdg == '/')
		snprintf(dir, sizeof(dir), "%s/redtop", xdg);
	else
		snprintf(dir, sizeof(dir), "%s/.local/share/redtop",
			 home ? home : "");
	look_into(dir, list, &nr, max);
	look_into(".", list, &nr, max);
	qsort(list, nr, sizeof(*list), newest_first);
	for (size_t i = 0; i < nr && i < RECENT_MAX; i++) {
		snprintf(what, sizeof(what), "recording, %s",
			 format_bytes((double)list[i].size, bytes));
		snprintf(note, sizeof(note), "%s ago",
			 time_span((time_ms)(time(NULL) - list[i].when) * 1000,
				   age));
		char *path = mem_strdup(list[i].path);
		s->text[s->nr_texts++] = path;
		add(s, START_RECENT, path, keep(s, list[i].name), keep(s, what),
		    keep(s, note));
	}
	free(list);
}

struct start_list *start_new(void)
{
	struct start_list *s = mem_zero(1, sizeof(*s));
	add(s, START_LOOK, "demo", "redtop demo", "a small shop with an incident",
	    "no network");
	add_environment(s);
	for (size_t i = 0; i < NR_USUAL; i++) {
		char url[64];
		snprintf(url, sizeof(url), "http://127.0.0.1:%d", usual[i].port);
		const char *own = keep(s, url);
		s->probe[i].row = s->nr;
		add(s, START_FOUND, own, own, usual[i].what, "looking");
	}
	add_recent(s);
	add(s, START_TYPE, "", "redtop URL",
	    "Prometheus, Thanos, Mimir, VictoriaMetrics", "");
	add(s, START_TYPE, "", "redtop cloudwatch",
	    "load balancers, APIs, functions, tables of an AWS account", "");
	add(s, START_TYPE, "", "redtop FILE.redtop", "replay a recording", "");
	add(s, START_TYPE, "", "redtop record URL -o FILE",
	    "record without a screen", "");
	return s;
}

const struct start_row *start_rows(const struct start_list *s, size_t *nr)
{
	*nr = s->nr;
	return s->row;
}

static void destroy(struct start_list *s)
{
	for (size_t i = 0; i < s->nr_texts; i++)
		free(s->text[i]);
	free(s);
}

static void on_closed(uv_handle_t *h)
{
	struct probe *p = h->data;
	struct start_list *s = p->list;
	p->open = false;
	if (--s->probing == 0 && s->closing)
		destroy(s);
}

static void on_connect(uv_connect_t *c, int status)
{
	struct probe *p = c->data;
	struct start_list *s = p->list;
	s->row[p->row].note = status == 0 ? "ready" : "nothing there";
	if (!uv_is_closing((uv_handle_t *)&p->tcp))
		uv_close((uv_handle_t *)&p->tcp, on_closed);
	if (!s->closing && s->changed)
		s->changed(s->arg);
}

void start_probe(struct start_list *s, uv_loop_t *loop,
		 void (*changed)(void *arg), void *arg)
{
	s->changed = changed;
	s->arg = arg;
	for (size_t i = 0; i < NR_USUAL; i++) {
		struct probe *p = &s->probe[i];
		struct sockaddr_in to;
		p->list = s;
		p->tcp.data = p;
		p->connect.data = p;
		uv_ip4_addr("127.0.0.1", usual[i].port, &to);
		if (uv_tcp_init(loop, &p->tcp) < 0)
			continue;
		p->tcp.data = p;
		p->open = true;
		s->probing++;
		if (uv_tcp_connect(&p->connect, &p->tcp,
				   (const struct sockaddr *)&to, on_connect) < 0)
			uv_close((uv_handle_t *)&p->tcp, on_closed);
	}
}

void start_free(struct start_list *s)
{
	s->closing = true;
	if (s->probing == 0) {
		destroy(s);
		return;
	}
	for (size_t i = 0; i < NR_USUAL; i++)
		if (s->probe[i].open
		    && !uv_is_closing((uv_handle_t *)&s->probe[i].tcp))
			uv_close((uv_handle_t *)&s->probe[i].tcp, on_closed);
}
