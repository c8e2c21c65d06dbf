/* The files ~/.aws/config and ~/.aws/credentials: their grammar, and what is
 * looked up in them.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 * What a secret is never gets into a sentence. */
#ifndef SOURCES_AWS_PROFILE_H
#define SOURCES_AWS_PROFILE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

struct aws_property {
	const char *name;        /* lower case */
	const char *value;       /* continuation lines joined by \n; no other
				    control character but tabs */
	int line;
	const char *file;        /* as it was named */
	size_t nr_subs;          /* of `s3 =` with indented `k = v` lines */
	struct aws_property *sub;
};

/* A stray section is one that counts for nothing: [NAME] in the config file,
 * [profile NAME] in the credentials file, a name that is none, [default] beside
 * [profile default]. It is kept for the sentence that says so; its name is all
 * of the header. */
enum aws_section_kind { AWS_PROFILE, AWS_SSO_SESSION, AWS_SERVICES, AWS_STRAY };

struct aws_section {
	enum aws_section_kind kind;
	const char *name;
	const char *file;
	int line;                /* of its (first) header */
	size_t nr, cap;
	struct aws_property *property;
};

struct aws_files {
	struct arena arena;
	size_t nr, cap;
	struct aws_section *section;
	struct aws_text *text;   /* what is overwritten in the end */
};

/* Adds what a file says; the credentials file after the config file, for its
 * values win. `file` names it in sentences. -1 with `FILE:LINE: what, what was
 * expected` (EXIT_FILE): nothing of the file may be used then. */
void aws_files_init(struct aws_files *f);
int aws_files_read(struct aws_files *f, const char *file, bool credentials,
		   const char *text, size_t n, struct err *e);
void aws_files_release(struct aws_files *f); /* overwrites secrets */

/* Names are exact. NULL: there is none. */
const struct aws_section *aws_section(const struct aws_files *f,
				      enum aws_section_kind kind,
				      const char *name);
/* NULL where s is NULL or has none; an empty value is "". */
const struct aws_property *aws_property(const struct aws_section *s,
					const char *name);
const char *aws_value(const struct aws_section *s, const char *name);
const struct aws_property *aws_sub_property(const struct aws_section *s,
					    const char *name, const char *sub);
const char *aws_sub_value(const struct aws_section *s, const char *name,
			  const char *sub);

#endif
