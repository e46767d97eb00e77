/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outlet that runs a program, with other limits than the usual ones. */
#ifndef ALERT_EXEC_OUTLET_H
#define ALERT_EXEC_OUTLET_H

#include "alert/outlet.h"

struct exec_limits {
	uint64_t term_ns; /* how long a program may run */
	uint64_t kill_ns; /* and how long after SIGTERM */
	const char *trusted; /* see exec_path_check() */
};

int exec_outlet_open_limited(const char *program, const char *user,
	const struct exec_limits *limits, struct outlet **ret, char why[static OUTLET_WHY_MAX]);

#endif
