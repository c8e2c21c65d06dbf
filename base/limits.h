/* Every ceiling of the program, in one place, with what happens at it.
 * All of them bound bytes that come from outside. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>

/* Bytes of one HTTP body after decompression; beyond it the transfer is cut
 * and the poll is a fault ("answer too big"). */
#define LIMIT_BODY ((size_t)64 << 20)
/* The same for answers that are read as a whole tree (cJSON): labels,
 * metadata, buildinfo, error bodies. */
#define LIMIT_TREE_BODY ((size_t)8 << 20)
/* Header bytes of one answer. */
#define LIMIT_HEADERS ((size_t)64 << 10)
/* Series of one answer; further ones are dropped, counted, and the batch is
 * partial. */
#define LIMIT_ANSWER_SERIES ((size_t)100000)
/* Points of one answer over all its series; dropped and counted likewise. */
#define LIMIT_ANSWER_POINTS ((size_t)2000000)
/* Points of one series in one answer: Prometheus' own ceiling. */
#define LIMIT_POINTS ((size_t)11000)
/* Labels of one series, bytes of a name and of a value; more is cut. */
#define LIMIT_LABELS ((size_t)64)
#define LIMIT_LABEL_NAME ((size_t)256)
#define LIMIT_LABEL_VALUE ((size_t)1024)
/* Nesting of a JSON document. */
#define LIMIT_NESTING 64
/* Buckets of one classic or native histogram. */
#define LIMIT_BUCKETS ((size_t)1000)
/* Series of one service's routes; further ones are not kept. */
#define LIMIT_ROUTE_SERIES ((size_t)20000)
/* Warnings kept of one answer, and bytes of one sentence. */
#define LIMIT_WARNINGS ((size_t)16)
#define LIMIT_SENTENCE ((size_t)300)
/* Bytes of a query (VictoriaMetrics refuses more) and of a POST body. */
#define LIMIT_QUERY ((size_t)16384)
#define LIMIT_POST ((size_t)1 << 20)
/* What the store may hold; the oldest points go first. */
#define LIMIT_STORE ((size_t)64 << 20)
/* Series and services and events the store knows; later ones are counted. */
#define LIMIT_SERIES ((size_t)200000)
#define LIMIT_SERVICES ((size_t)2000)
#define LIMIT_EVENTS ((size_t)4096)
/* One frame of a recording. */
#define LIMIT_FRAME ((size_t)64 << 20)
/* A theme or another small file that is read whole. */
#define LIMIT_FILE ((size_t)1 << 20)
/* Sections of AWS' two files together, and properties (or sub-properties) of
 * one; a file with more is refused. */
#define LIMIT_PROFILES ((size_t)10000)
#define LIMIT_PROPERTIES ((size_t)1000)
/* Payload of one file of the shared cache: a larger one is not written, and as
 * if there was none. Names that one sweep of it looks at; the rest next time. */
#define LIMIT_CACHE_FILE ((size_t)16 << 20)
#define LIMIT_CACHE_NAMES 10000
/* Nodes and documents of one YAML file. */
#define LIMIT_NODES ((size_t)100000)
#define LIMIT_DOCUMENTS 64
/* Endpoints of one source; a file with more is refused. Attempts told with one
 * batch; the oldest go first. */
#define LIMIT_ENDPOINTS ((size_t)16)
#define LIMIT_ATTEMPTS ((size_t)32)
/* What an API gives to be sent back for its next page; an answer with a longer
 * one is refused. Bytes of an answer that is an error that are looked at. */
#define LIMIT_TOKEN ((size_t)64 << 10)
#define LIMIT_ERROR_BODY ((size_t)64 << 10)
/* Alarms of one source, and lines of its bill; further ones are left out. */
#define LIMIT_ALARMS ((size_t)5000)
#define LIMIT_COST_PARTS ((size_t)32)
/* Bytes of an answer, a file or an output that brings credentials, and of one
 * key or token in it; more is refused. */
#define LIMIT_CREDENTIALS ((size_t)64 << 10)
/* Roles that one profile assumes one upon the other, and words of its
 * credential_process; more is refused. */
#define LIMIT_ROLES ((size_t)8)
#define LIMIT_WORDS ((size_t)256)
/* Cells of a surface: a terminal of 500x1000 and some. */
#define LIMIT_WIDTH 2000
#define LIMIT_HEIGHT 2000
/* Objectives and thresholds of one source; further ones are not kept. Series
 * of one objective (a thousand groups have twenty each), and of one threshold;
 * further ones are counted as lost. */
#define LIMIT_SLOS ((size_t)2000)
#define LIMIT_THRESHOLDS ((size_t)5000)
#define LIMIT_SLO_SERIES ((size_t)20000)
/* Of one comparison: values of labels, events and notes; further ones are left
 * out. Services whose newest comparison is kept; the oldest goes. */
#define LIMIT_CHANGE_COUNTS ((size_t)2000)
#define LIMIT_CHANGE_EVENTS ((size_t)200)
#define LIMIT_CHANGE_NOTES ((size_t)64)
#define LIMIT_CHANGES ((size_t)64)
/* Bytes of a time zone's file, and entries of one of its tables; a larger one
 * is refused. */
#define LIMIT_ZONE ((size_t)64 << 10)
/* Evaluation periods of one threshold; of a larger number only these count. */
#define LIMIT_PERIODS ((size_t)100)
/* Objectives, and alerts, of one file of them, and the objects it is made of;
 * a file with more is refused. Problems kept; further ones are counted. */
#define LIMIT_SPEC_ITEMS ((size_t)1000)
#define LIMIT_SPEC_OBJECTS ((size_t)4000)
#define LIMIT_PROBLEMS ((size_t)200)
/* Labels of one service that are compared, the telling ones first, and values
 * of one, the worst first; that there are more is said. */
#define LIMIT_CHANGE_LABELS 12
#define LIMIT_CHANGE_VALUES ((size_t)50)
/* Resources of one source that are found by names of metrics; that there are
 * more is said. */
#define LIMIT_RESOURCES ((size_t)500)

#endif
