#include "sources/workers.h"

#include "base/mem.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* Threads of libuv's pool. */
#define WORKERS 4

static void *wait_for_all(void *all)
{
	sem_wait(all);
	return NULL;
}

/* So many at a time. */
static int threads_free(void)
{
	pthread_t thread[WORKERS];
	sem_t all;
	int nr = 0;
	sem_init(&all, 0, 0);
	for (int i = 0; i < WORKERS; i++)
		nr += pthread_create(&thread[nr], NULL, wait_for_all, &all)
		      == 0;
	for (int i = 0; i < nr; i++)
		sem_post(&all);
	for (int i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	sem_destroy(&all);
	return nr;
}

static void nothing(uv_work_t *work)
{
	(void)work;
}

static void done(uv_work_t *work, int status)
{
	(void)status;
	free(work);
}

static void on_abort(int signum)
{
	(void)signum;
	mem_die();
}

/* What a thread lacks now, after there could be some, is memory. */
static void start_pool(uv_loop_t *loop)
{
	struct sigaction dies = { .sa_handler = on_abort }, kept;
	uv_work_t *work = mem_alloc(sizeof(*work));
	sigaction(SIGABRT, &dies, &kept);
	uv_queue_work(loop, work, nothing, done);
	sigaction(SIGABRT, &kept, NULL);
}

int workers_start(uv_loop_t *loop, struct err *e)
{
	char few[16];
	int nr = threads_free();
	if (nr == 0)
		return err_set(e, EXIT_MEMORY, "no thread can be started here, "
			       "and answers are read by threads: memory, "
			       "ulimit -u or the pids limit of the container is "
			       "used up");
	if (nr < WORKERS) {
		snprintf(few, sizeof(few), "%d", nr);
		setenv("UV_THREADPOOL_SIZE", few, 1);
	}
	start_pool(loop);
	return 0;
}
