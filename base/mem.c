#include "base/mem.h"

#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void (*mem_dying)(void);

_Noreturn void mem_die(void)
{
	static const char text[] = "redtop: out of memory\n";
	static atomic_flag dying = ATOMIC_FLAG_INIT;
	/* Another thread is at it: the terminal is restored once. */
	while (atomic_flag_test_and_set(&dying))
		pause();
	if (mem_dying)
		mem_dying();
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)n;
	_exit(EXIT_MEMORY);
}

void *mem_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		mem_die();
	return p;
}

void *mem_zero(size_t nr, size_t size)
{
	void *p = calloc(nr ? nr : 1, size ? size : 1);
	if (!p)
		mem_die();
	return p;
}

void *mem_grow(void *p, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		mem_die();
	size_t bytes = nr * size;
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		mem_die();
	return p;
}

char *mem_strndup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}
