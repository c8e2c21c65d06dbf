/* The words of a profile's credential_process. */
#ifndef SOURCES_AWS_WORDS_H
#define SOURCES_AWS_WORDS_H

/* As a POSIX shell splits them: quotes and backslashes, nothing is expanded.
 * The list ends in NULL, and may hold secrets. NULL, with a clause, when a
 * quote is open or there is no word. */
char **aws_words(const char *command, const char **why);
void aws_words_free(char **words); /* overwrites; also NULL */

#endif
