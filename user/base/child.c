/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how a process is forked that has nothing of this one but a socket to it. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Longer than what does not hang takes. */
#define STOP_MS 2000

/* What ends the other process ends this one when it is through: by its socket. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static void let_go(int fd, const char *name)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (null < 0 || dup2(null, i) < 0)
			close(i);
	if (dup2(fd, CHILD_SOCKET) < 0 || chdir("/") < 0)
		_exit(1);
	closefrom(CHILD_SOCKET + 1);
	setsid();
	ignore_signals();
	prctl(PR_SET_NAME, name);
}

int child_start(
	const char *name, void (*run)(const void *context), const void *context, struct child *ret)
{
	int fds[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		let_go(fds[1], name);
		run(context);
		_exit(0);
	}
	err = -errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err;
	}
	*ret = (struct child){ .fd = fds[0], .pid = pid };
	return 0;
}

int child_wait(const struct child *child, uint64_t timeout_ns)
{
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + timeout_ns, now_ns;
	struct pollfd answer = { .fd = child->fd, .events = POLLIN };
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

/* A packet, whose parts point to each other: it must not be copied. */
struct packet {
	int number;
	struct iovec part;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message;
};

static void packet_init(struct packet *packet, int number)
{
	memset(packet, 0, sizeof(*packet));
	packet->number = number;
	packet->part.iov_base = &packet->number;
	packet->part.iov_len = sizeof(packet->number);
	packet->message.msg_iov = &packet->part;
	packet->message.msg_iovlen = 1;
	packet->message.msg_control = packet->control.bytes;
	packet->message.msg_controllen = sizeof(packet->control.bytes);
}

int child_send_fd(int socket, int number, int fd)
{
	struct packet packet;
	struct cmsghdr *header;

	packet_init(&packet, number);
	if (fd >= 0) {
		header = CMSG_FIRSTHDR(&packet.message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	} else {
		packet.message.msg_controllen = 0;
	}
	return sendmsg(socket, &packet.message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int child_receive_fd(int socket, int flags, int *number, int *fd)
{
	const struct cmsghdr *header;
	struct packet packet;
	ssize_t size;

	packet_init(&packet, 0);
	do
		size = recvmsg(socket, &packet.message, flags | MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size != sizeof(packet.number))
		return size < 0 ? -errno : -EPIPE;
	*fd = -1;
	*number = packet.number;
	header = CMSG_FIRSTHDR(&packet.message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return packet.message.msg_flags & MSG_CTRUNC ? -EMFILE : 0;
}

void child_abandon(struct child *child)
{
	if (child->fd >= 0)
		close(child->fd);
	child->fd = -1;
}

int child_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

void child_stop(struct child *child)
{
	AUTO_FD int pidfd = -1;
	struct pollfd end;

	if (child->fd < 0)
		return;
	pidfd = child_pidfd(child->pid);
	child_abandon(child);
	end = (struct pollfd){ .fd = pidfd, .events = POLLIN };
	if (pidfd >= 0)
		poll(&end, 1, STOP_MS);
	waitpid(child->pid, NULL, pidfd < 0 ? 0 : WNOHANG);
}
