/* What discovery would find in the simulated shop.
 *
 *   edge                    histogram, seconds, `status`       (edge)
 *   web, checkout, payment  histogram, seconds, `status`, versions
 *   cart, search            histogram, milliseconds, `code`, versions
 *   recommendation          native histogram, errors in a counter of its own
 *   inventory               counter and ready-made mean: no percentiles, and
 *                           no label that names a route
 *   email                   summary with ready-made quantiles; at times
 *                           without samples, at times without traffic
 *   acquirer                histogram, seconds, `status`       (dependency)
 *   orders-db               histogram of a database's pool, `success`
 *   cart-cache              summary of a cache, far below a millisecond */
#ifndef SOURCES_DEMO_CATALOG_H
#define SOURCES_DEMO_CATALOG_H

#include "model/catalog.h"

/* Its services stand in the order of enum demo_service, then the resources in
 * that of demo_resources(); its shapes in the order of their ids, from 1. */
extern const struct catalog demo_catalog;
/* The shape of a kind of resources (demo_resource.h). */
uint32_t demo_resource_shape(int kind);

/* The bounds of a shape's buckets in its own unit, as `le` writes them, NULL
 * at the end. */
const char *const *demo_bounds(uint32_t shape);

/* The label that names a shape's routes, or NULL. */
const char *demo_route_label(uint32_t shape);

#endif
