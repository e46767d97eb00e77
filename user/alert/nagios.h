/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look as a plug-in of Nagios and its like tells it: a line with performance data, and a status
 * (Monitoring Plugins Development Guidelines).
 */
#ifndef ALERT_NAGIOS_H
#define ALERT_NAGIOS_H

#include <stdio.h>

#include "alert/engine.h"

enum nagios_status { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

struct nagios;

struct nagios *nagios_new(void); /* NULL without memory */
void nagios_free(struct nagios *nagios); /* accepts NULL */

/* For engine_setup.emit: what fires is counted, and as much of it kept as a line can hold. */
void nagios_add(struct nagios *nagios, const struct alert_record *record);

/*
 * Prints the line. Unknown is a rule that nothing could be held against, when nothing fires; a VM
 * here and there that does not tell is not. `n_blind` is the number of such rules, and `blind` the
 * name of one.
 */
struct nagios_facts {
	struct engine_status status;
	size_t n_blind;
	const char *blind;
	bool nobody; /* no VM is what was asked for, which is unknown, too */
};
enum nagios_status nagios_print(
	FILE *out, const struct nagios *nagios, const struct nagios_facts *facts);

#endif
