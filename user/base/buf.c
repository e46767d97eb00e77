/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading small text files of the kernel and the numbers in them. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char blanks[] = " \t";
static const char word_ends[] = " \t\n";

/* The end of the text ends a word as well: strchr() finds the NUL of its set. */
static int ends_word(char c)
{
	return strchr(word_ends, c) != NULL;
}

static void cut_to_whole_lines(char *text, size_t length)
{
	char *newline = memrchr(text, '\n', length);

	if (newline)
		newline[1] = '\0';
	else
		text[0] = '\0';
}

int buf_read_fd(int fd, char *text, size_t size)
{
	size_t used = 0;

	if (size == 0)
		return -EINVAL;
	while (used < size - 1) {
		ssize_t n = pread(fd, text + used, size - 1 - used, (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	if (used == size - 1)
		cut_to_whole_lines(text, used);
	return 0;
}

int buf_read(int dirfd, const char *name, char *text, size_t size)
{
	AUTO_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return buf_read_fd(fd, text, size);
}

const char *buf_line(const char *text, const char *key)
{
	size_t length = strlen(key);
	const char *newline;

	for (;;) {
		if (*text == *key && strncmp(text, key, length) == 0 && ends_word(text[length]))
			return text + length;
		newline = strchr(text, '\n');
		if (!newline)
			return NULL;
		text = newline + 1;
	}
}

int buf_u64(const char **text, uint64_t *ret)
{
	const char *at = *text + strspn(*text, blanks);
	uint64_t value = 0;

	if (ends_word(*at))
		return -ENODATA;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return -ERANGE;
	}
	if (!ends_word(*at))
		return -EINVAL;
	*text = at;
	*ret = value;
	return 0;
}

int buf_skip(const char **text, unsigned n)
{
	const char *at = *text;

	for (; n; n--) {
		at += strspn(at, blanks);
		if (ends_word(*at))
			return -ENODATA;
		at += strcspn(at, word_ends);
	}
	*text = at;
	return 0;
}

int buf_value(const char *text, const char *key, uint64_t *ret)
{
	const char *line = buf_line(text, key);

	if (!line)
		return -ENOENT;
	return buf_u64(&line, ret);
}

int buf_value_kb(const char *text, const char *key, uint64_t *ret)
{
	const char *line = buf_line(text, key);
	uint64_t kb;
	int r;

	if (!line)
		return -ENOENT;
	r = buf_u64(&line, &kb);
	if (r < 0)
		return r;
	line += strspn(line, blanks);
	if (strncmp(line, "kB", 2) != 0 || !ends_word(line[2]))
		return -EINVAL;
	if (__builtin_mul_overflow(kb, (uint64_t)1024, &kb))
		return -ERANGE;
	*ret = kb;
	return 0;
}
