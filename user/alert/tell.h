/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of alerts, record by record. Of the engine's own files only. */
#ifndef ALERT_TELL_H
#define ALERT_TELL_H

#include "alert/engine_parts.h"

/* That it fires; unless it is a refresh, with its cause from the data of this tick. */
void tell_firing(struct engine *engine, const struct snapshot *snap, const struct target *target,
	struct instance *instance, enum occasion occasion);

/* That there is no data any more. */
void tell_nodata(struct engine *engine, const struct snapshot *snap, const struct target *target,
	const struct instance *instance, enum occasion occasion);

/* That what was told last is over, now and for some minutes. */
void tell_end(struct engine *engine, const struct snapshot *snap, const struct target *target,
	const struct instance *instance);

/* Of the many that a rule has lost its data of at once, or that it has it again. */
void tell_crowd(struct engine *engine, const struct snapshot *snap, const struct rule *rule,
	struct crowd *crowd, enum occasion occasion);

/* What ended lately, where that is due. */
void tell_ended_again(struct engine *engine, const struct snapshot *snap);

/* It has begun anew, so that its end is not told any more. */
void tell_forget(struct engine *engine, uint64_t identity, const struct rule *rule);

#endif
