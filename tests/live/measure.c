/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command and says what it took, which a shell cannot tell of one that has ended.
 *
 *	measure FILE COMMAND...	writes into FILE: milliseconds of CPU time in user mode, KiB of
 *memory
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void write_usage(const char *path)
{
	struct rusage usage;
	FILE *out = fopen(path, "we");

	if (!out || getrusage(RUSAGE_CHILDREN, &usage) < 0)
		err(EX_IOERR, "%s", path);
	fprintf(out, "%ld %ld\n", usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000,
		usage.ru_maxrss);
	if (fclose(out))
		err(EX_IOERR, "%s", path);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3)
		errx(EX_USAGE, "usage: measure FILE COMMAND...");
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		warn("%s", argv[2]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(EX_OSERR, "%s", argv[2]);
	write_usage(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
