#include "app/system.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of a loop, the terminal, the screen and two connections. */
#define FILES_NEEDED 12
#define FILES_ADVISED 64

static void *grow(void *p, size_t size)
{
	return mem_grow(p, size, 1);
}

void system_memory(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ mem_alloc, free });
	uv_replace_allocator(mem_alloc, grow, mem_zero, free);
}

static int files_free(void)
{
	int fd[FILES_NEEDED], nr = 0;
	while (nr < FILES_NEEDED
	       && (fd[nr] = open("/", O_PATH | O_CLOEXEC)) >= 0)
		nr++;
	for (int i = 0; i < nr; i++)
		close(fd[i]);
	return nr;
}

int system_loop(uv_loop_t *loop, struct err *e)
{
	struct rlimit most = { 0, 0 };
	int nr = files_free();
	if (nr == FILES_NEEDED && uv_loop_init(loop) == 0)
		return 0;
	getrlimit(RLIMIT_NOFILE, &most);
	return err_set(e, EXIT_MEMORY, "no more than %d files can be opened "
		       "here, at least %d are needed: the limit is %llu, "
		       "ulimit -n %d raises it", nr, FILES_NEEDED,
		       (unsigned long long)most.rlim_cur, FILES_ADVISED);
}
