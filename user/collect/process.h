/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory and page faults of QEMU processes: the parsers, for tests. */
#ifndef COLLECT_PROCESS_H
#define COLLECT_PROCESS_H

#include "vmbpf/model.h"

struct process_usage {
	uint64_t start_ticks; /* since boot, in units of 1 / sysconf(_SC_CLK_TCK) seconds */
	uint64_t faults_minor, faults_major;
	uint64_t rss_bytes; /* huge pages included */
	uint64_t swap_bytes;
};

/*
 * Each fills its part of *ret from the text of /proc/PID/stat and /proc/PID/status. -EBADMSG where
 * the text is not what the kernel writes; -ENODATA from the second where the process has no memory
 * any more, as a zombie.
 */
int process_parse_stat(const char *text, struct process_usage *ret);
int process_parse_status(const char *text, struct process_usage *ret);

#endif
