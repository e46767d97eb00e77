/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the socket of the system's log, and the form of a message to it (RFC 3164). */
#include "alert/outlets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "alert/text.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/unit.h"

#define DEFAULT_SOCKET "/dev/log"

/* While the daemon does not read, the kernel lets a message wait. */
#define SEND_SECONDS 1

static const int priorities[N_SEVERITIES] = {
	[SEVERITY_INFO] = LOG_INFO,
	[SEVERITY_WARNING] = LOG_WARNING,
	[SEVERITY_CRITICAL] = LOG_CRIT,
};

struct syslog {
	struct sockaddr_un address;
	char name[OUTLET_WHY_MAX / 2]; /* the path, safe to print */
	int fd; /* -1: not connected */
	struct arena *arena; /* of one message */
};

static void disconnect(struct syslog *syslog)
{
	if (syslog->fd >= 0)
		close(syslog->fd);
	syslog->fd = -1;
}

static void syslog_close(void *state)
{
	struct syslog *syslog = state;

	disconnect(syslog);
	arena_free(syslog->arena);
	free(syslog);
}

static int reach(struct syslog *syslog)
{
	const struct timeval limit = { .tv_sec = SEND_SECONDS };
	int err = 0;

	if (syslog->fd >= 0)
		return 0;
	syslog->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (syslog->fd < 0)
		return -errno;
	if (setsockopt(syslog->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
		connect(syslog->fd, (const struct sockaddr *)&syslog->address,
			sizeof(syslog->address)) < 0)
		err = -errno;
	if (err)
		disconnect(syslog);
	return err;
}

static int send_once(struct syslog *syslog, const char *message)
{
	int err = reach(syslog);

	if (!err && send(syslog->fd, message, strlen(message), MSG_NOSIGNAL) < 0)
		err = -errno;
	return err;
}

/* The daemon that was there when the socket was connected may have been started anew. */
static int send_message(struct syslog *syslog, const char *message)
{
	int err = send_once(syslog, message);

	if (!err || err == -EAGAIN || err == -EMSGSIZE)
		return err;
	disconnect(syslog);
	err = send_once(syslog, message);
	if (err)
		disconnect(syslog);
	return err;
}

/* "<26>Jan 31 12:00:00 vmbpf[4711]: ", local time. strftime() would obey the locale. */
static const char *describe_header(struct arena *arena, const struct alert_record *record)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(record->real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return arena_printf(arena, "<%d>%s %2d %02d:%02d:%02d vmbpf[%d]: ",
		LOG_DAEMON | priorities[alert_level(record)], months[tm.tm_mon % 12], tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, (int)getpid());
}

static enum delivery syslog_deliver(void *state, const struct alert_record *const *records,
	size_t n, const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct syslog *syslog = state;
	int err;

	(void)n;
	(void)stop;
	arena_reset(syslog->arena);
	err = send_message(syslog,
		arena_printf(syslog->arena, "%s%s", describe_header(syslog->arena, records[0]),
			alert_logfmt(syslog->arena, records[0])));
	if (!err)
		return DELIVERED;
	snprintf(why, OUTLET_WHY_MAX, "cannot send to %s: %s", syslog->name,
		err == -EAGAIN ? "who reads it does not keep up" : strerror(-err));
	return err == -EMSGSIZE ? DELIVERY_REFUSED : DELIVERY_RETRY;
}

static const struct outlet_type syslog_type = {
	.name = "syslog",
	.batch = 1,
	.deliver = syslog_deliver,
	.close = syslog_close,
};

static struct syslog *new_syslog(const char *path)
{
	struct syslog *syslog = calloc(1, sizeof(*syslog));

	if (!syslog)
		return NULL;
	syslog->fd = -1;
	syslog->address.sun_family = AF_UNIX;
	strcpy(syslog->address.sun_path, path);
	unit_safe_text(path, syslog->name, sizeof(syslog->name));
	syslog->arena = arena_new();
	if (syslog->arena)
		return syslog;
	free(syslog);
	return NULL;
}

static int open_socket(const char *path, struct syslog **ret, char why[static OUTLET_WHY_MAX])
{
	struct syslog *syslog;
	int err;

	if (strlen(path) >= sizeof(syslog->address.sun_path)) {
		snprintf(why, OUTLET_WHY_MAX, "the name of a socket has at most %zu bytes",
			sizeof(syslog->address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	syslog = new_syslog(path);
	if (!syslog)
		return outlet_no_memory(why);
	err = reach(syslog);
	if (err) {
		snprintf(why, OUTLET_WHY_MAX,
			"cannot reach %s: %s (is a syslog daemon or journald running?)",
			syslog->name, strerror(-err));
		syslog_close(syslog);
		return err;
	}
	*ret = syslog;
	return 0;
}

int syslog_outlet_open(const char *socket, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	struct syslog *syslog = NULL;
	int err = open_socket(socket ? socket : DEFAULT_SOCKET, &syslog, why);

	return err ? err : outlet_make(&syslog_type, syslog->name, syslog, ret, why);
}
