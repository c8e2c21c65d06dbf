#include "sources/aws_words.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct splitter {
	const char *at;
	char *out;               /* never longer than what is read */
	const char *why;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands after a backslash. */
static void take_escaped(struct splitter *s)
{
	if (*s->at)
		*s->out++ = *s->at++;
	else
		s->why = "ends with a backslash";
}

static void take_quoted(struct splitter *s, char quote)
{
	while (*s->at && *s->at != quote) {
		char c = *s->at++;
		bool escape = c == '\\' && quote == '"' && *s->at
			      && strchr("\"\\", *s->at);
		*s->out++ = escape ? *s->at++ : c;
	}
	if (*s->at)
		s->at++;
	else
		s->why = "has an open quote";
}

static void take_word(struct splitter *s)
{
	while (*s->at && !is_space(*s->at) && !s->why) {
		char c = *s->at++;
		if (c == '\\')
			take_escaped(s);
		else if (c == '"' || c == '\'')
			take_quoted(s, c);
		else
			*s->out++ = c;
	}
	*s->out++ = '\0';
}

/* The words lie in one piece behind the list. */
char **aws_words(const char *command, const char **why)
{
	size_t n = strlen(command) + 2, nr = 0;
	char **words = mem_zero((LIMIT_WORDS + 1) * sizeof(*words) + n, 1);
	struct splitter s = { .at = command,
			      .out = (char *)(words + LIMIT_WORDS + 1) };
	for (;;) {
		while (is_space(*s.at))
			s.at++;
		if (!*s.at || s.why)
			break;
		if (nr == LIMIT_WORDS) {
			s.why = "has more than 256 words";
			break;
		}
		words[nr++] = s.out;
		take_word(&s);
	}
	if (!s.why && (!nr || !*words[0]))
		s.why = "names no program";
	if (!s.why)
		return words;
	*why = s.why;
	aws_words_free(words);
	return NULL;
}

void aws_words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		explicit_bzero(words[i], strlen(words[i]));
	free(words);
}
