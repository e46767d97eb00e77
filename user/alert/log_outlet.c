/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the file that alerts are appended to: each line is there as a whole or not at all. */
#include "alert/outlets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/text.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/opener.h"
#include "model/unit.h"

struct log {
	char *path;
	char name[OUTLET_WHY_MAX / 2]; /* the path, safe to print */
	int fd;
	struct opener opener;
	struct arena *arena; /* of one line */
	int reopen_err; /* the file was moved away, but cannot be made anew */
	bool torn; /* half a line is at the end, that could not be taken back */
};

static void log_close(void *state)
{
	struct log *log = state;

	opener_stop(&log->opener);
	if (log->fd >= 0)
		close(log->fd);
	arena_free(log->arena);
	free(log->path);
	free(log);
}

/* 0 or -errno; *written is what got there in either case. */
static int write_all(int fd, const char *text, size_t size, size_t *written)
{
	for (*written = 0; *written < size;) {
		ssize_t part = write(fd, text + *written, size - *written);

		if (part < 0 && errno != EINTR)
			return -errno;
		if (part == 0)
			return -EIO;
		if (part > 0)
			*written += (size_t)part;
	}
	return 0;
}

/*
 * Takes the half line back, unless somebody else has written meanwhile, or it is no regular file:
 * the next line then begins on a line of its own.
 */
static void take_back(struct log *log, off_t before, size_t written)
{
	struct stat status;

	if (written == 0)
		return;
	log->torn = fstat(log->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
		    status.st_size != before + (off_t)written || ftruncate(log->fd, before) < 0;
}

static int append(struct log *log, const char *line)
{
	struct stat status;
	size_t written;
	int err;

	if (fstat(log->fd, &status) < 0)
		return -errno;
	err = write_all(log->fd, line, strlen(line), &written);
	if (err)
		take_back(log, status.st_size, written);
	else
		log->torn = false;
	return err;
}

/* What was moved away is still written to until there is a new one: nothing is lost. */
static void log_reopen(void *state)
{
	struct log *log = state;
	int fd = opener_open(&log->opener);

	log->reopen_err = fd < 0 ? fd : 0;
	if (fd < 0)
		return;
	close(log->fd);
	log->fd = fd;
	log->torn = false;
}

static enum delivery log_deliver(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct log *log = state;
	const char *line;
	int err;

	(void)n;
	(void)stop;
	if (log->reopen_err)
		log_reopen(log);
	arena_reset(log->arena);
	line = arena_printf(
		log->arena, "%s%s\n", log->torn ? "\n" : "", alert_logfmt(log->arena, records[0]));
	err = append(log, line);
	if (err) {
		snprintf(why, OUTLET_WHY_MAX, "cannot write to %s: %s", log->name, strerror(-err));
		return DELIVERY_RETRY;
	}
	if (log->reopen_err)
		snprintf(why, OUTLET_WHY_MAX,
			"cannot open %s anew: %s; alerts go on to the file that was moved away",
			log->name, strerror(-log->reopen_err));
	return DELIVERED;
}

static const struct outlet_type log_type = {
	.name = "log",
	.batch = 1,
	.deliver = log_deliver,
	.reopen = log_reopen,
	.close = log_close,
};

/* The process that opens it has another working folder. NULL without memory. */
static char *make_absolute(const char *path)
{
	AUTO_FREE char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
	char *absolute;

	if (!folder)
		return strdup(path);
	return asprintf(&absolute, "%s/%s", folder, path) < 0 ? NULL : absolute;
}

static struct log *new_log(const char *path)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fd = log->opener.child.fd = -1;
	log->path = make_absolute(path);
	log->arena = arena_new();
	if (log->path && log->arena) {
		unit_safe_text(log->path, log->name, sizeof(log->name));
		return log;
	}
	log_close(log);
	return NULL;
}

/* What may be done about it, for those who know what they asked for. */
static const char *advice(int err)
{
	static const struct {
		int err;
		const char *text;
	} advices[] = {
		{ ENOENT, " (make its folder first)" },
		{ EACCES, " (vmbpf opens it as the owner of its folder)" },
		{ EISDIR, " (name a file in it)" },
		{ ENXIO, " (it is a pipe that nobody reads)" },
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].err == -err)
			return advices[i].text;
	return "";
}

static int open_file(struct log *log, char why[static OUTLET_WHY_MAX])
{
	int err = opener_start(log->path, &log->opener);

	if (!err)
		log->fd = opener_open(&log->opener);
	if (!err && log->fd >= 0)
		return 0;
	err = err ? err : log->fd;
	snprintf(why, OUTLET_WHY_MAX, "cannot open %s: %s%s", log->name, strerror(-err),
		advice(err));
	return err;
}

int log_outlet_open(const char *path, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	struct log *log = new_log(path);
	int err;

	if (!log)
		return outlet_no_memory(why);
	err = open_file(log, why);
	if (!err)
		return outlet_make(&log_type, log->name, log, ret, why);
	log_close(log);
	return err;
}
