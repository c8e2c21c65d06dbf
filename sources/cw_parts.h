/* What the parts of the CloudWatch source share. Its poll is in cloudwatch.c;
 * cw_topic.c asks for something once for all viewers of a host: what services
 * there are (cw_find.c), the alarms (cw_alarms.c), and numbers (cw_group.c),
 * which are needed by cw_plan.c and asked for by cw_calls.c. What is shown is
 * made by cw_batches.c, and goes out by cw_end.c with what it cost
 * (cw_cost.c). */
#ifndef SOURCES_CW_PARTS_H
#define SOURCES_CW_PARTS_H

#include "base/limits.h"
#include "sources/aws_creds.h"
#include "sources/cw_cache.h"
#include "sources/cw_limit.h"
#include "sources/cw_request.h"
#include "sources/cw_rows.h"
#include "sources/cw_slo.h"

#define SECOND ((time_ms)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define PERIOD_OWN MINUTE
#define LOOK_BACK  (10 * MINUTE) /* for a row's newest period */
#define RESTATED   (10 * MINUTE) /* how long points may still change */
#define EAST       "us-east-1"

enum topic_kind { TOPIC_FIND, TOPIC_ALARMS, TOPIC_GROUP };
enum topic_step { STEP_IDLE, STEP_ENTER, STEP_WAIT, STEP_CALL, STEP_LEAVE };

/* Something that is asked once for all viewers. */
struct topic {
	struct cw *cw;
	enum topic_kind kind;
	enum topic_step step;
	char key[CW_KEY];
	int lock;                /* cw_lock()'s */
	bool tried_lock, need, retried;
	uint64_t waiting;        /* uv_now() since; 0: not */
	time_ms held_at;         /* fetch time of what is held; TIME_NONE */
	uv_work_t work;
	size_t nr, pending;
	struct cw_request *request;
};

/* A topic of numbers: one region, one period. */
struct group {
	struct topic t;
	bool used;
	const char *region;      /* NULL: the source's */
	time_ms from, to;        /* what the poll needs */
	time_ms fresh_for;
	bool past;
	struct cw_hold hold;
	struct arena arena;      /* of the questions */
	size_t nr_asks, cap_asks;
	struct ask {
		struct cw_query query;
		const char *key;
		bool whole, fresh;
	} *ask;
	size_t planned;          /* questions that a poll has, fresh or not */
};

/* Of thresholds a group a period. The same again where else is asked. */
enum { ROWS, CHARTS, FIVES, HOURS, LIMITS,
       EAST_ROWS = LIMITS + CW_LIMIT_GRIDS, GROUPS = 2 * EAST_ROWS };

struct found {
	struct arena arena;
	struct cw_found list;
	struct cw_member *member;
	struct cw_slos slos;
	struct cw_limits limits;
	bool any, recently;
	time_ms at;              /* of the listing, server's clock */
	int requests;
};

/* One poll; forgotten with the next. */
struct poll {
	struct want want;
	time_ms at;
	uint64_t began;
	bool active, asking, making, cancelled, late, stopped;
	bool renewed, restart;   /* credentials: asked again, once */
	bool recently;
	enum fault fault;        /* the first */
	char error[LIMIT_SENTENCE + 1];
	char refusal[LIMIT_SENTENCE + 1]; /* why it is asked again */
	time_ms retry_after;
	bool partial, answered;
	char *warning[LIMIT_WARNINGS];
	size_t warnings;
	struct cw_axis axis;
	struct batch *now, *range;
	size_t nr_own, cap_own;
	struct own {             /* of objectives and thresholds */
		struct batch *b;
		time_ms *said;   /* where the end of its points is kept; NULL */
		time_ms told;
	} *own;
};

/* What has been said before. */
struct said {
	struct arena arena;
	const struct catalog *catalog;
	time_ms from, to, step;  /* the charts' points; step 0: none */
	time_ms *cells;          /* the end of each objective's last cell */
	time_ms *points;         /* and of each threshold's last period */
	size_t nr_alarms, cap_alarms;
	uint64_t *alarm;         /* hashes of changes that were told */
};

struct cw {
	struct source *src;
	struct aws_settings settings;
	struct err refused;      /* of the settings; code 0: they are fine */
	struct aws_creds *creds;
	struct cw_client client;
	struct arena asks_arena;
	struct cw_ask *ask;      /* the listings of discovery */
	size_t nr_asks;
	uv_timer_t deadline, wake;
	unsigned handles;
	struct cw_cache *cache;
	char *endpoint, *identity, *provider;
	char *shown;             /* the endpoint, for people */
	struct found found, fresh;
	struct topic find, alarms;
	struct group group[GROUPS];
	uv_work_t work;
	struct cw_alarms state;
	bool state_known;
	time_ms state_at;
	struct said said;
	struct cw_spent spent;
	struct cw_saving saving;
	bool paging;             /* by what the last poll brought */
	time_ms skew;            /* of the server's clock, for this phase */
	int phase;
	unsigned dropped;
	struct poll poll;
};

static inline struct group *group_of(struct topic *t)
{
	return (struct group *)t;
}

/* Owned by the batch; NULL stays NULL. */
static inline char *copy(struct batch *b, const char *s)
{
	return s ? arena_strdup(&b->arena, s) : NULL;
}

/* The clock as it was known before this phase: workers ask too. */
time_ms cw_server_now(const struct cw *c);
/* Called whenever something has ended. */
void cw_advance(struct cw *c);

/* ---- topics ------------------------------------------------------------- */

void cw_init_topics(struct cw *c);
/* Ends on the loop, with cw_advance(). */
void cw_topic_enter(struct topic *t);
/* Looks in so many ms at all topics that wait for a lock. */
void cw_wake(struct cw *c, uint64_t in_ms);

/* What a worker does of each kind: `enter` takes what others have left and
 * sets `need`, `leave` leaves what was answered. */
void cw_enter_find(struct cw *c, struct topic *t);
void cw_leave_find(struct cw *c, struct topic *t);
void cw_enter_alarms(struct cw *c, struct topic *t);
void cw_leave_alarms(struct cw *c, struct topic *t);
void cw_enter_group(struct cw *c, struct group *g);
void cw_leave_group(struct cw *c, struct group *g);

/* The requests of a topic, not started. */
void cw_ask_find(struct cw *c, struct topic *t);
void cw_ask_group(struct group *g);
/* More of them for what failed, once. False: there is nothing that another
 * try would help. */
bool cw_ask_again(struct topic *t);

/* ---- what services there are -------------------------------------------- */

void cw_init_asks(struct cw *c);
/* Of the listings and of the alarms. */
void cw_set_keys(struct cw *c);
bool cw_find_is_due(const struct cw *c);
/* Takes what a worker has found. */
void cw_adopt(struct cw *c);

/* ---- numbers ------------------------------------------------------------ */

/* Which periods are asked, and how far back. */
void cw_set_groups(struct cw *c);
/* ROWS, CHARTS, ...: wherever it is asked. */
int cw_kind_of(const struct cw *c, const struct group *g);
/* It is asked in this group's region. */
bool cw_is_ours(const struct cw *c, const struct group *g,
		const struct cw_service *s);
bool cw_asks_slo(const struct cw *c, const struct group *g,
		 const struct cw_slo *s);

/* ---- what a poll says --------------------------------------------------- */

/* Each sentence once. */
void cw_warn(struct cw *c, const char *text);
/* The first one stays. */
void cw_set_fault(struct cw *c, enum fault fault, const char *text);

/* The poll's batches, of all that is held: on a worker. */
void cw_make_batches(struct cw *c);
void cw_add_alarms(struct cw *c, struct batch *b);
void cw_add_cost(struct cw *c, struct batch *b, struct source_status *s);
/* The pace, by what was spent. */
void cw_save(struct cw *c);
/* Emits what there is to say, forgets the poll and ends it. */
void cw_poll_end(struct cw *c);

#endif
