/* redtop: `top` for services. */
#include "app/commands.h"
#include "app/config.h"
#include "app/system.h"
#include "app/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Secrets in memory reach no core file, nor a debugger of another process;
 * files of ours are ours alone. */
static void be_discreet(void)
{
	struct rlimit none = { 0, 0 };
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* A number of these that is free would be the next file's: a recording's, or
 * a loop's that asserts against it. What cannot be written stays so. */
static void keep_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(EXIT_WRITE);
}

/* What printf() kept back may find the disk full. */
static int printed(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "redtop: writing to stdout: %s\n", strerror(errno));
	return EXIT_WRITE;
}

/* argv is public on a shared host: a user name and password in a URL are
 * copied, wiped there, and mentioned once. */
static bool wipe_userinfo(struct options *o, char *own[SOURCES_MAX])
{
	bool found = false;
	for (size_t i = 0; i < o->nr_sources; i++) {
		char *url = (char *)o->source[i];
		char *host = strstr(url, "://");
		if (!host)
			continue;
		host += 3;
		own[i] = mem_strdup(url);
		o->source[i] = own[i];
		char *end = host + strcspn(host, "/?#");
		char *at = NULL;
		for (char *p = host; p < end; p++)
			if (*p == '@')
				at = p;
		if (!at)
			continue;
		found = true;
		memset(host, '*', (size_t)(at - host));
	}
	return found;
}

/* `check` reads its file itself; the others that have a use for one find it
 * by the search path. */
static bool reads_config(const struct options *o)
{
	return (o->command->where & (IN_LIVE | IN_SNAPSHOT | IN_RECORD |
				     IN_STATUS | IN_CONFIG)) != 0;
}

static struct config *read_config(const struct options *o, struct err *e)
{
	struct config *c = config_load(o->file, e);
	if (c && (c->errors || !o->quiet))
		config_complain(c, !o->quiet);
	return c;
}

static int run_configured(struct options *o)
{
	struct err e;
	struct config *c = read_config(o, &e);
	if (!c)
		return complain(&e);
	int code = c->errors ? EXIT_FILE
		   : config_apply(c, o, &e) < 0 ? complain(&e)
						: o->command->run(o);
	config_free(c);
	return code;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e;
	keep_standard_files();
	be_discreet();
	system_memory();
	char *token = transport_take_token();
	int r = options_parse(argc, argv, &o, &e);
	char *own[SOURCES_MAX] = { 0 };
	bool wiped = wipe_userinfo(&o, own);
	if (r < 0)
		return complain(&e);
	if (wiped && !o.quiet)
		fprintf(stderr, "redtop: a password on the command line can be "
			"read by others on this host; --http-config FILE "
			"keeps it in a file\n");
	r = o.command->where ? transport_open(&o, token) : 0;
	if (!r)
		r = reads_config(&o) ? run_configured(&o) : o.command->run(&o);
	for (size_t i = 0; i < SOURCES_MAX; i++)
		free(own[i]);
	return printed(r);
}
