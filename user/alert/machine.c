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
	uint64_t oldest_ns = machine->changes_ns[machine->n_changes % RING];

	return machine->n_changes >= RING && now_ns - oldest_ns < FLAP_NS;
}

static void fire(struct machine *machine, uint64_t now_ns)
{
	machine->state = MACHINE_FIRING;
	machine->fired_ns = now_ns;
	note_change(machine, now_ns);
}

static void stop(struct machine *machine, uint64_t now_ns)
{
	if (machine_fires(machine))
		note_change(machine, now_ns);
	machine->state = MACHINE_INACTIVE;
	machine->was_firing = false;
}

static void step_holding(
	struct machine *machine, const struct rule *rule, uint64_t now_ns, bool at_once)
{
	machine->held_ns = now_ns;
	if (machine_fires(machine)) {
		machine->state = MACHINE_FIRING;
		machine->was_firing = false;
		return;
	}
	if (machine->state != MACHINE_PENDING) {
		machine->state = MACHINE_PENDING;
		machine->since_ns = now_ns;
	}
	if (at_once || now_ns - machine->since_ns >= rule->for_ns)
		fire(machine, now_ns);
}

static void step_not_holding(struct machine *machine, const struct rule *rule, uint64_t now_ns)
{
	if (!machine_fires(machine)) {
		machine->state = MACHINE_INACTIVE;
		return;
	}
	if (now_ns - machine->held_ns >= rule->keep_ns) {
		stop(machine, now_ns);
		return;
	}
	machine->state = MACHINE_FIRING;
	machine->was_firing = false;
}

static void step_unknown(struct machine *machine, uint64_t now_ns, uint64_t nodata_ns)
{
	if (machine->state == MACHINE_PENDING)
		machine->state = MACHINE_INACTIVE;
	if (!machine->known || machine->state == MACHINE_NODATA ||
		now_ns - machine->known_ns <= nodata_ns)
		return;
	machine->was_firing = machine->state == MACHINE_FIRING;
	machine->state = MACHINE_NODATA;
}

void machine_step(struct machine *machine, const struct rule *rule, enum truth truth,
	uint64_t now_ns, uint64_t nodata_ns, bool at_once)
{
	if (truth == TRUTH_UNKNOWN) {
		step_unknown(machine, now_ns, nodata_ns);
	} else {
		machine->known = true;
		machine->known_ns = now_ns;
		if (truth == TRUTH_YES)
			step_holding(machine, rule, now_ns, at_once);
		else
			step_not_holding(machine, rule, now_ns);
	}
	machine->flapping = changes_too_often(machine, now_ns);
}

void machine_end(struct machine *machine, uint64_t now_ns)
{
	stop(machine, now_ns);
	machine->known = false;
	machine->flapping = false;
}
