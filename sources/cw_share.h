/* Listings as CloudWatch answers them, written for other viewers: what
 * cw_metrics_read() and cw_alarms_read() read. */
#ifndef SOURCES_CW_SHARE_H
#define SOURCES_CW_SHARE_H

#include "sources/cw_api.h"

/* Append {"Metrics": […]} and {"MetricAlarms": […]}. */
void cw_share_metrics(const struct cw_metrics *m, struct buf *out);
void cw_share_alarms(const struct cw_alarms *a, struct buf *out);

#endif
