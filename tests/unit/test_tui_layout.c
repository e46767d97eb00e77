/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the layout: what is written is read again, and what is damaged is passed over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sink/tui/layout.h"

/* What was said of a text: "2: VMs have no column 'x'\n". */
struct said {
	char text[1024];
	unsigned n;
};

static void note(void *context, unsigned line, const char *what)
{
	struct said *said = context;
	size_t size = strlen(said->text);

	said->n++;
	snprintf(said->text + size, sizeof(said->text) - size, "%u: %s\n", line, what);
}

/* The layout that a text makes of what the screens show by themselves. To be freed. */
static struct layout *parse(const char *text, struct said *said)
{
	struct layout *layout = calloc(1, sizeof(*layout));
	char *copy = strdup(text);

	assert_non_null(layout);
	assert_non_null(copy);
	*said = (struct said){ 0 };
	layout_init(layout);
	layout_parse(copy, layout, note, said);
	free(copy);
	return layout;
}

static char *format(const struct layout *layout)
{
	char *text = calloc(1, LAYOUT_TEXT_MAX);
	int size;

	assert_non_null(text);
	size = layout_format(layout, text);
	assert_int_equal(size, strlen(text));
	return text;
}

/* "cpu_percent,ready_percent by cpu_percent v". To be freed. */
static char *describe(const struct screen_layout *screen)
{
	char name[COLUMN_NAME_MAX], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned i = 0; i < screen->n_columns; i++)
		fprintf(out, "%s%s", i ? "," : "", column_name(&screen->columns[i], name));
	fprintf(out, " by %s %c", column_name(&screen->sort, name), screen->ascending ? '^' : 'v');
	fclose(out);
	return text;
}

static void assert_screen(const struct layout *layout, enum screen_id id, const char *expected)
{
	char *text = describe(&layout->of[id]);

	assert_string_equal(text, expected);
	free(text);
}

static void columns_order_and_direction_are_read(void **state)
{
	struct said said;
	struct layout *layout = parse("# a comment\n"
				      "\n"
				      "screen = exits\r\n"
				      "interval=2.5s\n"
				      "  cpu.columns = ready , cpu_seconds_total,host.cpus  \n"
				      "cpu.sort = ready ascending\n"
				      "memory.columns = state\n"
				      "memory.sort =   vm.name\n"
				      "disk.sort = disk_read\tdescending",
		&said);

	(void)state;
	assert_string_equal(said.text, "");
	assert_int_equal(layout->screen, SCREEN_EXITS);
	assert_int_equal(layout->interval_ns, 2500 * NSEC_PER_MSEC);
	assert_screen(
		layout, SCREEN_CPU, "ready_percent,cpu_seconds_total,cpus by ready_percent ^");
	assert_screen(layout, SCREEN_MEMORY, "state by name ^");
	assert_int_equal(layout->of[SCREEN_DISK].n_columns, 7);
	free(layout);
}

static void what_is_written_is_read_again(void **state)
{
	struct said said;
	struct layout *layout = parse("screen = network\n"
				      "interval = 100ms\n"
				      "overview.columns = host.load_1m,name,cpu_seconds_total\n"
				      "overview.sort = cpu_seconds_total ascending\n"
				      "exits.columns =\n"
				      "exits.sort = name descending\n",
		&said);
	char *text = format(layout), *again;
	struct layout *copy = parse(text, &said);

	(void)state;
	again = format(copy);
	assert_string_equal(said.text, "");
	assert_string_equal(text, again);
	assert_int_equal(copy->screen, SCREEN_NETWORK);
	assert_int_equal(copy->interval_ns, 100 * NSEC_PER_MSEC);
	assert_screen(
		copy, SCREEN_OVERVIEW, "load_1m,name,cpu_seconds_total by cpu_seconds_total ^");
	assert_screen(copy, SCREEN_EXITS, " by name v");
	free(text);
	free(again);
	free(layout);
	free(copy);
}

/* Every column that can be chosen, on every screen. */
static void the_largest_layout_can_be_written_and_read(void **state)
{
	struct layout *layout = calloc(1, sizeof(*layout)), *copy;
	enum view view = VIEW_TOTAL;
	struct column column;
	struct said said;
	size_t i = 0;
	char *text;

	(void)state;
	assert_non_null(layout);
	while (column_next(SCOPE_VM, &i, &view, &column)) {
		for (enum screen_id id = 0; id < N_SCREENS; id++) {
			struct screen_layout *screen = &layout->of[id];

			assert_true(screen->n_columns < MAX_COLUMNS);
			screen->columns[screen->n_columns++] = column;
			screen->sort = column;
		}
	}
	text = format(layout);
	copy = parse(text, &said);
	assert_string_equal(said.text, "");
	assert_int_equal(copy->of[SCREEN_EXITS].n_columns, layout->of[SCREEN_EXITS].n_columns);
	free(text);
	free(layout);
	free(copy);
}

static void what_is_damaged_is_told_and_changes_nothing(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "colour = blue", "1: 'colour' is not known here\n" },
		{ "\n\nrubbish", "3: 'rubbish' is not NAME = VALUE\n" },
		{ "= 1", "1: '' is not known here\n" },
		{ "cpu. = 1", "1: 'cpu.' is not known here\n" },
		{ ".columns = cpu", "1: '.columns' is not known here\n" },
		{ "gpu.columns = cpu", "1: 'gpu.columns' is not known here\n" },
		{ "cpu.columns.more = cpu", "1: 'cpu.columns.more' is not known here\n" },
		{ "screen = gpu", "1: there is no screen 'gpu'\n" },
		{ "screen =", "1: there is no screen ''\n" },
		{ "interval = soon", "1: 'soon' is no time from 0.1 to 3600 seconds\n" },
		{ "interval = 1ms", "1: '1ms' is no time from 0.1 to 3600 seconds\n" },
		{ "interval = -1", "1: '-1' is no time from 0.1 to 3600 seconds\n" },
		{ "cpu.columns = redy", "1: VMs have no column 'redy'\n" },
		{ "cpu.columns = vcpu.ready", "1: VMs have no column 'vcpu.ready'\n" },
		{ "cpu.columns = ,", "1: VMs have no column ''\n1: VMs have no column ''\n" },
		{ "cpu.sort =", "1: VMs have no column ''\n" },
		{ "cpu.sort = redy", "1: VMs have no column 'redy'\n" },
		{ "cpu.sort = ready up", "1: 'up' is neither ascending nor descending\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct said said, nothing;
		struct layout *layout = parse(cases[i].text, &said), *untouched;
		char *is, *was;

		untouched = parse("", &nothing);
		is = format(layout);
		was = format(untouched);
		assert_string_equal(said.text, cases[i].said);
		assert_string_equal(is, was);
		free(is);
		free(was);
		free(layout);
		free(untouched);
	}
}

static void what_is_known_of_a_damaged_line_counts(void **state)
{
	struct said said;
	struct layout *layout = parse("cpu.columns = redy,ready,cpu,ready_percent\n", &said);

	(void)state;
	assert_string_equal(
		said.text, "1: VMs have no column 'redy'\n1: 'ready_percent' is there already\n");
	assert_screen(layout, SCREEN_CPU, "ready_percent,cpu_percent by cpu_percent v");
	free(layout);
}

/* As long as a file may be, in one line. */
static void long_words_are_cut_in_what_is_said(void **state)
{
	struct said said;
	struct layout *layout;
	char *text = malloc(LAYOUT_TEXT_MAX);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LAYOUT_TEXT_MAX - 1);
	text[LAYOUT_TEXT_MAX - 1] = '\0';
	layout = parse(text, &said);
	assert_int_equal(said.n, 1);
	assert_true(strlen(said.text) < 100);
	free(layout);
	memcpy(text, "cpu.sort=", 9);
	layout = parse(text, &said);
	assert_int_equal(said.n, 1);
	assert_true(strlen(said.text) < 100);
	free(layout);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_order_and_direction_are_read),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(the_largest_layout_can_be_written_and_read),
		cmocka_unit_test(what_is_damaged_is_told_and_changes_nothing),
		cmocka_unit_test(what_is_known_of_a_damaged_line_counts),
		cmocka_unit_test(long_words_are_cut_in_what_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
