/* A profile with a role leads to the profile that has keys for it; there, what
 * can be a base is asked for in the order of a table. */
#include "sources/aws_chain.h"

#include <stdlib.h>
#include <string.h>

struct finder {
	const struct aws_files *f;
	const char *credentials;
	struct aws_chain *c;
	struct err *e;
	/* The profiles on the way. */
	size_t nr;
	const struct aws_section *way[LIMIT_ROLES + 1];
};

/* Found, look further, wrong. */
enum { FOUND = 0, NOT_HERE = 1, WRONG = -1 };

/* ---- words -------------------------------------------------------------- */

/* NULL where it is not set, or empty. */
static const struct aws_property *set(const struct aws_section *s,
				      const char *name)
{
	const struct aws_property *p = aws_property(s, name);
	return p && *p->value ? p : NULL;
}

static const char *text(const struct aws_section *s, const char *name)
{
	const struct aws_property *p = set(s, name);
	return p ? p->value : NULL;
}

/* `has` is there and calls for what is not. */
static int lacks(const struct finder *f, const struct aws_section *s,
		 const struct aws_property *has, const char *missing)
{
	return err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' has %s "
		       "without %s; add it", has->file, has->line, s->name,
		       has->name, missing);
}

/* ---- bases -------------------------------------------------------------- */

static int look_source(struct finder *f, const struct aws_section *s)
{
	static const struct { const char *name; enum aws_base base; } t[] = {
		{ "Environment", AWS_BASE_ENV },
		{ "Ec2InstanceMetadata", AWS_BASE_IMDS },
		{ "EcsContainer", AWS_BASE_CONTAINER },
	};
	const struct aws_property *p = set(s, "credential_source");
	if (!p)
		return NOT_HERE;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (strcmp(p->value, t[i].name) == 0) {
			f->c->base = t[i].base;
			return FOUND;
		}
	}
	return err_set(f->e, EXIT_FILE, "%.120s:%d: credential_source "
		       "'%.30s' is not known; Environment, Ec2InstanceMetadata "
		       "or EcsContainer was expected", p->file, p->line,
		       p->value);
}

static int look_web(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *p = set(s, "web_identity_token_file");
	if (!p)
		return NOT_HERE;
	f->c->base = AWS_BASE_WEB;
	f->c->web = (struct aws_web){
		.role_arn = text(s, "role_arn"),
		.token_file = p->value,
		.session_name = text(s, "role_session_name"),
	};
	return f->c->web.role_arn ? FOUND : lacks(f, s, p, "role_arn");
}

/* What a profile says beside its session must be what the session says: else
 * one of them is a mistake. */
static int agree(struct finder *f, const struct aws_section *s,
		 const struct aws_section *session)
{
	static const char *const names[] = { "sso_region", "sso_start_url" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct aws_property *p = set(s, names[i]);
		const char *there = text(session, names[i]);
		if (p && (!there || strcmp(there, p->value) != 0))
			return err_set(f->e, EXIT_FILE, "%.120s:%d: with "
				       "sso_session, %s belongs into "
				       "[sso-session %.40s]; move it there",
				       p->file, p->line, p->name,
				       session->name);
	}
	return FOUND;
}

/* sso-session is complete. */
static int look_session(struct finder *f, const struct aws_section *s,
			const struct aws_property *name)
{
	struct aws_sso *sso = &f->c->sso;
	const struct aws_section *session = aws_section(f->f, AWS_SSO_SESSION,
							name->value);
	if (!session)
		return err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' "
			       "names sso_session '%.40s', which is not there; "
			       "add [sso-session %.40s] or run aws configure "
			       "sso", name->file, name->line, s->name,
			       name->value, name->value);
	if (agree(f, s, session) < 0)
		return WRONG;
	sso->session = name->value;
	sso->start_url = text(session, "sso_start_url");
	sso->region = text(session, "sso_region");
	if (sso->start_url && sso->region)
		return FOUND;
	return err_set(f->e, EXIT_FILE, "%.120s:%d: [sso-session %.40s] lacks "
		       "%s; add it", session->file, session->line,
		       session->name,
		       sso->region ? "sso_start_url" : "sso_region");
}

static int look_whole_sso(struct finder *f, const struct aws_section *s,
			  const struct aws_property *any)
{
	const struct aws_property *session = set(s, "sso_session");
	struct aws_sso *sso = &f->c->sso;
	f->c->base = AWS_BASE_SSO;
	sso->account = text(s, "sso_account_id");
	sso->role = text(s, "sso_role_name");
	if (!sso->account != !sso->role)
		return lacks(f, s, any, sso->account ? "sso_role_name"
						     : "sso_account_id");
	if (session)
		return look_session(f, s, session);
	sso->start_url = text(s, "sso_start_url");
	sso->region = text(s, "sso_region");
	if (sso->start_url && sso->region)
		return FOUND;
	return lacks(f, s, any, sso->region ? "sso_start_url" : "sso_region");
}

/* Account or role say that keys are meant: sso_session alone also stands
 * where only a bearer token is wanted. */
static int look_sso(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *p = set(s, "sso_account_id");
	if (!p)
		p = set(s, "sso_role_name");
	return p ? look_whole_sso(f, s, p) : NOT_HERE;
}

static int look_token(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *p = set(s, "sso_session");
	return p ? look_whole_sso(f, s, p) : NOT_HERE;
}

static int look_keys(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *id = set(s, "aws_access_key_id");
	const struct aws_property *secret = set(s, "aws_secret_access_key");
	if (!id && !secret)
		return NOT_HERE;
	f->c->base = AWS_BASE_KEYS;
	f->c->in_config = !f->credentials
		|| strcmp((id ? id : secret)->file, f->credentials) != 0;
	if (!secret)
		return lacks(f, s, id, "aws_secret_access_key");
	if (!id)
		return lacks(f, s, secret, "aws_access_key_id");
	f->c->keys = (struct aws_keys){
		.id = id->value, .secret = secret->value,
		.token = text(s, "aws_session_token"),
	};
	return FOUND;
}

/* The credentials file counts more than a process, the config file less. */
static int look_credentials(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *p = set(s, "aws_access_key_id");
	if (!p)
		p = set(s, "aws_secret_access_key");
	return p && f->credentials && strcmp(p->file, f->credentials) == 0
	       ? look_keys(f, s) : NOT_HERE;
}

static int look_login(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *p = set(s, "login_session");
	if (!p)
		return NOT_HERE;
	f->c->base = AWS_BASE_LOGIN;
	return err_set(f->e, EXIT_REFUSED, "%.120s:%d: profile '%.40s' uses "
		       "aws login, which is not supported here; use aws sso "
		       "login, or credential_process = aws configure "
		       "export-credentials --profile NAME --format process",
		       p->file, p->line, s->name);
}

static int look_process(struct finder *f, const struct aws_section *s)
{
	f->c->process = set(s, "credential_process");
	if (!f->c->process)
		return NOT_HERE;
	f->c->base = AWS_BASE_PROCESS;
	return FOUND;
}

static int (*const bases[])(struct finder *f, const struct aws_section *s) = {
	look_source, look_web, look_sso, look_credentials, look_login,
	look_process, look_keys, look_token,
};

static int look_base(struct finder *f, const struct aws_section *s)
{
	f->c->section = s;
	f->c->account = text(s, "aws_account_id");
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		int rc = bases[i](f, s);
		if (rc != NOT_HERE)
			return rc;
	}
	err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' has no "
		"credentials; give it keys, a role_arn, sso_session or "
		"credential_process (aws configure)", s->file, s->line,
		s->name);
	return f->c->nr_roles ? WRONG : NOT_HERE;
}

/* ---- roles -------------------------------------------------------------- */

static int read_duration(const struct finder *f, const struct aws_section *s,
			 int *out)
{
	const struct aws_property *p = set(s, "duration_seconds");
	if (!p)
		return 0;
	size_t n = strspn(p->value, "0123456789");
	long v = p->value[n] || n > 6 ? 0 : strtol(p->value, NULL, 10);
	*out = (int)v;
	if (v >= 900 && v <= 43200)
		return 0;
	return err_set(f->e, EXIT_FILE, "%.120s:%d: duration_seconds '%.20s' "
		       "of profile '%.40s' cannot be; 900 to 43200 was "
		       "expected", p->file, p->line, p->value, s->name);
}

static int refuse_mfa(const struct finder *f, const struct aws_section *s,
		      const struct aws_property *mfa)
{
	return err_set(f->e, EXIT_REFUSED, "%.120s:%d: profile '%.40s' wants "
		       "a code (mfa_serial), which is not asked for here; use "
		       "aws sso login with an sso_session, or a "
		       "credential_process that asks", mfa->file, mfa->line,
		       s->name);
}

static int add_role(struct finder *f, const struct aws_section *s)
{
	const struct aws_property *mfa = set(s, "mfa_serial");
	struct aws_chain *c = f->c;
	if (c->nr_roles == LIMIT_ROLES)
		return err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' "
			       "is one of more than %zu roles upon each other; "
			       "make the chain shorter", s->file, s->line,
			       s->name, LIMIT_ROLES);
	struct aws_role *r = &c->role[c->nr_roles++];
	*r = (struct aws_role){
		.arn = text(s, "role_arn"),
		.session_name = text(s, "role_session_name"),
		.external_id = text(s, "external_id"),
		.profile = s->name,
	};
	if (mfa)
		return refuse_mfa(f, s, mfa);
	return read_duration(f, s, &r->duration_s);
}

/* The profile that has the keys for the role of s; s itself: it has them. */
static const struct aws_section *source_of(struct finder *f,
					   const struct aws_section *s)
{
	const struct aws_property *arn = set(s, "role_arn");
	const struct aws_property *name = set(s, "source_profile");
	const struct aws_property *source = set(s, "credential_source");
	if (name && source) {
		err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' has both "
			"source_profile and credential_source; keep one",
			name->file, name->line, s->name);
		return NULL;
	}
	if (!name && !source) {
		lacks(f, s, arn, "source_profile or credential_source");
		return NULL;
	}
	if (source)
		return s;
	const struct aws_section *next = aws_section(f->f, AWS_PROFILE,
						     name->value);
	if (!next)
		err_set(f->e, EXIT_FILE, "%.120s:%d: profile '%.40s' names "
			"source_profile '%.40s', which is not there; add it, "
			"or name another", name->file, name->line, s->name,
			name->value);
	return next;
}

static int been_here(const struct finder *f, const struct aws_section *s)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->way[i] == s)
			return err_set(f->e, EXIT_FILE, "%.120s:%d: profile "
				       "'%.40s' leads back to itself by "
				       "source_profile; let one of them have "
				       "keys", s->file, s->line, s->name);
	return 0;
}

/* Keys of a source count more than its own role. */
static bool has_keys(const struct finder *f, const struct aws_section *s)
{
	return f->nr > 1 && set(s, "aws_access_key_id")
	       && set(s, "aws_secret_access_key");
}

/* A token file makes the role a base, not a link. */
static bool is_link(const struct aws_section *s)
{
	return set(s, "role_arn") && !set(s, "web_identity_token_file");
}

static int walk(struct finder *f, const struct aws_section *s)
{
	for (;;) {
		if (been_here(f, s) < 0)
			return WRONG;
		f->way[f->nr++] = s;
		if (has_keys(f, s)) {
			f->c->section = s;
			f->c->account = text(s, "aws_account_id");
			return look_keys(f, s);
		}
		if (!is_link(s))
			return look_base(f, s);
		if (add_role(f, s) < 0)
			return WRONG;
		const struct aws_section *next = source_of(f, s);
		if (!next)
			return WRONG;
		if (next == s)
			return look_base(f, s);
		s = next;
	}
}

int aws_chain_find(const struct aws_files *files, const char *credentials,
		   const char *profile, struct aws_chain *c, struct err *e)
{
	struct finder f = { .f = files, .credentials = credentials, .c = c,
			    .e = e };
	const struct aws_section *s = aws_section(files, AWS_PROFILE, profile);
	*c = (struct aws_chain){ 0 };
	if (!s) {
		err_set(e, EXIT_REFUSED, "there is no profile '%.40s'; run "
			"aws configure, or name another with --profile",
			profile);
		return NOT_HERE;
	}
	int rc = walk(&f, s);
	for (size_t i = 0; i < c->nr_roles / 2; i++) {
		struct aws_role first = c->role[i];
		c->role[i] = c->role[c->nr_roles - 1 - i];
		c->role[c->nr_roles - 1 - i] = first;
	}
	return rc;
}
