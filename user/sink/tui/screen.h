/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screens: sets of columns of the catalogue, and what can be unfolded below a VM. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "vmbpf/metric.h"

struct screen {
	const char *name; /* in the file of the layout */
	const char *title;
	const char *fields; /* of VMs, as --fields takes them */
	const char *sort; /* one of them */
	enum scope below; /* what stands below an unfolded VM */
};

enum screen_id {
	SCREEN_OVERVIEW,
	SCREEN_CPU,
	SCREEN_MEMORY,
	SCREEN_NETWORK,
	SCREEN_DISK,
	SCREEN_EXITS,
	N_SCREENS
};

extern const struct screen screens[N_SCREENS];

#endif
