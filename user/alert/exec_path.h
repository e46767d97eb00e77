/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs may be run: those that nobody but root and whoever asked for it can change. */
#ifndef ALERT_EXEC_PATH_H
#define ALERT_EXEC_PATH_H

#include <limits.h>

#include "alert/outlet.h"

/*
 * Checks the program and every folder above it, links resolved: `path` is what to run. `trusted` is
 * a folder that is taken for safe with all above it; NULL: none is. 0, or -errno with one line in
 * `why`.
 */
int exec_path_check(const char *program, const char *trusted, char path[static PATH_MAX],
	char why[static OUTLET_WHY_MAX]);

#endif
