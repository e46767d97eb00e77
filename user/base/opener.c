/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the process that opens a file for one that cannot, and how the descriptor is passed. */
#include "base/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/privilege.h"

#define ANSWER_NS (5 * NSEC_PER_SEC)

static void open_and_send(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	AUTO_FD int fd = open(path, flags, 0640);

	child_send_fd(CHILD_SOCKET, fd < 0 ? -errno : 0, fd);
}

static void run(const void *path)
{
	int err = privilege_drop_to_owner(path);
	char question;

	while (recv(CHILD_SOCKET, &question, sizeof(question), 0) > 0) {
		if (err)
			child_send_fd(CHILD_SOCKET, err, -1);
		else
			open_and_send(path);
	}
}

int opener_start(const char *path, struct opener *ret)
{
	return child_start("vmbpf-opener", run, path, &ret->child);
}

/* Its answer would be taken for the next one's: it is not asked again. */
static int give_up(struct opener *opener, int err)
{
	child_abandon(&opener->child);
	return err;
}

static int receive(struct opener *opener)
{
	int answer, fd, err = child_receive_fd(opener->child.fd, MSG_DONTWAIT, &answer, &fd);

	if (err == -EMFILE)
		return err;
	if (err)
		return give_up(opener, err);
	if (answer)
		return answer;
	return fd < 0 ? give_up(opener, -EPIPE) : fd;
}

int opener_open(struct opener *opener)
{
	int err;

	if (opener->child.fd < 0)
		return -EPIPE;
	if (send(opener->child.fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return give_up(opener, -errno);
	err = child_wait(&opener->child, ANSWER_NS);
	return err ? give_up(opener, err) : receive(opener);
}

void opener_stop(struct opener *opener)
{
	child_stop(&opener->child);
}
