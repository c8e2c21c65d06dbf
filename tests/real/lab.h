/* Real servers for a test: a Prometheus that scrapes itself, a node exporter,
 * and an exporter of every known family, every second. Included as lab.c. */
#ifndef TESTS_REAL_LAB_H
#define TESTS_REAL_LAB_H

#include "base/buf.h"
#include "base/clock.h"

#include <sys/types.h>

#define LAB_PATIENCE 60 /* seconds until a server must be ready */

struct lab {
	pid_t exporter, node, prometheus;
	int exporter_port, node_port, port;
	char dir[64];     /* for files of the test, too; removed at the end */
	char url[64];
	char exporter_path[400];
};

/* `program`: argv[0] of the test, beside which the exporter is. The servers
 * end with the test, however that ends. */
void lab_start(struct lab *l, const char *program);
/* Until every job was scraped so often. */
void lab_wait(const struct lab *l, int scrapes);
void lab_stop(struct lab *l);

/* A process whose output goes to a file; it ends with this one. */
pid_t lab_run(const char *log, char *const *argv);
void lab_end(pid_t pid);

/* The status, 0 without an answer. */
long lab_get(const char *url, struct buf *out);
/* The server's own word: the value of the only series, NAN for none. */
double lab_ask(const struct lab *l, time_ms at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A Prometheus that scrapes nothing and holds what a file says was. */
struct past {
	char dir[64];     /* for files of the test, too; removed at the end */
	char url[64];
	pid_t server;
};

void past_init(struct past *p);
/* `text`: a file of OpenMetrics with times, removed once it is read. */
void past_serve(struct past *p, const char *text);
void past_stop(struct past *p);

#endif
