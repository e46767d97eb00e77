/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns where the layout of the screens is kept, and what is said about that. */
#include "cmd/layout_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/keeper.h"
#include "base/log.h"
#include "sink/tui/layout.h"

#define NAME "vmbpf/top.conf"

/* Somebody else's file must not fill the terminal. */
#define MAX_WARNINGS 5

struct layout_file {
	char *path; /* NULL: nobody knows where that would be */
	struct keeper keeper;
	int err; /* why there is no keeper */
};

/* As the XDG Base Directory Specification says, which ignores what is not absolute. NULL. */
static char *find_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path;
	int size = -1;

	if (config && *config == '/')
		size = asprintf(&path, "%s/" NAME, config);
	else if (home && *home == '/')
		size = asprintf(&path, "%s/.config/" NAME, home);
	return size < 0 ? NULL : path;
}

struct layout_file *layout_file_open(void)
{
	struct layout_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->path = find_path();
	if (file->path)
		file->err = keeper_start(file->path, &file->keeper);
	return file;
}

struct warnings {
	const char *path;
	unsigned n;
};

static void warn(void *context, unsigned line, const char *what)
{
	struct warnings *warnings = context;

	if (warnings->n++ < MAX_WARNINGS)
		log_warning("%s:%u: %s; that is passed over", warnings->path, line, what);
}

static void parse(const char *path, char *text, struct layout *layout)
{
	struct warnings warnings = { .path = path };

	layout_parse(text, layout, warn, &warnings);
	if (warnings.n > MAX_WARNINGS)
		log_warning("%s: %u more are passed over", path, warnings.n - MAX_WARNINGS);
}

/* NULL, or why there is no text; "" where there is no file. */
static const char *read_text(const char *path, char text[static LAYOUT_TEXT_MAX])
{
	/* A pipe of that name must not be waited for. */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int err;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return "";
	if (fd < 0 || fstat(fd, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode) || status.st_size >= LAYOUT_TEXT_MAX)
		return "it is not a file of less than 64 KiB";
	err = buf_read_fd(fd, text, LAYOUT_TEXT_MAX);
	if (err)
		return strerror(-err);
	return strlen(text) == (size_t)status.st_size ? NULL : "it is not a text";
}

void layout_file_read(const struct layout_file *file, struct layout *layout)
{
	const char *why;
	char *text;

	if (!file || !file->path)
		return;
	text = malloc(LAYOUT_TEXT_MAX);
	why = text ? read_text(file->path, text) : strerror(ENOMEM);
	if (!why)
		parse(file->path, text, layout);
	else if (*why)
		log_warning("cannot read %s: %s; the screens are as ever", file->path, why);
	free(text);
}

static const char *describe(int err)
{
	if (err == -EPIPE || err == -ECONNRESET || err == -EBADF)
		return "the process that saves is gone";
	return err == -ETIMEDOUT ? "the disk does not answer" : strerror(-err);
}

void layout_file_save(struct layout_file *file, const char *text, size_t size,
	char message[static TUI_MESSAGE_MAX])
{
	int err;

	if (!file || !file->path) {
		snprintf(message, TUI_MESSAGE_MAX,
			"not saved: neither XDG_CONFIG_HOME nor HOME says where to");
		return;
	}
	err = file->err ? file->err : keeper_save(&file->keeper, text, size);
	if (err)
		snprintf(message, TUI_MESSAGE_MAX, "not saved: %s: %s", file->path, describe(err));
	else
		snprintf(message, TUI_MESSAGE_MAX, "saved in %s", file->path);
}

void layout_file_close(struct layout_file *file)
{
	if (!file)
		return;
	if (file->path && !file->err)
		keeper_stop(&file->keeper);
	free(file->path);
	free(file);
}
