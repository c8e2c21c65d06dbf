/* Everything that gives AWS credentials over a network, on one loopback port:
 * STS, a container's endpoint, the instance's metadata (both versions), SSO and
 * its token service. It lives in the test's loop.
 *
 *	struct fake_creds *f = fake_creds_new(loop, wall);
 *	fake_creds_url(f, "/creds", url)   for AWS_CONTAINER_..._FULL_URI
 *	f->part[FAKE_STS].behave = "/hang";
 *	f->part[FAKE_ROLES].status = 404;
 *	f->part[FAKE_STS].asked, .head, .body    what came
 *	fake_creds_close(f);
 *
 * Whatever it gives is derived from a key id of its own: FAKE_SECRET and
 * FAKE_TOKEN with the id behind them. STS checks signatures made with those.
 * Include fake_creds.c, which includes evil.c. */
#ifndef TESTS_FAULT_FAKE_CREDS_H
#define TESTS_FAULT_FAKE_CREDS_H

#include "base/clock.h"
#include "tests/fault/evil.h"

/* All that must never be shown has this in it. */
#define FAKE_MARK "s3cret"
#define FAKE_SECRET FAKE_MARK "/"
#define FAKE_TOKEN FAKE_MARK "-token/"

#define FAKE_ACCOUNT "111122223333"
#define FAKE_JWT FAKE_MARK "-jwt"          /* web identity, accepted */
#define FAKE_IMDS_TOKEN FAKE_MARK "-imds=="
#define FAKE_SSO_TOKEN FAKE_MARK "-sso"    /* and a number, as renewed */
#define FAKE_REFRESH FAKE_MARK "-refresh"

enum fake_kind { FAKE_STS, FAKE_CONTAINER, FAKE_PUT, FAKE_ROLES, FAKE_KEYS,
		 FAKE_INFO, FAKE_REGION, FAKE_SSO, FAKE_OIDC, FAKE_OTHER,
		 FAKE_KINDS };

struct fake_part {
	unsigned asked;
	/* Of the last request: */
	char method[8], head[8192], body[8192];
	/* How it misbehaves: a path of evil.h; or a status with a body. */
	const char *behave;
	int status;
	const char *answer;      /* NULL: empty */
	unsigned times;          /* so often, then well again; 0: always */
};

struct fake_creds {
	struct evil *evil;
	time_ms (*wall)(void);
	time_ms ahead;           /* its clock, of wall() */
	time_ms life;            /* of the keys it gives */
	bool needs_token;        /* IMDSv1 is off */
	const char *role;        /* of the instance */
	const char *container_token; /* it wants this one; NULL: any */
	unsigned renewals;       /* of the SSO token */
	unsigned given;          /* keys */
	char last_id[40];
	unsigned bad_signatures;
	struct fake_part part[FAKE_KINDS];
};

struct fake_creds *fake_creds_new(uv_loop_t *loop, time_ms (*wall)(void));
/* Run the loop afterwards. */
void fake_creds_close(struct fake_creds *f);
char *fake_creds_url(const struct fake_creds *f, const char *path,
		     char out[EVIL_URL]);

#endif
