/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at what else of the system vmbpf can use, without waiting for anybody. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/probe_check.h"

enum probe_result probe_found(
	bool is_there, char *detail, size_t size, const char *there, const char *missing)
{
	snprintf(detail, size, "%s", is_there ? there : missing);
	return is_there ? PROBE_OK : PROBE_MISSING;
}

enum probe_result probe_file(const char *path, int mode, char *detail, size_t size)
{
	if (access(path, mode) == 0) {
		snprintf(detail, size, "%s", path);
		return PROBE_OK;
	}
	snprintf(detail, size, "%s: %s", path, strerror(errno));
	return errno == EACCES ? PROBE_UNKNOWN : PROBE_MISSING;
}

enum probe_result check_kvm(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	return probe_file("/dev/kvm", F_OK, detail, size);
}

/* Does not wait: connecting to a local socket succeeds or fails at once. */
static int try_socket(const char *path)
{
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	return errno == EAGAIN ? 0 : errno; /* its queue is full: somebody listens */
}

enum probe_result check_libvirt(const struct probe *probe, char *detail, size_t size)
{
	/* The one daemon for all, then the one for QEMU alone. */
	static const char *const sockets[] = {
		"/run/libvirt/libvirt-sock-ro",
		"/run/libvirt/virtqemud-sock-ro",
	};
	int err = ENOENT;

	(void)probe;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]) && err; i++) {
		int this_err = try_socket(sockets[i]);

		if (this_err == 0)
			snprintf(detail, size, "%s answers", sockets[i]);
		else if (this_err != ENOENT)
			snprintf(detail, size, "%s: %s", sockets[i], strerror(this_err));
		err = this_err == ENOENT ? err : this_err;
	}
	if (err == ENOENT)
		snprintf(detail, size, "there is no libvirt socket in /run/libvirt");
	return err ? PROBE_MISSING : PROBE_OK;
}

static bool is_filesystem(const char *path, long magic)
{
	struct statfs info;

	return statfs(path, &info) == 0 && (long)info.f_type == magic;
}

enum probe_result check_cgroup(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	if (is_filesystem("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC))
		return probe_found(true, detail, size, "version 2", NULL);
	if (is_filesystem("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC))
		return probe_found(true, detail, size, "version 1, with version 2 beside it", NULL);
	return probe_found(is_filesystem("/sys/fs/cgroup", TMPFS_MAGIC), detail, size, "version 1",
		"nothing is mounted at /sys/fs/cgroup");
}

enum probe_result check_tracefs(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	return probe_found(is_filesystem("/sys/kernel/tracing", TRACEFS_MAGIC) ||
				   is_filesystem("/sys/kernel/debug/tracing", TRACEFS_MAGIC),
		detail, size, "mounted", "not mounted");
}

enum probe_result check_memlock(const struct probe *probe, char *detail, size_t size)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 0 };

	(void)probe;
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
		return probe_found(true, detail, size, "can be raised as far as needed", NULL);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	snprintf(detail, size, "%llu KiB, which CAP_SYS_RESOURCE could raise",
		(unsigned long long)limit.rlim_max / 1024);
	return PROBE_UNKNOWN;
}

enum probe_result check_pressure(const struct probe *probe, char *detail, size_t size)
{
	/* The file is there even where opening it fails, because PSI was switched off. */
	AUTO_FILE FILE *file = fopen("/proc/pressure/cpu", "re");

	(void)probe;
	return probe_found(
		file, detail, size, "/proc/pressure", "no /proc/pressure that can be read");
}
