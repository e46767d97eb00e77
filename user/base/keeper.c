/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the process that writes for one that cannot. */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/privilege.h"

#define ANSWER_NS (5 * NSEC_PER_SEC)

/* Of the new process: the socket to the old one. */
#define SOCKET 3

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

/* The owner of the deepest folder of the path that is there. */
static int become_owner(const char *path)
{
	struct privilege_target target = { 0 };
	char folder[PATH_MAX];
	struct stat status;
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	do {
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return -ENOENT;
		*slash = '\0';
	} while (stat(folder, &status) < 0);
	target.uid = status.st_uid;
	target.gid = status.st_gid;
	return privilege_drop(&target);
}

/* Until the other end is closed. `err`: the answer to everything, if it is not 0. */
static void serve(const char *path, int err)
{
	char *text = malloc(KEEPER_TEXT_MAX);
	ssize_t size;

	while (text && (size = recv(SOCKET, text, KEEPER_TEXT_MAX, MSG_TRUNC)) > 0) {
		int answer = err;

		if (!answer && size > KEEPER_TEXT_MAX)
			answer = -EMSGSIZE;
		if (!answer)
			answer = replace(path, text, (size_t)size);
		send(SOCKET, &answer, sizeof(answer), MSG_NOSIGNAL);
	}
	free(text);
}

/*
 * Holds nothing of what the other process has, so that it keeps no terminal, pipe or folder busy,
 * and has a session of its own, so that keys of the terminal neither stop nor end it.
 */
static void let_go(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (null < 0 || dup2(null, i) < 0)
			close(i);
	if (dup2(fd, SOCKET) < 0 || chdir("/") < 0)
		_exit(1);
	closefrom(SOCKET + 1);
	setsid();
	prctl(PR_SET_NAME, "vmbpf-keeper");
}

static void run(int fd, const char *path)
{
	let_go(fd);
	serve(path, become_owner(path));
	_exit(0);
}

int keeper_start(const char *path, struct keeper *ret)
{
	int fds[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run(fds[1], path);
	err = -errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err;
	}
	*ret = (struct keeper){ .fd = fds[0], .pid = pid };
	return 0;
}

/* Its answer would be taken for the next one's: it is not asked again. */
static int give_up(struct keeper *keeper, int err)
{
	close(keeper->fd);
	keeper->fd = -1;
	return err;
}

static int wait_for_answer(const struct keeper *keeper)
{
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ANSWER_NS, now_ns;
	struct pollfd answer = { .fd = keeper->fd, .events = POLLIN };
	int n;

	while ((now_ns = clock_ns(CLOCK_MONOTONIC)) < end_ns) {
		n = poll(&answer, 1, (int)((end_ns - now_ns) / NSEC_PER_MSEC) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return -ETIMEDOUT;
}

int keeper_save(struct keeper *keeper, const char *text, size_t size)
{
	int err, answer = 0;

	if (keeper->fd < 0)
		return -EPIPE;
	if (size == 0 || size > KEEPER_TEXT_MAX)
		return -EMSGSIZE;
	if (send(keeper->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return give_up(keeper, -errno);
	err = wait_for_answer(keeper);
	if (err)
		return give_up(keeper, err);
	if (recv(keeper->fd, &answer, sizeof(answer), MSG_DONTWAIT) != sizeof(answer))
		return give_up(keeper, -EPIPE);
	return answer;
}

void keeper_stop(struct keeper *keeper)
{
	if (keeper->fd < 0)
		return;
	close(keeper->fd);
	keeper->fd = -1;
	waitpid(keeper->pid, NULL, 0);
}
