/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is said on standard error: one message is one line and one write. */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static bool verbose;

/* Names of VMs are chosen by their users: nothing of a message may steer the terminal. */
static void disarm(char *line)
{
	unsigned char *c = (unsigned char *)line;

	for (; *c; c++) {
		/* U+0080 to U+009F, controls too, are this byte and one below 0xa0. */
		bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;

		if (*c < ' ' || *c == 0x7f || c1)
			*c = '?';
		if (c1)
			*++c = '?';
	}
}

__attribute__((format(printf, 2, 0))) static void log_line(
	const char *label, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES - 32], line[LINE_MAX_BYTES];
	int size;

	vsnprintf(text, sizeof(text), format, args);
	disarm(text);
	size = snprintf(line, sizeof(line), "vmbpf: %s%s\n", label, text);
	/* Where standard error cannot be written to there is nobody left to tell. */
	if (write(STDERR_FILENO, line, (size_t)size) < 0)
		return;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("warning: ", format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	va_list args;

	if (!verbose)
		return;
	va_start(args, format);
	log_line("", format, args);
	va_end(args);
}

void log_set_verbose(bool wanted)
{
	verbose = wanted;
}
