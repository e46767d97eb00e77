/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how a recording is read: in large pieces, and cut into lines of a bounded length. */
#include "collect/replay_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/replay_json.h"

/* The longest line and its end. */
#define BUFFER_SIZE (REPLAY_MAX_LINE + 1)

int replay_file_open(struct replay_file *file, const char *path)
{
	*file = (struct replay_file){ .fd = open(path, O_RDONLY | O_CLOEXEC), .next.line = 1 };
	if (file->fd < 0)
		return -errno;
	file->buffer = calloc(1, BUFFER_SIZE + MEMBERS_SLACK);
	if (!file->buffer) {
		close(file->fd);
		file->fd = -1;
		return -ENOMEM;
	}
	file->can_seek = lseek(file->fd, 0, SEEK_SET) == 0;
	return 0;
}

void replay_file_close(struct replay_file *file)
{
	free(file->buffer);
	if (file->fd >= 0)
		close(file->fd);
}

/*
 * Until there is something to read, or -EINTR. Signals are let in only within the wait: one that
 * came between it and the look at what stops it would be waited through.
 */
static int await_input(const struct replay_file *file)
{
	struct pollfd input = { .fd = file->fd, .events = POLLIN };
	sigset_t all, before;
	int n = -1;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	errno = EINTR;
	while (n < 0 && errno == EINTR && !*file->stop)
		n = ppoll(&input, 1, NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return *file->stop ? -EINTR : 0;
}

/* Adds to what is in the buffer. The number of bytes, 0 at the end, or -errno. */
static ssize_t fill(struct replay_file *file)
{
	size_t size = file->end - file->begin;
	ssize_t n;

	if (size == BUFFER_SIZE)
		return -E2BIG;
	if (file->stop && !file->can_seek && await_input(file) < 0)
		return -EINTR;
	memmove(file->buffer, file->buffer + file->begin, size);
	file->begin = 0;
	file->end = size;
	do
		n = read(file->fd, file->buffer + size, BUFFER_SIZE - size);
	while (n < 0 && errno == EINTR && !(file->stop && *file->stop));
	if (n < 0)
		return -errno;
	file->end += (size_t)n;
	return n;
}

int replay_file_take(struct replay_file *file, struct line *ret)
{
	char *newline = NULL;
	size_t searched = 0, size;
	ssize_t n = 1;

	while (n > 0) {
		size = file->end - file->begin;
		newline = memchr(file->buffer + file->begin + searched, '\n', size - searched);
		if (newline)
			break;
		searched = size;
		n = fill(file);
	}
	if (n < 0)
		return (int)n;
	size = newline ? (size_t)(newline - file->buffer) - file->begin : searched;
	*ret = (struct line){ file->buffer + file->begin, size, file->next, newline };
	if (!newline && !size)
		return 0;
	ret->text[size] = '\0';
	size += newline ? 1 : 0;
	file->begin += size;
	file->next.offset += size;
	file->next.line++;
	return 1;
}

int replay_file_seek(struct replay_file *file, struct place place)
{
	if (!file->can_seek || lseek(file->fd, (off_t)place.offset, SEEK_SET) < 0)
		return -ESPIPE;
	file->begin = file->end = 0;
	file->next = place;
	return 0;
}
