/* Keys that need no network: of the environment, a profile, a process. */
#include "sources/aws_ask.h"
#include "sources/aws_words.h"
#include "sources/child.h"

#include <stdio.h>
#include <string.h>

/* Stable over processes, and not the key id itself. */
static void identify_keys(struct aws_ask *a, const char *id)
{
	char hash[65];
	aws_hash(id, hash);
	hash[16] = '\0';
	aws_ask_identify(a, "key", hash);
}

/* ---- the environment ---------------------------------------------------- */

void aws_env_ask(struct aws_ask *a)
{
	const struct aws_settings *s = a->settings;
	char why[AWS_WHY];
	struct aws_keys k = {
		.id = aws_env(s, "AWS_ACCESS_KEY_ID"),
		.secret = aws_env(s, "AWS_SECRET_ACCESS_KEY"),
		.token = aws_env(s, "AWS_SESSION_TOKEN"),
	};
	if (!k.id || !k.secret) {
		aws_ask_failed(a, EXIT_REFUSED, "%s is not set in the "
			       "environment%s; set both, or neither",
			       k.id ? "AWS_SECRET_ACCESS_KEY"
			       : "AWS_ACCESS_KEY_ID",
			       k.id ? ", AWS_ACCESS_KEY_ID is" : "");
		return;
	}
	if (!aws_grant_set(&a->grant, &k, why)) {
		aws_ask_failed(a, EXIT_REFUSED, "the environment (AWS_ACCESS_"
			       "KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_"
			       "TOKEN) %s; set it again", why);
		return;
	}
	identify_keys(a, k.id);
	aws_ask_got(a);
}

/* ---- a profile's own ---------------------------------------------------- */

void aws_keys_ask(struct aws_ask *a)
{
	const struct aws_section *s = a->chain.section;
	char why[AWS_WHY];
	if (!aws_grant_set(&a->grant, &a->chain.keys, why)) {
		const struct aws_property *p =
			aws_property(s, "aws_access_key_id");
		aws_ask_failed(a, EXIT_FILE, "%.120s:%d: profile '%.40s' %s; "
			       "write it again (aws configure)", p->file,
			       p->line, s->name, why);
		return;
	}
	identify_keys(a, a->chain.keys.id);
	aws_ask_got(a);
}

/* ---- a process ---------------------------------------------------------- */

/* Of the command only its program is shown: words behind it may be secrets,
 * and so may be what was meant to be set before it. */
static void process_failed(struct aws_ask *a, const char *program,
			   const char *why, const char *now)
{
	const struct aws_property *p = a->chain.process;
	if (strchr(program, '='))
		program = "";
	aws_ask_failed(a, EXIT_REFUSED, "credential_process of profile "
		       "'%.40s' (%.80s:%d) %s%s%.60s; %s",
		       a->chain.section->name, p->file, p->line, why,
		       *program ? ": " : "", program, now);
}

/* Where the words cannot be told apart there is no telling what is secret. */
static void process_ended(struct aws_ask *a, const char *why, const char *now)
{
	const char *unused = NULL;
	char **words = aws_words(a->chain.process->value, &unused);
	process_failed(a, words ? words[0] : "", why, now);
	aws_words_free(words);
}

static void on_process(const char *out, size_t n, enum child_end end,
		       const char *why, void *arg)
{
	struct aws_ask *a = arg;
	char clause[AWS_WHY], text[AWS_WHY + 40];
	const char *account = a->chain.account;
	a->process = NULL;
	if (end != CHILD_DONE) {
		process_ended(a, why, "run it by hand to see why");
		return;
	}
	if (!aws_grant_read(&a->grant, AWS_JSON_PROCESS, out, n, clause)) {
		snprintf(text, sizeof(text), "printed what %s", clause);
		process_ended(a, n ? text : "printed nothing",
			      "run it by hand to see why");
		return;
	}
	if (a->grant.account[0])
		account = a->grant.account;
	snprintf(text, sizeof(text), "process%s%.16s", account ? ":" : "",
		 account ? account : "");
	aws_ask_identify(a, text, a->chain.section->name);
	aws_ask_got(a);
}

void aws_process_ask(struct aws_ask *a)
{
	const struct aws_property *p = a->chain.process;
	const char *why = NULL;
	char **words = aws_words(p->value, &why);
	if (!words) {
		aws_ask_failed(a, EXIT_FILE, "%.120s:%d: credential_process "
			       "of profile '%.40s' %s; mend it", p->file,
			       p->line, a->chain.section->name, why);
		return;
	}
	a->process = child_start(a->loop, (const char *const *)words,
				 aws_ask_left(a, INT64_MAX), on_process, a);
	aws_words_free(words);
}
