/* CloudWatch as a source: the services, resources and alarms of an account and
 * region, and what asking for them costs. */
#ifndef SOURCES_CLOUDWATCH_H
#define SOURCES_CLOUDWATCH_H

#include "model/source.h"

/* open() takes an endpoint's URL, or "": the region's own. */
extern const struct source_ops cloudwatch_ops;

#endif
