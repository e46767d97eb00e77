/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a recording: its lines one after the other, and where each of them begins. */
#ifndef COLLECT_REPLAY_FILE_H
#define COLLECT_REPLAY_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_MAX_LINE (1u << 20)

/* Where a line begins. */
struct place {
	uint64_t offset;
	uint64_t line; /* from 1 on */
};

struct replay_file {
	int fd;
	char *buffer;
	size_t begin, end; /* the part of the buffer that was not taken yet */
	struct place next; /* of what is there */
	bool can_seek; /* no pipe */
	const volatile sig_atomic_t *stop; /* a signal ends a read while it is set; may be NULL */
};

/* Until the next one is taken. It may be changed. */
struct line {
	char *text; /* without its end, in place of which there is a NUL */
	size_t size;
	struct place place;
	bool ended; /* false of a last line without a newline */
};

/* 0 or -errno. */
int replay_file_open(struct replay_file *file, const char *path);
void replay_file_close(struct replay_file *file); /* accepts one that could not be opened */

/*
 * Takes the next line. Returns 1, 0 at the end, -E2BIG where it is longer than REPLAY_MAX_LINE,
 * -EINTR where it was stopped, or -errno.
 */
int replay_file_take(struct replay_file *file, struct line *ret);

/* Goes to a place where a line began. 0, or -ESPIPE where there is no way back. */
int replay_file_seek(struct replay_file *file, struct place place);

#endif
