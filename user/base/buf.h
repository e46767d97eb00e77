/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small text files of the kernel, read whole into a buffer of the caller, and the numbers in them.
 *
 * Numbers are unsigned, decimal, and end at a blank, a line end or the end of the text. Every
 * function leaves *ret as it was when it fails.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the file `name` of the directory `dirfd` (AT_FDCWD: the working directory) from its start
 * and ends the text with a NUL. Where the file is longer than size - 1 bytes, `text` holds as many
 * whole lines as fit: half a number is never seen. 0, or -errno of opening or reading.
 */
int buf_read(int dirfd, const char *name, char *text, size_t size);

/* The same for a file that is open. It can be called again for the file's present content. */
int buf_read_fd(int fd, char *text, size_t size);

/* What follows `key` in the first line that begins with that whole word, or NULL. */
const char *buf_line(const char *text, const char *key);

/*
 * The next number of a line; *text moves past it. -ENODATA at the end of the line, -EINVAL where
 * something else stands, -ERANGE beyond 64 bits.
 */
int buf_u64(const char **text, uint64_t *ret);

/* Moves past n words of a line. -ENODATA when there are fewer. */
int buf_skip(const char **text, unsigned n);

/* The number of the first line "key number". -ENOENT without such a line, else as buf_u64(). */
int buf_value(const char *text, const char *key, uint64_t *ret);

/* The same for a line "key number kB", in bytes; -EINVAL without the unit. */
int buf_value_kb(const char *text, const char *key, uint64_t *ret);

#endif
