/* Floating boxes. */
#include "app/explain.h"

#include "base/buf.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINES_MAX 64

/* Lines are gathered first, so that the box has their size. */
struct box {
	struct {
		enum role role;
		char text[512];
	} line[LINES_MAX];
	int nr;
};

static void add(struct box *b, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct box *b, enum role role, const char *fmt, ...)
{
	va_list ap;
	if (b->nr >= LINES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(b->line[b->nr].text, sizeof(b->line[b->nr].text), fmt, ap);
	va_end(ap);
	b->line[b->nr++].role = role;
}

/* Long texts go on over several lines, indented. */
static void add_wrapped(struct box *b, enum role role, int width, const char *head,
			const char *text)
{
	int room = width - 4 - text_width(head);
	if (room < 20)
		room = 20;
	bool first = true;
	do {
		size_t n = text_fit(text, room);
		if (n == 0)
			break;
		add(b, role, "%s%.*s", first ? head : "", (int)n, text);
		if (!first) {
			int k = b->nr - 1;
			char pad[512];
			snprintf(pad, sizeof(pad), "%*s%.*s", text_width(head),
				 "", (int)n, text);
			memcpy(b->line[k].text, pad, sizeof(pad));
		}
		text += n;
		first = false;
	} while (*text && b->nr < LINES_MAX);
}

static void frame(struct surface *s, int x, int y, int w, int h,
		  const char *title, const char *right)
{
	struct style line = STYLE_ON(R_FAINT, R_POPUP);
	for (int i = 0; i < h; i++)
		surface_run(s, x, y + i, w, ' ', STYLE_ON(R_TEXT, R_POPUP));
	surface_run(s, x, y, w, 0x2500, line);
	surface_run(s, x, y + h - 1, w, 0x2500, line);
	for (int i = 0; i < h; i++) {
		surface_put(s, x, y + i, 0x2502, line);
		surface_put(s, x + w - 1, y + i, 0x2502, line);
	}
	surface_put(s, x, y, 0x256d, line);
	surface_put(s, x + w - 1, y, 0x256e, line);
	surface_put(s, x, y + h - 1, 0x2570, line);
	surface_put(s, x + w - 1, y + h - 1, 0x256f, line);
	char text[160];
	snprintf(text, sizeof(text), " %s ", title);
	surface_text(s, x + 2, y, STYLE_ON(R_BRIGHT, R_POPUP), text);
	snprintf(text, sizeof(text), " %s ", right);
	if (text_width(text) + text_width(title) + 8 < w)
		surface_text_right(s, x + w - 2, y, STYLE_ON(R_DIM, R_POPUP),
				   text);
}

static void draw_box(struct surface *s, const struct box *b, int width,
		     const char *title)
{
	int h = b->nr + 2;
	if (h > s->h)
		h = s->h;
	if (width > s->w)
		width = s->w;
	int x = (s->w - width) / 2, y = (s->h - h) / 2;
	frame(s, x, y, width, h, title, "any key closes");
	for (int i = 0; i < b->nr && i < h - 2; i++)
		surface_text_max(s, x + 2, y + 1 + i, width - 4,
				 STYLE_ON(b->line[i].role, R_POPUP),
				 b->line[i].text);
}

/* ---- `e` ------------------------------------------------------------------ */

static void put_window(struct buf *out, const char *question, time_ms window)
{
	static const char var[] = "$__rate_interval";
	char span[TIME_TEXT];
	for (const char *p; (p = strstr(question, var)) != NULL;) {
		buf_add(out, question, (size_t)(p - question));
		buf_str(out, time_duration(window, span));
		question = p + sizeof(var) - 1;
	}
	buf_str(out, question);
}

static void quote_shell(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			buf_str(out, "'\\''");
		else
			buf_char(out, *s);
	}
}

static void add_curl(struct box *b, int width, const struct store_source *src,
		     const char *query, time_ms at)
{
	struct buf line;
	char sec[NUMBER_TEXT];
	if (strcmp(src->kind, "prometheus") || !*src->url)
		return;
	buf_init(&line, 4096);
	buf_str(&line, "curl -sG '");
	quote_shell(&line, src->url);
	if (line.len && line.s[line.len - 1] == '/')
		line.s[--line.len] = '\0';
	buf_str(&line, "/api/v1/query' --data-urlencode 'query=");
	quote_shell(&line, query);
	buf_printf(&line, "' -d time=%s",
		   number_shortest((double)at / 1000, sec));
	add_wrapped(b, R_DIM, width, "  same   ", buf_text(&line));
	buf_release(&line);
}

static void add_question(struct box *b, int width, const struct red_row *r,
			 enum red_role role)
{
	const struct shape *sh = r->service->shape;
	const struct store_source *src = r->service->source;
	struct buf q;
	if (!sh->question[role])
		return;
	buf_init(&q, 4096);
	put_window(&q, sh->question[role], sh->window);
	add_wrapped(b, R_TEXT, width, "  query  ", buf_text(&q));
	add_curl(b, width, src, buf_text(&q), r->at);
	buf_release(&q);
}

static void add_quantile(struct box *b, const char *name,
			 const struct red_quantile *q)
{
	char v[NUMBER_TEXT], lo[NUMBER_TEXT], hi[NUMBER_TEXT];
	if (isnan(q->value)) {
		add(b, R_TEXT, "%s – %s", name, q->note ? q->note : "no data");
	} else if (isnan(q->lo)) {
		add(b, R_TEXT, "%s %s  %s%s", name, format_latency(q->value, v),
		    method_name(q->method), q->note ? ", not mergeable: "
						      "max over instances" : "");
	} else if (isinf(q->hi)) {
		add(b, R_TEXT, "%s >%s  above the last bucket's bound",
		    name, format_bound(q->lo, lo));
	} else {
		add(b, R_TEXT, "%s ~%s  in the bucket %s–%s, %s", name,
		    format_latency(q->value, v), format_bound(q->lo, lo),
		    format_bound(q->hi, hi),
		    q->method == METHOD_NATIVE ? "native histogram"
					       : "linear inside it");
	}
}

static void explain_row(struct box *b, int width, const struct red_row *r)
{
	const struct shape *sh = r->service->shape;
	const struct store_source *src = r->service->source;
	char a[NUMBER_TEXT], c[NUMBER_TEXT], t[TIME_TEXT], age[TIME_TEXT];
	char window[TIME_TEXT], every[TIME_TEXT];
	const char *value = r->service->def->value;
	/* By hand no label names it. */
	add(b, R_DIM, "%s layer, %s%s%s, from %s (%s)", layer_name(sh->layer),
	    *value ? sh->label : sh->metric, *value ? "=" : "", value,
	    src->name, src->identity ? src->identity : "not known yet");
	if (sh->settle)
		add(b, R_DIM, "at %s, %s old: the end of the newest %s that is "
		    "whole", time_iso(r->at, t), time_span(r->age, age),
		    time_duration(sh->window, window));
	else
		add(b, R_DIM, "at %s, %s old; window %s = max(1m, 4 x scrape "
		    "interval %s%s)", time_iso(r->at, t),
		    time_span(r->age, age), time_duration(sh->window, window),
		    sh->interval_guessed ? "~" : "",
		    time_duration(sh->interval, every));
	add(b, R_TEXT, "%s", "");
	add(b, R_BRIGHT, "rate %s/s", format_rate(r->rate, a));
	add_question(b, width, r, RED_RATE);
	add(b, R_TEXT, "%s", "");
	if (r->asked_errors)
		add(b, R_BRIGHT, "errors %s = %s of %s",
		    format_percent(r->error_ratio, a),
		    sh->error_matcher ? sh->error_matcher : "errors",
		    sh->error_metric ? sh->error_metric : sh->metric);
	else
		add(b, R_BRIGHT, "errors – %s", sh->settle
		    ? "nobody counts them" : "the family has no status label");
	add_question(b, width, r, RED_ERRORS);
	add(b, R_TEXT, "%s", "");
	add(b, R_BRIGHT, "latency of %s, in %s%s", sh->metric,
	    sh->unit == UNIT_SECONDS ? "seconds"
	    : sh->unit == UNIT_MILLISECONDS ? "milliseconds" : "microseconds",
	    sh->unit_guessed ? " (unit?)" : "");
	add_quantile(b, "  p50", &r->p50);
	add_quantile(b, "  p95", &r->p95);
	add_quantile(b, "  p99", &r->p99);
	if (!isnan(r->mean))
		add(b, R_TEXT, "  mean %s", format_latency(r->mean, a));
	add_question(b, width, r, RED_BUCKETS);
	add_question(b, width, r, RED_NATIVE);
	add_question(b, width, r, RED_QUANTILE);
	add(b, R_TEXT, "%s", "");
	add(b, R_BRIGHT, "burn 5m %s, 1h %s against %s (%s)",
	    format_burn(r->burn_5m, a), format_burn(r->burn_1h, c),
	    format_objective(r->objective, t),
	    objective_from_name(r->objective_from));
	add(b, R_TEXT, "  errors / requests / %.4g, in requests",
	    1 - r->objective);
	add_question(b, width, r, RED_BURN_1H);
}

/* ---- an objective -------------------------------------------------------- */

static void add_window(struct box *b, const struct slo_row *r,
		       enum slo_window w)
{
	const struct slo_reading *x = &r->window[w];
	char burn[NUMBER_TEXT], ratio[NUMBER_TEXT], bad[NUMBER_TEXT];
	char all[NUMBER_TEXT];
	if (isnan(x->burn)) {
		add(b, R_TEXT, "%-3s %s", slo_window_name(w),
		    slo_state_name(x->state));
		return;
	}
	add(b, R_TEXT, "%-3s %s = %s / %g%s", slo_window_name(w),
	    format_burn(x->burn, burn), format_percent(x->error_ratio, ratio),
	    slo_error_budget(r->def), x->recorded ? ", as the rule recorded it"
	    : x->from_store ? ", from what is held here" : "");
	if (!isnan(x->err_per_s))
		add(b, R_DIM, "    %s bad of %s requests a second%s",
		    format_rate(x->err_per_s, bad),
		    format_rate(x->total_per_s, all),
		    x->state == SLO_NOERRORS ? "; there is no error series"
					     : "");
	if (!isnan(x->ratio_least))
		add(b, R_DIM, "    the limit is inside a bucket: between %s "
		    "and that", format_percent(x->ratio_least, ratio));
}

static void add_windowed(struct box *b, int width, const struct slo_row *r,
			 const char *head, const char *query)
{
	struct buf q;
	if (!query)
		return;
	buf_init(&q, 0);
	for (; *query; query++)
		if (strncmp(query, "$window", 7) == 0) {
			buf_str(&q, "5m");
			query += 6;
		} else {
			buf_char(&q, *query);
		}
	add_wrapped(b, R_DIM, width, head, buf_text(&q));
	if (r->source && *r->source->url)
		add_curl(b, width, r->source, buf_text(&q), r->at);
	buf_release(&q);
}

static void explain_slo(struct box *b, int width, const struct slo_row *r)
{
	char objective[NUMBER_TEXT], left[NUMBER_TEXT], span[TIME_TEXT];
	const struct slo_def *d = r->def;
	add(b, R_TEXT, "%s over %s, %s, numbers: %s%s%s",
	    format_objective(d->objective, objective),
	    time_duration(d->period, span), slo_method_name(d->method),
	    slo_from_name(r->from), d->where ? ", " : "",
	    d->where ? d->where : "");
	if (r->fault)
		add(b, R_WARN, "%s", r->fault);
	add(b, R_TEXT, " ");
	add_window(b, r, SLO_5M);
	add_window(b, r, SLO_1H);
	add(b, R_TEXT, " ");
	add_windowed(b, width, r, "bad       ", d->errors);
	add_windowed(b, width, r, "all       ", d->total);
	add_windowed(b, width, r, "ratio     ", d->ratio);
	add_windowed(b, width, r, "buckets   ", d->buckets);
	add_windowed(b, width, r, "recorded  ", d->recorded);
	if (!isnan(r->budget.remaining))
		add(b, R_TEXT, "budget %s left = 1 - bad / all / %g, of %s of "
		    "data", format_percent(r->budget.remaining, left),
		    slo_error_budget(d),
		    time_span((time_ms)(r->budget.coverage_s * 1000), span));
	if (d->runbook)
		add_wrapped(b, R_TEXT, width, "runbook   ", d->runbook);
}

static bool draw_slo(struct surface *s, const struct view *v)
{
	struct box b = { .nr = 0 };
	int width = s->w < 116 ? s->w - 2 : 116;
	char title[160];
	if (v->page != PAGE_SLO || v->selected_slo >= v->nr_slos)
		return false;
	const struct slo_row *r = &v->slo[v->selected_slo];
	snprintf(title, sizeof(title), "explain %.60s %.60s", r->def->id,
		 r->group);
	explain_slo(&b, width, r);
	draw_box(s, &b, width, title);
	return true;
}

void explain_draw(struct surface *s, const struct view *v)
{
	if (draw_slo(s, v))
		return;
	struct box b = { .nr = 0 };
	int width = s->w < 116 ? s->w - 2 : 116;
	const struct red_row *r = v->sel;
	if (!r) {
		add(&b, R_TEXT, "nothing is selected: no service is known yet");
		draw_box(s, &b, width < 52 ? width : 52, "explain");
		return;
	}
	struct red_row then;
	char title[160], t[TIME_TEXT];
	if (v->cursor != TIME_NONE) {
		struct red_options o = { .from = v->held_from };
		service_row(r->service, v->cursor, &o, &then);
		r = &then;
		snprintf(title, sizeof(title), "explain %.80s at %s",
			 r->service->name, time_hms(v->cursor, t));
	} else {
		snprintf(title, sizeof(title), "explain %.80s",
			 r->service->name);
	}
	explain_row(&b, width, r);
	draw_box(s, &b, width, title);
}

/* ---- a line that is longer than a row ------------------------------------------- */

void explain_text(struct surface *s, const char *title, const char *text)
{
	struct box b = { .nr = 0 };
	int width = text_width(text) + 4;
	if (width > s->w)
		width = s->w;
	add_wrapped(&b, R_TEXT, width, "", text);
	draw_box(s, &b, width, title);
}

/* ---- lists and the command line ---------------------------------------------- */

void explain_list(struct surface *s, const char *title,
		  const char *const *names, size_t chosen)
{
	int n = 0, w = 40;
	while (names[n])
		n++;
	int h = n + 2 < s->h ? n + 2 : s->h;
	if (w > s->w)
		w = s->w;
	int x = (s->w - w) / 2, y = (s->h - h) / 2;
	frame(s, x, y, w, h, title, "Enter keep  Esc back");
	for (int i = 0; i < n && i < h - 2; i++) {
		bool on = (size_t)i == chosen;
		if (on)
			surface_ground(s, x + 1, y + 1 + i, w - 2, 1, R_SELECT);
		surface_text(s, x + 2, y + 1 + i,
			     STYLE(on ? R_BRIGHT : R_TEXT),
			     on ? "▌" : " ");
		surface_text_max(s, x + 4, y + 1 + i, w - 6,
				 STYLE(on ? R_BRIGHT : R_TEXT), names[i]);
	}
}

#define PALETTE_MAX 64

void explain_command(struct surface *s, const char *text)
{
	const struct palette_row *rows[PALETTE_MAX];
	size_t n = palette_rows(rows, PALETTE_MAX);
	size_t word = strcspn(text, " ");
	int w = s->w < 70 ? s->w : 70, h = 4, shown = 0;
	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i]->name, text, word) == 0)
			h++;
	if (h > s->h)
		h = s->h;
	int x = (s->w - w) / 2, y = s->h / 3;
	if (y + h > s->h)
		y = s->h - h;
	frame(s, x, y, w, h, "command", "Tab complete  Esc close");
	int used = surface_text(s, x + 3, y + 1, STYLE_ON(R_BRIGHT, R_POPUP),
				":");
	used += surface_text_max(s, x + 3 + used, y + 1, w - 8,
				 STYLE_ON(R_BRIGHT, R_POPUP), text);
	surface_text(s, x + 3 + used, y + 1, STYLE_ON(R_BRIGHT, R_POPUP), "▏");
	for (size_t i = 0; i < n; i++) {
		char name[64];
		if (strncmp(rows[i]->name, text, word) != 0 || shown >= h - 4)
			continue;
		int row = y + 3 + shown++;
		snprintf(name, sizeof(name), "%s %s", rows[i]->name,
			 rows[i]->args);
		surface_text_max(s, x + 3, row, 18, STYLE_ON(R_TEXT, R_POPUP),
				 name);
		surface_text_max(s, x + 22, row, w - 24,
				 STYLE_ON(R_DIM, R_POPUP), rows[i]->help);
	}
}
