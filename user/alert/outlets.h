/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of outlets there are, and how each is opened: before rights are given up. */
#ifndef ALERT_OUTLETS_H
#define ALERT_OUTLETS_H

#include "alert/outlet.h"

/*
 * Each returns 0 with *ret, or -errno with one line in `why` that says what is wrong and what would
 * be right. Threads are not started yet.
 */

/*
 * One line of logfmt for each alert, appended, as a whole or not at all. A process of its own opens
 * the file, now and anew after it was rotated, since vmbpf itself has lost the right to by then;
 * started by root, it does so as the owner of the folder.
 */
int log_outlet_open(const char *path, struct outlet **ret, char why[static OUTLET_WHY_MAX]);

/* The system's log, through /dev/log (or the socket given, for NULL that one). */
int syslog_outlet_open(const char *socket, struct outlet **ret, char why[static OUTLET_WHY_MAX]);

/*
 * A program, run for each alert without a shell: the alert as JSON on its standard input and as
 * VMBPF_ALERT_* in an otherwise empty environment. A process of its own runs it, forked here: vmbpf
 * itself is not allowed to. `user` is the account it runs as when vmbpf was started by root (as
 * config.user).
 *
 * Up to four run at once. Each may take ten seconds, then its process group gets SIGTERM, and two
 * seconds later SIGKILL; what it leaves running in its group when it ends is ended, too. Exit
 * status 0 is a delivery; an alert whose program fails or takes too long counts as dropped, of
 * several that ran at once that one only, and is not told again: nobody knows what was done. When
 * the outlet or vmbpf ends, so does all that runs.
 */
int exec_outlet_open(const char *program, const char *user, struct outlet **ret,
	char why[static OUTLET_WHY_MAX]);

/* JSON by HTTP POST, one alert each. */
int webhook_outlet_open(const char *url, struct outlet **ret, char why[static OUTLET_WHY_MAX]);

/* The API, version 2, of an Alertmanager. */
int alertmanager_outlet_open(const char *url, struct outlet **ret, char why[static OUTLET_WHY_MAX]);

/* Standard output, or whatever file descriptor; not closed at the end. */
enum stream_format { STREAM_LINE, STREAM_JSON };
struct stream_style {
	enum stream_format format;
	bool colour, utf8;
};
int stream_outlet_open(int fd, const struct stream_style *style, struct outlet **ret,
	char why[static OUTLET_WHY_MAX]);

#endif
