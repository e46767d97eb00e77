/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of an alert, under a clock that the tests turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/machine.h"
#include "base/clock.h"

#define SECOND NSEC_PER_SEC
#define BEGIN (1000 * SECOND)
#define NODATA (10 * SECOND)
#define OFFSET (5000000 * SECOND) /* of the real clock */

/*
 * A story is a text with a character for each second: '#' the condition holds, '.' it does not, '?'
 * nobody knows. What is expected has the state after each: i inactive, p pending, F firing, n no
 * data, N no data of what was firing.
 */
static char state_of(const struct machine *machine)
{
	static const char letters[] = {
		[MACHINE_INACTIVE] = 'i',
		[MACHINE_PENDING] = 'p',
		[MACHINE_FIRING] = 'F',
		[MACHINE_NODATA] = 'n',
	};

	if (machine->state == MACHINE_NODATA && machine->was_firing)
		return 'N';
	return letters[machine->state];
}

static enum truth truth_of(char c)
{
	return c == '#' ? TRUTH_YES : c == '.' ? TRUTH_NO : TRUTH_UNKNOWN;
}

static void tell(struct machine *machine, const struct rule *rule, const char *story,
	uint64_t *now_ns, char *states)
{
	for (; *story; story++, *now_ns += SECOND) {
		const struct look look = {
			.truth = truth_of(*story),
			.now = { *now_ns, *now_ns + OFFSET },
			.nodata_ns = NODATA,
		};

		machine_step(machine, rule, &look);
		*states++ = state_of(machine);
	}
	*states = '\0';
}

static void assert_story(const struct rule *rule, const char *story, const char *expected)
{
	struct machine machine = { 0 };
	uint64_t now_ns = BEGIN;
	char states[256];

	tell(&machine, rule, story, &now_ns, states);
	assert_string_equal(states, expected);
}

static void without_for_it_fires_at_once_and_ends_at_once(void **state)
{
	(void)state;
	assert_story(&(struct rule){ 0 }, "..#.##.", "iiFiFFi");
}

static void it_fires_when_it_has_held_for_as_long_as_asked(void **state)
{
	const struct rule rule = { .for_ns = 3 * SECOND };

	(void)state;
	/* Seen first at second 1, so at second 4 it has held for three. */
	assert_story(&rule, ".#####.", "ipppFFi");
}

static void a_spike_shorter_than_that_never_fires(void **state)
{
	const struct rule rule = { .for_ns = 3 * SECOND };

	(void)state;
	assert_story(&rule, ".###.###.###.", "ipppipppipppi");
}

static void what_was_unknown_meanwhile_is_not_held_to_have_gone_on(void **state)
{
	const struct rule rule = { .for_ns = 3 * SECOND };

	(void)state;
	assert_story(&rule, "##?####.", "ppipppFi");
}

static void it_goes_on_firing_for_as_long_as_asked(void **state)
{
	const struct rule rule = { .keep_ns = 2 * SECOND };

	(void)state;
	assert_story(&rule, "#.#...#", "FFFFiiF");
}

/* Beyond ten seconds, that is at the eleventh second after it was known last. */
static void missing_data_is_a_state_of_its_own_and_no_end(void **state)
{
	const struct rule rule = { 0 };

	(void)state;
	assert_story(&rule, "#???????????", "FFFFFFFFFFFN");
	assert_story(&rule, "#???????????##.", "FFFFFFFFFFFNFFi");
	assert_story(&rule, "#???????????..", "FFFFFFFFFFFNii");
	assert_story(&rule, ".???????????.", "iiiiiiiiiiini");
	assert_story(&rule, ".???????????#", "iiiiiiiiiiinF");
}

static void what_was_never_known_is_not_missing(void **state)
{
	(void)state;
	assert_story(&(struct rule){ 0 }, "??????????????", "iiiiiiiiiiiiii");
}

/* A tick that was late makes the time to the next one short, but that one is on time. */
static void a_late_tick_does_not_make_it_wait_for_another_one(void **state)
{
	const struct rule rule = { .for_ns = 3 * SECOND };
	struct machine machine = { 0 };
	struct look look = {
		.truth = TRUTH_YES,
		.now = { BEGIN + SECOND / 100, 1 },
		.early_ns = SECOND / 20,
	};

	(void)state;
	machine_step(&machine, &rule, &look);
	look.now.mono_ns = BEGIN + 2 * SECOND;
	machine_step(&machine, &rule, &look);
	assert_int_equal(machine.state, MACHINE_PENDING);
	look.now.mono_ns = BEGIN + 3 * SECOND;
	machine_step(&machine, &rule, &look);
	assert_int_equal(machine.state, MACHINE_FIRING);
}

static void at_once_means_without_waiting(void **state)
{
	const struct rule rule = { .for_ns = 60 * SECOND };
	struct machine machine = { 0 };

	(void)state;
	machine_step(&machine, &rule,
		&(struct look){ .truth = TRUTH_YES, .now = { BEGIN, 1 }, .at_once = true });
	assert_int_equal(machine.state, MACHINE_FIRING);
}

static void it_knows_when_it_all_began(void **state)
{
	const struct rule rule = { .for_ns = 2 * SECOND };
	struct machine machine = { 0 };
	uint64_t now_ns = BEGIN;
	char states[16];

	(void)state;
	tell(&machine, &rule, "..####", &now_ns, states);
	assert_true(machine.since.real_ns == BEGIN + OFFSET + 2 * SECOND);
	assert_true(machine.fired.real_ns == BEGIN + OFFSET + 4 * SECOND);
	assert_true(machine.held_ns == BEGIN + 5 * SECOND);
}

static void coming_and_going_too_often_is_flapping_until_it_is_steady(void **state)
{
	const struct rule rule = { 0 };
	struct machine machine = { 0 };
	uint64_t now_ns = BEGIN;
	char states[16];

	(void)state;
	tell(&machine, &rule, "#.#.#", &now_ns, states);
	assert_false(machine.flapping); /* five changes */
	tell(&machine, &rule, ".", &now_ns, states);
	assert_true(machine.flapping); /* the sixth within an hour, at second 5 */
	now_ns = BEGIN + 3599 * SECOND;
	tell(&machine, &rule, ".", &now_ns, states);
	assert_true(machine.flapping);
	/* An hour after the first of the last six changes there are only five left. */
	tell(&machine, &rule, ".", &now_ns, states);
	assert_false(machine.flapping);
}

static void what_is_gone_is_over_and_unknown(void **state)
{
	const struct rule rule = { 0 };
	struct machine machine = { 0 };
	uint64_t now_ns = BEGIN;
	char states[16];

	(void)state;
	tell(&machine, &rule, "##", &now_ns, states);
	machine_end(&machine, now_ns);
	assert_false(machine_fires(&machine));
	assert_int_equal(machine.n_changes, 2);
	now_ns += 60 * SECOND;
	tell(&machine, &rule, "??", &now_ns, states);
	assert_string_equal(states, "ii");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_for_it_fires_at_once_and_ends_at_once),
		cmocka_unit_test(it_fires_when_it_has_held_for_as_long_as_asked),
		cmocka_unit_test(a_spike_shorter_than_that_never_fires),
		cmocka_unit_test(what_was_unknown_meanwhile_is_not_held_to_have_gone_on),
		cmocka_unit_test(it_goes_on_firing_for_as_long_as_asked),
		cmocka_unit_test(missing_data_is_a_state_of_its_own_and_no_end),
		cmocka_unit_test(what_was_never_known_is_not_missing),
		cmocka_unit_test(a_late_tick_does_not_make_it_wait_for_another_one),
		cmocka_unit_test(at_once_means_without_waiting),
		cmocka_unit_test(it_knows_when_it_all_began),
		cmocka_unit_test(coming_and_going_too_often_is_flapping_until_it_is_steady),
		cmocka_unit_test(what_is_gone_is_over_and_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
