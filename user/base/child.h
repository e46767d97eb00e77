/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process forked to do for another one what that gives up the right to. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of the new process: the socket to the old one. It has no other file but /dev/null. */
#define CHILD_SOCKET 3

struct child {
	int fd; /* packets (SOCK_SEQPACKET) to and from it; -1: it is gone */
	pid_t pid;
};

/*
 * Forks, hence before there are threads. The new process holds nothing of what the other one has,
 * so that it keeps no terminal, pipe or folder busy; its session is its own and it ignores
 * SIGTERM and the like, so that it is there to the end of the other one; it is called `name`, and
 * ends when run() returns, which has to be when its socket is closed: then the other one is gone,
 * whatever ended it. 0 or -errno.
 */
int child_start(
	const char *name, void (*run)(const void *context), const void *context, struct child *ret);

/* Waits until there is something to receive. 0, -ETIMEDOUT, or -errno. */
int child_wait(const struct child *child, uint64_t timeout_ns);

/*
 * A packet of a number and, unless fd is -1, a file descriptor, sent through a socket of either
 * process. Does not block. 0 or -errno.
 */
int child_send_fd(int socket, int number, int fd);

/*
 * Receives one; with MSG_DONTWAIT in `flags` it does not block. *fd is -1 where there came none, to
 * be closed otherwise. 0, -EPIPE at the end of the other process, -EMFILE where there was no room
 * for the descriptor here, or -errno.
 */
int child_receive_fd(int socket, int flags, int *number, int *fd);

/*
 * Closes the socket and waits for its end, but not for long: a disk that does not answer may hold
 * it.
 */
void child_stop(struct child *child);

/* The same without waiting, when it has not done as it was asked. */
void child_abandon(struct child *child);

/* A file descriptor (close-on-exec) that is readable once that process has ended, or -errno. */
int child_pidfd(pid_t pid);

#endif
