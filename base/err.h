/* An error is a sentence for the person on call: what, where, what now. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* The exit codes that scripts rely on (sysexits.h where it has the case). */
enum exit_code {
	EXIT_FINE = 0,
	EXIT_USAGE = 64,       /* the command line is wrong */
	EXIT_FILE = 65,        /* a file cannot be used as what it was given for */
	EXIT_UNREACHABLE = 69, /* a source cannot be reached */
	EXIT_MEMORY = 71,      /* out of memory */
	EXIT_WRITE = 74,       /* writing failed, or the file is not ours */
	EXIT_REFUSED = 77,     /* credentials refused, expired or missing */
};

/* `code` is the exit code this error ends a command with; `text` one line
 * without a trailing newline, never empty once set. */
struct err {
	int code;
	char text[400];
};

/* Says and returns in one line: `return err_set(e, EXIT_FILE, "...")`.
 * Always returns -1. `e` may be NULL: then only the -1 remains. Text that
 * does not fit is cut at a character. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
