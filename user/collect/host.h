/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host as a whole: its parsers, for tests. */
#ifndef COLLECT_HOST_H
#define COLLECT_HOST_H

#include "vmbpf/model.h"

/* One file below /proc and what it tells. A source is there when all its files were understood. */
struct host_file {
	const char *name;
	enum source source;
	/* Fills its fields of *ret. -EBADMSG where the text is not what the kernel writes. */
	int (*parse)(const char *text, struct host *ret);
};

extern const struct host_file host_files[];
extern const size_t n_host_files;

/* Reads all of them below the directory `proc_fd` and sets the bits of the complete sources. */
void host_read(int proc_fd, struct host *ret);

#endif
