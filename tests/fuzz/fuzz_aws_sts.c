/* An answer of any bytes, as XML and as JSON, is keys that can go into a
 * header, or a clause that can be shown. */
#include "base/text.h"
#include "sources/aws_sts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_key(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f)
			abort();
}

static void check_keys(const struct aws_grant *g, bool got)
{
	struct aws_keys k = aws_grant_keys(g);
	if (got != (*k.id && *k.secret) || (!got && g->token.len))
		abort();
	check_key(k.id);
	check_key(k.secret);
	check_key(k.token ? k.token : "");
	if (strspn(g->account, "0123456789") != strlen(g->account))
		abort();
}

static void check_text(const char *s, size_t max, bool needed)
{
	size_t n = strnlen(s, max);
	if (n == max || (needed && !n) || !text_is_clean(s))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aws_grant g;
	char code[AWS_WORD], why[AWS_WHY] = "";
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	aws_grant_init(&g);
	int rc = aws_sts_read(text, size, &g, code, why);
	check_keys(&g, rc == 0);
	check_text(code, sizeof(code), false);
	check_text(why, sizeof(why), rc < 0);
	for (int kind = AWS_JSON_PROCESS; kind <= AWS_JSON_SSO; kind++) {
		why[0] = '\0';
		bool got = aws_grant_read(&g, (enum aws_json)kind, text, size,
					  why);
		check_keys(&g, got);
		check_text(why, sizeof(why), !got);
	}
	struct cJSON *tree = aws_tree(text, size);
	aws_error_word(tree, code);
	check_text(code, sizeof(code), false);
	aws_tree_free(tree);
	aws_grant_release(&g);
	free(text);
	return 0;
}
