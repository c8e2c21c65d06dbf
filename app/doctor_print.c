/* The doctor's findings, as aligned text and as JSON. */
#include "app/doctor.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- text -------------------- */

#define COLUMNS 80
#define NAME_W 14

struct sheet {
	struct buf *out;
	bool ascii;
};

static void put(struct sheet *p, const char *s, size_t n)
{
	struct buf b;
	buf_init(&b, 0);
	buf_add(&b, s, n);
	if (p->ascii)
		glyph_plain(p->out, buf_text(&b));
	else
		buf_str(p->out, buf_text(&b));
	buf_release(&b);
}

/* The bytes of s that fit into `room`: whole words where that is possible. */
static size_t fit_words(const char *s, int room)
{
	size_t n = text_fit(s, room), k = n;
	if (!s[n] || s[n] == ' ')
		return n;
	while (k && s[k] != ' ')
		k--;
	return k ? k : n ? n : 1;
}

/* From a column on, over as many rows as it takes. */
static void wrap(struct sheet *p, int column, const char *s)
{
	for (;;) {
		size_t n = fit_words(s, COLUMNS - column);
		put(p, s, n);
		buf_char(p->out, '\n');
		s += n + strspn(s + n, " ");
		if (!*s)
			return;
		buf_printf(p->out, "%*s", column, "");
	}
}

static void heading(struct sheet *p, const char *name)
{
	buf_printf(p->out, "%s%s\n", p->out->len ? "\n" : "", name);
}

/* "  name          what it is" */
static void row(struct sheet *p, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void row(struct sheet *p, const char *name, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(p, "  ", 2);
	put(p, name, strlen(name));
	int w = text_width(name);
	buf_printf(p->out, "%*s", w < NAME_W ? NAME_W - w : 1, "");
	wrap(p, NAME_W + 2 > w + 3 ? NAME_W + 2 : w + 3, text);
}

static void write_terminal(struct sheet *p, const struct doctor *d)
{
	char colors[48] = "";
	heading(p, "terminal");
	if (d->terminal.colors >= 0)
		snprintf(colors, sizeof(colors), ", %d colours",
			 d->terminal.colors);
	row(p, "TERM", "%s%s%s%s", d->terminal.term ? d->terminal.term
						  : "not set",
	    colors, d->terminal.colors_why ? ": " : "",
	    d->terminal.colors_why ? d->terminal.colors_why : "");
	row(p, "locale", "%s%s%s, charset %s", d->terminal.locale,
	    d->terminal.locale_from ? " by " : ", no variable names one",
	    d->terminal.locale_from ? d->terminal.locale_from : "",
	    d->terminal.charset);
	row(p, "graphs", "%s: %s", graph_name(d->graph),
	    d->terminal.graph_why);
	if (d->terminal.w > 0)
		row(p, "size", "%dx%d", d->terminal.w, d->terminal.h);
	else
		row(p, "size", d->terminal.tty ? "not known"
					       : "no terminal here");
	if (d->terminal.inside)
		row(p, "inside", "%s", d->terminal.inside);
	if (d->terminal.fallback)
		row(p, "fallback", "%s", d->terminal.fallback);
}

static void write_network(struct sheet *p, const struct doctor *d)
{
	heading(p, "network");
	row(p, "proxy", "%s%s%s", d->network.proxy ? d->network.proxy : "none",
	    d->network.proxy_from ? " by " : "",
	    d->network.proxy_from ? d->network.proxy_from : "");
	row(p, "CA", "%s", d->network.ca ? d->network.ca : "none found");
}

static void write_keys(struct sheet *p, const struct doctor *d)
{
	if (d->aws.provider)
		row(p, "keys", "by %s", d->aws.provider);
	else if (d->aws.asked)
		row(p, "keys", "none");
	else
		row(p, "keys", "not asked for: no source here needs them");
	for (size_t i = 0; i < d->aws.nr_steps; i++) {
		char name[64];
		snprintf(name, sizeof(name), "  %.50s", d->aws.step[i].provider);
		row(p, name, "%s%s", d->aws.step[i].failed ? "failed: " : "",
		    d->aws.step[i].why);
	}
}

static void write_aws(struct sheet *p, const struct doctor *d)
{
	const char *from = d->aws.region_from;
	if (!d->aws.shown)
		return;
	heading(p, "AWS");
	if (d->aws.profile_from)
		row(p, "profile", "%s by %s", d->aws.profile,
		    d->aws.profile_from);
	if (d->aws.region)
		row(p, "region", "%s%s%s", d->aws.region, from ? " by " : "",
		    from ? from : "");
	else
		row(p, "region", "not known: --region or AWS_REGION names it");
	if (d->aws.endpoint)
		row(p, "endpoint", "%s%s%s", d->aws.endpoint,
		    d->aws.endpoint_from ? " by " : "",
		    d->aws.endpoint_from ? d->aws.endpoint_from : "");
	else if (d->aws.endpoint_from)
		row(p, "endpoint", "none: %s", d->aws.endpoint_from);
	write_keys(p, d);
	if (d->aws.error)
		row(p, "error", "%s", d->aws.error);
}

static void write_way(struct sheet *p, const struct doctor_source *s)
{
	char took[NUMBER_TEXT];
	if (s->dns.address)
		row(p, "  address", "%s%s, in %s", s->dns.address,
		    s->proxy.url ? " (of the proxy)" : "",
		    format_latency(s->dns.took_ms / 1000, took));
	else if (s->dns.error)
		row(p, "  address", "%s: %s", s->dns.host, s->dns.error);
	if (s->proxy.url)
		row(p, "  proxy", "%s by %s", s->proxy.url, s->proxy.from);
	else if (s->proxy.why_not)
		row(p, "  proxy", "none: %s%s%s", s->proxy.why_not,
		    s->proxy.from ? " " : "",
		    s->proxy.from ? s->proxy.from : "");
	if (s->tls)
		row(p, "  TLS", s->verified > 0 ? "certificate verified"
				: s->verified == 0 ? "not accepted"
						   : "did not come so far");
}

static void write_source(struct sheet *p, const struct doctor_source *s)
{
	char took[NUMBER_TEXT], text[320] = "";
	size_t n = 0;
	row(p, s->name, "%s", s->url ? s->url : s->kind ? s->kind : "");
	if (s->identity)
		n += (size_t)snprintf(text, sizeof(text), ", %.120s",
				      s->identity);
	if (s->useful && !isnan(s->took_ms))
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      ", answers in %s",
				      format_latency(s->took_ms / 1000, took));
	if (fabs(s->skew_s) < 0.05)
		snprintf(text + n, sizeof(text) - n, ", clocks agree");
	else if (!isnan(s->skew_s))
		snprintf(text + n, sizeof(text) - n, ", its clock %.1fs %s",
			 fabs(s->skew_s), s->skew_s < 0 ? "behind" : "ahead");
	row(p, "  state", "%s%s", source_state_name(s->state), text);
	if (s->error)
		row(p, "  error", "%s", s->error);
	write_way(p, s);
}

static void write_sources(struct sheet *p, const struct doctor *d)
{
	heading(p, "sources");
	if (!d->nr_sources)
		row(p, "none", "redtop doctor SOURCE asks one; PROMETHEUS_URL "
		    "is not set");
	for (size_t i = 0; i < d->nr_sources; i++)
		write_source(p, &d->source[i]);
}

static void write_credentials(struct sheet *p, const struct doctor *d)
{
	heading(p, "credentials (never their values)");
	if (!d->nr_credentials)
		row(p, "none", "REDTOP_TOKEN is not set");
	for (size_t i = 0; i < d->nr_credentials; i++)
		row(p, d->credential[i].name, "%s",
		    d->credential[i].note ? d->credential[i].note
					  : "set in the environment");
}

static void write_files(struct sheet *p, const struct doctor *d)
{
	heading(p, "files");
	for (size_t i = 0; i < d->nr_looked; i++)
		row(p, i ? "" : "config", "%s: %s", d->looked[i].path,
		    d->looked[i].problem ? d->looked[i].problem
		    : d->looked[i].found ? "found" : "not there");
	row(p, "recordings", "%s%s%s",
	    d->recordings.path ? d->recordings.path : "nowhere",
	    d->recordings.error ? ": " : ", writable",
	    d->recordings.error ? d->recordings.error : "");
}

static void write_libraries(struct sheet *p, const struct doctor *d)
{
	struct buf b;
	buf_init(&b, 1024);
	buf_printf(&b, "redtop %s", REDTOP_VERSION);
	for (size_t i = 0; i < d->nr_libraries; i++)
		buf_printf(&b, ", %s %s", d->library[i].name,
			   d->library[i].version);
	heading(p, "versions");
	put(p, "  ", 2);
	wrap(p, 2, buf_text(&b));
	buf_release(&b);
}

static void write_problems(struct sheet *p, const struct doctor *d)
{
	heading(p, d->nr_problems ? "problems" : "no problems");
	for (size_t i = 0; i < d->nr_problems; i++) {
		buf_printf(p->out, "  %2zu. ", i + 1);
		wrap(p, 6, d->problem[i].what);
		buf_str(p->out, "      ");
		put(p, "→ ", strlen("→ "));
		wrap(p, 8, d->problem[i].remedy);
	}
}

void doctor_write_text(const struct doctor *d, struct buf *out)
{
	struct sheet p = { out, d->graph == GRAPH_ASCII };
	write_terminal(&p, d);
	write_network(&p, d);
	write_aws(&p, d);
	write_sources(&p, d);
	write_credentials(&p, d);
	write_files(&p, d);
	write_libraries(&p, d);
	write_problems(&p, d);
}

/* ---- JSON -------------------- */

static cJSON *must(cJSON *j)
{
	if (!j)
		mem_die();
	return j;
}

static cJSON *add(cJSON *o, const char *name, cJSON *j)
{
	cJSON_AddItemToObject(o, name, must(j));
	return j;
}

static cJSON *add_object(cJSON *o, const char *name)
{
	return add(o, name, cJSON_CreateObject());
}

static cJSON *add_row(cJSON *list)
{
	cJSON *o = must(cJSON_CreateObject());
	cJSON_AddItemToArray(list, o);
	return o;
}

static void text(cJSON *o, const char *name, const char *s)
{
	add(o, name, s ? cJSON_CreateString(s) : cJSON_CreateNull());
}

static void number(cJSON *o, const char *name, double v)
{
	add(o, name, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static void truth(cJSON *o, const char *name, int v)
{
	add(o, name, v < 0 ? cJSON_CreateNull() : cJSON_CreateBool(v));
}

static void json_terminal(cJSON *root, const struct doctor *d)
{
	cJSON *o = add_object(root, "terminal");
	char size[32];
	text(o, "term", d->terminal.term);
	number(o, "colors", d->terminal.colors < 0 ? (double)NAN
							  : d->terminal.colors);
	text(o, "colors_why", d->terminal.colors_why);
	text(o, "charset", d->terminal.charset);
	text(o, "locale", d->terminal.locale);
	text(o, "locale_from", d->terminal.locale_from);
	snprintf(size, sizeof(size), "%dx%d", d->terminal.w, d->terminal.h);
	text(o, "size", d->terminal.w > 0 ? size : NULL);
	text(o, "graph", graph_name(d->graph));
	text(o, "graph_why", d->terminal.graph_why);
	text(o, "fallback", d->terminal.fallback);
	text(o, "inside", d->terminal.inside);
	truth(o, "tty", d->terminal.tty);
}

static void json_network(cJSON *root, const struct doctor *d)
{
	cJSON *o = add_object(root, "network");
	text(o, "proxy", d->network.proxy);
	text(o, "proxy_from", d->network.proxy_from);
	text(o, "ca", d->network.ca);
	number(o, "skew_s", d->network.skew_s);
}

static void json_aws(cJSON *root, const struct doctor *d)
{
	cJSON *o = add_object(root, "aws"), *list;
	text(o, "provider", d->aws.provider);
	text(o, "region", d->aws.region);
	text(o, "region_from", d->aws.region_from);
	text(o, "endpoint", d->aws.endpoint);
	text(o, "endpoint_from", d->aws.endpoint_from);
	text(o, "profile", d->aws.profile);
	number(o, "skew_s", d->aws.skew_s);
	text(o, "error", d->aws.error);
	text(o, "note", d->aws.asked ? NULL
			: "keys are asked for where a source is cloudwatch");
	list = add(o, "steps", cJSON_CreateArray());
	for (size_t i = 0; i < d->aws.nr_steps; i++) {
		cJSON *r = add_row(list);
		text(r, "provider", d->aws.step[i].provider);
		truth(r, "won", d->aws.step[i].won);
		truth(r, "failed", d->aws.step[i].failed);
		text(r, "why", d->aws.step[i].why);
	}
}

static void json_config(cJSON *root, const struct doctor *d)
{
	cJSON *o = add_object(root, "config"), *list;
	text(o, "file", d->config);
	list = add(o, "problems", cJSON_CreateArray());
	for (size_t i = 0; i < d->nr_looked; i++)
		if (d->looked[i].problem)
			cJSON_AddItemToArray(list, must(cJSON_CreateString(
				d->looked[i].problem)));
	list = add(o, "looked", cJSON_CreateArray());
	for (size_t i = 0; i < d->nr_looked; i++) {
		cJSON *r = add_row(list);
		text(r, "path", d->looked[i].path);
		truth(r, "found", d->looked[i].found);
	}
}

static void json_way(cJSON *o, const struct doctor_source *s)
{
	cJSON *way = add_object(o, "dns");
	text(way, "host", s->dns.host);
	text(way, "address", s->dns.address);
	number(way, "took_ms", s->dns.took_ms);
	text(way, "error", s->dns.error);
	way = add_object(o, "tls");
	truth(way, "used", s->tls);
	truth(way, "verified", s->verified);
	way = add_object(o, "proxy");
	text(way, "url", s->proxy.url);
	text(way, "from", s->proxy.from);
	text(way, "why_not", s->proxy.why_not);
}

static void json_sources(cJSON *root, const struct doctor *d)
{
	cJSON *list = add(root, "sources", cJSON_CreateArray());
	for (size_t i = 0; i < d->nr_sources; i++) {
		const struct doctor_source *s = &d->source[i];
		cJSON *o = add_row(list);
		text(o, "name", s->name);
		text(o, "kind", s->kind);
		text(o, "url", s->url);
		text(o, "state", source_state_name(s->state));
		text(o, "error", s->error);
		number(o, "took_ms", s->took_ms);
		number(o, "skew_s", s->skew_s);
		text(o, "identity", s->identity);
		number(o, "requests", (double)s->requests);
		text(o, "credentials", s->userinfo ? "url" : NULL);
		json_way(o, s);
	}
}

static void json_credentials(cJSON *root, const struct doctor *d)
{
	cJSON *list = add(root, "credentials", cJSON_CreateArray());
	for (size_t i = 0; i < d->nr_credentials; i++) {
		cJSON *o = add_row(list);
		text(o, "name", d->credential[i].name);
		text(o, "note", d->credential[i].note);
	}
}

static void json_libraries(cJSON *root, const struct doctor *d)
{
	cJSON *o = add_object(root, "libraries");
	for (size_t i = 0; i < d->nr_libraries; i++)
		text(o, d->library[i].name, d->library[i].version);
}

static void json_problems(cJSON *root, const struct doctor *d)
{
	cJSON *list = add(root, "problems", cJSON_CreateArray());
	for (size_t i = 0; i < d->nr_problems; i++) {
		cJSON *o = add_row(list);
		text(o, "what", d->problem[i].what);
		text(o, "do", d->problem[i].remedy);
	}
}

void doctor_write_json(const struct doctor *d, struct buf *out)
{
	cJSON *root = must(cJSON_CreateObject()), *o;
	text(root, "schema", "redtop.doctor/1");
	text(root, "version", REDTOP_VERSION);
	json_terminal(root, d);
	json_network(root, d);
	json_aws(root, d);
	json_config(root, d);
	json_sources(root, d);
	json_credentials(root, d);
	o = add_object(root, "recordings");
	text(o, "path", d->recordings.path);
	truth(o, "writable", d->recordings.error == NULL);
	text(o, "error", d->recordings.error);
	json_libraries(root, d);
	json_problems(root, d);
	char *s = cJSON_PrintUnformatted(root);
	if (!s)
		mem_die();
	buf_str(out, s);
	buf_char(out, '\n');
	cJSON_free(s);
	cJSON_Delete(root);
}
