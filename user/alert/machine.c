/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the transitions between the states of an alert. */
#include "alert/machine.h"

#include "base/clock.h"

#define RING (FLAP_CHANGES + 1)

bool machine_fires(const struct machine *machine)
{
	return machine->state == MACHINE_FIRING ||
	       (machine->state == MACHINE_NODATA && machine->was_firing);
}

static void note_change(struct machine *machine, uint64_t now_ns)
{
	machine->changes_ns[machine->n_changes++ % RING] = now_ns;
}

/* The oldest of the last changes tells whether there were too many within an hour. */
static bool changes_too_often(const struct machine *machine, uint64_t now_ns)
{
	if (machine->n_changes < RING)
		return false;
	return now_ns - machine->changes_ns[machine->n_changes % RING] < FLAP_NS;
}

static void fire(struct machine *machine, const struct moment *now)
{
	machine->state = MACHINE_FIRING;
	machine->fired = *now;
	note_change(machine, now->mono_ns);
}

static void stop(struct machine *machine, uint64_t now_ns)
{
	if (machine_fires(machine))
		note_change(machine, now_ns);
	machine->state = MACHINE_INACTIVE;
	machine->was_firing = false;
}

static bool has_held_for_long(
	const struct machine *machine, const struct rule *rule, const struct look *look)
{
	return look->now.mono_ns - machine->since.mono_ns + look->early_ns >= rule->for_ns;
}

static void step_holding(struct machine *machine, const struct rule *rule, const struct look *look)
{
	machine->held_ns = look->now.mono_ns;
	if (machine_fires(machine)) {
		machine->state = MACHINE_FIRING;
		machine->was_firing = false;
		return;
	}
	if (machine->state != MACHINE_PENDING) {
		machine->state = MACHINE_PENDING;
		machine->since = look->now;
	}
	if (look->at_once || has_held_for_long(machine, rule, look))
		fire(machine, &look->now);
}

static void step_not_holding(
	struct machine *machine, const struct rule *rule, const struct look *look)
{
	uint64_t now_ns = look->now.mono_ns;

	if (!machine_fires(machine)) {
		machine->state = MACHINE_INACTIVE;
		return;
	}
	if (now_ns - machine->held_ns + look->early_ns >= rule->keep_ns) {
		stop(machine, now_ns);
		return;
	}
	machine->state = MACHINE_FIRING;
	machine->was_firing = false;
}

static void step_unknown(struct machine *machine, const struct look *look)
{
	if (machine->state == MACHINE_PENDING)
		machine->state = MACHINE_INACTIVE;
	if (!machine->known.mono_ns || machine->state == MACHINE_NODATA ||
		look->now.mono_ns - machine->known.mono_ns <= look->nodata_ns)
		return;
	machine->was_firing = machine->state == MACHINE_FIRING;
	machine->state = MACHINE_NODATA;
	machine->lost = machine->known;
}

void machine_step(struct machine *machine, const struct rule *rule, const struct look *look)
{
	if (look->truth == TRUTH_UNKNOWN) {
		step_unknown(machine, look);
	} else {
		machine->known = look->now;
		if (look->truth == TRUTH_YES)
			step_holding(machine, rule, look);
		else
			step_not_holding(machine, rule, look);
	}
	machine->flapping = changes_too_often(machine, look->now.mono_ns);
}

void machine_end(struct machine *machine, uint64_t now_ns)
{
	stop(machine, now_ns);
	machine->known = (struct moment){ 0 };
	machine->flapping = false;
}
