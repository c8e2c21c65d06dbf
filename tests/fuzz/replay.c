/* The normal run of a fuzz target: every file of its corpus, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	uint8_t *data = malloc((size_t)n + 1);
	if (!data || fread(data, 1, (size_t)n, f) != (size_t)n)
		abort();
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	return 0;
}

/* The corpus stands in tests/fuzz/corpus/NAME, NAME after `fuzz_`. */
int main(int argc, char **argv)
{
	(void)argc;
	const char *name = strrchr(argv[0], '/');
	name = name ? name + 1 : argv[0];
	char dir[512], path[1024];
	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name + strlen("fuzz_"));
	DIR *d = opendir(dir);
	int passed = 0, failed = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (replay(path) == 0)
			passed++;
		else
			failed++;
	}
	if (d)
		closedir(d);
	if (passed == 0)
		failed++;
	printf("[==========] %s: Running %d test(s).\n", name, passed + failed);
	printf("[  PASSED  ] %d test(s).\n", passed);
	return failed != 0;
}
