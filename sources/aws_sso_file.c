#include "sources/aws_sso_file.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/aws_grant.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIFE_MAX 8640000.0 /* s: longer than a token can be good for */

void aws_sso_path(const char *home, const char *name, struct buf *out)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	size_t n = strlen(home);
	while (n && home[n - 1] == '/')
		n--;
	if (EVP_Digest(name, strlen(name), raw, NULL, EVP_sha1(), NULL) != 1)
		mem_die();
	buf_add(out, home, n);
	buf_str(out, "/.aws/sso/cache/");
	for (size_t i = 0; i < 20; i++)
		buf_printf(out, "%02x", raw[i]);
	buf_str(out, ".json");
}

/* ---- reading ------------------------------------------------------------ */

/* It goes into a header. */
static bool is_token(const char *s)
{
	size_t n = 0;
	while (s && s[n] > ' ' && s[n] < 0x7f)
		n++;
	return n > 0 && !s[n];
}

static bool find_members(struct aws_sso_token *t)
{
	t->access = aws_member(t->tree, "accessToken");
	t->refresh = aws_member(t->tree, "refreshToken");
	t->client_id = aws_member(t->tree, "clientId");
	t->client_secret = aws_member(t->tree, "clientSecret");
	if (!t->refresh || !t->client_id || !t->client_secret)
		t->refresh = t->client_id = t->client_secret = NULL;
	if (!aws_time(aws_member(t->tree, "registrationExpiresAt"),
		      &t->registered_until))
		t->registered_until = TIME_NONE;
	return is_token(t->access)
	       && aws_time(aws_member(t->tree, "expiresAt"), &t->expires);
}

struct aws_sso_token *aws_sso_token_read(const char *text, size_t n)
{
	struct aws_sso_token *t = mem_zero(1, sizeof(*t));
	t->tree = n <= LIMIT_CREDENTIALS ? aws_tree(text, n) : NULL;
	if (t->tree && find_members(t))
		return t;
	aws_sso_token_free(t);
	return NULL;
}

void aws_sso_token_free(struct aws_sso_token *t)
{
	if (t)
		aws_tree_free(t->tree);
	free(t);
}

/* ---- renewing ----------------------------------------------------------- */

static void put(cJSON *tree, const char *name, const char *value)
{
	cJSON *s = cJSON_CreateString(value);
	if (!s)
		mem_die();
	cJSON *old = cJSON_DetachItemFromObjectCaseSensitive(tree, name);
	aws_tree_free(old);
	if (!cJSON_AddItemToObject(tree, name, s))
		mem_die();
}

bool aws_sso_token_renew(struct aws_sso_token *t, const char *text, size_t n,
			 time_ms now)
{
	cJSON *answer = aws_tree(text, n);
	const char *access = aws_member(answer, "accessToken");
	const char *refresh = aws_member(answer, "refreshToken");
	const cJSON *life = cJSON_GetObjectItemCaseSensitive(answer,
							     "expiresIn");
	bool fine = is_token(access) && cJSON_IsNumber(life)
		    && life->valuedouble > 0
		    && life->valuedouble < LIFE_MAX;
	if (fine) {
		/* Whole seconds, as the other tools read it. */
		char iso[TIME_TEXT];
		time_ms end = now + (time_ms)(life->valuedouble * 1000);
		put(t->tree, "accessToken", access);
		put(t->tree, "expiresAt", time_iso(time_floor(end, 1000),
						   iso));
		if (is_token(refresh))
			put(t->tree, "refreshToken", refresh);
		fine = find_members(t);
	}
	aws_tree_free(answer);
	return fine;
}

/* ---- writing ------------------------------------------------------------ */

static int write_all(int fd, const char *s)
{
	for (size_t left = strlen(s); left;) {
		ssize_t k = write(fd, s, left);
		if (k < 0)
			return -1;
		s += k;
		left -= (size_t)k;
	}
	return fsync(fd);
}

/* Root leaves the file to whose it was. */
static void keep_owner(int fd, const char *path)
{
	struct stat st;
	if (geteuid() == 0 && stat(path, &st) == 0
	    && fchown(fd, st.st_uid, st.st_gid) < 0)
		return; /* it stays root's */
}

static int replace(const char *path, const char *text)
{
	struct buf temporary;
	buf_init(&temporary, 0);
	buf_printf(&temporary, "%s.XXXXXX", path);
	int fd = mkstemp(temporary.s), rc = -1, why = errno; /* mode 0600 */
	if (fd >= 0) {
		keep_owner(fd, path);
		rc = write_all(fd, text);
		why = errno;
		if (close(fd) < 0 && rc == 0) {
			rc = -1;
			why = errno;
		}
		if (rc == 0 && rename(temporary.s, path) < 0) {
			rc = -1;
			why = errno;
		}
		if (rc < 0)
			unlink(temporary.s);
	}
	buf_release(&temporary);
	errno = why;
	return rc;
}

int aws_sso_token_write(const struct aws_sso_token *t, const char *path,
			struct err *e)
{
	char *text = cJSON_PrintUnformatted(t->tree);
	if (!text)
		mem_die();
	int rc = replace(path, text);
	explicit_bzero(text, strlen(text));
	cJSON_free(text);
	return rc == 0 ? 0 : err_set(e, EXIT_WRITE, "%s", strerror(errno));
}
