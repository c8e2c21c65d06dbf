/* A Prometheus-style HTTP API as a source: discovery, instant questions for
 * the rows, range questions for the charts. */
#ifndef SOURCES_PROMETHEUS_H
#define SOURCES_PROMETHEUS_H

#include "model/source.h"

extern const struct source_ops prometheus_ops;

#endif
