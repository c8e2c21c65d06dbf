/* What holds for AWS: profile, region and endpoint by flags, environment and
 * files, and, where CloudWatch is asked, which provider has keys and why the
 * others have none. Never a key. */
#include "app/doctor.h"

#include "app/system.h"
#include "base/limits.h"
#include "sources/aws_creds.h"
#include "sources/aws_settings.h"
#include "sources/http.h"

#include <string.h>
#include <uv.h>

struct chain {
	struct doctor *d;
	const struct aws_settings *s;
	struct aws_creds *creds;
	const char *region; /* of the instance, or NULL */
};

static bool asks_cloudwatch(const struct options *o)
{
	for (size_t i = 0; i < o->nr_sources; i++)
		if (strcmp(o->source[i], "cloudwatch") == 0)
			return true;
	return false;
}

/* Somebody uses AWS here. */
static bool is_configured(const struct aws_settings *s)
{
	static const char *const names[] = {
		"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION",
		"AWS_DEFAULT_REGION", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (aws_env(s, names[i]))
			return true;
	return s->files.nr > 0;
}

static const char *text_or_null(struct doctor *d, const char *s)
{
	return s && *s ? doctor_text(d, s) : NULL;
}

/* What needs no network: which of the two that stand in plain sight has
 * keys. */
static const char *provider_in_sight(struct doctor *d,
				     const struct aws_settings *s)
{
	if (!s->profile_asked && aws_env(s, "AWS_ACCESS_KEY_ID")
	    && aws_env(s, "AWS_SECRET_ACCESS_KEY"))
		return "env";
	if (aws_value(s->section, "aws_access_key_id"))
		return doctor_text(d, arena_printf(&d->arena, "profile:%.100s",
						   s->profile));
	return NULL;
}

static void take_steps(struct chain *c)
{
	const struct aws_creds_step *step;
	size_t n = aws_creds_steps(c->creds, &step);
	struct doctor *d = c->d;
	for (size_t i = 0; i < n && i < AWS_STEPS_MAX; i++) {
		d->aws.step[i].provider = doctor_text(d, step[i].provider);
		d->aws.step[i].why = doctor_text(d, step[i].why);
		d->aws.step[i].won = step[i].won;
		d->aws.step[i].failed = step[i].failed;
		d->aws.nr_steps++;
	}
}

static void on_closed(void *arg)
{
	(void)arg;
}

static void on_keys(const struct aws_creds_answer *a, void *arg)
{
	struct chain *c = arg;
	struct doctor *d = c->d;
	if (a->fault == FAULT_NONE)
		d->aws.provider = text_or_null(d, a->provider);
	else
		d->aws.error = text_or_null(d, a->text);
	c->region = text_or_null(d, a->region);
	take_steps(c);
	aws_creds_close(c->creds, on_closed, NULL);
}

static void ask_chain(struct chain *c, const struct options *o)
{
	uv_loop_t loop;
	struct err e;
	if (system_loop(&loop, &e) < 0) {
		c->d->aws.error = doctor_text(c->d, e.text);
		return;
	}
	c->creds = aws_creds_new(&(struct aws_creds_options){
		.loop = &loop, .settings = c->s, .http = o->http });
	/* Half: the source asks them again, and then CloudWatch. */
	aws_creds_get(c->creds, o->timeout / 2, on_keys, c);
	while (uv_run(&loop, UV_RUN_DEFAULT))
		;
	uv_loop_close(&loop);
}

static void take_endpoint(struct doctor *d, const struct aws_settings *s)
{
	struct buf url, shown;
	const char *from = NULL;
	struct err e;
	if (!d->aws.region)
		return;
	buf_init(&url, 0);
	buf_init(&shown, 0);
	if (aws_endpoint(s, "monitoring", d->aws.region, &url, &from, &e)
	    == 0) {
		http_url_shown(buf_text(&url), &shown);
		d->aws.endpoint = doctor_text(d, buf_text(&shown));
		d->aws.endpoint_from = text_or_null(d, from);
	} else {
		d->aws.endpoint_from = doctor_text(d, e.text);
	}
	buf_release(&url);
	buf_release(&shown);
}

static void take_settings(struct doctor *d, const struct aws_settings *s)
{
	d->aws.profile = text_or_null(d, s->profile);
	d->aws.profile_from = text_or_null(d, s->profile_from);
	d->aws.region = text_or_null(d, s->region);
	d->aws.region_from = text_or_null(d, s->region_from);
}

void doctor_aws(struct doctor *d, const struct options *o)
{
	struct aws_settings s;
	struct err e;
	d->aws.asked = asks_cloudwatch(o);
	if (aws_settings_load(&s, &aws_outside, o->profile, o->region, &e)
	    < 0) {
		d->aws.shown = true;
		d->aws.error = doctor_text(d, e.text);
		if (!d->aws.asked) /* else the source says it */
			doctor_problem(d, "mend it; CloudWatch cannot be asked until then",
				       "AWS: %s", e.text);
		return;
	}
	d->aws.shown = d->aws.asked || is_configured(&s);
	if (d->aws.shown)
		take_settings(d, &s);
	if (d->aws.asked) {
		struct chain c = { .d = d, .s = &s };
		ask_chain(&c, o);
		if (!d->aws.region && c.region) {
			d->aws.region = c.region;
			d->aws.region_from = "the instance";
		}
	} else if (d->aws.shown) {
		d->aws.provider = provider_in_sight(d, &s);
	}
	take_endpoint(d, &s);
	aws_settings_release(&s);
}
