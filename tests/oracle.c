/* Runs every *.json of a directory of recorded server answers and prints
 * `N of M rows` for each file and function. Ends with 1 if any row that this
 * version computes is wrong, with 2 if a file cannot be read. */
#include "tests/oracle.h"

#define OTHERS_MAX 32

/* Functions that are not built, with their rows. */
struct other {
	const char *fn;
	size_t rows;
};

static void count_other(struct other *others, const char *fn)
{
	size_t i = 0;
	while (i + 1 < OTHERS_MAX && others[i].fn
	       && strcmp(others[i].fn, fn) != 0)
		i++;
	others[i].fn = fn;
	others[i].rows++;
}

static void print_count(const char *name, const struct oracle_fn *f,
			const struct oracle_count *n)
{
	printf("%-14s %-18s %zu of %zu rows ", name, f->fn, n->right, n->rows);
	for (size_t c = 0; c < ORACLE_COLUMNS; c++)
		if (n->asked[c])
			printf("  %s %zu/%zu", oracle_columns[c], n->fine[c],
			       n->asked[c]);
	if (n->unseen)
		printf("  (%zu answers hang on what the API does not print)",
		       n->unseen);
	printf("\n");
}

/* Adds to the totals; false if the file cannot be read. */
static bool run_file(const char *dir, const char *name,
		     struct oracle_count *total, struct other *later)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	cJSON *file = oracle_load(path);
	const cJSON *row, *rows = cJSON_GetObjectItem(file, "cases");
	struct oracle_count n[ORACLE_FNS] = { 0 };
	struct other others[OTHERS_MAX] = { 0 };
	if (!cJSON_IsArray(rows)) {
		if (file)
			fprintf(stderr, "%s: no array `cases`\n", path);
		cJSON_Delete(file);
		return false;
	}
	cJSON_ArrayForEach(row, rows) {
		const struct oracle_fn *f = oracle_fn_of(row);
		if (f)
			oracle_ask_columns(file, row, f, &n[f - oracle_fns]);
		else
			count_other(others, oracle_string(row, "fn"));
	}
	for (size_t i = 0; i < ORACLE_FNS; i++) {
		if (n[i].rows)
			print_count(name, &oracle_fns[i], &n[i]);
		total->rows += n[i].rows;
		total->right += n[i].right;
	}
	for (size_t i = 0; i < OTHERS_MAX && others[i].fn; i++) {
		printf("%-14s %-18s not in this version (%zu rows)\n", name,
		       others[i].fn, others[i].rows);
		later->rows += others[i].rows;
	}
	cJSON_Delete(file);
	return true;
}

static int is_json(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return e->d_name[0] != '.' && n > 5
	       && strcmp(e->d_name + n - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: oracle DIR\n");
		return 64;
	}
	struct dirent **names;
	int nr = scandir(argv[1], &names, is_json, alphasort);
	if (nr <= 0) {
		fprintf(stderr, "oracle: no *.json files in %s\n", argv[1]);
		return 2;
	}
	struct oracle_count total = { 0 };
	struct other later = { 0 };
	bool whole = true;
	for (int i = 0; i < nr; i++) {
		whole &= run_file(argv[1], names[i]->d_name, &total, &later);
		free(names[i]);
	}
	free(names);
	printf("%zu of %zu rows, %zu not in this version\n", total.right,
	       total.rows, later.rows);
	return !whole ? 2 : total.right != total.rows;
}
