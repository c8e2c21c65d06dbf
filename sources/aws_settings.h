/* What flags, environment and profile files say about AWS together: profile,
 * region, endpoints. One table a question, so that `doctor` can say where an
 * answer is from. Nothing here goes over a network. */
#ifndef SOURCES_AWS_SETTINGS_H
#define SOURCES_AWS_SETTINGS_H

#include "base/buf.h"
#include "sources/aws_profile.h"

/* What is outside, so that tests can bring their own. */
struct aws_outside {
	const char *(*env)(const char *name, void *arg); /* NULL: not set */
	/* Appends the file; 0; 1: there is none; -1 with a sentence. */
	int (*read)(const char *path, struct buf *out, struct err *e,
		    void *arg);
	void *arg;
};
/* The process' own. Refuses files beyond LIMIT_FILE. */
extern const struct aws_outside aws_outside;

struct aws_settings {
	struct arena arena;
	struct aws_files files;
	const char *config_path, *credentials_path, *home; /* home or NULL */
	const char *profile;          /* its name, "default" if none is named */
	const char *profile_from;     /* "--profile", "AWS_PROFILE", "" */
	bool profile_asked;           /* --profile: environment keys lose */
	const struct aws_section *section; /* or NULL: there is none */
	const char *region;           /* or NULL: only IMDS may know */
	const char *region_from;      /* "--region", "AWS_REGION", "profile x" */
	bool fips, dualstack;
	bool plain_endpoints;         /* configured ones are ignored */
	const char *from_profile;     /* "profile x", "services y": where what */
	const char *from_services;    /* is found there is said to be from */
	const char *ca_bundle;        /* AWS_CA_BUNDLE, ca_bundle, or NULL */
	const struct aws_outside *outside;
};

/* `profile`, `region`: of the command line, or NULL. -1 with a sentence, and
 * then nothing is held: EXIT_FILE (file:line) for a file that cannot be read as
 * one or holds a setting that means nothing, EXIT_REFUSED for a profile that
 * was named and is not there (it names the nearest one), EXIT_USAGE for a flag
 * or a variable that means nothing, as a region that cannot be one. A file that
 * is not there is no error. */
int aws_settings_load(struct aws_settings *s, const struct aws_outside *o,
		      const char *profile, const char *region, struct err *e);
void aws_settings_release(struct aws_settings *s);

/* Whether it can be a region: [a-z0-9-], 1 to 32 of them. Wherever a region is
 * from, it must not be able to make another host of a name. */
bool aws_region_valid(const char *region);

/* NULL: not set. A variable that is not set and one that is empty are alike. */
const char *aws_env(const struct aws_settings *s, const char *name);
bool aws_env_true(const struct aws_settings *s, const char *name);

/* Appends the URL of a service ("monitoring", "sts", "portal.sso", "oidc") in a
 * region, without a slash at the end. Order: AWS_ENDPOINT_URL_<ID>,
 * AWS_ENDPOINT_URL, the profile's services section, its endpoint_url (none of
 * these where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
 * ignore_configured_endpoint_urls says so), then host names by partition, FIPS
 * and dual stack. `from` becomes where it is from: a variable, "profile x",
 * "services y", or "region". -1: a custom endpoint with FIPS or dual stack, or
 * one that is no URL (EXIT_USAGE, of a file EXIT_FILE); no region, or one that
 * cannot be one (EXIT_USAGE). */
int aws_endpoint(const struct aws_settings *s, const char *service,
		 const char *region, struct buf *url, const char **from,
		 struct err *e);
/* Appends the base URL of the instance metadata service, without a slash at the
 * end: AWS_EC2_METADATA_SERVICE_ENDPOINT, ..._MODE, the profile's keys. -1 as
 * above. */
int aws_imds_endpoint(const struct aws_settings *s, struct buf *url,
		      struct err *e);
/* Whether a token may go there: https to anything, http only to a loopback
 * address, localhost, or what ECS and EKS listen on (169.254.170.2,
 * 169.254.170.23, fd00:ec2::23). */
bool aws_container_host_allowed(const char *url);

#endif
