/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSV: what stands where, quoting, and that no spreadsheet runs what a tenant chose. */
#include "sink_fixture.h"

#include <errno.h>

#define TIME "2026-01-31T12:00:01.000000000Z"

static const char *const columns[] = { "state", "cpu_seconds_total", "memory_rss_bytes", NULL };

static void the_header_names_time_vm_and_columns(void **state)
{
	struct snapshot *snap = fixture_tick(1);
	struct view_spec spec = { .headers = true };
	char *text;

	(void)state;
	fixture_add_columns(&spec, SCOPE_VM, columns);
	fixture_vm(snap, "web", 10)->cpu_ns = 1500 * MSEC;
	snapshot_finish(snap, NULL);
	text = fixture_text("csv", &spec, snap);
	/* Nobody read the resident set: an empty field, not 0. */
	assert_string_equal(text, "time,vm,state,cpu_seconds_total,memory_rss_bytes\n" TIME
				  ",web,no libvirt,1.500000000,\n");
	free(text);
	snapshot_free(snap);
}

static void without_headers_there_are_only_rows(void **state)
{
	struct snapshot *snap = fixture_tick(1);
	struct view_spec spec = { 0 };
	char *text;

	(void)state;
	fixture_add_columns(&spec, SCOPE_VM, columns);
	snapshot_finish(snap, NULL);
	text = fixture_text("csv", &spec, snap);
	assert_string_equal(text, "");
	free(text);
	snapshot_free(snap);
}

static void rows_below_a_vm_carry_its_name_and_their_key(void **state)
{
	static const char *const vcpu_columns[] = { "vcpu.cpu_seconds_total", "vcpu.vcpu",
		"vm.name", "vm.pid", NULL };
	struct snapshot *snap = fixture_tick(1);
	struct view_spec spec = { .headers = true };
	char *text;

	(void)state;
	fixture_add_columns(&spec, SCOPE_VCPU, vcpu_columns);
	fixture_vcpu(snap, fixture_vm(snap, "web", 10), 3);
	snapshot_finish(snap, NULL);
	text = fixture_text("csv", &spec, snap);
	/* The key and the VM's name are there anyhow and not repeated. */
	assert_string_equal(
		text, "time,vm,vcpu,cpu_seconds_total,pid\n" TIME ",web,3,0.000000000,10\n");
	free(text);
	snapshot_free(snap);
}

static void texts_are_quoted_where_needed_and_never_run(void **state)
{
	static const struct {
		const char *name, *field;
	} cases[] = {
		{ "web 1", "web 1" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "=1+1", "'=1+1" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"" },
		{ "two\nlines\x1b[2J\xff", "two?lines?[2J?" },
	};
	struct view_spec spec = { 0 };

	(void)state;
	spec.columns[spec.n_columns++] = fixture_column("pid", SCOPE_VM);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot *snap = fixture_tick(1);
		char expected[128], *text;

		fixture_vm(snap, cases[i].name, 10);
		snapshot_finish(snap, NULL);
		text = fixture_text("csv", &spec, snap);
		snprintf(expected, sizeof(expected), TIME ",%s,10\n", cases[i].field);
		assert_string_equal(text, expected);
		free(text);
		snapshot_free(snap);
	}
}

static void a_failed_write_is_reported(void **state)
{
	struct view_spec spec = { .headers = true };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(sink_find("csv")->begin(full, &spec), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_names_time_vm_and_columns),
		cmocka_unit_test(without_headers_there_are_only_rows),
		cmocka_unit_test(rows_below_a_vm_carry_its_name_and_their_key),
		cmocka_unit_test(texts_are_quoted_where_needed_and_never_run),
		cmocka_unit_test(a_failed_write_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
