/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns alerts on standard output: a line each, also where the reader does not keep up. */
#include "alert/outlets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/text.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* How long a reader may take before the line counts as not delivered yet. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)

/* Between two looks whether to stop. */
#define LOOK_MS 100

struct stream {
	int fd;
	bool own; /* it is another descriptor of the same file, to be closed */
	struct stream_style style;
	struct arena *arena; /* of one line */
};

static void stream_close(void *state)
{
	struct stream *stream = state;

	if (stream->own)
		close(stream->fd);
	arena_free(stream->arena);
	free(stream);
}

/* Waits for the reader a little. */
static void wait_for_room(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	poll(&room, 1, LOOK_MS);
}

static bool is_ready(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	return poll(&room, 1, 0) > 0;
}

/*
 * What a pipe has room for according to poll(), it takes without blocking, up to PIPE_BUF bytes.
 * -EAGAIN where there is no room.
 */
static ssize_t write_some(int fd, const char *text, size_t size)
{
	ssize_t written;

	if (!is_ready(fd))
		return -EAGAIN;
	written = write(fd, text, size < PIPE_BUF ? size : PIPE_BUF);
	return written < 0 ? -errno : written;
}

/*
 * 0, -EAGAIN where nothing of it was written, or -errno. Once a line is begun, it is waited for as
 * long as it takes: the next one would be taken for its end. This thread is there for nothing else.
 */
static int write_line(int fd, const char *text, size_t size, const atomic_bool *stop)
{
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	size_t written = 0;

	while (written < size && !atomic_load(stop)) {
		ssize_t part = write_some(fd, text + written, size - written);

		if (part >= 0)
			written += (size_t)part;
		else if (part == -EAGAIN)
			wait_for_room(fd);
		else if (part != -EINTR)
			return (int)part;
		if (written == 0 && clock_ns(CLOCK_MONOTONIC) >= end_ns)
			break;
	}
	return written < size ? -EAGAIN : 0;
}

static const char *format(const struct stream *stream, const struct alert_record *record)
{
	const struct stream_style *style = &stream->style;

	return style->format == STREAM_JSON
		       ? alert_json(stream->arena, record)
		       : alert_line(stream->arena, style->utf8, style->colour, record);
}

static enum delivery stream_deliver(void *state, const struct alert_record *const *records,
	size_t n, const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct stream *stream = state;
	const char *line;
	int err;

	(void)n;
	arena_reset(stream->arena);
	line = arena_printf(stream->arena, "%s\n", format(stream, records[0]));
	err = write_line(stream->fd, line, strlen(line), stop);
	if (!err)
		return DELIVERED;
	snprintf(why, OUTLET_WHY_MAX, "%s",
		err == -EAGAIN ? "who reads it does not keep up" : strerror(-err));
	errno = -err;
	return err == -EAGAIN ? DELIVERY_RETRY : DELIVERY_BROKEN;
}

static const struct outlet_type stream_type = {
	.name = "stream",
	.batch = 1,
	.deliver = stream_deliver,
	.close = stream_close,
};

/* What stands in for a standard output that is closed is there to refuse being written to. */
static bool is_for_writing(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/*
 * A terminal that is held by Ctrl-S blocks its writers, and with them the end of vmbpf. To have it
 * not block this one, without changing what others share, it is opened once more. -1: it need not
 * be, or cannot.
 */
static int open_again(int fd)
{
	struct stat status;
	char path[32];

	if (fstat(fd, &status) < 0 || !(S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)))
		return -1;
	if (!is_for_writing(fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int stream_outlet_open(int fd, const struct stream_style *style, struct outlet **ret,
	char why[static OUTLET_WHY_MAX])
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct arena *arena = arena_new();
	int again;

	if (!stream || !arena) {
		free(stream);
		arena_free(arena);
		return outlet_no_memory(why);
	}
	again = open_again(fd);
	*stream = (struct stream){ again < 0 ? fd : again, again >= 0, *style, arena };
	return outlet_make(&stream_type, fd == STDOUT_FILENO ? "standard output" : "a stream",
		stream, ret, why);
}
