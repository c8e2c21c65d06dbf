/* Where a profile's keys come from, as its files say it: the base, which has
 * keys, and the roles that are assumed upon it, one after the other. Nothing
 * is asked, run or read. */
#ifndef SOURCES_AWS_CHAIN_H
#define SOURCES_AWS_CHAIN_H

#include "base/err.h"
#include "base/limits.h"
#include "sources/aws_profile.h"
#include "sources/sigv4.h"

enum aws_base {
	AWS_BASE_NONE,      /* the profile says nothing of credentials */
	AWS_BASE_ENV,       /* credential_source = Environment */
	AWS_BASE_CONTAINER, /* EcsContainer */
	AWS_BASE_IMDS,      /* Ec2InstanceMetadata */
	AWS_BASE_WEB, AWS_BASE_SSO, AWS_BASE_KEYS, AWS_BASE_LOGIN,
	AWS_BASE_PROCESS
};

struct aws_web {
	const char *role_arn, *token_file;
	const char *session_name;  /* or NULL */
};

struct aws_sso {
	const char *session;       /* or NULL: the older form */
	const char *start_url, *region;
	const char *account, *role; /* NULL, both: a bearer token only */
};

struct aws_role {
	const char *arn;
	const char *session_name, *external_id; /* or NULL */
	int duration_s;            /* 0: not said */
	const char *profile;       /* that says so */
};

/* Everything is borrowed from the files. */
struct aws_chain {
	enum aws_base base;
	const struct aws_section *section; /* where the base stands, or NULL */
	struct aws_keys keys;      /* of AWS_BASE_KEYS, */
	bool in_config;            /* not in the credentials file */
	const char *account;       /* aws_account_id, or NULL */
	struct aws_web web;
	struct aws_sso sso;
	const struct aws_property *process; /* credential_process */
	size_t nr_roles;
	struct aws_role role[LIMIT_ROLES]; /* role[0] is assumed first */
};

/* 0; 1, with a sentence, when this profile says nothing of credentials, so
 * that others may be asked; -1 with `FILE:LINE: ...` (EXIT_FILE) or, for what
 * is right but cannot be done here, EXIT_REFUSED. Then `base` and `nr_roles`
 * say what it was about. `credentials` names the credentials file. */
int aws_chain_find(const struct aws_files *f, const char *credentials,
		   const char *profile, struct aws_chain *c, struct err *e);

#endif
