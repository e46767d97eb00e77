/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the words of a command line to what an output shows. */
#ifndef CMD_VIEW_H
#define CMD_VIEW_H

#include "cmd/cmd.h"
#include "vmbpf/sink.h"

/* What a command shows unless it is told otherwise. */
struct view_defaults {
	const char *fields; /* NULL: all of the scope */
	const char *sort; /* NULL: in snapshot order */
	uint32_t scopes; /* 1u << enum scope */
};

/*
 * Fills *spec, whose filter the caller gives back to view_done(). Returns 0, or the exit status
 * after one line on standard error that says which word was wrong.
 */
int view_init(const struct request *request, const struct view_defaults *defaults,
	struct view_spec *spec);
void view_done(struct view_spec *spec);

/* The direction that a command line asks for. */
bool view_is_ascending(const struct request *request, const struct column *sort);

/* The VMs that the operand of a command means, as a word of a filter does. */
struct wanted {
	const char *operand; /* NULL: all */
	bool found; /* one of them has been seen */
	int status; /* the exit status when there is none */
};

/* Shows only these. 0, or the exit status after a line on standard error. */
int view_choose_vms(const struct wanted *wanted, struct view_spec *spec);

/* 0, or -ECANCELED after a line on standard error when it is certain that there is none. */
int view_find_vms(struct wanted *wanted, const struct snapshot *snap);

/* The list of what --fields, --sort and --filter understand. */
void view_print_fields(void);

#endif
