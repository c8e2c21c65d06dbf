#include "sources/cw_cache.h"

#include "base/limits.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define DAY ((time_ms)86400000)

struct cw_cache {
	int dir;                /* -1: nothing is shared */
	struct err why;         /* then */
	char *root, *first;     /* the first name that is ours to judge, and
				   where it stands */
	bool given;             /* it is also the last one */
	pthread_mutex_t mutex;  /* of what follows */
	time_ms day;            /* its beginning */
	struct cw_spent seen;   /* the largest sum that the file had */
	struct cw_spent owed;   /* ours, not in the file yet */
};

/* ---- the directory ------------------------------------------------------- */

#define DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* Where everybody has a group of his own (umask 002), ~/.cache may be writable
 * by it. That is not refused: what is below is judged by itself, and is reached
 * by descriptors, not by names. */
#define OTHERS S_IWOTH
#define ANYBODY (S_IWGRP | S_IWOTH)

static const char *const below[] = { "redtop", "cloudwatch" };

static int refuse(const struct buf *path, const char *why, const char *now,
		  struct err *e)
{
	return err_set(e, EXIT_FILE, "nothing is shared with other viewers, "
		       "each pays for itself: %.200s %s; %s", buf_text(path),
		       why, now);
}

static int cannot_open(const struct buf *path, int error, struct err *e)
{
	char why[120];
	snprintf(why, sizeof(why), "cannot be opened (%s)", strerror(error));
	return refuse(path, why, "check its path and rights, or set "
		      "XDG_CACHE_HOME", e);
}

static int judge(int fd, const struct buf *path, mode_t never, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return cannot_open(path, errno, e);
	if (st.st_uid != geteuid())
		return refuse(path, "belongs to somebody else",
			      "set XDG_CACHE_HOME to a directory of yours", e);
	if (st.st_mode & never)
		return refuse(path, "can be written by others",
			      "chmod go-w it", e);
	return 0;
}

/* The directory `name` of `up`, which is closed. Made where it is missing, but
 * not in another's home (sudo may keep HOME). A link is followed only where
 * nobody else can have set it. */
static int enter(int up, struct buf *path, const char *name, mode_t never,
		 struct err *e)
{
	struct stat st = { .st_uid = (uid_t)-1 };
	if (path->len && path->s[path->len - 1] != '/')
		buf_char(path, '/');
	buf_str(path, name);
	fstat(up, &st);
	bool safe = st.st_uid == geteuid() || st.st_uid == 0;
	bool firm = safe && !(st.st_mode & ANYBODY);
	int made = safe && mkdirat(up, name, 0700) < 0 ? errno : 0;
	int fd = openat(up, name, DIRECTORY | (firm ? 0 : O_NOFOLLOW));
	int error = fd < 0 && errno == ENOENT && made ? made : errno;
	close(up);
	if (fd < 0)
		return cannot_open(path, error, e);
	if (judge(fd, path, never, e) == 0)
		return fd;
	close(fd);
	return -1;
}

static int walk(const struct cw_cache *c, struct err *e)
{
	struct buf path;
	buf_init(&path, 0);
	buf_str(&path, c->root);
	int fd = open(c->root, DIRECTORY);
	if (fd < 0)
		cannot_open(&path, errno, e);
	else
		fd = enter(fd, &path, c->first, c->given ? ANYBODY : OTHERS, e);
	for (size_t i = 0; i < COUNT(below) && fd >= 0 && !c->given; i++)
		fd = enter(fd, &path, below[i], ANYBODY, e);
	buf_release(&path);
	return fd;
}

static void split(struct cw_cache *c, const char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	size_t k = n;
	while (k && path[k - 1] != '/')
		k--;
	c->first = mem_strndup(path + k, n - k);
	c->root = k ? mem_strndup(path, k) : mem_strdup(".");
}

/* A relative path in XDG_CACHE_HOME is ignored, as its specification says. */
static int find(struct cw_cache *c, const char *dir, struct err *e)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	c->given = dir != NULL;
	if (dir) {
		split(c, dir);
	} else if (xdg && *xdg == '/') {
		split(c, xdg);
	} else if (home && *home == '/') {
		c->root = mem_strdup(home);
		c->first = mem_strdup(".cache");
	} else {
		return err_set(e, EXIT_FILE, "nothing is shared with other "
			       "viewers, each pays for itself: neither "
			       "XDG_CACHE_HOME nor HOME names a directory; set "
			       "one");
	}
	return 0;
}

struct cw_cache *cw_cache_open(const char *dir)
{
	struct cw_cache *c = mem_zero(1, sizeof(*c));
	c->day = TIME_NONE;
	pthread_mutex_init(&c->mutex, NULL);
	c->dir = find(c, dir, &c->why) < 0 ? -1 : walk(c, &c->why);
	return c;
}

const char *cw_cache_why(const struct cw_cache *c)
{
	return c->dir < 0 ? c->why.text : NULL;
}

/* Somebody cleaned up under us. The descriptor keeps its number, so whoever
 * uses it meanwhile has the old or the new one. */
static bool make_anew(struct cw_cache *c)
{
	int fd = c->dir < 0 ? -1 : walk(c, NULL);
	if (fd < 0)
		return false;
	bool fine = dup3(fd, c->dir, O_CLOEXEC) >= 0;
	close(fd);
	return fine;
}

/* ---- names and hashes ---------------------------------------------------- */

#define DATA ".data"
#define LOCK ".lock"
#define TEMPORARY ".tmp"
/* Of a key, 16 random digits, and one of these. */
#define NAME (CW_KEY + 24)

#define KEY_CHARS "0123456789abcdefghijklmnopqrstuvwxyz-"
#define HASH 32

struct piece {
	const void *at;
	size_t n;
};

static bool digest(const struct piece *p, size_t nr, uint8_t out[HASH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool fine = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (size_t i = 0; i < nr && fine; i++)
		fine = EVP_DigestUpdate(ctx, p[i].at, p[i].n);
	fine = fine && EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
	return fine;
}

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* With its length, so that "ab", "c" is not "a", "bc". */
static void add_part(struct buf *b, const char *s)
{
	uint8_t n[8];
	put64(n, strlen(s));
	buf_add(b, n, sizeof(n));
	buf_str(b, s);
}

/* Without a hash there is no key, and all is as without a cache. */
void cw_key(char out[CW_KEY], const char *what, const char *const *part)
{
	uint8_t hash[HASH];
	struct buf b;
	buf_init(&b, 0);
	add_part(&b, what);
	for (; *part; part++)
		add_part(&b, *part);
	out[0] = '\0';
	if (digest(&(struct piece){ b.s, b.len }, 1, hash))
		for (size_t i = 0; i < 20; i++)
			snprintf(out + 2 * i, 3, "%02x", hash[i]);
	buf_release(&b);
}

static bool name_of(const char *key, const char *ending, char out[NAME])
{
	size_t n = strspn(key, KEY_CHARS);
	if (n == 0 || n >= CW_KEY || key[n])
		return false;
	snprintf(out, NAME, "%s%s", key, ending);
	return true;
}

/* ---- files --------------------------------------------------------------- */

/* Never waits, whatever stands there; -1 for what is not a file of ours. Only
 * in a directory that was removed nothing can be made for want of it. */
static int open_ours(struct cw_cache *c, const char *name, int flags)
{
	struct stat st;
	flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = openat(c->dir, name, flags, 0600);
	if (fd < 0 && errno == ENOENT && (flags & O_CREAT) && make_anew(c))
		fd = openat(c->dir, name, flags, 0600);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
	    && st.st_uid == geteuid() && !(st.st_mode & ANYBODY))
		return fd;
	close(fd);
	return -1;
}

static bool read_whole(int fd, void *out, size_t n)
{
	char *p = out;
	while (n) {
		ssize_t k = read(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool write_whole(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n) {
		ssize_t k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Before the payload, little endian: magic, version, time, length; then the
 * hash of the key (a file under another's name is foreign), of these, and of
 * the payload. */
#define MAGIC "redtopcw"
#define VERSION 1
#define HEAD_VERSION 8
#define HEAD_AT 16
#define HEAD_LENGTH 24
#define HEAD_HASH 32
#define HEAD (HEAD_HASH + HASH)

static bool hash_entry(const char *key, const uint8_t head[HEAD],
		       const void *payload, size_t n, uint8_t out[HASH])
{
	const struct piece pieces[] = {
		{ key, strlen(key) + 1 }, { head, HEAD_HASH }, { payload, n },
	};
	return digest(pieces, COUNT(pieces), out);
}

static bool write_head(uint8_t head[HEAD], const char *key, time_ms at,
		       const struct buf *payload)
{
	memcpy(head, MAGIC, HEAD_VERSION);
	put64(head + HEAD_VERSION, VERSION);
	put64(head + HEAD_AT, (uint64_t)at);
	put64(head + HEAD_LENGTH, payload->len);
	return hash_entry(key, head, buf_text(payload), payload->len,
			  head + HEAD_HASH);
}

static bool read_head(int fd, uint8_t head[HEAD], time_ms *at)
{
	if (!read_whole(fd, head, HEAD)
	    || memcmp(head, MAGIC, HEAD_VERSION) != 0
	    || get64(head + HEAD_VERSION) != VERSION)
		return false;
	*at = (time_ms)get64(head + HEAD_AT);
	return true;
}

static bool read_payload(int fd, const char *key, const uint8_t head[HEAD],
			 struct buf *out)
{
	uint64_t n = get64(head + HEAD_LENGTH);
	uint8_t hash[HASH];
	struct stat st;
	if (n > LIMIT_CACHE_FILE || (out->max && n > out->max - out->len)
	    || fstat(fd, &st) < 0 || (uint64_t)st.st_size != HEAD + n)
		return false;
	char *bytes = mem_alloc(n);
	bool fine = read_whole(fd, bytes, n)
		    && hash_entry(key, head, bytes, n, hash)
		    && memcmp(hash, head + HEAD_HASH, HASH) == 0;
	if (fine)
		buf_add(out, bytes, n);
	free(bytes);
	return fine;
}

/* cw_cache_read() of what is not younger than `latest`. */
static bool load(struct cw_cache *c, const char *key, time_ms latest,
		 time_ms unless, struct buf *out, time_ms *at)
{
	char name[NAME];
	uint8_t head[HEAD];
	time_ms t;
	if (!name_of(key, DATA, name))
		return false;
	int fd = open_ours(c, name, O_RDONLY);
	if (fd < 0)
		return false;
	bool fine = read_head(fd, head, &t) && t <= latest;
	if (fine && (unless == TIME_NONE || t != unless))
		fine = read_payload(fd, key, head, out);
	close(fd);
	if (fine)
		*at = t;
	return fine;
}

static int open_temporary(struct cw_cache *c, const char *key, char out[NAME])
{
	uint64_t chance;
	char ending[24];
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		return -1;
	snprintf(ending, sizeof(ending), ".%016" PRIx64 TEMPORARY, chance);
	if (!name_of(key, ending, out))
		return -1;
	return open_ours(c, out, O_WRONLY | O_CREAT | O_EXCL);
}

/* Readers have the old file or the new one, never a part. Not synced: what a
 * power cut tears is found broken, and a cache may be lost. */
static bool store(struct cw_cache *c, const char *key, time_ms at,
		  const struct buf *payload)
{
	char name[NAME], temporary[NAME];
	uint8_t head[HEAD];
	if (payload->len > LIMIT_CACHE_FILE || !name_of(key, DATA, name)
	    || !write_head(head, key, at, payload))
		return false;
	int fd = open_temporary(c, key, temporary);
	if (fd < 0)
		return false;
	bool fine = write_whole(fd, head, HEAD)
		    && write_whole(fd, buf_text(payload), payload->len);
	/* NFS tells of a full disk only here. */
	fine = close(fd) == 0 && fine
	       && renameat(c->dir, temporary, c->dir, name) == 0;
	if (!fine)
		unlinkat(c->dir, temporary, 0);
	return fine;
}

/* Clocks of hosts that share a home differ by so much. */
#define AHEAD ((time_ms)60000)

bool cw_cache_read(struct cw_cache *c, const char *key, time_ms now,
		   time_ms unless, struct buf *out, time_ms *at)
{
	time_ms latest = now < INT64_MAX - AHEAD ? now + AHEAD : INT64_MAX;
	return load(c, key, latest, unless, out, at);
}

void cw_cache_write(struct cw_cache *c, const char *key, time_ms at,
		    const struct buf *payload)
{
	store(c, key, at, payload);
}

/* ---- locks --------------------------------------------------------------- */

/* A lock is held by flock(), so it belongs to the open file: it is gone with
 * its holder however that dies, and two caches of one process exclude each
 * other as two processes do.
 *
 * Old lock files are removed while others may want them. Two would hold the
 * lock of one key if one had the removed file and the other a new one under its
 * name. That cannot be, because
 *   - only who holds the lock of a file removes it (sweep_lock), so never from
 *     under a holder;
 *   - who gets a lock then looks whether the name still leads to that file. If
 *     so, it stays: nobody else can get the lock that removing takes. If not,
 *     it was removed between opening and locking, and one starts over.
 * Who removes the whole directory by hand may have two fetch at once: that
 * costs one answer. */

/* Each time another sweep must come in between. */
#define LOCK_TRIES 10

static bool is_named(struct cw_cache *c, int fd, const char *name)
{
	struct stat a, b;
	return fstat(fd, &a) == 0
	       && fstatat(c->dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0
	       && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

int cw_lock(struct cw_cache *c, const char *key)
{
	char name[NAME];
	if (!name_of(key, LOCK, name))
		return CW_ALONE;
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open_ours(c, name, O_RDWR | O_CREAT);
		if (fd < 0)
			return CW_ALONE;
		int error = flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
		if (!error && is_named(c, fd, name))
			return fd;
		close(fd);
		if (error && error != EINTR)
			return error == EWOULDBLOCK ? CW_BUSY : CW_ALONE;
	}
	return CW_BUSY;
}

/* Unlocked by word, since a child between fork and exec may have it too. */
void cw_unlock(int lock)
{
	if (lock < 0)
		return;
	flock(lock, LOCK_UN);
	close(lock);
}

/* ---- sweeping ------------------------------------------------------------ */

static bool ends_in(const char *name, const char *ending)
{
	size_t n = strlen(name), k = strlen(ending);
	return n > k && strcmp(name + n - k, ending) == 0;
}

static void sweep_lock(struct cw_cache *c, const char *name)
{
	int fd = open_ours(c, name, O_RDWR);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(c, fd, name))
		unlinkat(c->dir, name, 0);
	cw_unlock(fd);
}

/* If just now somebody puts a new file in place of an old one, the new one is
 * lost: it is fetched once more. */
static void sweep_name(struct cw_cache *c, const char *name, time_ms now)
{
	struct stat st;
	if (name[strspn(name, KEY_CHARS ".")]
	    || fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0
	    || st.st_mtim.tv_sec >= now / 1000 - DAY / 1000)
		return;
	if (ends_in(name, LOCK))
		sweep_lock(c, name);
	else if (ends_in(name, DATA) || ends_in(name, TEMPORARY))
		unlinkat(c->dir, name, 0);
}

void cw_cache_sweep(struct cw_cache *c, time_ms now)
{
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	struct dirent *e;
	for (int i = 0; i < LIMIT_CACHE_NAMES && (e = readdir(d)); i++)
		sweep_name(c, e->d_name, now);
	closedir(d);
}

/* ---- the bill ------------------------------------------------------------ */

#define BILL 16 /* bytes of a payload */
#define BILL_WAIT ((int64_t)50)
#define BILL_NAP 500000 /* ns */

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static struct cw_spent sum_of(struct cw_spent a, struct cw_spent b)
{
	return (struct cw_spent){ plus(a.metrics, b.metrics),
				  plus(a.calls, b.calls) };
}

static struct cw_spent larger_of(struct cw_spent a, struct cw_spent b)
{
	return (struct cw_spent){
		a.metrics > b.metrics ? a.metrics : b.metrics,
		a.calls > b.calls ? a.calls : b.calls,
	};
}

static bool is_nothing(struct cw_spent s)
{
	return s.metrics == 0 && s.calls == 0;
}

static void key_of_bill(const struct cw_cache *c, char out[CW_KEY])
{
	char day[TIME_TEXT];
	snprintf(out, CW_KEY, "bill-%.10s", time_iso(c->day, day));
}

/* Also one of the future: our clock was wrong, the money is spent. */
static struct cw_spent read_bill(struct cw_cache *c, const char *key)
{
	struct cw_spent s = { 0 };
	struct buf b;
	time_ms at;
	buf_init(&b, BILL);
	if (load(c, key, INT64_MAX, TIME_NONE, &b, &at) && b.len == BILL) {
		s.metrics = get64((const uint8_t *)b.s);
		s.calls = get64((const uint8_t *)b.s + 8);
	}
	buf_release(&b);
	return s;
}

static bool write_bill(struct cw_cache *c, const char *key, time_ms at,
		       struct cw_spent s)
{
	uint8_t bytes[BILL];
	struct buf b;
	put64(bytes, s.metrics);
	put64(bytes + 8, s.calls);
	buf_init(&b, BILL);
	buf_add(&b, bytes, sizeof(bytes));
	bool fine = store(c, key, at, &b);
	buf_release(&b);
	return fine;
}

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int lock_soon(struct cw_cache *c, const char *key)
{
	int64_t end = monotonic_ms() + BILL_WAIT;
	int lock;
	while ((lock = cw_lock(c, key)) == CW_BUSY && monotonic_ms() < end)
		nanosleep(&(struct timespec){ .tv_nsec = BILL_NAP }, NULL);
	return lock;
}

/* The file is at least what we saw in it: so a lost or broken one is made good
 * as far as anybody knows, and nothing is counted twice. Where there are no
 * locks a sum may be too small, which is better than none. */
static void settle(struct cw_cache *c, time_ms at)
{
	char key[CW_KEY];
	key_of_bill(c, key);
	struct cw_spent file = read_bill(c, key);
	c->seen = larger_of(c->seen, file);
	if (is_nothing(c->owed) && file.metrics == c->seen.metrics
	    && file.calls == c->seen.calls)
		return;
	int lock = lock_soon(c, key);
	if (lock == CW_BUSY)
		return;
	c->seen = larger_of(c->seen, read_bill(c, key));
	struct cw_spent sum = sum_of(c->seen, c->owed);
	if (write_bill(c, key, at, sum)) {
		c->seen = sum;
		c->owed = (struct cw_spent){ 0 };
	}
	cw_unlock(lock);
}

static void begin_day(struct cw_cache *c, time_ms day)
{
	if (!is_nothing(c->owed))
		settle(c, c->day);
	c->day = day;
	c->seen = c->owed = (struct cw_spent){ 0 };
}

struct cw_spent cw_cache_spend(struct cw_cache *c, time_ms now,
			       const struct cw_spent *add)
{
	time_ms day = time_floor(now, DAY);
	pthread_mutex_lock(&c->mutex);
	if (day != c->day)
		begin_day(c, day);
	if (add)
		c->owed = sum_of(c->owed, *add);
	settle(c, now);
	struct cw_spent sum = sum_of(c->seen, c->owed);
	pthread_mutex_unlock(&c->mutex);
	return sum;
}

void cw_cache_close(struct cw_cache *c)
{
	if (!is_nothing(c->owed))
		settle(c, c->day);
	if (c->dir >= 0)
		close(c->dir);
	pthread_mutex_destroy(&c->mutex);
	free(c->root);
	free(c->first);
	free(c);
}
