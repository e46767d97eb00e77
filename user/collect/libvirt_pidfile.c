/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the second proof of what a process is: libvirt's PID files, which only root can write. */
#include "collect/libvirt_pidfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"

/* libvirt writes -uuid near the start; a long command line has hundreds of devices after it. */
#define CMDLINE_MAX 32768

static bool is_private(int fd, uid_t owner, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == owner &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool names_process(int dirfd, const char *name, uid_t owner, pid_t pid)
{
	AUTO_FD int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *text;
	char content[32];
	uint64_t number;

	if (fd < 0 || !is_private(fd, owner, S_IFREG))
		return false;
	/* buf_read_fd() keeps whole lines of what does not fit; libvirt writes no line end. */
	if (buf_read_fd(fd, content, sizeof(content)) < 0)
		return false;
	text = content;
	return buf_u64(&text, &number) == 0 && number == (uint64_t)pid;
}

bool pidfile_vouches(const char *directory, uid_t owner, pid_t pid)
{
	AUTO_DIR DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir || pid <= 0 || !is_private(dirfd(dir), owner, S_IFDIR))
		return false;
	while ((entry = readdir(dir))) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (suffix && strcmp(suffix, ".pid") == 0 &&
			names_process(dirfd(dir), entry->d_name, owner, pid))
			return true;
	}
	return false;
}

int pidfile_uuid(const char *cmdline, size_t size, char uuid[static VIR_UUID_STRING_BUFLEN])
{
	const char *arg = cmdline, *end = cmdline + size;

	while (arg < end) {
		size_t length = strnlen(arg, (size_t)(end - arg));
		const char *value = arg + length + 1;

		if (strcmp(arg, "-uuid") != 0) {
			arg = value;
			continue;
		}
		if (value + VIR_UUID_STRING_BUFLEN > end ||
			strnlen(value, VIR_UUID_STRING_BUFLEN) != VIR_UUID_STRING_BUFLEN - 1)
			return -ENOENT;
		memcpy(uuid, value, VIR_UUID_STRING_BUFLEN);
		return 0;
	}
	return -ENOENT;
}

static ssize_t read_cmdline(pid_t pid, char *cmdline, size_t size)
{
	char path[32];
	size_t used = 0;
	ssize_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used < size - 1 && (n = read(fd, cmdline + used, size - 1 - used)) > 0)
		used += (size_t)n;
	if (n < 0)
		return -errno;
	cmdline[used] = '\0';
	return (ssize_t)used + 1;
}

int pidfile_domain(pid_t pid, char uuid[static VIR_UUID_STRING_BUFLEN])
{
	char cmdline[CMDLINE_MAX];
	ssize_t size;

	if (!pidfile_vouches(PIDFILE_DIRECTORY, 0, pid))
		return -ENOENT;
	size = read_cmdline(pid, cmdline, sizeof(cmdline));
	return size < 0 ? (int)size : pidfile_uuid(cmdline, (size_t)size, uuid);
}
