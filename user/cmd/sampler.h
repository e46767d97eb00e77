/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The collectors, opened: what takes snapshots of this host. */
#ifndef CMD_SAMPLER_H
#define CMD_SAMPLER_H

#include <signal.h>
#include <stdbool.h>

#include "vmbpf/config.h"
#include "vmbpf/model.h"

struct sampler;

/*
 * Opens the collectors, gives up all rights that are not needed any more, and starts what runs
 * beside the tick. A collector that cannot be opened is a source that is down; if it is a required
 * one that is the end, unless `tolerant`. 0, or the exit status after one line on standard error.
 */
int sampler_open(const struct config *config, bool tolerant, struct sampler **ret);
void sampler_close(struct sampler *sampler); /* accepts NULL */

/* Why the required collector is not open, NULL when it is; *status is the exit status for it. */
const char *sampler_missing(const struct sampler *sampler, int *status);

/*
 * One snapshot, linked to the one before (or NULL). `tick_s` is what the last tick took in seconds,
 * NAN before there was one. NULL with errno when there is no memory.
 */
struct snapshot *sampler_take(
	struct sampler *sampler, const struct snapshot *before, double tick_s);

#endif
