/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the process that writes for one that cannot. */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/privilege.h"

#define ANSWER_NS (5 * NSEC_PER_SEC)

/* All of them down to the file's own, where they are missing. */
static int make_folders(const char *path)
{
	char folder[PATH_MAX];
	char *slash = folder;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written < 0)
			continue;
		text += written;
		size -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Beside the file, for nobody else. The file descriptor and its name, or -errno and none. */
static int make_temporary(const char *path, char **ret)
{
	char *name;
	int fd;

	if (asprintf(&name, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0) {
		int err = -errno;

		free(name);
		return err;
	}
	*ret = name;
	return fd;
}

static int replace(const char *path, const char *text, size_t size)
{
	AUTO_FREE char *temporary = NULL;
	int fd = make_temporary(path, &temporary), err;

	if (fd == -ENOENT) {
		err = make_folders(path);
		fd = err ? err : make_temporary(path, &temporary);
	}
	if (!temporary)
		return fd;
	err = write_all(fd, text, size);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

/* By the content of a file that has no name, in which it comes here. */
static int replace_by(const char *path, int text_fd)
{
	struct stat status;
	char *text;
	int err;

	if (fstat(text_fd, &status) < 0)
		return -errno;
	if (status.st_size <= 0 || status.st_size > (off_t)KEEPER_TEXT_MAX)
		return -EMSGSIZE;
	text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, text_fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	err = replace(path, text, (size_t)status.st_size);
	munmap(text, (size_t)status.st_size);
	return err;
}

/* Until the other end is closed. `err`: the answer to everything, if it is not 0. */
static void serve(const char *path, int err)
{
	int fd, number, answer;

	while ((answer = child_receive_fd(CHILD_SOCKET, 0, &number, &fd)) == 0) {
		answer = err ? err : replace_by(path, fd);
		if (fd >= 0)
			close(fd);
		send(CHILD_SOCKET, &answer, sizeof(answer), MSG_NOSIGNAL);
	}
}

static void run(const void *path)
{
	serve(path, privilege_drop_to_owner(path));
}

int keeper_start(const char *path, struct keeper *ret)
{
	return child_start("vmbpf-keeper", run, path, &ret->child);
}

/* Its answer would be taken for the next one's: it is not asked again. */
static int give_up(struct keeper *keeper, int err)
{
	child_abandon(&keeper->child);
	return err;
}

/* In a file without a name: a packet of that size would be refused. */
static int send_text(const struct keeper *keeper, const char *text, size_t size)
{
	AUTO_FD int fd = memfd_create("text", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : write_all(fd, text, size);

	return err ? err : child_send_fd(keeper->child.fd, 0, fd);
}

int keeper_save(struct keeper *keeper, const char *text, size_t size)
{
	int err, answer = 0;

	if (keeper->child.fd < 0)
		return -EPIPE;
	if (size == 0 || size > KEEPER_TEXT_MAX)
		return -EMSGSIZE;
	err = send_text(keeper, text, size);
	if (!err)
		err = child_wait(&keeper->child, ANSWER_NS);
	if (err)
		return give_up(keeper, err);
	if (recv(keeper->child.fd, &answer, sizeof(answer), MSG_DONTWAIT) != sizeof(answer))
		return give_up(keeper, -EPIPE);
	return answer;
}

void keeper_stop(struct keeper *keeper)
{
	child_stop(&keeper->child);
}
