/* The time axis that all charts share. */
#include "widgets/widget.h"

/* Round times a page may jump by, rising. */
static const time_ms rounds[] = {
	1000, 2000, 4000, 5000, 10000, 15000, 20000, 30000, 60000, 120000,
	240000, 300000, 600000, 900000, 1200000, 1800000, 2400000, 3600000,
	7200000, 10800000, 14400000, 21600000, 28800000, 43200000, 86400000,
	172800000, 604800000,
};

static time_ms page_of(time_ms cell, int cells)
{
	time_ms page = cells >= 4 ? cells / 4 * cell : cell;

	for (size_t i = sizeof(rounds) / sizeof(*rounds); i-- > 0;)
		if (rounds[i] <= page && rounds[i] % cell == 0 &&
		    rounds[i] * 2 > page)
			return rounds[i];
	return page;
}

struct axis axis_of(const struct view *v, int cells)
{
	struct axis a = { .dot = v->dot > 0 ? v->dot : 1000 };

	a.cells = cells > 0 ? cells : 0;
	a.cell = 2 * a.dot;
	time_ms page = page_of(a.cell, a.cells);
	a.to = time_floor(v->edge, page) + page;
	a.from = a.to - a.cells * a.cell;
	return a;
}

int axis_cell(const struct axis *a, time_ms t)
{
	if (t == TIME_NONE || t < a->from || t >= a->to)
		return -1;
	return (int)((t - a->from) / a->cell);
}
