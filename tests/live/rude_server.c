/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server on 127.0.0.1 that behaves as MODE says (see tests/http_fixture.h), until killed.
 *
 *	rude_server MODE PORTFILE LOGFILE
 *
 * Its port is written to PORTFILE when it can be connected to, and the body of each request to
 * LOGFILE as one line.
 */
#include "../http_fixture.h"

#include <err.h>
#include <sysexits.h>

static void write_line(void *context, const struct rude_request *request)
{
	FILE *log = context;

	fprintf(log, "%s\n", request->body);
	fflush(log);
}

/* Whoever waits for the file finds the whole number in it. */
static void tell_port(const char *path, unsigned port)
{
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (!file)
		err(EX_CANTCREAT, "%s", temporary);
	fprintf(file, "%u\n", port);
	if (fclose(file) != 0 || rename(temporary, path) < 0)
		err(EX_IOERR, "%s", path);
}

int main(int argc, char **argv)
{
	static struct rude_server server;
	FILE *log;

	if (argc != 4)
		errx(EX_USAGE, "usage: rude_server MODE PORTFILE LOGFILE");
	log = fopen(argv[3], "we");
	if (!log)
		err(EX_CANTCREAT, "%s", argv[3]);
	if (!rude_open(&server, argv[1]))
		err(EX_OSERR, "%s", argv[1]);
	server.told = write_line;
	server.context = log;
	tell_port(argv[2], server.port);
	if (!server.answer)
		pause();
	rude_serve(&server);
	return 0;
}
