/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read at the end of a run. */
#include "sink_fixture.h"

#include <errno.h>
#include <math.h>

#include "alert/summary.h"

static const struct rule cpu_high = { .name = "VmCpuHigh", .severity = SEVERITY_WARNING };
static const struct rule ready_high = { .name = "VmReadyCritical", .severity = SEVERITY_CRITICAL };
static const struct rule memory_high = { .name = "VmMemoryHigh", .severity = SEVERITY_WARNING };
static const struct rule disk_slow = { .name = "VmDiskSlow", .severity = SEVERITY_WARNING };
static const struct rule host_memory = { .name = "HostMemoryLow", .severity = SEVERITY_WARNING };

/* Values of one second each; `above` of them were beyond the threshold. */
static void fill(struct tally *tally, double value, unsigned n, unsigned above)
{
	for (unsigned i = 0; i < n; i++)
		tally_add(tally, value, SECOND, i < above);
}

static char *print(struct summary *summary)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(summary_print(out, summary), 0);
	fclose(out);
	return text;
}

static void assert_printed(struct summary *summary, const char *expected)
{
	char *text = print(summary);

	assert_string_equal(text, expected);
	free(text);
}

static struct summary_row row_of(const char *vm, const struct rule *rule, const char *column,
	enum scope scope, double threshold, const struct tally *tally)
{
	return (struct summary_row){
		.vm = vm,
		.rule = rule,
		.column = fixture_column(column, scope),
		.relation = ">",
		.threshold = threshold,
		.tally = tally,
	};
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

/*
 * 200 of 250 s are 80 %. What fires comes first, then what fired. The bucket of 99.1 is that from
 * 98 to 100, whose middle is shown as percentile; that of 25.0 begins there, and no percentile is
 * more than the largest value.
 */
static void several_vms_are_told_of_worst_first(void **state)
{
	struct tally busy = { 0 }, calm = { 0 }, waits = { 0 }, none = { 0 };
	struct summary_row rows[] = {
		row_of("calm", &cpu_high, "cpu_used_percent", SCOPE_VM, 90, &calm),
		row_of("calm", &memory_high, "memory_used_percent", SCOPE_VM, 90, &none),
		row_of("lab-busy", &cpu_high, "cpu_used_percent", SCOPE_VM, 90, &busy),
		row_of("lab-waits", &ready_high, "ready_percent", SCOPE_VCPU, 10, &waits),
	};
	struct summary summary = { rows, 4, .n_ticks = 250, .seconds = 250 };

	(void)state;
	fill(&busy, 99.1, 200, 200);
	fill(&busy, 10, 50, 0);
	fill(&calm, 5, 250, 0);
	fill(&waits, 25, 100, 100);
	fill(&waits, 0, 100, 0);
	rows[2].n_alerts = 2;
	rows[2].cause = "vCPU 0 of 4 runs 99 %";
	rows[2].suggestion = "look inside the guest";
	rows[3].n_alerts = 1;
	rows[3].firing = true;
	rows[3].cause = "its vCPUs waited for db-2";
	assert_printed(&summary,
		"In 4m 10s (250 ticks) 3 VMs were watched, and 3 alerts fired:\n"
		"\n"
		"VM         RULE             METRIC                     MAX     P95         BEYOND  "
		"ALERTS\n"
		"lab-waits  VmReadyCritical  vcpu.ready_percent      25.0 %  25.0 %  1m 40s (50 %)  "
		"     1!\n"
		"lab-busy   VmCpuHigh        vm.cpu_used_percent     99.1 %  99.0 %  3m 20s (80 %)  "
		"     2\n"
		"calm       VmCpuHigh        vm.cpu_used_percent      5.0 %   5.0 %              0  "
		"     0\n"
		"calm       VmMemoryHigh     vm.memory_used_percent       -       -              -  "
		"     0\n"
		"! still fires at the end\n"
		"\n"
		"lab-waits: ready of a vCPU was above 10.0 % for 1m 40s (50 % of the time, at most "
		"25.0 %) and fired 1 alert, still firing at the end: its vCPUs waited for db-2.\n"
		"lab-busy: CPU used was above 90.0 % for 3m 20s (80 % of the time, at most 99.1 %) "
		"and fired 2 alerts: vCPU 0 of 4 runs 99 %. To do: look inside the guest.\n"
		"The other VM was fine.\n"
		"vm.memory_used_percent of 1 VM (calm) was not measured: mostly because the guest "
		"has no balloon driver, or the domain sets no statistics period (virsh dommemstat "
		"--period 5 --live).\n");
	tally_done(&busy);
	tally_done(&calm);
	tally_done(&waits);
}

static void a_vm_with_several_troubles_has_a_line_for_each(void **state)
{
	struct tally busy = { 0 }, slow = { 0 };
	struct summary_row rows[] = {
		row_of("web", &disk_slow, "disk_read_latency_seconds", SCOPE_DISK, 0.025, &slow),
		row_of("web", &cpu_high, "cpu_used_percent", SCOPE_VM, 90, &busy),
	};
	struct summary summary = { rows, 2, .n_ticks = 100, .seconds = 100 };
	char *text;

	(void)state;
	fill(&busy, 95, 100, 50);
	fill(&slow, 0.04, 100, 2);
	rows[0].n_alerts = 1;
	rows[0].suggestion = "look at the storage";
	text = print(&summary);
	assert_contains(text,
		"web: disk read latency of a disk was above 25.0ms for 2s (2 % of the time, at most "
		"40.0ms) and fired 1 alert. To do: look at the storage.\n"
		"  CPU used was above 90.0 % for 50s (50 % of the time, at most 95.0 %).\n");
	free(text);
	tally_done(&busy);
	tally_done(&slow);
}

static void rules_about_too_little_say_below(void **state)
{
	struct tally available = { 0 };
	struct summary_row row = row_of(
		NULL, &host_memory, "memory_available_bytes", SCOPE_HOST, 1 << 30, &available);
	struct summary summary = { &row, 1, .n_ticks = 10, .seconds = 10 };
	char *text;

	(void)state;
	fill(&available, 1 << 29, 10, 10);
	row.relation = "<";
	row.n_alerts = 1;
	text = print(&summary);
	assert_contains(text, "The host: memory available was below 1.00G for 10s (100 % of the "
			      "time) and fired 1 alert.\n");
	assert_contains(text, "\n(host)  HostMemoryLow  ");
	free(text);
	tally_done(&available);
}

static void nothing_that_fired_takes_one_line(void **state)
{
	struct summary summary = { .n_ticks = 3600, .seconds = 3600 };
	struct tally calm = { 0 };
	struct summary_row row = row_of("calm", &cpu_high, "cpu_used_percent", SCOPE_VM, 90, &calm);
	char *text;

	(void)state;
	assert_printed(&summary, "In 1h (3600 ticks) 0 VMs were watched, and no alert fired.\n");
	fill(&calm, 5, 3600, 0);
	summary.rows = &row;
	summary.n = 1;
	text = print(&summary);
	assert_contains(text, "In 1h (3600 ticks) 1 VM was watched, and no alert fired:\n");
	assert_contains(text, "\n1 VM was fine.\n");
	free(text);
	tally_done(&calm);
}

/* Seven VMs, of which five are named; of a disk that nobody reads there is nothing to measure. */
static void what_nobody_measured_is_named_once(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
	struct tally none = { 0 };
	struct summary_row rows[14];
	struct summary summary = { rows, 14, .n_ticks = 1, .seconds = 1 };
	char *text;

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		rows[i] =
			row_of(names[i], &memory_high, "memory_used_percent", SCOPE_VM, 90, &none);
		rows[7 + i] = row_of(names[i], &disk_slow, "disk_read_latency_seconds", SCOPE_DISK,
			0.025, &none);
	}
	text = print(&summary);
	assert_contains(text, "In 1s (1 tick) 7 VMs were watched, and no alert fired:\n");
	assert_contains(text, "\nvm.memory_used_percent of 7 VMs (a, b, c, d, e, ...) was not "
			      "measured: mostly because the guest has no balloon driver");
	assert_contains(text,
		"\ndisk.disk_read_latency_seconds of 7 VMs (a, b, c, d, e, ...) was "
		"not measured: mostly because nothing happened that has one, or libvirtd");
	assert_null(strstr(strstr(text, "not measured") + 1, "vm.memory_used_percent"));
	assert_null(strstr(text, "fine"));
	free(text);
}

static void of_a_long_table_only_what_was_beyond_is_shown(void **state)
{
	struct tally calm = { 0 }, busy = { 0 };
	struct summary_row rows[30];
	struct summary summary = { rows, 30, .n_ticks = 1000, .seconds = 1000 };
	char names[30][8], *text;

	(void)state;
	fill(&calm, 5, 1000, 0);
	fill(&busy, 95, 1000, 1);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "vm%02u", i);
		rows[i] = row_of(names[i], &cpu_high, "cpu_used_percent", SCOPE_VM, 90,
			i == 17 ? &busy : &calm);
	}
	text = print(&summary);
	assert_contains(text, "\nvm17  VmCpuHigh  ");
	assert_null(strstr(text, "vm16"));
	assert_contains(text, "\n29 rows are left out that were never beyond the threshold.\n");
	assert_contains(text, "\n30 VMs were fine.\n");
	free(text);
	tally_done(&calm);
	tally_done(&busy);
}

static void names_and_causes_do_not_steer_the_terminal(void **state)
{
	struct tally busy = { 0 };
	struct summary_row row = row_of(
		"\033[2Jevil\n\xff\xc3\xa4", &cpu_high, "cpu_used_percent", SCOPE_VM, 90, &busy);
	struct summary summary = { &row, 1, .n_ticks = 10, .seconds = 10, .utf8 = true };
	char *text;

	(void)state;
	fill(&busy, 95, 10, 10);
	row.n_alerts = 1;
	row.cause = "because\r\nof \x9b";
	row.suggestion = "\033]0;x\a";
	text = print(&summary);
	assert_null(strpbrk(text, "\033\r\a\x9b\xff"));
	assert_contains(text, "\n?[2Jevil??\xc3\xa4: CPU used was");
	assert_contains(text, "alert: because??of ?. To do: ?]0;x?.\n");
	free(text);
	summary.utf8 = false;
	text = print(&summary);
	assert_contains(text, "\n?[2Jevil????: CPU used was");
	free(text);
	tally_done(&busy);
}

/* Such rules have neither numbers nor a threshold. */
static void an_alert_of_a_text_is_told_by_its_name(void **state)
{
	static const struct rule crashed = { .name = "VmCrashed", .severity = SEVERITY_CRITICAL };
	struct tally none = { 0 };
	struct summary_row row = row_of("web", &crashed, "state", SCOPE_VM, NAN, &none);
	struct summary summary = { &row, 1, .n_ticks = 10, .seconds = 10 };
	char *text;

	(void)state;
	row.n_alerts = 1;
	row.cause = "libvirt says that it is crashed";
	text = print(&summary);
	assert_contains(text, "\nweb: VmCrashed fired 1 alert: libvirt says that it is crashed.\n");
	assert_null(strstr(text, "not measured"));
	free(text);
}

static void a_full_disk_is_told_to_the_caller(void **state)
{
	struct summary summary = { .n_ticks = 1, .seconds = 1 };
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(summary_print(out, &summary), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_vms_are_told_of_worst_first),
		cmocka_unit_test(a_vm_with_several_troubles_has_a_line_for_each),
		cmocka_unit_test(rules_about_too_little_say_below),
		cmocka_unit_test(nothing_that_fired_takes_one_line),
		cmocka_unit_test(what_nobody_measured_is_named_once),
		cmocka_unit_test(of_a_long_table_only_what_was_beyond_is_shown),
		cmocka_unit_test(names_and_causes_do_not_steer_the_terminal),
		cmocka_unit_test(an_alert_of_a_text_is_told_by_its_name),
		cmocka_unit_test(a_full_disk_is_told_to_the_caller),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
