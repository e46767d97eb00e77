/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens one file to append to, as often as it is asked, for a process that gives up the right to: a
 * process of its own does it and hands the file descriptor over. It ends when that one ends,
 * whatever ended it.
 */
#ifndef BASE_OPENER_H
#define BASE_OPENER_H

#include "base/child.h"

struct opener {
	struct child child;
};

/*
 * Forks, hence before there are threads, and before rights are given up. The path is absolute.
 * Started by root, it becomes the owner of the folder: links in somebody's own folder lead root
 * nowhere, and what it opens later, it can open at once, too. 0 or -errno.
 */
int opener_start(const char *path, struct opener *ret);

/*
 * A new file descriptor, to write at the end of what is there now, made (0640) where nothing is. It
 * waits for nobody: O_NONBLOCK. Or -errno of that, -EPIPE when the process is gone, -ETIMEDOUT when
 * it has not answered within some seconds; from then on it is gone.
 */
int opener_open(struct opener *opener);

void opener_stop(struct opener *opener);

#endif
