/* What reading an answer takes, in a fresh process, so that one reader's memory
 * is not another's. The answer is on 3, the result goes to 4. */
#ifndef TESTS_BENCH_CHILD_H
#define TESTS_BENCH_CHILD_H

#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

struct decoded {
	double took_us, rss; /* above what the process had before */
	size_t points;
};

/* This very program with `flag` and `how`. NAN: it did not work. */
static struct decoded decoded_in_child(int answer, const char *flag,
				       const char *how)
{
	static const struct decoded none = { NAN, NAN, 0 };
	struct decoded d;
	int fd[2];
	if (pipe(fd) < 0)
		die("pipe");
	lseek(answer, 0, SEEK_SET);
	pid_t pid = fork();
	if (pid == 0) {
		int in = fcntl(answer, F_DUPFD, 10);
		int out = fcntl(fd[1], F_DUPFD, 10);
		dup2(in, 3);
		dup2(out, 4);
		execl("/proc/self/exe", "bench", flag, how, (char *)NULL);
		_exit(127);
	}
	close(fd[1]);
	if (read(fd[0], &d, sizeof(d)) != sizeof(d) || d.points == 0)
		d = none;
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return d;
}

#endif
