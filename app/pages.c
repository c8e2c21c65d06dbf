/* Layout: heights are handed out from the most to the least needed. */
#include "app/pages.h"

#include "app/rows.h"

#include <string.h>

/* Labels left of a plot and the margin right of it. */
#define SCALE_CELLS 8
#define MARGIN 1
#define GUTTER 3
/* Lines that the table gets before the events panel has more than its least. */
#define TABLE_LEAST 8
#define EVENTS_LEAST 3

struct plan {
	struct slot *out;
	size_t nr;
};

static void place(struct plan *p, const char *kind, int x, int y, int w, int h,
		  bool focusable)
{
	if (p->nr < SLOTS_MAX && w > 0 && h > 0)
		p->out[p->nr++] = (struct slot){ kind, x, y, w, h, focusable,
						 NULL };
}

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* Header, verdict, reason; scrub bar and keys. Gives the body's first row and
 * the row after it. */
static void frame(struct plan *p, int w, int h, const struct page_needs *n,
		  int *y0, int *y1)
{
	int scrub = n->replay && h >= 24 ? 3 : 1;
	place(p, "header", 0, 0, w, 1, false);
	place(p, "verdict", 0, 1, w, 2, false);
	*y0 = h >= 14 ? 4 : 3;
	*y1 = h - 1;
	if (h >= 20 && w >= 60) {
		*y1 -= scrub;
		place(p, "scrub", 0, *y1, w, scrub, false);
	}
	place(p, "keys", 0, h - 1, w, 1, false);
}

/* Panels side by side, of one width: a moment is the same column in each. */
static void columns(struct plan *p, const char *const *kinds, int nr, int y,
		    int w, int h)
{
	int each = (w - 2 * MARGIN - GUTTER * (nr - 1)) / nr;
	for (int i = 0; i < nr; i++) {
		int x = i + 1 < nr ? MARGIN + i * (each + GUTTER)
				   : w - MARGIN - each;
		place(p, kinds[i], x, y, each, h, true);
	}
}

static void overview_wide(struct plan *p, int w, int y0, int y1, size_t rows)
{
	static const char *const three[] = { "latency", "heat", "throughput" };
	static const char *const three2[] = { "errors", "burnchart", "burn" };
	static const char *const two[] = { "latency", "throughput" };
	static const char *const two2[] = { "errors", "burn" };
	bool wide = w >= 170;
	int body = y1 - y0;
	int events = body >= 30 ? 4 + (body - 30) / 8 : 0;
	int second = body >= 24 ? 7 + (body - 30 > 0 ? (body - 30) / 6 : 0) : 0;
	int first = clamp(11 + (body - 34) / 4, 8, 14);
	int table = body - first - second - events - 3 - (second > 0)
		    - (events > 0);
	int want = (int)rows + 2, least = want < TABLE_LEAST ? want : TABLE_LEAST;
	if (table < least && events) {
		int give = clamp(least - table, 0, events - EVENTS_LEAST);
		events -= give;
		table += give;
	}
	if (table > want && table > 8) {
		int spare = table - (want > 8 ? want : 8);
		table -= spare;
		first += (spare + 1) / 2;
		second += second ? spare / 2 : 0;
		if (!second)
			first += spare / 2;
	}
	for (; table < want - 1 && first > 11; table++)
		first--;
	int y = y0;
	place(p, "table", 0, y, w, table, true);
	y += table + 1;
	place(p, "selected", 0, y, w, 1, false);
	y += 1;
	columns(p, wide ? three : two, wide ? 3 : 2, y, w, first);
	y += first + 1;
	if (second) {
		columns(p, wide ? three2 : two2, wide ? 3 : 2, y, w, second);
		y += second + 1;
	}
	if (events)
		place(p, "events", MARGIN, y, w - 2 * MARGIN, y1 - y, true);
}

static void overview_narrow(struct plan *p, int w, int y0, int y1, size_t rows)
{
	int body = y1 - y0, want = (int)rows + 2;
	if (body < 15 || w < 60) {
		place(p, "table", 0, y0, w, body, true);
		return;
	}
	int burn = w >= 70 ? 2 : 0;
	int table = clamp(want, 3, body - burn - 9);
	int chart = body - burn - table;
	place(p, "table", 0, y0, w, table, true);
	place(p, "latency", MARGIN, y0 + table, w - 2 * MARGIN, chart, true);
	if (burn)
		place(p, "burn", MARGIN, y1 - burn, w - 2 * MARGIN, burn, true);
}

/* When nothing answers, what the sources say comes before old numbers. */
static int blind(struct plan *p, int w, int y0, int y1,
		 const struct page_needs *n)
{
	int lines = 1 + 2 * (int)n->blind;
	if (n->blind == 0 || y1 - y0 < lines + 4)
		return y0;
	place(p, "sources", 0, y0, w, lines, false);
	return y0 + lines + 1;
}

static void overview(struct plan *p, int w, int h, const struct page_needs *n)
{
	size_t rows = n->rows;
	int y0, y1;
	frame(p, w, h, n, &y0, &y1);
	y0 = blind(p, w, y0, y1, n);
	if (w >= 100 && y1 - y0 >= 22)
		overview_wide(p, w, y0, y1, rows);
	else
		overview_narrow(p, w, y0, y1, rows);
}

/* One below the other with a blank row between; the last one gets the rest. */
static void service_right(struct plan *p, int x, int w, int y0, int y1)
{
	int body = y1 - y0;
	const struct {
		const char *kind;
		int h;
	} panels[] = {
		{ "errors", clamp(body / 4, 6, 12) },
		{ "burn", clamp(body / 5, 5, 8) },
		{ "routes", clamp(body / 5, 4, 10) },
	};
	for (int i = 0; i < 3; i++) {
		place(p, panels[i].kind, x, y0, w, panels[i].h, true);
		y0 += panels[i].h + 1;
	}
	place(p, "burnchart", x, y0, w, y1 - y0, true);
}

static void service_wide(struct plan *p, int w, int y0, int y1)
{
	int width = w * 57 / 100, body = y1 - y0;
	int x = MARGIN, left = width - MARGIN;
	int events = clamp(body / 7, 3, 8);
	int heat = clamp(body * 3 / 10, 0, 14);
	int through = clamp(body * 2 / 10, 5, 9);
	int latency = body - events - heat - through;
	place(p, "latency", x, y0, left, latency, true);
	place(p, "heat", x, y0 + latency, left, heat, true);
	place(p, "throughput", x, y0 + latency + heat, left, through, true);
	place(p, "events", x, y1 - events, left, events, true);
	service_right(p, width + GUTTER, w - 2 * MARGIN - GUTTER - left, y0,
		      y1);
}

static void service_narrow(struct plan *p, int w, int y0, int y1)
{
	static const char *const two[] = { "errors", "throughput" };
	int body = y1 - y0;
	bool tall = body >= 22, routes = body >= 18;
	int burn = body < 12 ? 0 : routes && !tall ? 1 : 2;
	int charts = body < 14 ? 0 : routes && !tall ? 5 : 6;
	int rows = tall ? 4 : routes ? 3 : 0, wide = w - 2 * MARGIN;
	int y = y1 - burn - rows - charts;
	place(p, "latency", MARGIN, y0, wide, y - y0, true);
	if (charts && w >= 60)
		columns(p, two, 2, y, w, charts);
	place(p, "routes", MARGIN, y + charts, wide, rows, true);
	place(p, "burn", MARGIN, y1 - burn, wide, burn, true);
}

static void service(struct plan *p, int w, int h, const struct page_needs *n)
{
	int y0, y1;
	frame(p, w, h, n, &y0, &y1);
	y0 = 3;
	place(p, "crumbs", 0, y0++, w, 1, false);
	if (w >= 100 && y1 - y0 >= 26)
		service_wide(p, w, y0 + 1, y1);
	else
		service_narrow(p, w, y0, y1);
}

/* ---- objectives --------------------------------------------------------- */

/* Heads, rows, and the line that explains the shades. */
static int lines_of(size_t rows, int least, int most)
{
	int want = rows > 200 ? 202 : (int)rows + 2;
	if (most < least)
		most = least;
	return clamp(want, least, most);
}

static void slo_pair(struct plan *p, const char *left, const char *right,
		     int y, int w, int h)
{
	const char *const two[] = { left, right };
	if (h > 0)
		columns(p, two, 2, y, w, h);
}

/* The two lower panels: what spent it gets what is left. */
static void slo_lower(struct plan *p, int w, int y, int y1, bool strip)
{
	int each = (w - 2 * MARGIN - GUTTER) / 2;
	int room = y1 - y, tiers = room >= 12 ? 8 : room >= 11 ? 7 : 5;
	slo_pair(p, "tiers", "slomethod", y, w, tiers);
	y += tiers + 1;
	if (strip && y1 - y >= 5) {
		place(p, "burnstrip", MARGIN, y, each, 3, true);
		place(p, "spenders", w - MARGIN - each, y, each, y1 - y, true);
		return;
	}
	if (y1 - y >= 2)
		place(p, "spenders", MARGIN, y, w - 2 * MARGIN, y1 - y, true);
}

static void slo_wide(struct plan *p, int w, int y0, int y1,
		     const struct page_needs *n)
{
	int body = y1 - y0, wide = w;
	int table = lines_of(n->slos, 8, body * 3 / 10);
	int charts = clamp(body * 3 / 10, 7, 14);
	bool limits = n->thresholds && w >= 180;
	if (limits) {
		wide = w * 13 / 20;
		place(p, "limits", wide + GUTTER - MARGIN, y0,
		      w - wide - GUTTER, table, true);
	}
	place(p, "slos", 0, y0, wide, table, false);
	y0 += table + 1;
	place(p, "slohead", 0, y0++, w, 1, false);
	slo_pair(p, "sloburn", "burndown", y0, w, charts);
	slo_lower(p, w, y0 + charts + 1, y1, w >= 150);
}

static void slo_narrow(struct plan *p, int w, int y0, int y1,
		       const struct page_needs *n)
{
	int body = y1 - y0;
	int tiers = body >= 10 ? 4 : body >= 6 ? 2 : 0;
	int charts = body >= 14 ? clamp(body - 4 - 6, 7, 10) : 0;
	if (!n->slos) /* how to write one has the room */
		tiers = charts = 0;
	int table = body - tiers - charts;
	if (charts && table > lines_of(n->slos, 3, table)) {
		charts += table - lines_of(n->slos, 3, table);
		table = body - tiers - charts;
	}
	place(p, "slos", 0, y0, w, table, false);
	if (charts && w >= 60)
		slo_pair(p, "sloburn", "burndown", y0 + table, w, charts);
	else
		place(p, "sloburn", MARGIN, y0 + table, w - 2 * MARGIN, charts,
		      true);
	place(p, "tiers", MARGIN, y1 - tiers, w - 2 * MARGIN, tiers, true);
}

static void slo(struct plan *p, int w, int h, const struct page_needs *n)
{
	int y0, y1;
	frame(p, w, h, n, &y0, &y1);
	if (!n->slos)
		place(p, "slos", 0, y0, w, y1 - y0, false);
	else if (w >= 100 && y1 - y0 >= 28)
		slo_wide(p, w, y0, y1, n);
	else
		slo_narrow(p, w, y0, y1, n);
}

/* ---- what changed ------------------------------------------------------- */

static void changed_wide(struct plan *p, int w, int y0, int y1,
			 const struct page_needs *n)
{
	static const char *const two[] = { "errors", "latency" };
	int body = y1 - y0;
	int table = lines_of(n->changes + 1, 5, body * 3 / 10);
	int charts = clamp(body / 4, 6, 12);
	int notes = clamp((int)(n->notes < 40 ? n->notes : 40) / (w / 30) + 3,
			  3, 6);
	place(p, "changedtable", 0, y0, w, table, false);
	y0 += table + 1;
	columns(p, two, 2, y0, w, charts);
	y0 += charts + 1;
	place(p, "changedevents", MARGIN, y0, w - 2 * MARGIN,
	      y1 - notes - 1 - y0, true);
	place(p, "ruledout", MARGIN, y1 - notes, w - 2 * MARGIN, notes, true);
}

static void changed_narrow(struct plan *p, int w, int y0, int y1,
			   const struct page_needs *n)
{
	int body = y1 - y0;
	int notes = body >= 16 ? 3 : 0;
	int events = body >= 9 ? clamp(body / 3, 3, 8) : 0;
	int table = body - notes - events;
	int want = lines_of(n->changes + 1, 4, table);
	if (events && want < table) {
		events += table - want;
		table = want;
	}
	place(p, "changedtable", 0, y0, w, table, false);
	place(p, "changedevents", MARGIN, y0 + table, w - 2 * MARGIN, events,
	      true);
	place(p, "ruledout", MARGIN, y1 - notes, w - 2 * MARGIN, notes, true);
}

static void changed(struct plan *p, int w, int h, const struct page_needs *n)
{
	int y0, y1;
	frame(p, w, h, n, &y0, &y1);
	place(p, "changedhead", 0, y0++, w, 1, false);
	if (w >= 100 && y1 - y0 >= 27)
		changed_wide(p, w, y0 + 1, y1, n);
	else
		changed_narrow(p, w, y0, y1, n);
}

/* ---- resources and thresholds ------------------------------------------- */

static void saturation(struct plan *p, int w, int h, const struct page_needs *n)
{
	int y0, y1;
	frame(p, w, h, n, &y0, &y1);
	int body = y1 - y0, limits = 0;
	if (n->thresholds && !n->resources)
		limits = body;
	else if (n->thresholds && body >= 10)
		limits = lines_of(n->thresholds + 1, 4, body / 2);
	place(p, "limits", MARGIN, y0, w - 2 * MARGIN, limits, true);
	if (limits == body)
		return;
	y0 += limits ? limits + 1 : 0;
	place(p, "saturation", 0, y0, w, y1 - y0, limits > 0);
}

size_t page_layout(enum page page, int w, int h, const struct page_needs *n,
		   struct slot *out)
{
	struct plan p = { out, 0 };
	int y0, y1;
	if (page != PAGE_START && (w < PAGE_MIN_W || h < PAGE_MIN_H)) {
		place(&p, "toosmall", 0, 0, w, h, false);
		return p.nr;
	}
	switch (page) {
	case PAGE_SERVICE:
		service(&p, w, h, n);
		break;
	case PAGE_SLO:
		slo(&p, w, h, n);
		break;
	case PAGE_CHANGED:
		changed(&p, w, h, n);
		break;
	case PAGE_SATURATION:
		saturation(&p, w, h, n);
		break;
	case PAGE_EVENTS:
	case PAGE_NET:
		frame(&p, w, h, n, &y0, &y1);
		place(&p, page == PAGE_NET ? "net" : "eventlist", 0, y0, w,
		      y1 - y0, false);
		break;
	case PAGE_OWN:
		frame(&p, w, h, n, &y0, &y1);
		if (n->own)
			rows_place(n->own, MARGIN, w - 2 * MARGIN, y0, y1,
				   out, &p.nr);
		break;
	case PAGE_START:
		place(&p, "start", 0, 0, w, h - (h > 4), false);
		if (h > 4)
			place(&p, "keys", 0, h - 1, w, 1, false);
		break;
	default:
		overview(&p, w, h, n);
	}
	return p.nr;
}

size_t page_layout_full(const struct slot *one, int w, int h,
			const struct page_needs *n, struct slot *out)
{
	struct plan p = { out, 0 };
	int y0, y1;
	if (w < PAGE_MIN_W || h < PAGE_MIN_H) {
		place(&p, "toosmall", 0, 0, w, h, false);
		return p.nr;
	}
	frame(&p, w, h, n, &y0, &y1);
	bool rows = strcmp(one->kind, "table") == 0
		    || strcmp(one->kind, "saturation") == 0;
	place(&p, one->kind, rows ? 0 : MARGIN, y0, rows ? w : w - 2 * MARGIN,
	      y1 - y0, true);
	out[p.nr - 1].of = one->of;
	return p.nr;
}

static int at_least(int cells)
{
	return cells < 20 ? 20 : cells;
}

int page_chart_cells(int w, int h)
{
	int panels = w >= 170 && h >= 28 ? 3 : w >= 100 && h >= 28 ? 2 : 1;
	int each = (w - 2 * MARGIN - GUTTER * (panels - 1)) / panels;
	return at_least(each - SCALE_CELLS + MARGIN);
}

int page_widest_cells(int w, int h)
{
	/* The service page has two columns from 32 rows on, a replay from 34. */
	int cells = w >= 100 && h >= 34 ? w * 57 / 100 : w;
	int overview = page_chart_cells(w, h);
	cells = at_least(cells - SCALE_CELLS);
	return cells > overview ? cells : overview;
}
