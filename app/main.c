/* redtop: `top` for services. */
#include "app/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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

/* A socket that became stdout would be sent the frame. Writing fails on what
 * stands in. */
static void fill_gaps(void)
{
	int fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDONLY);
	if (fd >= 0)
		close(fd);
}

/* argv is public on a shared host: a user name and password in a URL are
 * copied, wiped there, and mentioned once. */
static bool wipe_userinfo(struct options *o)
{
	bool found = false;
	for (size_t i = 0; i < o->nr_sources; i++) {
		char *url = (char *)o->source[i];
		char *host = strstr(url, "://");
		if (!host)
			continue;
		host += 3;
		char *end = host + strcspn(host, "/?#");
		char *at = NULL;
		for (char *p = host; p < end; p++)
			if (*p == '@')
				at = p;
		o->source[i] = mem_strdup(url);
		if (!at)
			continue;
		found = true;
		memset(host, '*', (size_t)(at - host));
	}
	return found;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e;
	fill_gaps();
	be_discreet();
	int r = options_parse(argc, argv, &o, &e);
	bool wiped = wipe_userinfo(&o);
	if (r < 0)
		return complain(&e);
	if (wiped && !o.quiet)
		fprintf(stderr, "redtop: a password on the command line can be "
			"read by others on this host; --http-config FILE will "
			"keep it in a file (not in this version)\n");
	return o.command->run(&o);
}
