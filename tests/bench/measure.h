/* Clocks, samples and processes: what every measurement uses. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 4096

struct samples {
	double v[SAMPLES_MAX];
	size_t nr;
};

static inline double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline double now_ms(void)
{
	return now_us() / 1000;
}

static inline void sample(struct samples *s, double v)
{
	if (s->nr < SAMPLES_MAX)
		s->v[s->nr++] = v;
}

static inline int compare_samples(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Nearest rank; NAN of nothing. */
static inline double percentile(struct samples *s, double q)
{
	if (s->nr == 0)
		return NAN;
	qsort(s->v, s->nr, sizeof(*s->v), compare_samples);
	size_t i = (size_t)ceil(q * (double)s->nr);
	return s->v[i ? i - 1 : 0];
}

static inline double mean(const struct samples *s)
{
	double sum = 0;
	for (size_t i = 0; i < s->nr; i++)
		sum += s->v[i];
	return s->nr ? sum / (double)s->nr : NAN;
}

/* User and system seconds of a process so far. */
static inline double cpu_seconds_of(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return NAN;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	const char *p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			 "%lu %lu", &user, &system) != 2)
		return NAN;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Bytes of a line of /proc/PID/status: "VmRSS", "VmHWM". */
static inline double memory_of(pid_t pid, const char *what)
{
	char path[64], line[256];
	double kb = NAN;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return NAN;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, what, strlen(what)) == 0)
			kb = strtod(line + strlen(what) + 1, NULL);
	fclose(f);
	return kb * 1024;
}

/* Seconds that threads other than the first have run. */
static inline double worker_seconds_of(pid_t pid)
{
	char path[320];
	double sum = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		double ns = 0;
		int id = atoi(e->d_name);
		if (id == 0 || id == pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat",
			 (int)pid, id);
		FILE *f = fopen(path, "r");
		if (f && fscanf(f, "%lf", &ns) == 1)
			sum += ns / 1e9;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

static inline bool installed(const char *program)
{
	char path[512];
	const char *dirs = getenv("PATH");
	while (dirs && *dirs) {
		int n = (int)strcspn(dirs, ":");
		snprintf(path, sizeof(path), "%.*s/%s", n, dirs, program);
		if (access(path, X_OK) == 0)
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

#endif
