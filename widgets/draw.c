#include "widgets/draw.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- lines in pieces ---------------------------------------------------- */

/* A character that a precision or the buffer cut is left out whole. */
static void whole_characters(char *text)
{
	size_t n = strlen(text), at = 0, out = 0;
	uint32_t ch;

	while (at < n) {
		size_t k = text_next(text + at, n - at, &ch);
		if (ch != 0xFFFFFFFFu) {
			memmove(text + out, text + at, k);
			out += k;
		}
		at += k;
	}
	text[out] = '\0';
}

void spans_add(struct spans *sp, enum role r, int group, const char *fmt, ...)
{
	va_list ap;

	if (sp->nr >= SPANS_MAX)
		return;
	struct span *s = &sp->s[sp->nr++];
	s->role = (uint8_t)r;
	s->group = (uint8_t)group;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	whole_characters(s->text);
}

int spans_width(const struct spans *sp)
{
	int w = 0;

	for (int i = 0; i < sp->nr; i++)
		w += text_width(sp->s[i].text);
	return w;
}

static int highest(const struct spans *sp)
{
	int g = 0;

	for (int i = 0; sp && i < sp->nr; i++)
		if (sp->s[i].group > g)
			g = sp->s[i].group;
	return g;
}

void spans_drop(struct spans *sp, int group)
{
	int n = 0;

	for (int i = 0; sp && i < sp->nr; i++)
		if (sp->s[i].group != group)
			sp->s[n++] = sp->s[i];
	if (sp)
		sp->nr = n;
}

static int both_width(const struct spans *l, const struct spans *r, int gap)
{
	int w = l ? spans_width(l) : 0;

	return r && r->nr ? w + gap + spans_width(r) : w;
}

void spans_fit(struct spans *left, struct spans *right, int w, int gap)
{
	while (both_width(left, right, gap) > w) {
		int a = highest(left), b = highest(right);
		int g = a > b ? a : b;
		if (!g)
			break;
		spans_drop(left, g);
		spans_drop(right, g);
	}
	if (right && both_width(left, right, gap) > w)
		right->nr = 0;
}

int spans_draw(struct surface *s, int x, int y, int max, const struct spans *sp)
{
	int at = 0;

	for (int i = 0; i < sp->nr && at < max; i++)
		at += surface_text_max(s, x + at, y, max - at,
				       STYLE(sp->s[i].role), sp->s[i].text);
	return at;
}

void spans_row(struct surface *s, int y, int from, int to,
	       const struct spans *left, const struct spans *right)
{
	struct spans l = { 0 }, r = { 0 };

	if (left)
		l = *left;
	if (right)
		r = *right;
	spans_fit(&l, &r, to - from, 3);
	spans_draw(s, from, y, to - from, &l);
	int w = spans_width(&r);
	if (r.nr)
		spans_draw(s, to - w, y, w, &r);
}

void draw_title(struct surface *s, const struct spans *left,
		const struct spans *right, bool focused)
{
	struct spans l = *left, r = { 0 };

	if (right)
		r = *right;
	spans_fit(&l, &r, s->w, 3);
	int at = spans_draw(s, 0, 0, s->w, &l);
	int end = s->w;
	if (r.nr) {
		end -= spans_width(&r);
		spans_draw(s, end, 0, s->w - end, &r);
		end--;
	}
	if (end - at > 1)
		surface_run(s, at + 1, 0, end - at - 1,
			    focused ? 0x2501 : 0x2500,
			    STYLE(focused ? R_DIM : R_FAINT));
}

/* ---- small pieces ------------------------------------------------------- */

int draw_text(struct surface *s, int x, int y, enum role r, const char *text)
{
	return surface_text(s, x, y, STYLE(r), text);
}

void draw_field(struct surface *s, int x, int y, int w, enum role r,
		const char *text)
{
	int have = text_width(text);

	if (have <= w)
		surface_text(s, x + w - have, y, STYLE(r), text);
}

void draw_bar(struct surface *s, int x, int y, int w, double ratio, enum role r)
{
	if (isnan(ratio) || w <= 0)
		return;
	double full = fmin(fmax(ratio, 0), 1) * 2 * w;
	int half = (int)lround(full);
	surface_run(s, x, y, half / 2, 0x2501, STYLE(r));
	if (half % 2)
		surface_put(s, x + half / 2, y, 0x2578, STYLE(r));
	int used = (half + 1) / 2;
	surface_run(s, x + used, y, w - used, 0x2500, STYLE(R_FAINT));
}

void draw_spark(struct surface *s, int x, int y, int level, enum role r)
{
	static const char ascii[] = " _.:+*#";

	if (level <= 0)
		return;
	if (level == SPARK_OPEN) {
		surface_put(s, x, y, 0x2591, STYLE(R_STALE));
		return;
	}
	if (level > 6)
		level = 6;
	uint32_t ch = s->graph == GRAPH_ASCII ? (unsigned char)ascii[level]
					      : block_eighth(level);
	surface_put(s, x, y, ch, STYLE(r));
}

int burn_level(double burn)
{
	if (isnan(burn))
		return 0;
	int level = (int)ceil(fmin(burn / BURN_PAGE, 1) * 6);
	return level < 1 ? 1 : level;
}

enum role burn_role(double burn)
{
	return burn > BURN_PAGE ? R_CRIT : burn > 1 ? R_WARN : R_SPARK_ZERO;
}

const char *burn_words(double burn, char out[NUMBER_TEXT])
{
	if (burn >= 99.95 && burn < 999.5)
		snprintf(out, NUMBER_TEXT, "%.0fx", burn);
	else
		format_burn(burn, out);
	return out;
}

/* ---- signs -------------------------------------------------------------- */

struct sign sign_of_state(enum service_state st)
{
	static const struct sign signs[] = {
		[STATE_PAGE] = { "▲", R_CRIT, "PAGE" },
		[STATE_TICKET] = { "◆", R_WARN, "TICKET" },
		[STATE_CRIT] = { "▲", R_CRIT, "CRIT" },
		[STATE_WARN] = { "◆", R_WARN, "WARN" },
		[STATE_STALE] = { "○", R_STALE, "STALE" },
		[STATE_NODATA] = { "○", R_STALE, "NO DATA" },
		[STATE_NOTRAFFIC] = { "·", R_STALE, "idle" },
		[STATE_OK] = { "·", R_OK, "ok" },
	};
	return signs[st];
}

struct sign sign_of_source(const struct store_source *src)
{
	static const struct sign signs[] = {
		[SOURCE_ASKING] = { "○", R_STALE, "asking" },
		[SOURCE_UP] = { "●", R_OK, "up" },
		[SOURCE_PARTIAL] = { "◆", R_WARN, "partial" },
		[SOURCE_STALE] = { "○", R_WARN, "stale" },
		[SOURCE_DOWN] = { "○", R_CRIT, "down" },
		[SOURCE_AUTH] = { "○", R_CRIT, "refused us" },
		[SOURCE_THROTTLED] = { "◆", R_WARN, "throttled" },
	};
	struct sign s = signs[src->state];

	if ((src->state == SOURCE_DOWN || src->state == SOURCE_STALE ||
	     src->state == SOURCE_AUTH) && src->fault != FAULT_NONE) {
		s.role = R_CRIT;
		s.word = fault_name(src->fault);
	}
	return s;
}

struct sign sign_of_event(const struct event *e)
{
	static const struct sign by_severity[] = {
		[SEVERITY_INFO] = { "▸", R_TEXT, "" },
		[SEVERITY_WARN] = { "◆", R_WARN, "" },
		[SEVERITY_CRIT] = { "▲", R_CRIT, "" },
	};

	switch (e->kind) {
	case EVENT_DEPLOY:
	case EVENT_CONFIG:
	case EVENT_RESTART:
		return (struct sign){ "◆", R_EVENT, "" };
	case EVENT_SOURCE:
		if (e->severity == SEVERITY_INFO)
			return (struct sign){ "●", R_OK, "" };
		return (struct sign){ "○", e->severity == SEVERITY_CRIT
					   ? R_CRIT : R_WARN, "" };
	case EVENT_GAP:
		return (struct sign){ "○", R_STALE, "" };
	default:
		return by_severity[e->severity];
	}
}

struct sign sign_of_alarm(const struct alarm *a)
{
	static const struct sign signs[ALARM_STATES] = {
		[ALARM_OK] = { "·", R_OK, "ok" },
		[ALARM_PENDING] = { "◆", R_STALE, "pending" },
		[ALARM_FIRING] = { "◆", R_WARN, "FIRING" },
		[ALARM_ALARM] = { "◆", R_WARN, "ALARM" },
		[ALARM_INSUFFICIENT] = { "○", R_STALE, "no data" },
	};

	return signs[a->state];
}

bool alarm_is_on(const struct alarm *a)
{
	return a->state == ALARM_ALARM || a->state == ALARM_FIRING;
}

void spans_event(struct spans *sp, enum role r, const struct event *e)
{
	const char *kind = "";

	if (e->kind == EVENT_DEPLOY || e->kind == EVENT_RESTART ||
	    e->kind == EVENT_CONFIG || e->kind == EVENT_ALARM)
		kind = event_kind_name(e->kind);
	if (strstr(e->text, kind) || !strncmp(e->text, "rollback", 8))
		kind = "";
	spans_add(sp, r, 0, "%s%s%.100s%s%s", kind, *kind ? " " : "",
		  e->service ? e->service : "", e->service ? " " : "",
		  e->text);
}

/* ---- words -------------------------------------------------------------- */

const char *age_text(time_ms age, char out[TIME_TEXT])
{
	if (age == TIME_NONE)
		return "";
	return time_span(age < 0 ? 0 : age, out);
}

const char *moment_text(time_ms at, time_ms now, char out[TIME_TEXT])
{
	char iso[TIME_TEXT];

	if (at == TIME_NONE)
		return "";
	if (now - at < 86400000)
		return time_hm(at, out);
	snprintf(out, TIME_TEXT, "%.5s", time_iso(at, iso) + 5);
	return out;
}

const char *elapsed_text(time_ms t, char out[TIME_TEXT])
{
	out[0] = '\0';
	if (t >= 100)
		snprintf(out, TIME_TEXT, ", %.1fs", (double)t / 1e3);
	return out;
}

const char *quantile_text(const struct red_quantile *q, char out[NUMBER_TEXT])
{
	char bound[NUMBER_TEXT];

	if (isinf(q->hi) && q->hi > 0 && isfinite(q->lo)) {
		snprintf(out, NUMBER_TEXT, ">%s", format_bound(q->lo, bound));
		return out;
	}
	return format_latency(q->value, out);
}

const char *method_tilde(enum method m)
{
	return m == METHOD_SERVER ? "" : "~";
}

const char *usd_text(double usd, char out[NUMBER_TEXT])
{
	if (isnan(usd))
		snprintf(out, NUMBER_TEXT, "–");
	else if (usd >= 99.5)
		snprintf(out, NUMBER_TEXT, "$%.0f", usd);
	else if (usd >= 0.01 || usd <= 0)
		snprintf(out, NUMBER_TEXT, "$%.2f", usd);
	else
		snprintf(out, NUMBER_TEXT, "$%.*f", usd < 0.001 ? 5 : 4, usd);
	return out;
}

const char *bucket_text(const struct red_quantile *q, char out[2 * NUMBER_TEXT])
{
	char lo[NUMBER_TEXT], hi[NUMBER_TEXT];

	out[0] = '\0';
	if (isnan(q->value) || isnan(q->lo) || !isfinite(q->hi))
		return out;
	snprintf(out, 2 * NUMBER_TEXT, "%s–%s",
		 format_bound(q->lo < 0 ? 0 : q->lo, lo),
		 format_bound(q->hi, hi));
	return out;
}

const char *unit_text(double v, const char *unit, char out[UNIT_TEXT])
{
	char text[NUMBER_TEXT];

	unit = unit ? unit : "";
	if (isnan(v))
		snprintf(out, UNIT_TEXT, "–");
	else if (!strcmp(unit, "%"))
		snprintf(out, UNIT_TEXT, "%s", format_percent(v / 100, text));
	else if (!strcmp(unit, "ratio"))
		snprintf(out, UNIT_TEXT, "%s", format_percent(v, text));
	else if (!strcmp(unit, "s"))
		snprintf(out, UNIT_TEXT, "%s", format_latency(v, text));
	else if (!strcmp(unit, "ms"))
		snprintf(out, UNIT_TEXT, "%s", format_latency(v / 1e3, text));
	else if (!strcmp(unit, "us"))
		snprintf(out, UNIT_TEXT, "%s", format_latency(v / 1e6, text));
	else if (!strcmp(unit, "bytes"))
		snprintf(out, UNIT_TEXT, "%s", format_bytes(v, text));
	else
		snprintf(out, UNIT_TEXT, "%s%.*s", format_rate(v, text),
			 !strcmp(unit, "number") || text_fit(unit, 8) > 15
			 ? 0 : (int)text_fit(unit, 8), unit);
	return out;
}

static bool is_below(const struct threshold_def *d, double limit)
{
	return (d->critical.given && d->critical.below == limit) ||
	       (d->warning.given && d->warning.below == limit);
}

const char *limit_text(const struct threshold_row *r, char out[LIMIT_TEXT])
{
	char text[UNIT_TEXT];
	double limit = r->state.limit;

	out[0] = '\0';
	if (isnan(limit))
		return out;
	unit_text(limit, r->def->unit, text);
	snprintf(out, LIMIT_TEXT, "%s %s", is_below(r->def, limit) ? "<" : ">",
		 text);
	return out;
}

/* What a series of instance counts says at a moment: the instant, or the
 * newest point that is not older than five minutes. */
static double count_at(const struct series *s, time_ms at)
{
	if (s->now_t != TIME_NONE && s->now_t <= at && at - s->now_t < 300000)
		return s->now_v;
	size_t k = series_lower(s, at + 1);
	if (!k || !s->v || at - s->t[k - 1] > 300000)
		return 0;
	return s->v[k - 1];
}

/* The value of `version`, or of a label that is not the service's. */
static const char *version_name(const struct service *s,
				const struct series *se)
{
	const char *name = labels_get(&se->labels, "version");
	for (size_t l = 0; !name && l < se->labels.nr; l++)
		if (!s->shape || !s->shape->label ||
		    strcmp(se->labels.l[l].name, s->shape->label))
			name = se->labels.l[l].value;
	return name;
}

static void add_region(struct version *v, const char *region)
{
	size_t len = strlen(v->regions), n = region ? strlen(region) : 0;
	const char *at = v->regions;
	while (n && (at = strstr(at, region)) != NULL) {
		if ((at == v->regions || at[-1] == ' ') &&
		    (at[n] == ' ' || !at[n]))
			return;
		at++;
	}
	if (n && len + 1 + n < sizeof(v->regions))
		snprintf(v->regions + len, sizeof(v->regions) - len, "%s%s",
			 len ? " " : "", region);
}

/* Versions that are told apart; a fleet that runs more of them at once has
 * none that most instances run. */
#define VERSIONS 16

struct tally {
	size_t nr, best;
	const char *name[VERSIONS];
	double count[VERSIONS];
};

static void tally_add(struct tally *t, const char *name, double n)
{
	size_t k = 0;

	while (k < t->nr && strcmp(t->name[k], name))
		k++;
	if (k == VERSIONS)
		return;
	if (k == t->nr) {
		t->name[t->nr] = name;
		t->count[t->nr++] = 0;
	}
	t->count[k] += n;
	if (t->count[k] > t->count[t->best])
		t->best = k;
}

struct version version_of(const struct service *s, time_ms at)
{
	struct version v = { .name = "" };
	struct tally t = { .nr = 0 };
	double all = 0;

	for (size_t i = 0; s && i < s->nr[RED_VERSION]; i++) {
		const struct series *se = s->series[RED_VERSION][i];
		const char *name = version_name(s, se);
		double n = count_at(se, at);
		if (!(n > 0))
			continue;
		all += n;
		add_region(&v, labels_get(&se->labels, "region"));
		if (name)
			tally_add(&t, name, n);
	}
	if (t.nr) {
		snprintf(v.name, sizeof(v.name), "%s", t.name[t.best]);
		whole_characters(v.name);
		v.on = (int)fmin(t.count[t.best], 1e6);
	}
	v.of = (int)fmin(all, 1e6);
	return v;
}

/* ---- what a view holds -------------------------------------------------- */

size_t view_sources(const struct view *v,
		    const struct store_source *const **out)
{
	*out = NULL;
	return v->store ? store_sources(v->store, out) : 0;
}

size_t view_events(const struct view *v, const struct event *const **out)
{
	*out = v->event;
	return v->event ? v->nr_events : 0;
}

const struct slo_row *view_selected_slo(const struct view *v)
{
	if (v->page != PAGE_SLO || !v->slo || !v->nr_slos)
		return NULL;
	return &v->slo[v->selected_slo < v->nr_slos ? v->selected_slo : 0];
}

const char *view_service_name(const struct view *v)
{
	const struct slo_row *o = view_selected_slo(v);

	if (o)
		return o->name;
	return v->sel && v->sel->service ? v->sel->service->name : NULL;
}

const struct store_source *view_source(const struct view *v)
{
	const struct slo_row *o = view_selected_slo(v);

	if (o && o->source)
		return o->source;
	if (v->sel && v->sel->service)
		return v->sel->service->source;
	const struct store_source *const *src;
	return view_sources(v, &src) ? src[0] : NULL;
}

time_ms view_settled(const struct view *v, const struct store_source *src)
{
	if (!src || src->settled == TIME_NONE || src->settled <= 0 ||
	    src->settled > v->now)
		return v->now;
	return src->settled;
}

static bool useless(const struct store_source *s)
{
	return s->state == SOURCE_STALE || s->state == SOURCE_DOWN ||
	       s->state == SOURCE_AUTH ||
	       (s->state == SOURCE_THROTTLED && s->answered == TIME_NONE);
}

struct health health_of(const struct view *v)
{
	const struct store_source *const *src;
	struct health h = { .since = TIME_NONE, .newest = TIME_NONE };

	h.nr = view_sources(v, &src);
	for (size_t i = 0; i < h.nr; i++) {
		if (src[i]->state == SOURCE_ASKING)
			h.asking++;
		else if (useless(src[i]))
			h.down++;
		else
			h.up++;
		if (src[i]->down_since > h.since)
			h.since = src[i]->down_since;
		if (src[i]->answered > h.newest)
			h.newest = src[i]->answered;
	}
	h.blind = h.nr && h.down == h.nr;
	h.nothing_yet = h.nr && h.asking && !h.up;
	return h;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a ^= b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2);
	return a * 0xFF51AFD7ED558CCDu;
}

static uint64_t mix_text(uint64_t a, const char *s)
{
	for (; s && *s; s++)
		a = mix(a, (unsigned char)*s);
	return mix(a, s ? 1 : 2);
}

static uint64_t mix_number(uint64_t a, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return mix(a, bits);
}

uint64_t view_stamp(const struct view *v, int w, int h)
{
	uint64_t a = mix(v->store ? store_generation(v->store) : 0,
			 (uint64_t)v->page << 32 | (uint64_t)v->mode << 8 |
			 (uint64_t)v->playing << 1 | v->focused);

	a = mix(mix(a, (uint64_t)w), (uint64_t)h);
	a = mix(mix(a, (uint64_t)v->now), (uint64_t)v->edge);
	a = mix(mix(a, (uint64_t)v->dot), (uint64_t)v->cursor);
	a = mix(mix(a, (uint64_t)v->held_from), (uint64_t)v->held_to);
	a = mix(mix(a, v->nr_rows), v->selected);
	a = mix(mix(a, v->nr_all), (uint64_t)(uintptr_t)v->row);
	a = mix(mix(a, v->nr_events), v->selected_event);
	a = mix(mix(a, v->nr_resources), v->selected_resource);
	a = mix(mix(a, v->nr_start), v->selected_start);
	a = mix(mix(a, v->nr_slos), v->selected_slo);
	a = mix(mix(a, (uint64_t)(uintptr_t)v->slo),
		(uint64_t)(uintptr_t)v->worst_slo);
	a = mix(mix(a, v->nr_thresholds), v->selected_threshold);
	a = mix(mix(a, (uint64_t)(uintptr_t)v->threshold),
		(uint64_t)(uintptr_t)v->changed);
	a = mix(mix(a, v->comparing), v->selected_change);
	a = mix_text(a, v->pack);
	a = mix(a, (uint64_t)(unsigned)v->sort_column << 1 | v->filter_open);
	a = mix_text(mix_text(a, v->filter), v->title);
	a = mix_text(mix_text(a, v->notice), v->recording);
	a = mix_text(a, v->sel ? v->sel->service->name : NULL);
	a = mix_text(a, v->own);
	if (v->chart) {
		const struct chart_spec *c = v->chart;
		a = mix_text(mix_text(a, c->query), c->title);
		a = mix_text(a, c->unit);
		for (int i = 0; i < c->nr_limits; i++)
			a = mix_number(mix(a, c->limit[i].critical),
				       c->limit[i].at);
	}
	a = mix_number(mix_number(a, v->speed), v->key_ms);
	a = mix_number(mix_number(a, v->out_bytes_per_s), v->cpu_ratio);
	a = mix_number(mix_number(a, v->rss_bytes), v->frame_bytes);
	return mix_number(a, v->link_ms);
}
