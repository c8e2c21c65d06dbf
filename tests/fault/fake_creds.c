/* A request's path and form tell whom it is for; each part answers well unless
 * it is told otherwise. */
#include "tests/fault/fake_creds.h"

#include "sources/sigv4.h"
#include "tests/fault/evil.c"

#include <time.h>

/* ---- what it gives ------------------------------------------------------ */

static time_ms server_now(const struct fake_creds *f)
{
	return f->wall() + f->ahead;
}

static const char *next_id(struct fake_creds *f, const char *kind)
{
	snprintf(f->last_id, sizeof(f->last_id), "ASIA%sEXAMPLE%04u", kind,
		 ++f->given);
	return f->last_id;
}

static void add_date(const struct fake_creds *f, struct evil_answer *out)
{
	time_t s = (time_t)(server_now(f) / 1000);
	char text[64];
	struct tm tm;
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&s, &tm));
	buf_printf(&out->head, "Date: %s\r\n", text);
}

static void give_json(struct fake_creds *f, const char *kind, const char *more,
		      struct evil_answer *out)
{
	char iso[TIME_TEXT];
	const char *id = next_id(f, kind);
	evil_json(out, "{%s\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\""
		  FAKE_SECRET "%s\",\"Token\":\"" FAKE_TOKEN "%s\","
		  "\"Expiration\":\"%s\"}", more, id, id, id,
		  time_iso(server_now(f) + f->life, iso));
}

/* ---- headers ------------------------------------------------------------ */

/* The value of a header line, or false. */
static bool header(const struct evil_ask *a, const char *name, char *out,
		   size_t size)
{
	size_t n = strlen(name);
	for (const char *s = strstr(a->head, "\r\n"); s;
	     s = strstr(s, "\r\n")) {
		s += 2;
		if (strncasecmp(s, name, n) == 0 && s[n] == ':') {
			s += n + 1;
			s += strspn(s, " ");
			snprintf(out, size, "%.*s", (int)strcspn(s, "\r"), s);
			return true;
		}
	}
	return false;
}

/* ---- STS ---------------------------------------------------------------- */

static void sts_error(const struct fake_creds *f, int status, const char *code,
		      struct evil_answer *out)
{
	out->status = status;
	out->type = "text/xml";
	add_date(f, out);
	buf_printf(&out->body, "<ErrorResponse xmlns=\"https://sts.amazonaws."
		   "com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>%s"
		   "</Code><Message>" FAKE_MARK " is repeated here</Message>"
		   "</Error><RequestId>r</RequestId></ErrorResponse>", code);
}

static void sts_keys(struct fake_creds *f, const char *action,
		     struct evil_answer *out)
{
	char iso[TIME_TEXT];
	const char *id = next_id(f, "STS");
	out->status = 200;
	out->type = "text/xml";
	add_date(f, out);
	buf_printf(&out->body, "<%sResponse xmlns=\"https://sts.amazonaws.com/"
		   "doc/2011-06-15/\"><%sResult><Credentials><AccessKeyId>%s"
		   "</AccessKeyId><SecretAccessKey>" FAKE_SECRET "%s"
		   "</SecretAccessKey><SessionToken>" FAKE_TOKEN "%s"
		   "</SessionToken><Expiration>%s</Expiration></Credentials>"
		   "</%sResult></%sResponse>", action, action, id, id, id,
		   time_iso(server_now(f) + f->life, iso), action, action);
}

static time_ms signed_at(const char *s)
{
	struct tm tm = { 0 };
	if (sscanf(s, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return TIME_NONE;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (time_ms)timegm(&tm) * 1000;
}

/* What came is what was signed, with the keys that the id stands for. */
static bool is_signed(const struct evil_ask *a, const char *authorization,
		      time_ms at)
{
	char id[64] = "", region[40] = "", host[128] = "", type[128] = "";
	char secret[128], token[128], sent[128] = "";
	if (sscanf(authorization, "AWS4-HMAC-SHA256 Credential=%63[^/]/%*8d/"
		   "%39[^/]/sts/aws4_request,", id, region) != 2)
		return false;
	snprintf(secret, sizeof(secret), FAKE_SECRET "%s", id);
	snprintf(token, sizeof(token), FAKE_TOKEN "%s", id);
	header(a, "Host", host, sizeof(host));
	header(a, "Content-Type", type, sizeof(type));
	bool session = header(a, "X-Amz-Security-Token", sent, sizeof(sent));
	if (session != (strncmp(id, "ASIA", 4) == 0)
	    || (session && strcmp(sent, token) != 0))
		return false;
	struct sigv4_field fields[] = { { "host", host },
					{ "content-type", type } };
	struct aws_keys k = { id, secret, session ? token : NULL };
	struct sigv4 s = { 0 };
	sigv4_sign(&(struct sigv4_ask){
		.method = "POST", .path = a->path, .field = fields,
		.nr_fields = 2, .body = a->body, .body_len = strlen(a->body),
		.region = region, .service = "sts", .at = at }, &k, &s);
	bool same = strcmp(s.authorization.s, authorization) == 0;
	sigv4_release(&s);
	return same;
}

static void assume_role(struct fake_creds *f, const struct evil_ask *a,
			struct evil_answer *out)
{
	char authorization[1024] = "", date[40] = "";
	header(a, "Authorization", authorization, sizeof(authorization));
	header(a, "X-Amz-Date", date, sizeof(date));
	time_ms at = signed_at(date), off = at - server_now(f);
	if (at == TIME_NONE || !is_signed(a, authorization, at)) {
		f->bad_signatures++;
		sts_error(f, 403, "SignatureDoesNotMatch", out);
	} else if (off > 300000 || off < -300000) {
		sts_error(f, 403, "SignatureDoesNotMatch", out);
	} else {
		sts_keys(f, "AssumeRole", out);
	}
}

static void answer_sts(struct fake_creds *f, const struct evil_ask *a,
		       struct evil_answer *out)
{
	struct buf action, token;
	buf_init(&action, 0);
	buf_init(&token, 0);
	evil_form(a, "Action", &action);
	evil_form(a, "WebIdentityToken", &token);
	if (strcmp(buf_text(&action), "AssumeRole") == 0)
		assume_role(f, a, out);
	else if (strcmp(buf_text(&token), FAKE_JWT) != 0)
		sts_error(f, 400, "InvalidIdentityToken", out);
	else
		sts_keys(f, "AssumeRoleWithWebIdentity", out);
	buf_release(&action);
	buf_release(&token);
}

/* ---- the others --------------------------------------------------------- */

static void answer_container(struct fake_creds *f, const struct evil_ask *a,
			     struct evil_answer *out)
{
	char token[256] = "";
	header(a, "Authorization", token, sizeof(token));
	if (f->container_token && strcmp(token, f->container_token) != 0) {
		evil_json(out, "{\"code\":\"AccessDenied\",\"message\":\""
			  FAKE_MARK "\"}");
		out->status = 403;
	} else {
		give_json(f, "ECS", "\"RoleArn\":\"arn:x\",", out);
	}
}

static void answer_put(struct fake_creds *f, const struct evil_ask *a,
		       struct evil_answer *out)
{
	(void)f;
	out->status = strcmp(a->method, "PUT") == 0
		      && strcasestr(a->head, "x-aws-ec2-metadata-token-ttl-"
				    "seconds: 21600\r\n")
		      && !strcasestr(a->head, "X-Forwarded-For") ? 200 : 400;
	out->type = "text/plain";
	buf_str(&out->body, FAKE_IMDS_TOKEN);
}

/* False: it wants a token, or another. */
static bool imds_allows(const struct fake_creds *f, const struct evil_ask *a,
			struct evil_answer *out)
{
	char token[64] = "";
	out->type = "text/plain";
	bool has = header(a, "x-aws-ec2-metadata-token", token, sizeof(token));
	bool fine = has ? strcmp(token, FAKE_IMDS_TOKEN) == 0
			: !f->needs_token;
	out->status = fine ? 200 : 401;
	return fine;
}

static void answer_roles(struct fake_creds *f, const struct evil_ask *a,
			 struct evil_answer *out)
{
	if (imds_allows(f, a, out))
		buf_str(&out->body, f->role);
}

static void answer_keys_of(struct fake_creds *f, const struct evil_ask *a,
			   struct evil_answer *out)
{
	if (!imds_allows(f, a, out))
		return;
	if (strcmp(strrchr(a->path, '/') + 1, f->role) == 0)
		give_json(f, "IMDS", "\"Code\":\"Success\",\"Type\":"
			  "\"AWS-HMAC\",", out);
	else
		out->status = 404;
}

static void answer_info(struct fake_creds *f, const struct evil_ask *a,
			struct evil_answer *out)
{
	if (imds_allows(f, a, out))
		evil_json(out, "{\"Code\":\"Success\",\"InstanceProfileArn\":"
			  "\"arn:aws:iam::" FAKE_ACCOUNT
			  ":instance-profile/x\"}");
}

static void answer_region(struct fake_creds *f, const struct evil_ask *a,
			  struct evil_answer *out)
{
	if (imds_allows(f, a, out))
		buf_str(&out->body, "eu-north-1");
}

static void answer_sso(struct fake_creds *f, const struct evil_ask *a,
		       struct evil_answer *out)
{
	char token[128] = "", want[64];
	const char *id;
	header(a, "x-amz-sso_bearer_token", token, sizeof(token));
	snprintf(want, sizeof(want), FAKE_SSO_TOKEN "%u", f->renewals);
	if (strcmp(token, want) != 0) {
		evil_json(out, "{\"__type\":\"com.amazonaws.switchboard.portal"
			  "#UnauthorizedException\",\"message\":\""
			  FAKE_MARK "\"}");
		out->status = 401;
		return;
	}
	id = next_id(f, "SSO");
	evil_json(out, "{\"roleCredentials\":{\"accessKeyId\":\"%s\","
		  "\"secretAccessKey\":\"" FAKE_SECRET "%s\","
		  "\"sessionToken\":\"" FAKE_TOKEN "%s\",\"expiration\":"
		  "%lld}}", id, id, id, (long long)(server_now(f) + f->life));
}

static void answer_oidc(struct fake_creds *f, const struct evil_ask *a,
			struct evil_answer *out)
{
	char want[64];
	snprintf(want, sizeof(want), "\"" FAKE_REFRESH "%u\"", f->renewals);
	if (strcmp(a->method, "POST") != 0 || !strstr(a->body, want)
	    || !strstr(a->body, "\"grantType\":\"refresh_token\"")
	    || !strstr(a->body, "\"clientId\":\"client\"")
	    || !strstr(a->body, "\"clientSecret\":\"" FAKE_MARK "-client\"")
	    || !strcasestr(a->head, "Content-Type: application/json\r\n")) {
		evil_json(out, "{\"error\":\"invalid_grant\","
			  "\"error_description\":\"" FAKE_MARK "\"}");
		out->status = 400;
		return;
	}
	f->renewals++;
	evil_json(out, "{\"accessToken\":\"" FAKE_SSO_TOKEN "%u\","
		  "\"refreshToken\":\"" FAKE_REFRESH "%u\",\"expiresIn\":"
		  "3600,\"tokenType\":\"Bearer\"}", f->renewals, f->renewals);
}

static void answer_other(struct fake_creds *f, const struct evil_ask *a,
			 struct evil_answer *out)
{
	(void)f;
	(void)a;
	out->status = 404;
}

/* ---- the whole ---------------------------------------------------------- */

static const struct {
	const char *path;        /* its beginning; "/": all of it */
	void (*answer)(struct fake_creds *f, const struct evil_ask *a,
		       struct evil_answer *out);
} parts[] = {
	[FAKE_STS] = { "/", answer_sts },
	[FAKE_CONTAINER] = { "/creds", answer_container },
	[FAKE_PUT] = { "/latest/api/token", answer_put },
	[FAKE_ROLES] = { "/latest/meta-data/iam/security-credentials/",
			 answer_roles },
	[FAKE_KEYS] = { "/latest/meta-data/iam/security-credentials/",
			answer_keys_of },
	[FAKE_INFO] = { "/latest/meta-data/iam/info", answer_info },
	[FAKE_REGION] = { "/latest/meta-data/placement/region",
			  answer_region },
	[FAKE_SSO] = { "/federation/credentials", answer_sso },
	[FAKE_OIDC] = { "/token", answer_oidc },
	[FAKE_OTHER] = { "", answer_other },
};

static bool is_for(size_t kind, const char *path)
{
	size_t n = strlen(parts[kind].path);
	if (kind == FAKE_STS || kind == FAKE_ROLES)
		return strcmp(parts[kind].path, path) == 0;
	return strncmp(parts[kind].path, path, n) == 0;
}

static bool misbehave(struct fake_part *p, struct evil_answer *out)
{
	if (!p->behave && !p->status)
		return false;
	if (p->times && p->asked > p->times)
		return false;
	out->behave = p->behave;
	out->status = p->status;
	buf_str(&out->body, p->answer ? p->answer : "");
	return true;
}

static void fake_script(const struct evil_ask *a, struct evil_answer *out,
			void *arg)
{
	struct fake_creds *f = arg;
	size_t kind = 0;
	while (!is_for(kind, a->path))
		kind++;
	struct fake_part *p = &f->part[kind];
	p->asked++;
	snprintf(p->method, sizeof(p->method), "%s", a->method);
	snprintf(p->head, sizeof(p->head), "%s", a->head);
	snprintf(p->body, sizeof(p->body), "%s", a->body);
	if (!misbehave(p, out))
		parts[kind].answer(f, a, out);
}

struct fake_creds *fake_creds_new(uv_loop_t *loop, time_ms (*wall)(void))
{
	struct fake_creds *f = mem_zero(1, sizeof(*f));
	f->wall = wall;
	f->life = 3600000;
	f->role = "bastion";
	f->evil = evil_new(loop, fake_script, f);
	return f;
}

void fake_creds_close(struct fake_creds *f)
{
	evil_close(f->evil, free, f);
}

char *fake_creds_url(const struct fake_creds *f, const char *path,
		     char out[EVIL_URL])
{
	return evil_url(f->evil, path, out);
}
