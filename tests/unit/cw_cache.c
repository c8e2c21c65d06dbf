/* The shared cache: several processes at once, files that are not what they
 * should be, directories that are not ours. */
#include "sources/cw_cache.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define T0 INT64_C(1795486930000) /* 2026-11-24T02:22:10Z */
#define DAY INT64_C(86400000)
#define HEAD 64
#define NOBODY 65534

/* ---- a place ------------------------------------------------------------- */

/* What a file system without locks says; and what another process does just
 * before, once. */
static int flock_error;
static void (*before_flock)(void *arg);
static void *before_arg;

int flock(int fd, int how)
{
	void (*first)(void *arg) = before_flock;
	if (first) {
		before_flock = NULL;
		first(before_arg);
	}
	if (!flock_error)
		return (int)syscall(SYS_flock, fd, how);
	errno = flock_error;
	return -1;
}

struct place {
	char dir[40], cache[60];
};

static int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	strcpy(p->dir, "/tmp/redtop-cache-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->cache, sizeof(p->cache), "%s/c", p->dir);
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int place_teardown(void **state)
{
	struct place *p = *state;
	flock_error = 0;
	remove_all(p->dir);
	free(p);
	return 0;
}

static struct cw_cache *opened(const struct place *p)
{
	struct cw_cache *c = cw_cache_open(p->cache);
	if (cw_cache_why(c))
		print_error("%s\n", cw_cache_why(c));
	assert_null(cw_cache_why(c));
	return c;
}

static const char *in(const struct place *p, const char *name)
{
	static char path[4][160];
	static unsigned next;
	char *s = path[next++ % 4];
	snprintf(s, sizeof(path[0]), "%s/%s", p->cache, name);
	return s;
}

static void put(struct cw_cache *c, const char *key, time_ms at,
		const char *text)
{
	struct buf b;
	buf_init(&b, 0);
	buf_str(&b, text);
	cw_cache_write(c, key, at, &b);
	buf_release(&b);
}

/* What stands under a key at T0, or NULL. */
static const char *got(struct cw_cache *c, const char *key)
{
	static char text[200];
	struct buf b;
	time_ms at = 5;
	buf_init(&b, 0);
	bool fine = cw_cache_read(c, key, T0, TIME_NONE, &b, &at);
	snprintf(text, sizeof(text), "%s", buf_text(&b));
	if (!fine) {
		assert_int_equal(b.len, 0);
		assert_int_equal(at, 5);
	}
	buf_release(&b);
	return fine ? text : NULL;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static size_t read_file(const char *path, void *bytes, size_t max)
{
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, bytes, max);
	close(fd);
	assert_true(n >= 0);
	return (size_t)n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void age(const char *path, time_ms at)
{
	struct timespec t[2] = { { .tv_sec = at / 1000 },
				 { .tv_sec = at / 1000 } };
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- other processes ----------------------------------------------------- */

/* Runs child(p, arg), which returns its exit code; 0 is well. */
static pid_t begin(int (*child)(const struct place *p, int arg),
		   const struct place *p, int arg)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		_exit(child(p, arg));
	}
	return pid;
}

static void ends_well(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void killed(pid_t pid)
{
	int status = 0;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* ---- entries ------------------------------------------------------------- */

static void what_was_paid_for_is_fetched_again(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p), *other = opened(p);
	struct buf b, out;
	time_ms at = 0;
	buf_init(&b, 0);
	buf_init(&out, 0);
	assert_null(got(c, "k"));
	buf_add(&b, "a\0b\n", 4);
	cw_cache_write(c, "k", T0 - 500, &b);

	buf_str(&out, "before ");
	assert_true(cw_cache_read(other, "k", T0, TIME_NONE, &out, &at));
	assert_int_equal(at, T0 - 500);
	assert_int_equal(out.len, 11);
	assert_memory_equal(out.s, "before a\0b\n", 11);
	/* who holds it already reads nothing */
	at = 0;
	assert_true(cw_cache_read(other, "k", T0, T0 - 500, &out, &at));
	assert_int_equal(at, T0 - 500);
	assert_int_equal(out.len, 11);
	/* who holds another one does */
	assert_true(cw_cache_read(other, "k", T0, T0 - 501, &out, &at));
	assert_int_equal(out.len, 15);

	put(other, "k", T0 - 100, "newer");
	assert_string_equal(got(c, "k"), "newer");
	put(c, "empty", T0, "");
	assert_string_equal(got(other, "empty"), "");
	assert_int_equal(mode_of(p->cache), 0700);
	assert_int_equal(mode_of(in(p, "k.data")), 0600);

	/* what does not fit is not cut */
	buf_release(&out);
	buf_init(&out, 4);
	assert_false(cw_cache_read(c, "k", T0, TIME_NONE, &out, &at));
	assert_int_equal(out.len, 0);
	buf_release(&out);
	buf_release(&b);
	cw_cache_close(c);
	cw_cache_close(other);
}

static void one_answer_is_taken_for_another(void **state)
{
	(void)state;
	static const char *const parts[][4] = {
		{ "eu-west-1", "60", NULL }, { "60", "eu-west-1", NULL },
		{ "eu-west-16", "0", NULL }, { "eu-west-1", "60", "", NULL },
		{ "eu-west-160", NULL }, { "", NULL }, { NULL },
	};
	char key[COUNT(parts) + 1][CW_KEY], again[CW_KEY];
	for (size_t i = 0; i < COUNT(parts); i++)
		cw_key(key[i], "data", parts[i]);
	cw_key(key[COUNT(parts)], "list", parts[0]);
	for (size_t i = 0; i < COUNT(key); i++) {
		assert_int_equal(strlen(key[i]), 40);
		assert_int_equal(strspn(key[i], "0123456789abcdef"), 40);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(key[i], key[k]);
	}
	/* another process makes the same of it, today and tomorrow */
	cw_key(again, "data", parts[0]);
	assert_string_equal(again, key[0]);
	assert_string_equal(again, "43fa569cb55ca6c27cd8c73307da85fd67a16501");
}

static void a_key_leads_out_of_the_directory(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	static const char *const keys[] = {
		"", "../k", "/tmp/k", ".", "a/b", "a.lock", "K",
		"0123456789012345678901234567890123456789012345678",
	};
	for (size_t i = 0; i < COUNT(keys); i++) {
		put(c, keys[i], T0, "x");
		assert_null(got(c, keys[i]));
		assert_int_equal(cw_lock(c, keys[i]), CW_ALONE);
	}
	assert_int_equal(rmdir(p->cache), 0);
	cw_cache_close(c);
}

struct entry {
	uint64_t version;
	time_ms at;
	uint64_t length;
	const char *key, *text;
};

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* A file whose hash is right, whatever it says. */
static size_t make_entry(const struct entry *e, uint8_t *out)
{
	uint8_t hashed[400];
	size_t n = strlen(e->text), k = strlen(e->key) + 1;
	memcpy(out, "redtopcw", 8);
	put64(out + 8, e->version);
	put64(out + 16, (uint64_t)e->at);
	put64(out + 24, e->length);
	memcpy(out + HEAD, e->text, n);
	memcpy(hashed, e->key, k);
	memcpy(hashed + k, out, 32);
	memcpy(hashed + k + 32, e->text, n);
	assert_int_equal(EVP_Digest(hashed, k + 32 + n, out + 32, NULL,
				    EVP_sha256(), NULL), 1);
	return HEAD + n;
}

static void an_entry_of_another_kind_is_believed(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	static const struct {
		struct entry e;
		bool fine;
	} t[] = {
		{ { 1, T0, 4, "k", "text" }, true },
		{ { 1, T0 - 400 * DAY, 4, "k", "text" }, true },
		{ { 1, T0 + 60000, 4, "k", "text" }, true },
		{ { 1, T0 + 60001, 4, "k", "text" }, false },
		{ { 1, INT64_MAX, 4, "k", "text" }, false },
		{ { 0, T0, 4, "k", "text" }, false },
		{ { 2, T0, 4, "k", "text" }, false },
		{ { UINT64_MAX, T0, 4, "k", "text" }, false },
		{ { 1, T0, 3, "k", "text" }, false },
		{ { 1, T0, 5, "k", "text" }, false },
		{ { 1, T0, UINT64_MAX, "k", "text" }, false },
		{ { 1, T0, UINT64_MAX - 63, "k", "text" }, false },
		{ { 1, T0, 1 << 30, "k", "text" }, false },
		{ { 1, T0, 4, "other", "text" }, false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		uint8_t bytes[200];
		size_t n = make_entry(&t[i].e, bytes);
		write_file(in(p, "k.data"), bytes, n);
		const char *text = got(c, "k");
		if (t[i].fine)
			assert_string_equal(text, "text");
		else
			assert_null(text);
	}
	/* times at the ends of what there is */
	struct buf b;
	time_ms at;
	buf_init(&b, 0);
	put(c, "k", INT64_MAX, "late");
	assert_true(cw_cache_read(c, "k", INT64_MAX, TIME_NONE, &b, &at));
	assert_false(cw_cache_read(c, "k", INT64_MIN, TIME_NONE, &b, &at));
	buf_release(&b);
	cw_cache_close(c);
}

static void a_broken_file_is_believed(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	uint8_t whole[200], bytes[200];
	put(c, "k", T0 - 1000, "what was paid for");
	size_t n = read_file(in(p, "k.data"), whole, sizeof(whole));
	assert_int_equal(n, HEAD + 17);
	for (size_t cut = 0; cut < n; cut++) {
		write_file(in(p, "k.data"), whole, cut);
		assert_null(got(c, "k"));
	}
	memcpy(bytes, whole, n);
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			write_file(in(p, "k.data"), bytes, n);
			assert_null(got(c, "k"));
			bytes[i] = whole[i];
		}
	}
	write_file(in(p, "k.data"), whole, n + 1);
	assert_null(got(c, "k"));
	/* it comes back with the next answer */
	put(c, "k", T0, "again");
	assert_string_equal(got(c, "k"), "again");
	cw_cache_close(c);
}

static void a_huge_file_fills_the_memory(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	put(c, "k", T0, "small");
	struct buf big;
	buf_init(&big, 0);
	char *zeros = calloc(1, LIMIT_CACHE_FILE + 1);
	buf_add(&big, zeros, LIMIT_CACHE_FILE + 1);
	free(zeros);
	cw_cache_write(c, "k", T0, &big);
	assert_string_equal(got(c, "k"), "small");
	big.len--;
	cw_cache_write(c, "k", T0, &big);
	struct buf out;
	time_ms at;
	buf_init(&out, 0);
	assert_true(cw_cache_read(c, "k", T0, TIME_NONE, &out, &at));
	assert_int_equal(out.len, LIMIT_CACHE_FILE);
	buf_release(&out);
	buf_release(&big);
	assert_int_equal(truncate(in(p, "k.data"), (off_t)1 << 40), 0);
	assert_null(got(c, "k"));
	/* and one that says so itself */
	uint8_t bytes[200];
	const struct entry huge = { 1, T0, (uint64_t)1 << 40, "k", "text" };
	write_file(in(p, "k.data"), bytes, make_entry(&huge, bytes));
	assert_int_equal(truncate(in(p, "k.data"), HEAD + ((off_t)1 << 40)), 0);
	assert_null(got(c, "k"));
	cw_cache_close(c);
}

static void a_trap_in_place_of_a_file_hangs_or_is_followed(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	char target[100];
	put(c, "k", T0, "mine");
	snprintf(target, sizeof(target), "%s/target", p->dir);
	assert_int_equal(rename(in(p, "k.data"), target), 0);

	assert_int_equal(symlink(target, in(p, "k.data")), 0);
	assert_null(got(c, "k"));
	put(c, "k", T0, "new");
	assert_string_equal(got(c, "k"), "new");
	struct stat st;
	assert_int_equal(lstat(in(p, "k.data"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, HEAD + 4);

	unlink(in(p, "k.data"));
	assert_int_equal(mkfifo(in(p, "k.data"), 0600), 0);
	assert_null(got(c, "k"));
	put(c, "k", T0, "new");
	assert_string_equal(got(c, "k"), "new");

	assert_int_equal(chmod(in(p, "k.data"), 0620), 0);
	assert_null(got(c, "k"));
	assert_int_equal(chmod(in(p, "k.data"), 0602), 0);
	assert_null(got(c, "k"));

	unlink(in(p, "k.data"));
	assert_int_equal(mkdir(in(p, "k.data"), 0700), 0);
	assert_null(got(c, "k"));
	put(c, "k", T0, "new");
	assert_null(got(c, "k"));
	assert_int_equal(rmdir(in(p, "k.data")), 0);

	assert_int_equal(symlink(target, in(p, "k.lock")), 0);
	assert_int_equal(cw_lock(c, "k"), CW_ALONE);
	unlink(in(p, "k.lock"));
	assert_int_equal(mkfifo(in(p, "k.lock"), 0600), 0);
	assert_int_equal(cw_lock(c, "k"), CW_ALONE);
	unlink(in(p, "k.lock"));
	/* nothing was left lying about */
	assert_int_equal(rmdir(p->cache), 0);
	cw_cache_close(c);
}

static void a_file_of_somebody_else_is_read(void **state)
{
	struct place *p = *state;
	if (geteuid() != 0) /* only root can give a file away */
		return;
	struct cw_cache *c = opened(p);
	put(c, "k", T0, "mine");
	assert_int_equal(chown(in(p, "k.data"), NOBODY, NOBODY), 0);
	assert_null(got(c, "k"));
	put(c, "k", T0, "mine again");
	assert_string_equal(got(c, "k"), "mine again");
	write_file(in(p, "k.lock"), "", 0);
	assert_int_equal(chown(in(p, "k.lock"), NOBODY, NOBODY), 0);
	assert_int_equal(cw_lock(c, "k"), CW_ALONE);
	cw_cache_close(c);
}

/* ---- directories --------------------------------------------------------- */

/* Why nothing is shared; nothing is written there then. */
static void refused(const char *dir, const char *why)
{
	struct cw_cache *c = cw_cache_open(dir);
	const struct cw_spent one = { 1, 0 };
	assert_non_null(cw_cache_why(c));
	if (!strstr(cw_cache_why(c), why))
		print_error("%s\n", cw_cache_why(c));
	assert_non_null(strstr(cw_cache_why(c), why));
	assert_non_null(strstr(cw_cache_why(c), "nothing is shared"));
	put(c, "k", T0, "x");
	assert_null(got(c, "k"));
	assert_int_equal(cw_lock(c, "k"), CW_ALONE);
	cw_cache_sweep(c, T0);
	assert_int_equal(cw_cache_spend(c, T0, &one).metrics, 1);
	assert_int_equal(cw_cache_spend(c, T0, &one).metrics, 2);
	cw_cache_close(c);
}

static void accepted(const char *dir)
{
	struct cw_cache *c = cw_cache_open(dir);
	if (cw_cache_why(c))
		print_error("%s\n", cw_cache_why(c));
	assert_null(cw_cache_why(c));
	put(c, "k", T0, "shared");
	assert_string_equal(got(c, "k"), "shared");
	cw_cache_close(c);
}

static void a_directory_that_others_write_is_trusted(void **state)
{
	struct place *p = *state;
	static const struct {
		mode_t mode;
		const char *why; /* NULL: fine */
	} t[] = {
		{ 0700, NULL }, { 0755, NULL }, { 0711, NULL },
		{ 0777, "can be written by others; chmod go-w it" },
		{ 0770, "can be written by others; chmod go-w it" },
		{ 0720, "can be written by others; chmod go-w it" },
		{ 0702, "can be written by others; chmod go-w it" },
		{ 01777, "can be written by others; chmod go-w it" },
	};
	assert_int_equal(mkdir(p->cache, 0700), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(chmod(p->cache, t[i].mode), 0);
		if (t[i].why)
			refused(p->cache, t[i].why);
		else
			accepted(p->cache);
	}
	write_file(in(p, "file"), "", 0);
	assert_int_equal(chmod(p->cache, 0700), 0);
	refused(in(p, "file"), "cannot be opened (Not a directory)");
	refused(in(p, "a/b"), "cannot be opened (No such file or directory)");
	refused("", "cannot be opened");
	refused("/", "cannot be opened");
	/* for whoever reads it, escapes are harmless */
	refused("/nonesuch\x1b[2J/c", "/nonesuch\\x1b[2J");
	/* slashes at the end change nothing */
	accepted(in(p, "sub//"));
	accepted(in(p, "sub"));
}

static void nested(const struct place *p, mode_t base, mode_t redtop,
		   mode_t last)
{
	char path[200];
	static const char *const names[] = { "", "/redtop",
					     "/redtop/cloudwatch" };
	mode_t modes[] = { base, redtop, last };
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", p->cache, names[i]);
		mkdir(path, 0700);
	}
	for (size_t i = 3; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", p->cache, names[i]);
		assert_int_equal(chmod(path, modes[i]), 0);
	}
}

static void a_parent_that_others_write_is_trusted(void **state)
{
	struct place *p = *state;
	setenv("XDG_CACHE_HOME", p->cache, 1);
	accepted(NULL);
	assert_int_equal(mode_of(p->cache), 0700);
	assert_int_equal(mode_of(in(p, "redtop")), 0700);
	assert_int_equal(mode_of(in(p, "redtop/cloudwatch")), 0700);
	assert_int_equal(mode_of(in(p, "redtop/cloudwatch/k.data")), 0600);
	/* umask 002 and a group of one's own */
	nested(p, 0775, 0755, 0700);
	accepted(NULL);
	nested(p, 0777, 0755, 0700);
	refused(NULL, "/c can be written by others");
	nested(p, 0700, 0770, 0700);
	refused(NULL, "/c/redtop can be written by others");
	nested(p, 0700, 0702, 0700);
	refused(NULL, "/c/redtop can be written by others");
	nested(p, 0700, 0700, 0770);
	refused(NULL, "/c/redtop/cloudwatch can be written by others");
	nested(p, 0700, 0700, 0700);
	accepted(NULL);

	/* a link to what is ours too, unless others may have set it */
	char real[80];
	snprintf(real, sizeof(real), "%s/real", p->dir);
	assert_int_equal(rename(in(p, "redtop"), real), 0);
	assert_int_equal(symlink(real, in(p, "redtop")), 0);
	accepted(NULL);
	assert_int_equal(chmod(p->cache, 0770), 0);
	refused(NULL, "/c/redtop cannot be opened");
	assert_int_equal(chmod(p->cache, 0700), 0);
	assert_int_equal(chmod(real, 0777), 0);
	refused(NULL, "/c/redtop can be written by others");
	unsetenv("XDG_CACHE_HOME");
}

static void a_directory_of_somebody_else_is_used(void **state)
{
	struct place *p = *state;
	if (geteuid() != 0) {
		refused("/usr", "/usr belongs to somebody else");
		return;
	}
	static const char *const theirs[] = { "", "redtop",
					      "redtop/cloudwatch" };
	setenv("XDG_CACHE_HOME", p->cache, 1);
	for (size_t i = 0; i < COUNT(theirs); i++) {
		nested(p, 0755, 0755, 0755);
		const char *path = in(p, theirs[i]);
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		refused(NULL, "belongs to somebody else");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	accepted(NULL);
	/* nor a link to one */
	char real[80];
	snprintf(real, sizeof(real), "%s/real", p->dir);
	assert_int_equal(rename(in(p, "redtop"), real), 0);
	assert_int_equal(symlink(real, in(p, "redtop")), 0);
	assert_int_equal(chown(real, NOBODY, NOBODY), 0);
	refused(NULL, "belongs to somebody else");
	unsetenv("XDG_CACHE_HOME");
}

/* sudo may keep HOME: then root must not sow its files there. */
static void root_leaves_files_in_another_s_home(void **state)
{
	struct place *p = *state;
	if (geteuid() != 0)
		return;
	setenv("HOME", p->dir, 1);
	unsetenv("XDG_CACHE_HOME");
	assert_int_equal(chown(p->dir, NOBODY, NOBODY), 0);
	refused(NULL, "/.cache cannot be opened");
	char path[80];
	struct stat st;
	snprintf(path, sizeof(path), "%s/.cache", p->dir);
	assert_int_equal(stat(path, &st), -1);
}

static int makes_one(const struct place *p, int arg)
{
	(void)arg;
	if (geteuid() == 0 && seteuid(NOBODY) < 0)
		return 1;
	struct cw_cache *c = cw_cache_open(p->cache);
	put(c, "k", T0, "x");
	return got(c, "k") ? 0 : 2;
}

/* XDG_CACHE_HOME=/tmp/mine, before it is there. */
static void a_cache_in_tmp_is_refused(void **state)
{
	struct place *p = *state;
	assert_int_equal(chmod(p->dir, 01777), 0);
	ends_well(begin(makes_one, p, 0));
	/* where anybody may set a link, none is followed */
	char link[60];
	snprintf(link, sizeof(link), "%s/link", p->dir);
	assert_int_equal(mkdir(in(p, "../d"), 0700), 0);
	assert_int_equal(symlink("d", link), 0);
	refused(link, "cannot be opened");
	assert_int_equal(chmod(p->dir, 0755), 0);
	accepted(link);
}

static void home_is_not_found(void **state)
{
	struct place *p = *state;
	char path[120];
	struct stat st;
	assert_int_equal(mkdir(p->cache, 0755), 0);
	setenv("HOME", p->cache, 1);
	setenv("XDG_CACHE_HOME", "relative/path", 1);
	accepted(NULL);
	snprintf(path, sizeof(path), "%s/.cache/redtop/cloudwatch/k.data",
		 p->cache);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(stat("relative", &st), -1);
	setenv("XDG_CACHE_HOME", "", 1);
	accepted(NULL);
	setenv("HOME", "/nonesuch", 1);
	refused(NULL, "/nonesuch cannot be opened (No such file");
	unsetenv("HOME");
	refused(NULL, "neither XDG_CACHE_HOME nor HOME");
	unsetenv("XDG_CACHE_HOME");
}

static void who_cleans_up_ends_the_sharing(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p), *other = opened(p);
	const struct cw_spent one = { 1, 0 };
	cw_cache_spend(c, T0, &one);
	remove_all(p->cache);
	assert_null(got(c, "k"));
	put(c, "k", T0, "anew");
	assert_string_equal(got(c, "k"), "anew");
	int lock = cw_lock(other, "k");
	assert_true(lock >= 0);
	assert_int_equal(cw_lock(c, "k"), CW_BUSY);
	cw_unlock(lock);
	assert_string_equal(got(other, "k"), "anew");
	/* what is known of the bill is not lost with its file */
	assert_int_equal(cw_cache_spend(c, T0, &one).metrics, 2);
	assert_int_equal(cw_cache_spend(other, T0, NULL).metrics, 2);
	cw_cache_close(c);
	cw_cache_close(other);
}

/* ---- disks --------------------------------------------------------------- */

static int writes_beyond_the_limit(const struct place *p, int arg)
{
	(void)arg;
	struct cw_cache *c = cw_cache_open(p->cache);
	const struct cw_spent some = { 3, 4 };
	struct buf b;
	buf_init(&b, 0);
	for (int i = 0; i < 100000; i++)
		buf_str(&b, "0123456789");
	put(c, "k", T0, "old");
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 });
	cw_cache_write(c, "k", T0, &b);
	const char *text = got(c, "k");
	if (!text || strcmp(text, "old") != 0)
		return 1;
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, 0 });
	put(c, "k", T0, "new");
	text = got(c, "k");
	if (!text || strcmp(text, "old") != 0)
		return 2;
	for (uint64_t i = 1; i < 5; i++) {
		struct cw_spent s = cw_cache_spend(c, T0, &some);
		if (s.metrics != 3 * i || s.calls != 4 * i)
			return 3;
	}
	unlink(in(p, "k.data"));
	unlink(in(p, "bill-2026-11-24.lock"));
	/* no temporary file is left */
	return rmdir(p->cache) == 0 ? 0 : 4;
}

static void a_full_disk_is_told_or_leaves_rubbish(void **state)
{
	struct place *p = *state;
	ends_well(begin(writes_beyond_the_limit, p, 0));
}

static int reads_only(const struct place *p, int arg)
{
	(void)arg;
	const struct cw_spent one = { 1, 0 };
	if (geteuid() == 0 && (chown(p->dir, NOBODY, NOBODY) < 0
			       || seteuid(NOBODY) < 0))
		return 1;
	struct cw_cache *c = cw_cache_open(p->cache);
	if (cw_cache_why(c))
		return 2;
	put(c, "k", T0, "old");
	if (chmod(p->cache, 0500) < 0)
		return 3;
	put(c, "k", T0, "new");
	const char *text = got(c, "k");
	if (!text || strcmp(text, "old") != 0)
		return 4;
	if (cw_lock(c, "k") != CW_ALONE)
		return 5;
	cw_cache_sweep(c, T0 + 1000 * DAY);
	if (cw_cache_spend(c, T0, &one).metrics != 1
	    || cw_cache_spend(c, T0, &one).metrics != 2)
		return 6;
	cw_cache_close(c);
	return chmod(p->cache, 0700) == 0 ? 0 : 7;
}

static void a_disk_that_is_read_only_is_a_fault(void **state)
{
	struct place *p = *state;
	ends_well(begin(reads_only, p, 0));
}

static void a_disk_without_locks_makes_all_wait(void **state)
{
	struct place *p = *state;
	static const int errors[] = { ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL };
	struct cw_cache *c = opened(p);
	const struct cw_spent one = { 1, 1 };
	int64_t least = INT64_MAX; /* the machine may be busy */
	for (size_t i = 0; i < COUNT(errors); i++) {
		flock_error = errors[i];
		assert_int_equal(cw_lock(c, "k"), CW_ALONE);
		assert_int_equal(cw_lock(c, "k"), CW_ALONE);
		cw_unlock(CW_ALONE);
		cw_unlock(CW_BUSY);
		int64_t begun = now_ms();
		assert_int_equal(cw_cache_spend(c, T0, &one).metrics, i + 1);
		least = smaller(least, now_ms() - begun);
	}
	assert_true(least < 40);
	put(c, "k", T0, "still shared");
	assert_string_equal(got(c, "k"), "still shared");
	cw_cache_close(c);
}

/* ---- locks --------------------------------------------------------------- */

/* Holds the lock of "k" until it is killed; says so first. */
static int hold(const struct place *p, int tell)
{
	struct cw_cache *c = cw_cache_open(p->cache);
	int lock = cw_lock(c, "k");
	char said = lock >= 0 ? 'y' : 'n';
	if (write(tell, &said, 1) != 1)
		return 1;
	pause();
	return 2;
}

static pid_t holder(const struct place *p)
{
	int pipes[2];
	char said = 0;
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = begin(hold, p, pipes[1]);
	assert_int_equal(read(pipes[0], &said, 1), 1);
	assert_int_equal(said, 'y');
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void a_dead_holder_locks_out_the_living(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	for (int i = 0; i < 5; i++) {
		pid_t pid = holder(p);
		int64_t begun = now_ms();
		for (int k = 0; k < 20; k++)
			assert_int_equal(cw_lock(c, "k"), CW_BUSY);
		assert_true(now_ms() - begun < 2000);
		/* another key is another matter */
		int lock = cw_lock(c, "j");
		assert_true(lock >= 0);
		cw_unlock(lock);
		killed(pid);
		lock = cw_lock(c, "k");
		assert_true(lock >= 0);
		cw_unlock(lock);
	}
	cw_cache_close(c);
}

static int lock_at_once(const struct place *p, int start)
{
	char go;
	struct cw_cache *c = cw_cache_open(p->cache);
	if (read(start, &go, 1) != 1)
		return 9;
	int lock = cw_lock(c, "k");
	usleep(300000);
	return lock >= 0 ? 0 : lock == CW_BUSY ? 1 : 2;
}

static void two_fetch_the_same(void **state)
{
	struct place *p = *state;
	for (int round = 0; round < 3; round++) {
		pid_t pid[8];
		int start[2], won = 0, status;
		assert_int_equal(pipe(start), 0);
		for (size_t i = 0; i < COUNT(pid); i++)
			pid[i] = begin(lock_at_once, p, start[0]);
		assert_int_equal(write(start[1], "gogogogo", 8), 8);
		for (size_t i = 0; i < COUNT(pid); i++) {
			assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
			assert_true(WIFEXITED(status));
			assert_in_range(WEXITSTATUS(status), 0, 1);
			won += WEXITSTATUS(status) == 0;
		}
		assert_int_equal(won, 1);
		close(start[0]);
		close(start[1]);
	}
}

static void two_sources_of_one_process_fetch_the_same(void **state)
{
	struct place *p = *state;
	struct cw_cache *a = opened(p), *b = opened(p);
	int lock = cw_lock(a, "k");
	assert_true(lock >= 0);
	assert_int_equal(cw_lock(b, "k"), CW_BUSY);
	assert_int_equal(cw_lock(a, "k"), CW_BUSY);
	assert_true(fcntl(lock, F_GETFD) & FD_CLOEXEC);
	cw_unlock(lock);
	lock = cw_lock(b, "k");
	assert_true(lock >= 0);
	/* closing the cache is not unlocking */
	cw_cache_close(b);
	assert_int_equal(cw_lock(a, "k"), CW_BUSY);
	cw_unlock(lock);
	cw_cache_close(a);
}

/* Copies of a lock that a child got by fork are let go of by word. */
static int keeps_copy(const struct place *p, int fd)
{
	(void)p;
	(void)fd;
	pause();
	return 0;
}

static void a_forked_child_keeps_the_lock(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	int lock = cw_lock(c, "k");
	assert_true(lock >= 0);
	pid_t pid = begin(keeps_copy, p, lock);
	cw_unlock(lock);
	lock = cw_lock(c, "k");
	assert_true(lock >= 0);
	cw_unlock(lock);
	killed(pid);
	cw_cache_close(c);
}

/* ---- readers and writers ------------------------------------------------- */

static void fill(struct buf *b, unsigned round)
{
	size_t n = 1 + round * 7919u % 300000;
	char c = (char)('a' + round % 26);
	buf_clear(b);
	buf_printf(b, "%zu ", n);
	for (size_t i = 0; i < n; i++)
		buf_char(b, c);
}

static bool is_whole(const struct buf *b)
{
	char *rest = NULL;
	size_t n = strtoul(buf_text(b), &rest, 10);
	if (*rest++ != ' ' || b->len != n + (size_t)(rest - b->s))
		return false;
	for (size_t i = 1; i < n; i++)
		if (rest[i] != rest[0])
			return false;
	return true;
}

static int write_on(const struct place *p, int arg)
{
	struct cw_cache *c = cw_cache_open(p->cache);
	struct buf b;
	buf_init(&b, 0);
	for (unsigned i = (unsigned)arg;; i += 2) {
		fill(&b, i);
		cw_cache_write(c, "k", T0 + i % 1000, &b);
	}
	return 0;
}

static void a_reader_gets_half_a_file(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	struct buf b;
	buf_init(&b, 0);
	fill(&b, 1);
	cw_cache_write(c, "k", T0, &b);
	pid_t pid[2] = { begin(write_on, p, 0), begin(write_on, p, 1) };
	unsigned changes = 0, reads = 0;
	time_ms at, last = 0;
	for (int64_t end = now_ms() + 1500; now_ms() < end; reads++) {
		buf_clear(&b);
		/* not even "none": there always is one */
		assert_true(cw_cache_read(c, "k", T0, TIME_NONE, &b, &at));
		assert_true(is_whole(&b));
		changes += at != last;
		last = at;
	}
	killed(pid[0]);
	killed(pid[1]);
	assert_true(reads > 50 && changes > 20);
	/* nor do those who died while writing leave one */
	buf_clear(&b);
	assert_true(cw_cache_read(c, "k", T0, TIME_NONE, &b, &at));
	assert_true(is_whole(&b));
	buf_release(&b);
	cw_cache_close(c);
}

/* ---- sweeping ------------------------------------------------------------ */

static void the_cache_grows_forever(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	static const struct {
		const char *name;
		time_ms age;
		bool stays;
	} t[] = {
		{ "a.data", DAY + 2000, false }, { "b.data", DAY - 2000, true },
		{ "a.lock", DAY + 2000, false }, { "b.lock", DAY - 2000, true },
		{ "a.0123456789abcdef.tmp", DAY + 2000, false },
		{ "b.0123456789abcdef.tmp", DAY - 2000, true },
		{ "bill-2026-11-22.data", 2 * DAY, false },
		{ "bill-2026-11-22.lock", 2 * DAY, false },
		{ "held.lock", 9 * DAY, true },
		{ "ahead.data", -9 * DAY, true },
		/* not ours */
		{ "README", 9 * DAY, true }, { "x.dat", 9 * DAY, true },
		{ ".data", 9 * DAY, true }, { "My.data", 9 * DAY, true },
	};
	int lock = cw_lock(c, "held");
	assert_true(lock >= 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		if (strcmp(t[i].name, "held.lock") != 0)
			write_file(in(p, t[i].name), "x", 1);
		age(in(p, t[i].name), T0 - t[i].age);
	}
	assert_int_equal(mkdir(in(p, "sub.data"), 0700), 0);
	age(in(p, "sub.data"), T0 - 9 * DAY);
	cw_cache_sweep(c, T0);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct stat st;
		bool stays = stat(in(p, t[i].name), &st) == 0;
		if (stays != t[i].stays)
			print_error("%s\n", t[i].name);
		assert_int_equal(stays, t[i].stays);
	}
	assert_int_equal(mode_of(in(p, "sub.data")), 0700);
	assert_int_equal(cw_lock(c, "held"), CW_BUSY);
	cw_unlock(lock);
	cw_cache_sweep(c, T0);
	assert_int_equal(access(in(p, "held.lock"), F_OK), -1);
	lock = cw_lock(c, "held");
	assert_true(lock >= 0);
	cw_unlock(lock);
	cw_cache_close(c);
}

struct meanwhile {
	struct cw_cache *c;
	int lock;
};

/* Between opening and locking another one sweeps, and a third one comes. */
static void sweep_and_lock(void *arg)
{
	struct meanwhile *m = arg;
	cw_cache_sweep(m->c, (time_ms)time(NULL) * 1000 + 100 * DAY);
	m->lock = cw_lock(m->c, "k");
}

static void a_lock_that_was_swept_meanwhile_is_held_twice(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p), *other = opened(p);
	struct meanwhile m = { other, CW_ALONE };
	for (int sweeps = 0; sweeps < 2; sweeps++) {
		cw_unlock(cw_lock(c, "k"));
		before_arg = &m;
		before_flock = sweep_and_lock;
		if (sweeps)
			cw_cache_sweep(c, (time_ms)time(NULL) * 1000
					  + 100 * DAY);
		else
			assert_int_equal(cw_lock(c, "k"), CW_BUSY);
		assert_null(before_flock);
		assert_true(m.lock >= 0);
		assert_int_equal(cw_lock(c, "k"), CW_BUSY);
		cw_unlock(m.lock);
		int lock = cw_lock(c, "k");
		assert_true(lock >= 0);
		cw_unlock(lock);
	}
	cw_cache_close(c);
	cw_cache_close(other);
}

/* All locks are old at once, always. */
static int sweep_on(const struct place *p, int arg)
{
	(void)arg;
	struct cw_cache *c = cw_cache_open(p->cache);
	time_ms far = (time_ms)time(NULL) * 1000 + 100 * DAY;
	for (;;) {
		cw_cache_sweep(c, far);
		sched_yield();
	}
	return 0;
}

static struct shared {
	_Atomic int inside, twice;
} *shared;

static int lock_on(const struct place *p, int arg)
{
	(void)arg;
	struct cw_cache *c = cw_cache_open(p->cache);
	for (int times = 0; times < 200;) {
		int lock = cw_lock(c, "k");
		if (lock == CW_ALONE)
			return 1;
		if (lock < 0)
			continue;
		times++;
		if (shared->inside++)
			shared->twice++;
		sched_yield();
		shared->inside--;
		cw_unlock(lock);
	}
	cw_cache_close(c);
	return 0;
}

static void a_sweep_lets_two_in(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	pid_t pid[3], sweeper[2];
	for (size_t i = 0; i < COUNT(sweeper); i++)
		sweeper[i] = begin(sweep_on, p, 0);
	for (size_t i = 0; i < COUNT(pid); i++)
		pid[i] = begin(lock_on, p, 0);
	for (size_t i = 0; i < COUNT(pid); i++)
		ends_well(pid[i]);
	for (size_t i = 0; i < COUNT(sweeper); i++)
		killed(sweeper[i]);
	assert_int_equal(shared->twice, 0);
	munmap(shared, sizeof(*shared));
	cw_cache_close(c);
}

/* ---- the bill ------------------------------------------------------------ */

static int spend_on(const struct place *p, int start)
{
	char go;
	struct cw_cache *c = cw_cache_open(p->cache);
	const struct cw_spent some = { 3, 1 };
	struct cw_spent last = { 0 };
	if (read(start, &go, 1) != 1)
		return 1;
	for (uint64_t i = 1; i <= 1000; i++) {
		struct cw_spent s = cw_cache_spend(c, T0, &some);
		if (s.calls < i || s.calls <= last.calls
		    || s.metrics <= last.metrics)
			return 2;
		last = s;
	}
	cw_cache_close(c);
	return 0;
}

static void the_bill_of_several_viewers_is_wrong(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	pid_t pid[4];
	int start[2];
	assert_int_equal(pipe(start), 0);
	for (size_t i = 0; i < COUNT(pid); i++)
		pid[i] = begin(spend_on, p, start[0]);
	assert_int_equal(write(start[1], "gogo", 4), 4);
	for (size_t i = 0; i < COUNT(pid); i++)
		ends_well(pid[i]);
	struct cw_spent s = cw_cache_spend(c, T0, NULL);
	assert_int_equal(s.metrics, 12000);
	assert_int_equal(s.calls, 4000);
	close(start[0]);
	close(start[1]);
	cw_cache_close(c);
}

struct worker {
	struct cw_cache *c;
	bool fine;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct cw_spent one = { 1, 0 };
	struct buf b;
	time_ms at;
	buf_init(&b, 0);
	w->fine = true;
	for (int i = 0; i < 300; i++) {
		cw_cache_spend(w->c, T0, &one);
		put(w->c, "k", T0, "text");
		buf_clear(&b);
		w->fine &= cw_cache_read(w->c, "k", T0, TIME_NONE, &b, &at);
		cw_unlock(cw_lock(w->c, "k"));
	}
	buf_release(&b);
	return NULL;
}

static void workers_at_once_lose_money(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	pthread_t thread[4];
	struct worker w[COUNT(thread)];
	for (size_t i = 0; i < COUNT(thread); i++) {
		w[i].c = c;
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]),
				 0);
	}
	for (size_t i = 0; i < COUNT(thread); i++) {
		pthread_join(thread[i], NULL);
		assert_true(w[i].fine);
	}
	assert_int_equal(cw_cache_spend(c, T0, NULL).metrics, 1200);
	cw_cache_close(c);
	c = opened(p);
	assert_int_equal(cw_cache_spend(c, T0, NULL).metrics, 1200);
	cw_cache_close(c);
}

static void a_broken_bill_forgets_what_was_spent(void **state)
{
	struct place *p = *state;
	struct cw_cache *a = opened(p), *b = opened(p);
	const struct cw_spent ten = { 10, 1 };
	const char *file = in(p, "bill-2026-11-24.data");
	char path[160];
	snprintf(path, sizeof(path), "%s", file);
	assert_int_equal(cw_cache_spend(a, T0, &ten).metrics, 10);
	assert_int_equal(cw_cache_spend(b, T0, &ten).metrics, 20);
	assert_int_equal(cw_cache_spend(a, T0, NULL).metrics, 20);
	static const char *const garbage[] = { "", "x", "redtopcw", "12345678"
		"12345678123456781234567812345678123456781234567812345678"
		"1234567812345678" };
	uint64_t want = 20;
	for (size_t i = 0; i < COUNT(garbage); i++) {
		write_file(path, garbage[i], strlen(garbage[i]));
		/* a newcomer cannot know, and counts nothing twice */
		struct cw_cache *c = opened(p);
		assert_int_equal(cw_cache_spend(c, T0, NULL).metrics, 0);
		cw_cache_close(c);
		want += 10;
		assert_int_equal(cw_cache_spend(a, T0, &ten).metrics, want);
		assert_int_equal(cw_cache_spend(b, T0, NULL).metrics, want);
	}
	unlink(path);
	assert_int_equal(cw_cache_spend(b, T0, NULL).metrics, want);
	/* asking alone has put it right */
	struct cw_cache *c = opened(p);
	assert_int_equal(cw_cache_spend(c, T0, NULL).metrics, want);
	cw_cache_close(c);
	/* an entry whose hash is right is no bill yet */
	uint8_t bytes[200];
	size_t n = make_entry(&(struct entry){ 1, T0, 4, "bill-2026-11-24",
					       "text" }, bytes);
	write_file(path, bytes, n);
	assert_int_equal(cw_cache_spend(a, T0, &ten).metrics, want + 10);
	/* sums at the end of what there is stay there */
	const struct cw_spent all = { UINT64_MAX, UINT64_MAX };
	assert_true(cw_cache_spend(a, T0, &all).metrics == UINT64_MAX);
	assert_true(cw_cache_spend(a, T0, &ten).calls == UINT64_MAX);
	cw_cache_close(a);
	cw_cache_close(b);
}

/* Holds the bill's lock until it is killed. */
static int hold_bill(const struct place *p, int tell)
{
	struct cw_cache *c = cw_cache_open(p->cache);
	if (cw_lock(c, "bill-2026-11-24") < 0 || write(tell, "y", 1) != 1)
		return 1;
	pause();
	return 0;
}

static void a_stopped_viewer_stops_the_others(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	const struct cw_spent ten = { 10, 0 };
	int pipes[2];
	char said;
	assert_int_equal(cw_cache_spend(c, T0, &ten).metrics, 10);
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = begin(hold_bill, p, pipes[1]);
	assert_int_equal(read(pipes[0], &said, 1), 1);
	kill(pid, SIGSTOP);
	int64_t begun = now_ms();
	assert_int_equal(cw_cache_spend(c, T0, &ten).metrics, 20);
	assert_in_range(now_ms() - begun, 45, 2000);
	assert_int_equal(cw_cache_spend(c, T0, &ten).metrics, 30);
	/* only asking waits for nobody */
	struct cw_cache *other = opened(p);
	int64_t least = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		begun = now_ms();
		assert_int_equal(cw_cache_spend(other, T0, NULL).metrics, 10);
		least = smaller(least, now_ms() - begun);
	}
	assert_true(least < 40);
	killed(pid);
	/* it is made up for: with the next call, or at the end */
	assert_int_equal(cw_cache_spend(c, T0, NULL).metrics, 30);
	assert_int_equal(cw_cache_spend(other, T0, NULL).metrics, 30);
	pid = begin(hold_bill, p, pipes[1]);
	assert_int_equal(read(pipes[0], &said, 1), 1);
	assert_int_equal(cw_cache_spend(c, T0, &ten).metrics, 40);
	killed(pid);
	cw_cache_close(c);
	assert_int_equal(cw_cache_spend(other, T0, NULL).metrics, 40);
	close(pipes[0]);
	close(pipes[1]);
	cw_cache_close(other);
}

static void a_day_s_bill_runs_into_the_next(void **state)
{
	struct place *p = *state;
	struct cw_cache *c = opened(p);
	const struct cw_spent one = { 1, 2 };
	time_ms midnight = T0 - T0 % DAY + DAY;
	cw_cache_spend(c, midnight - 1, &one);
	struct cw_spent s = cw_cache_spend(c, midnight - 1, &one);
	assert_int_equal(s.metrics, 2);
	assert_int_equal(s.calls, 4);
	s = cw_cache_spend(c, midnight, &one);
	assert_int_equal(s.metrics, 1);
	assert_int_equal(s.calls, 2);
	assert_int_equal(mode_of(in(p, "bill-2026-11-24.data")), 0600);
	assert_int_equal(mode_of(in(p, "bill-2026-11-25.data")), 0600);
	/* a clock that goes back finds the old day's, also one that was dated
	 * by a clock ahead */
	assert_int_equal(cw_cache_spend(c, midnight - DAY, NULL).metrics, 2);
	assert_int_equal(cw_cache_spend(c, midnight + 5, NULL).metrics, 1);
	cw_cache_close(c);
	/* what is owed at midnight is the old day's */
	flock_error = EWOULDBLOCK;
	c = opened(p);
	assert_int_equal(cw_cache_spend(c, midnight - 5, &one).metrics, 3);
	flock_error = 0;
	assert_int_equal(cw_cache_spend(c, midnight, &one).metrics, 2);
	assert_int_equal(cw_cache_spend(c, midnight - 5, NULL).metrics, 3);
	/* no time is too odd */
	static const time_ms odd[] = { 0, -1, INT64_MAX, INT64_MIN + 1,
				       INT64_MIN };
	for (size_t i = 0; i < COUNT(odd); i++)
		assert_true(cw_cache_spend(c, odd[i], &one).metrics >= 1);
	cw_cache_close(c);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_setup,            \
						    place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(what_was_paid_for_is_fetched_again),
		cmocka_unit_test(one_answer_is_taken_for_another),
		IN_PLACE(a_key_leads_out_of_the_directory),
		IN_PLACE(an_entry_of_another_kind_is_believed),
		IN_PLACE(a_broken_file_is_believed),
		IN_PLACE(a_huge_file_fills_the_memory),
		IN_PLACE(a_trap_in_place_of_a_file_hangs_or_is_followed),
		IN_PLACE(a_file_of_somebody_else_is_read),
		IN_PLACE(a_directory_that_others_write_is_trusted),
		IN_PLACE(a_parent_that_others_write_is_trusted),
		IN_PLACE(a_directory_of_somebody_else_is_used),
		IN_PLACE(root_leaves_files_in_another_s_home),
		IN_PLACE(a_cache_in_tmp_is_refused),
		IN_PLACE(home_is_not_found),
		IN_PLACE(who_cleans_up_ends_the_sharing),
		IN_PLACE(a_full_disk_is_told_or_leaves_rubbish),
		IN_PLACE(a_disk_that_is_read_only_is_a_fault),
		IN_PLACE(a_disk_without_locks_makes_all_wait),
		IN_PLACE(a_dead_holder_locks_out_the_living),
		IN_PLACE(two_fetch_the_same),
		IN_PLACE(two_sources_of_one_process_fetch_the_same),
		IN_PLACE(a_forked_child_keeps_the_lock),
		IN_PLACE(a_reader_gets_half_a_file),
		IN_PLACE(the_cache_grows_forever),
		IN_PLACE(a_lock_that_was_swept_meanwhile_is_held_twice),
		IN_PLACE(a_sweep_lets_two_in),
		IN_PLACE(the_bill_of_several_viewers_is_wrong),
		IN_PLACE(workers_at_once_lose_money),
		IN_PLACE(a_broken_bill_forgets_what_was_spent),
		IN_PLACE(a_stopped_viewer_stops_the_others),
		IN_PLACE(a_day_s_bill_runs_into_the_next),
	};
	return cmocka_run_group_tests_name("cw_cache", tests, NULL, NULL);
}
