/* How fast CloudWatch is asked, so that we are never the tool that throttles
 * the others of the account; what it costs; when to try again. Pure: times are
 * arguments, monotonic, ms. */
#ifndef SOURCES_CW_QUOTA_H
#define SOURCES_CW_QUOTA_H

#include "base/clock.h"
#include "model/batch.h"

#include <stddef.h>
#include <stdint.h>

/* What is ours of the account's quotas (the guide's of 2023; shared by all
 * tools of an account and region): a fifth. */
enum cw_call { CW_GET_METRIC_DATA, CW_LIST_METRICS, CW_DESCRIBE_ALARMS,
	       CW_CALLS };

struct cw_bucket {
	double rate, burst;      /* a second; at most at once */
	double have;
	time_ms at;
	double slow;             /* 1; smaller after throttling, back by steps */
	time_ms slowed_at;
};
struct cw_quota {
	struct cw_bucket calls[CW_CALLS];
	struct cw_bucket points; /* as CloudWatch estimates: range / period */
};
void cw_quota_init(struct cw_quota *q, time_ms now);
/* 0: it is taken; else how long to wait before asking again. `points` beyond
 * the burst are taken as the burst. */
time_ms cw_quota_take(struct cw_quota *q, enum cw_call call, double points,
		      time_ms now);
/* What was saved up of that call is gone and its rate is halved, down to an
 * eighth; once a second at most, since calls that were under way together are
 * refused together. An answer that was not refused gives a twentieth back. */
void cw_quota_throttled(struct cw_quota *q, enum cw_call call, time_ms now);
void cw_quota_answered(struct cw_quota *q, enum cw_call call);

/* Full jitter: rand(0, min(20 s, 2^attempt * 250 ms)), at least `asked` (the
 * server's x-amz-retry-after, -1: none). `attempt` from 0. */
time_ms cw_backoff(unsigned attempt, time_ms asked, uint64_t *seed);

/* The list price, 2026: https://aws.amazon.com/cloudwatch/pricing/ */
#define CW_USD_METRIC 1e-5  /* a metric asked of GetMetricData */
#define CW_USD_CALL 1e-5    /* another call */
#define CW_USD_DAY 1.0      /* max_usd_per_day where nobody says */

/* What the day's limit does: `stretch` periods, `weight` the least weight that
 * is still asked (enum cw_weight; needed ones always are). While a service
 * pages nothing is saved, and `over` says so. */
struct cw_saving {
	int stretch;             /* 1, 2, 5 */
	int weight;              /* queries beyond it are paused */
	bool over;               /* beyond a step, and not saved */
	char text[120];          /* for people, "" when nothing is saved */
};
/* From 80 % of `max` on, by steps. `max` <= 0: no limit. `period` is how often
 * is asked when nothing is saved, for the text. */
void cw_saving(double spent, double max, bool paging, time_ms period,
	       struct cw_saving *out);

#endif
