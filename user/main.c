/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the process begins and ends: its standard streams, and its exit status. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"

/*
 * A file opened while standard output is closed would get its number and then be written to. The
 * number is taken, by something that refuses to be used.
 */
static void occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			exit(EX_OSERR);
}

/* Output that did not arrive is a failure, whatever the command thinks. */
static int flush_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (status == EX_IOERR || status == EXIT_BROKEN_PIPE)
		return status;
	return output_failed("standard output", errno ? errno : EIO);
}

static void die_of_broken_pipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

int main(int argc, char **argv)
{
	int status;

	occupy_standard_streams();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	status = flush_output(command_main(argc, argv));
	if (status == EXIT_BROKEN_PIPE)
		die_of_broken_pipe();
	return status;
}
