/* A service's parts beside what is held of them: period by period what was
 * counted, and whether it was asked at all. Pure. */
#ifndef SOURCES_CW_LINES_H
#define SOURCES_CW_LINES_H

#include "sources/cw_hold.h"
#include "sources/cw_table.h"

/* A period's end, before it is judged. */
#define CW_JUDGED_AFTER ((time_ms)60000)

/* A service and where its numbers are. */
struct cw_member {
	const struct cw_service *service;
	const char **key;            /* of each part: cw_hold_key() */
	/* Of the rows (short periods) and of the charts; may be the same. */
	const struct cw_hold *rows, *charts;
};

/* The keys of a service's parts. */
const char **cw_member_keys(const struct cw_service *s, struct arena *a);

bool cw_is_request(enum cw_role r);
bool cw_is_error(enum cw_role r);
/* "RequestCount Sum + HTTPCode_ELB_503_Count Sum of LoadBalancer=app/x/1",
 * clean: what is asked for those roles. */
const char *cw_question(const struct cw_service *s, bool (*is)(enum cw_role),
			struct arena *a);

/* The lines of a member's parts in one hold, borrowed until the hold has a new
 * one. */
struct cw_lines {
	const struct cw_member *m;
	const struct cw_hold *hold;
	const struct cw_line **line; /* NULL: nothing is known */
	double *value;
	bool no_requests, no_errors; /* forbidden */
};
void cw_lines_init(struct cw_lines *l, const struct cw_member *m,
		   const struct cw_hold *hold);
void cw_lines_release(struct cw_lines *l);
/* Of the period that begins then; what was not asked is NAN. */
void cw_lines_red(struct cw_lines *l, time_ms begin, struct cw_red *out);
/* Absence says something only about what was asked. */
bool cw_lines_unknown(const struct cw_line *l, time_ms begin);

#endif
