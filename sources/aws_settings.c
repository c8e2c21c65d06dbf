/* A question is a table of where its answer may stand; the first that says
 * something wins, and is named in whatever is said about it. */
#include "sources/aws_settings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGION_MAX 32

/* ---- outside ------------------------------------------------------------ */

static const char *env_of_process(const char *name, void *arg)
{
	(void)arg;
	return getenv(name);
}

static int unreadable(const char *path, const char *why, struct err *e)
{
	return err_set(e, EXIT_FILE, "%s cannot be read: %s; mend that, or "
		       "name another file (AWS_CONFIG_FILE, "
		       "AWS_SHARED_CREDENTIALS_FILE)", path, why);
}

/* Never waits. The buffer gets its room at once, because one that grows
 * leaves copies of keys behind. */
static int read_open(int fd, const char *path, struct buf *out, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return unreadable(path, strerror(errno), e);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) /* /dev/null is one */
		return unreadable(path, "it is not a file", e);
	if (st.st_size > (off_t)LIMIT_FILE)
		return unreadable(path, "it is larger than 1 MB", e);
	out->cap = out->len + LIMIT_FILE + 2;
	out->s = mem_grow(out->s, out->cap, 1);
	for (size_t n = 0; n <= LIMIT_FILE;) {
		ssize_t k = read(fd, out->s + out->len, LIMIT_FILE + 1 - n);
		if (k < 0)
			return unreadable(path, strerror(errno), e);
		n += (size_t)k;
		out->len += (size_t)k;
		out->s[out->len] = '\0';
		if (k == 0)
			return 0;
	}
	return unreadable(path, "it is larger than 1 MB", e);
}

static int read_of_process(const char *path, struct buf *out, struct err *e,
			   void *arg)
{
	(void)arg;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (fd < 0)
		return unreadable(path, strerror(errno), e);
	int rc = read_open(fd, path, out, e);
	close(fd);
	return rc;
}

const struct aws_outside aws_outside = { env_of_process, read_of_process,
					 NULL };

const char *aws_env(const struct aws_settings *s, const char *name)
{
	const char *value = s->outside->env(name, s->outside->arg);
	return value && *value ? value : NULL;
}

bool aws_env_true(const struct aws_settings *s, const char *name)
{
	const char *value = aws_env(s, name);
	return value && strcasecmp(value, "true") == 0;
}

/* ---- questions ---------------------------------------------------------- */

enum place { FLAG, VARIABLE, KEY, SERVICE_VARIABLE, SERVICE_KEY };

struct row {
	enum place place;
	const char *name;        /* NULL ends a table */
};

static const struct row profile_rows[] = {
	{ FLAG, "--profile" },
	{ VARIABLE, "AWS_PROFILE" },
	{ VARIABLE, "AWS_DEFAULT_PROFILE" },
	{ 0 },
};
static const struct row region_rows[] = {
	{ FLAG, "--region" },
	{ VARIABLE, "AWS_REGION" },
	{ VARIABLE, "AWS_DEFAULT_REGION" },
	{ KEY, "region" },
	{ 0 },
};
static const struct row fips_rows[] = {
	{ VARIABLE, "AWS_USE_FIPS_ENDPOINT" },
	{ KEY, "use_fips_endpoint" },
	{ 0 },
};
static const struct row dualstack_rows[] = {
	{ VARIABLE, "AWS_USE_DUALSTACK_ENDPOINT" },
	{ KEY, "use_dualstack_endpoint" },
	{ 0 },
};
static const struct row plain_rows[] = {
	{ VARIABLE, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" },
	{ KEY, "ignore_configured_endpoint_urls" },
	{ 0 },
};
static const struct row ca_rows[] = {
	{ VARIABLE, "AWS_CA_BUNDLE" },
	{ KEY, "ca_bundle" },
	{ 0 },
};
static const struct row services_rows[] = { { KEY, "services" }, { 0 } };
static const struct row endpoint_rows[] = {
	{ SERVICE_VARIABLE, "AWS_ENDPOINT_URL_*" },
	{ VARIABLE, "AWS_ENDPOINT_URL" },
	{ SERVICE_KEY, "endpoint_url" },
	{ KEY, "endpoint_url" },
	{ 0 },
};
static const struct row imds_rows[] = {
	{ VARIABLE, "AWS_EC2_METADATA_SERVICE_ENDPOINT" },
	{ KEY, "ec2_metadata_service_endpoint" },
	{ 0 },
};
static const struct row imds_mode_rows[] = {
	{ VARIABLE, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE" },
	{ KEY, "ec2_metadata_service_endpoint_mode" },
	{ 0 },
};

/* How settings call a service whose host name begins with `host`. */
static const struct service {
	const char *host, *variable, *key;
	bool gov_plain; /* GovCloud's dual stack name is without -fips too */
} services[] = {
	{ "monitoring", "AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch", true },
	{ "sts", "AWS_ENDPOINT_URL_STS", "sts", false },
	{ "portal.sso", "AWS_ENDPOINT_URL_SSO", "sso", false },
	{ "oidc", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc", false },
};

/* What the rows may need, and what they gave. */
struct question {
	const char *flag;
	const struct service *service;
	const char *value;       /* NULL: nobody says anything */
	const char *from;
	const struct aws_property *property; /* or NULL: not of a file */
};

static void ask_file(const struct aws_settings *s, const struct row *row,
		     struct question *q)
{
	if (row->place == KEY) {
		q->property = aws_property(s->section, row->name);
		q->from = s->from_profile;
	} else if (q->service && s->from_services) {
		const char *name = aws_value(s->section, "services");
		q->property = aws_sub_property(
			aws_section(&s->files, AWS_SERVICES, name),
			q->service->key, row->name);
		q->from = s->from_services;
	}
	q->value = q->property ? q->property->value : NULL;
}

static void ask(const struct aws_settings *s, const struct row *row,
		struct question *q)
{
	for (; row->name; row++) {
		q->from = row->name;
		if (row->place == SERVICE_VARIABLE && q->service)
			q->from = q->service->variable;
		if (row->place == FLAG)
			q->value = q->flag;
		else if (row->place == KEY || row->place == SERVICE_KEY)
			ask_file(s, row, q);
		else
			q->value = aws_env(s, q->from);
		if (q->value && (*q->value || row->place == FLAG))
			return;
		q->property = NULL;
		q->value = NULL;
	}
	q->from = "";
}

/* Says what is wrong with an answer, and where that stands. */
static int refuse(const struct question *q, const char *what, struct err *e)
{
	const struct aws_property *p = q->property;
	if (p)
		return err_set(e, EXIT_FILE, "%s:%d: %s: %s", p->file, p->line,
			       p->name, what);
	return err_set(e, EXIT_USAGE, "%s: %s", q->from, what);
}

static int ask_bool(const struct aws_settings *s, const struct row *rows,
		    bool *out, struct err *e)
{
	struct question q = { 0 };
	ask(s, rows, &q);
	*out = q.value && strcasecmp(q.value, "true") == 0;
	if (*out || !q.value || strcasecmp(q.value, "false") == 0)
		return 0;
	return refuse(&q, "true or false was expected", e);
}

/* ---- files -------------------------------------------------------------- */

static const char *find_home(struct aws_settings *s)
{
	const char *home = aws_env(s, "HOME");
	const struct passwd *p = home ? NULL : getpwuid(getuid());
	if (p && p->pw_dir && *p->pw_dir)
		home = p->pw_dir;
	return home ? arena_strdup(&s->arena, home) : NULL;
}

static const char *in_home(struct aws_settings *s, const char *path)
{
	size_t n = s->home ? strlen(s->home) : 0;
	if (!s->home)
		return NULL;
	while (n && s->home[n - 1] == '/')
		n--;
	return arena_printf(&s->arena, "%.*s/%s", (int)n, s->home, path);
}

static const char *expand(struct aws_settings *s, const char *path)
{
	if (s->home && path[0] == '~' && path[1] == '/')
		return in_home(s, path + 2);
	return arena_strdup(&s->arena, path);
}

static const char *locate(struct aws_settings *s, const char *variable,
			  const char *path)
{
	const char *named = aws_env(s, variable);
	return named ? expand(s, named) : in_home(s, path);
}

static int load_file(struct aws_settings *s, const char *path,
		     bool credentials, struct err *e)
{
	struct buf text;
	if (!path)
		return 0;
	buf_init(&text, 0);
	int rc = s->outside->read(path, &text, e, s->outside->arg);
	if (rc == 0)
		rc = aws_files_read(&s->files, path, credentials,
				    buf_text(&text), text.len, e);
	if (text.s)
		explicit_bzero(text.s, text.len);
	buf_release(&text);
	return rc < 0 ? -1 : 0;
}

static int load_files(struct aws_settings *s, struct err *e)
{
	s->home = find_home(s);
	s->config_path = locate(s, "AWS_CONFIG_FILE", ".aws/config");
	s->credentials_path = locate(s, "AWS_SHARED_CREDENTIALS_FILE",
				     ".aws/credentials");
	if (load_file(s, s->config_path, false, e) < 0)
		return -1;
	return load_file(s, s->credentials_path, true, e);
}

/* ---- profile ------------------------------------------------------------ */

static const char *nearest_profile(const struct aws_settings *s)
{
	const struct aws_files *f = &s->files;
	const char **names = mem_zero(f->nr + 1, sizeof(*names));
	size_t nr = 0;
	for (size_t i = 0; i < f->nr; i++)
		if (f->section[i].kind == AWS_PROFILE)
			names[nr++] = f->section[i].name;
	const char *near = text_nearest(s->profile, names);
	free(names);
	return near;
}

/* It stands there, but not in the form of that file: [x] in the config file,
 * [profile x] in the other, a name with spaces without quotes. */
static const struct aws_section *misplaced(const struct aws_settings *s,
					   struct buf *form)
{
	static const char word[] = "profile ";
	size_t n = strlen(word);
	for (size_t i = 0; i < s->files.nr; i++) {
		const struct aws_section *x = &s->files.section[i];
		bool config = s->config_path
			      && strcmp(x->file, s->config_path) == 0;
		bool worded = strncmp(x->name, word, n) == 0;
		bool quote = config && (worded || strchr(x->name, ' '));
		if (x->kind != AWS_STRAY || (!config && !worded)
		    || strcmp(x->name + (worded ? n : 0), s->profile) != 0)
			continue;
		buf_printf(form, "[%s%s%s%s]", config ? word : "",
			   quote ? "\"" : "", s->profile, quote ? "\"" : "");
		return x;
	}
	return NULL;
}

static int no_profile(const struct aws_settings *s, struct err *e)
{
	struct buf form;
	buf_init(&form, 0);
	const char *near = nearest_profile(s);
	const struct aws_section *stray = misplaced(s, &form);
	if (stray)
		err_set(e, EXIT_REFUSED, "profile '%s' (%s) is not there: "
			"%s:%d has [%s], which must be %s", s->profile,
			s->profile_from, stray->file, stray->line, stray->name,
			buf_text(&form));
	else
		err_set(e, EXIT_REFUSED, "profile '%s' (%s) is neither in %s "
			"nor in %s%s%s%s", s->profile, s->profile_from,
			s->config_path ? s->config_path : "~/.aws/config",
			s->credentials_path ? s->credentials_path
			: "~/.aws/credentials", near ? ", did you mean '" :
			", add it there or name another", near ? near : "",
			near ? "'?" : "");
	buf_release(&form);
	return -1;
}

static int choose_profile(struct aws_settings *s, const char *flag,
			  struct err *e)
{
	struct question q = { .flag = flag };
	ask(s, profile_rows, &q);
	s->profile = arena_strdup(&s->arena, q.value ? q.value : "default");
	s->profile_from = q.from;
	s->profile_asked = flag != NULL;
	s->section = aws_section(&s->files, AWS_PROFILE, s->profile);
	s->from_profile = arena_printf(&s->arena, "profile %s", s->profile);
	return q.value && !s->section ? no_profile(s, e) : 0;
}

static int choose_services(struct aws_settings *s, struct err *e)
{
	struct question q = { 0 };
	ask(s, services_rows, &q);
	if (!q.value)
		return 0;
	s->from_services = arena_printf(&s->arena, "services %s", q.value);
	if (aws_section(&s->files, AWS_SERVICES, q.value))
		return 0;
	return refuse(&q, "there is no [services NAME] of that name in the "
		      "config file", e);
}

/* ---- the rest ----------------------------------------------------------- */

bool aws_region_valid(const char *region)
{
	size_t n = strlen(region);
	return n > 0 && n <= REGION_MAX
	       && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int choose_region(struct aws_settings *s, const char *flag,
			 struct err *e)
{
	struct question q = { .flag = flag };
	ask(s, region_rows, &q);
	if (q.value && !aws_region_valid(q.value))
		return refuse(&q, "it is no region, small letters, digits and "
			      "'-' were expected, as in eu-west-1", e);
	s->region = q.value ? arena_strdup(&s->arena, q.value) : NULL;
	s->region_from = q.from;
	return 0;
}

static void choose_ca(struct aws_settings *s)
{
	struct question q = { 0 };
	ask(s, ca_rows, &q);
	s->ca_bundle = q.value ? expand(s, q.value) : NULL;
}

static int load(struct aws_settings *s, const char *profile,
		const char *region, struct err *e)
{
	if (load_files(s, e) < 0 || choose_profile(s, profile, e) < 0
	    || choose_services(s, e) < 0 || choose_region(s, region, e) < 0
	    || ask_bool(s, fips_rows, &s->fips, e) < 0
	    || ask_bool(s, dualstack_rows, &s->dualstack, e) < 0
	    || ask_bool(s, plain_rows, &s->plain_endpoints, e) < 0)
		return -1;
	choose_ca(s);
	return 0;
}

int aws_settings_load(struct aws_settings *s, const struct aws_outside *o,
		      const char *profile, const char *region, struct err *e)
{
	*s = (struct aws_settings){ .outside = o };
	arena_init(&s->arena, 0);
	aws_files_init(&s->files);
	if (load(s, profile, region, e) == 0)
		return 0;
	aws_settings_release(s);
	return -1;
}

void aws_settings_release(struct aws_settings *s)
{
	aws_files_release(&s->files);
	arena_release(&s->arena);
	*s = (struct aws_settings){ .outside = s->outside };
}

/* ---- endpoints ---------------------------------------------------------- */

/* By the beginning of the region's name; the last fits all. */
static const struct partition {
	const char *prefix, *suffix, *dualstack;
	bool gov;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false },
	{ "us-gov-", "amazonaws.com", "api.aws", true },
	{ "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", false },
	{ "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", false },
	{ "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", false },
	{ "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", false },
	{ "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", false },
	{ "", "amazonaws.com", "api.aws", false },
};

static const struct partition *partition_of(const char *region)
{
	const struct partition *p = partitions;
	while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
		p++;
	return p;
}

static const struct service *service_of(const char *host)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].host, host) == 0)
			return &services[i];
	return NULL;
}

static int add_host(const struct aws_settings *s, const char *host,
		    const char *region, struct buf *url, struct err *e)
{
	const struct service *service = service_of(host);
	if (!region)
		return err_set(e, EXIT_USAGE, "no region is set: --region, "
			       "AWS_REGION or region in profile %s",
			       s->profile);
	if (!aws_region_valid(region))
		return err_set(e, EXIT_USAGE, "'%s' is no region, small "
			       "letters, digits and '-' were expected, as in "
			       "eu-west-1", region);
	const struct partition *p = partition_of(region);
	bool plain = p->gov && (!s->dualstack || (service
						  && service->gov_plain));
	buf_printf(url, "https://%s%s.%s.%s", host,
		   s->fips && !plain ? "-fips" : "", region,
		   s->dualstack ? p->dualstack : p->suffix);
	return 0;
}

static int add_url(const struct question *q, struct buf *url, struct err *e)
{
	struct err why;
	if (http_url_check(q->value, &why) < 0)
		return refuse(q, why.text, e);
	http_url_join(q->value, "", url);
	return 0;
}

int aws_endpoint(const struct aws_settings *s, const char *service,
		 const char *region, struct buf *url, const char **from,
		 struct err *e)
{
	struct question q = { .service = service_of(service) };
	if (!s->plain_endpoints)
		ask(s, endpoint_rows, &q);
	*from = q.value ? q.from : "region";
	if (!q.value)
		return add_host(s, service, region, url, e);
	if (s->fips)
		return refuse(&q, "an endpoint of one's own has no FIPS "
			      "variant, unset use_fips_endpoint "
			      "(AWS_USE_FIPS_ENDPOINT) or this", e);
	if (s->dualstack)
		return refuse(&q, "an endpoint of one's own has no dual stack "
			      "variant, unset use_dualstack_endpoint "
			      "(AWS_USE_DUALSTACK_ENDPOINT) or this", e);
	return add_url(&q, url, e);
}

int aws_imds_endpoint(const struct aws_settings *s, struct buf *url,
		      struct err *e)
{
	struct question q = { 0 };
	ask(s, imds_rows, &q);
	if (q.value)
		return add_url(&q, url, e);
	ask(s, imds_mode_rows, &q);
	if (!q.value || strcasecmp(q.value, "IPv4") == 0)
		buf_str(url, "http://169.254.169.254");
	else if (strcasecmp(q.value, "IPv6") == 0)
		buf_str(url, "http://[fd00:ec2::254]");
	else
		return refuse(&q, "IPv4 or IPv6 was expected", e);
	return 0;
}

/* The address itself, however it is written. */
static bool is_address(const char *host, const char *address)
{
	unsigned char a[16], b[16];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	return inet_pton(family, host, a) == 1
	       && inet_pton(family, address, b) == 1
	       && memcmp(a, b, family == AF_INET6 ? 16 : 4) == 0;
}

static bool container_host(const char *host)
{
	static const char *const allowed[] = {
		"::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23",
	};
	char bare[64];
	struct in_addr four;
	size_t n = strcspn(host + (*host == '['), "]");
	if (n >= sizeof(bare))
		return false;
	memcpy(bare, host + (*host == '['), n);
	bare[n] = '\0';
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (is_address(bare, allowed[i]))
			return true;
	return strcasecmp(bare, "localhost") == 0
	       || (inet_pton(AF_INET, bare, &four) == 1
		   && ntohl(four.s_addr) >> 24 == 127);
}

/* libcurl reads it, so that what is allowed is what is asked. */
bool aws_container_host_allowed(const char *url)
{
	if (http_url_check(url, NULL) < 0)
		return false;
	if (strncasecmp(url, "https:", 6) == 0)
		return true;
	CURLU *u = curl_url();
	char *host = NULL;
	if (!u)
		mem_die();
	bool allowed = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
		       && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK
		       && container_host(host);
	curl_free(host);
	curl_url_cleanup(u);
	return allowed;
}
