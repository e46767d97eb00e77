/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes one file for a process that has given up the right to: a process of its own does it, which
 * stays what the one that started it was. It ends when that one ends, whatever ended it.
 *
 * A file or a folder that was opened before would not do: what may not make or rename a file can
 * only write over the old one, and is then cut short in the middle; and to have it open, there
 * would have to be one, though nobody may ever want it.
 */
#ifndef BASE_KEEPER_H
#define BASE_KEEPER_H

#include <stddef.h>

#include "base/child.h"

#define KEEPER_TEXT_MAX (16u << 20)

struct keeper {
	struct child child;
};

/*
 * Forks, hence before there are threads, and before rights are given up. The path is absolute.
 * Started by root, it becomes the owner of the folder: links in somebody's own folder lead root
 * nowhere, and the file is theirs. 0 or -errno.
 */
int keeper_start(const char *path, struct keeper *ret);

/*
 * Replaces the file by that text, as a whole or not at all. It is its owner's alone (0600), and so
 * are the folders that have to be made (0700). 0, -errno of the writing, -EPIPE when the process is
 * gone, -ETIMEDOUT when it has not answered within some seconds; from then on it is gone.
 */
int keeper_save(struct keeper *keeper, const char *text, size_t size);

void keeper_stop(struct keeper *keeper);

#endif
