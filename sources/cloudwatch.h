/* Amazon CloudWatch: services found by ListMetrics, their numbers by
 * GetMetricData, alarms by DescribeAlarms. What is asked is counted in dollars
 * and shared with the other viewers of this host. */
#ifndef SOURCES_CLOUDWATCH_H
#define SOURCES_CLOUDWATCH_H

#include "model/source.h"

extern const struct source_ops cloudwatch_ops;

#endif
