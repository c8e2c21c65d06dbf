/* Preloaded under the program: what it asks the system for is refused as the
 * environment says. Counting begins with main(), after the libraries have set
 * themselves up.
 *
 *	STARVE_MALLOC=N     the N-th allocation fails (counted from 1)
 *	STARVE_MALLOC=N+    and all after it
 *	STARVE_COUNT=FILE   how many there were, at the end
 *	STARVE_THREADS=N    more than N threads at a time are refused
 *	STARVE_WRITE=N:E    writes to a *.redtop fail from the N-th on, with the
 *	                    error number E; with a `/` after it half of the
 *	                    first one that fails is taken
 *	STARVE_SYNC=E       so does fdatasync()
 *	STARVE_DNS=N        a name is looked for N seconds, and not found */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t nr, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static atomic_bool armed;
static atomic_ulong asked, fails_at, threads, writes;
static bool fails_on;

static bool refused(void)
{
	if (!atomic_load(&armed))
		return false;
	unsigned long n = atomic_fetch_add(&asked, 1) + 1;
	unsigned long at = atomic_load(&fails_at);
	if (!at || n < at || (n > at && !fails_on))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	return refused() ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
	return refused() ? NULL : __libc_realloc(p, size);
}

static void *real(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);
	if (!p)
		abort();
	return p;
}

int pthread_create(pthread_t *t, const pthread_attr_t *attr,
		   void *(*run)(void *), void *arg)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		      void *);
	const char *most = getenv("STARVE_THREADS");
	if (most && atomic_load(&armed)
	    && atomic_load(&threads) >= strtoul(most, NULL, 10))
		return EAGAIN;
	*(void **)&create = real("pthread_create");
	atomic_fetch_add(&threads, 1);
	return create(t, attr, run, arg);
}

int pthread_join(pthread_t t, void **result)
{
	int (*join)(pthread_t, void **);
	*(void **)&join = real("pthread_join");
	atomic_fetch_sub(&threads, 1);
	return join(t, result);
}

static bool is_recording(int fd)
{
	char link[64], name[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, name, sizeof(name) - 1);
	static const char tail[] = ".redtop";
	size_t len = sizeof(tail) - 1;
	return n > (ssize_t)len && memcmp(name + n - len, tail, len) == 0;
}

ssize_t writev(int fd, const struct iovec *part, int nr)
{
	ssize_t (*next)(int, const struct iovec *, int);
	const char *when = getenv("STARVE_WRITE");
	*(void **)&next = real("writev");
	if (!when || !is_recording(fd))
		return next(fd, part, nr);
	char *end;
	unsigned long from = strtoul(when, &end, 10);
	unsigned long n = atomic_fetch_add(&writes, 1) + 1;
	int why = *end == ':' ? (int)strtol(end + 1, &end, 10) : EIO;
	if (n < from)
		return next(fd, part, nr);
	if (n == from && *end == '/' && part->iov_len > 1) {
		struct iovec half = { part->iov_base, part->iov_len / 2 };
		return next(fd, &half, 1);
	}
	errno = why;
	return -1;
}

int fdatasync(int fd)
{
	int (*next)(int);
	const char *why = getenv("STARVE_SYNC");
	*(void **)&next = real("fdatasync");
	if (!why || !is_recording(fd))
		return next(fd);
	errno = atoi(why);
	return -1;
}

/* An address needs no DNS. */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **out)
{
	int (*next)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	const char *seconds = getenv("STARVE_DNS");
	*(void **)&next = real("getaddrinfo");
	if (!seconds || !node || (hints && hints->ai_flags & AI_NUMERICHOST))
		return next(node, service, hints, out);
	sleep((unsigned)strtoul(seconds, NULL, 10));
	return EAI_AGAIN;
}

static int (*real_main)(int, char **, char **);
static char count_file[4096];

static void count(void)
{
	atomic_store(&armed, false);
	FILE *f = fopen(count_file, "w");
	if (!f)
		return;
	fprintf(f, "%lu\n", atomic_load(&asked));
	fclose(f);
}

/* The live screen ends by it. */
void _exit(int code)
{
	if (*count_file)
		count();
	syscall(SYS_exit_group, code);
	abort();
}

static int starved_main(int argc, char **argv, char **env)
{
	const char *at = getenv("STARVE_MALLOC"), *to = getenv("STARVE_COUNT");
	if (at) {
		char *end;
		atomic_store(&fails_at, strtoul(at, &end, 10));
		fails_on = *end == '+';
	}
	if (to) {
		snprintf(count_file, sizeof(count_file), "%s", to);
		atexit(count);
	}
	atomic_store(&armed, true);
	return real_main(argc, argv, env);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	int (*start)(int (*)(int, char **, char **), int, char **,
		     void (*)(void), void (*)(void), void (*)(void), void *);
	*(void **)&start = real("__libc_start_main");
	real_main = main;
	return start(starved_main, argc, argv, init, fini, rtld_fini,
		     stack_end);
}
