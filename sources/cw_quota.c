#include "sources/cw_quota.h"

#include "sources/cw_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- how fast ------------------------------------------------------------ */

#define SHARE 5 /* of the account's quota a fifth is ours */
#define BURST 2 /* seconds of the rate at once */
#define BURST_LIST 18 /* calls: discovery is one of them, every ten minutes */
#define POINTS_A_SECOND 180000
#define SLOWEST 0.125
#define SLOWED_EVERY ((time_ms)1000)
#define FASTER 0.05
/* What sums of fractions may be short of. */
#define NEARLY 1e-6

static const double calls_a_second[CW_CALLS] = {
	[CW_GET_METRIC_DATA] = 50, [CW_LIST_METRICS] = 25,
	[CW_DESCRIBE_ALARMS] = 9,
};

static struct cw_bucket full_bucket(double quota, time_ms now)
{
	double rate = fmax(quota / SHARE, 1);
	return (struct cw_bucket){ .rate = rate, .burst = rate * BURST,
				   .have = rate * BURST, .at = now,
				   .slow = 1, .slowed_at = TIME_NONE };
}

void cw_quota_init(struct cw_quota *q, time_ms now)
{
	for (size_t i = 0; i < CW_CALLS; i++)
		q->calls[i] = full_bucket(calls_a_second[i], now);
	struct cw_bucket *list = &q->calls[CW_LIST_METRICS];
	list->burst = list->have = BURST_LIST;
	q->points = full_bucket(POINTS_A_SECOND, now);
}

static void refill(struct cw_bucket *b, time_ms now)
{
	if (now <= b->at)
		return;
	double more = b->rate * b->slow * (double)(now - b->at) / 1e3;
	b->have = fmin(b->have + more, b->burst);
	b->at = now;
}

/* Until so much is there; 0: it is. */
static time_ms wait_for(const struct cw_bucket *b, double much)
{
	double lacks = much - b->have;
	if (lacks <= NEARLY)
		return 0;
	return (time_ms)ceil(lacks / (b->rate * b->slow) * 1e3);
}

time_ms cw_quota_take(struct cw_quota *q, enum cw_call call, double points,
		      time_ms now)
{
	struct cw_bucket *c = &q->calls[call], *p = &q->points;
	if (call != CW_GET_METRIC_DATA || !(points > 0))
		points = 0;
	points = fmin(points, p->burst);
	refill(c, now);
	refill(p, now);
	time_ms a = wait_for(c, 1), b = wait_for(p, points);
	if (a || b)
		return a > b ? a : b;
	c->have -= 1;
	p->have -= points;
	return 0;
}

static void slow_down(struct cw_bucket *b, time_ms now)
{
	b->have = 0;
	b->at = now > b->at ? now : b->at;
	if (b->slowed_at != TIME_NONE && now - b->slowed_at < SLOWED_EVERY)
		return;
	b->slow = fmax(b->slow / 2, SLOWEST);
	b->slowed_at = now;
}

void cw_quota_throttled(struct cw_quota *q, enum cw_call call, time_ms now)
{
	slow_down(&q->calls[call], now);
	if (call == CW_GET_METRIC_DATA)
		slow_down(&q->points, now);
}

void cw_quota_answered(struct cw_quota *q, enum cw_call call)
{
	struct cw_bucket *c = &q->calls[call], *p = &q->points;
	c->slow = fmin(c->slow + FASTER, 1);
	if (call == CW_GET_METRIC_DATA)
		p->slow = fmin(p->slow + FASTER, 1);
}

/* ---- when again ---------------------------------------------------------- */

#define BACKOFF_FIRST UINT64_C(250)
#define BACKOFF_MAX UINT64_C(20000)
#define BACKOFF_DOUBLES 7 /* beyond it is BACKOFF_MAX anyway */

/* splitmix64 */
static uint64_t chance(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

time_ms cw_backoff(unsigned attempt, time_ms asked, uint64_t *seed)
{
	uint64_t most = BACKOFF_MAX;
	if (attempt < BACKOFF_DOUBLES)
		most = BACKOFF_FIRST << attempt;
	time_ms t = (time_ms)(chance(seed) % (most + 1));
	return t > asked ? t : asked;
}

/* ---- the day's limit ----------------------------------------------------- */

static const struct step {
	double from; /* spent / max */
	int stretch;
	enum cw_weight weight;
	const char *also;
} steps[] = {
	{ 0.80, 2, CW_NICE,   "" },
	{ 0.90, 5, CW_NICE,   "" },
	{ 0.95, 5, CW_WANTED, ", extras paused" },
	{ 1.00, 5, CW_NEEDED, ", only what is needed" },
};

/* The highest step that is reached, or NULL. */
static const struct step *step_of(double spent, double max)
{
	const struct step *found = NULL;
	if (!(max > 0))
		return NULL;
	for (size_t i = 0; i < COUNT(steps); i++)
		if (spent / max >= steps[i].from - 1e-9)
			found = &steps[i];
	return found;
}

/* Cut, not rounded: $1.00 of $1.00 is not said before it is so. A limit of few
 * cents is told in hundredths of them. */
static double cut(double usd, int digits)
{
	double scale = pow(10, digits);
	return floor(usd * scale + 1e-6) / scale;
}

static void write_every(time_ms period, char out[TIME_TEXT])
{
	if (period % 3600000 == 0)
		snprintf(out, TIME_TEXT, "%" PRId64 " h", period / 3600000);
	else if (period % 60000 == 0)
		snprintf(out, TIME_TEXT, "%" PRId64 " min", period / 60000);
	else
		time_duration(period, out);
}

void cw_saving(double spent, double max, bool paging, time_ms period,
	       struct cw_saving *out)
{
	const struct step *s = step_of(spent, max);
	int digits = max < 0.1 ? 4 : 2;
	char every[TIME_TEXT];
	*out = (struct cw_saving){ .stretch = 1, .weight = CW_NICE };
	if (!s)
		return;
	int n = snprintf(out->text, sizeof(out->text), "$%.*f of $%.*f today",
			 digits, cut(spent, digits), digits, max);
	size_t at = (size_t)n < sizeof(out->text) ? (size_t)n
						  : sizeof(out->text) - 1;
	if (paging) {
		out->over = true;
		snprintf(out->text + at, sizeof(out->text) - at,
			 "; not saved while a service pages");
		return;
	}
	out->stretch = s->stretch;
	out->weight = s->weight;
	write_every(period * s->stretch, every);
	snprintf(out->text + at, sizeof(out->text) - at, ": asked every %s%s",
		 every, s->also);
}
