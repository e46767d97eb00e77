/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON lines: what stands where, that nothing is rounded and nothing breaks a line. */
#include "sink_fixture.h"

#include <errno.h>

#include "model/filter.h"
#include "sink/json.h"

#define FFFD "\xef\xbf\xbd"

static const struct view_spec vms = { .scopes = 1u << SCOPE_VM };
static const struct view_spec all = { .scopes = (1u << N_SCOPES) - 1 };

static void assert_member(const char *line, const char *member, const char *expected)
{
	char *value = fixture_member(line, member);

	assert_non_null(value);
	assert_string_equal(value, expected);
	free(value);
}

static void every_line_begins_with_type_schema_time_interval_and_host(void **state)
{
	struct snapshot *before = fixture_tick(0), *snap = fixture_tick(1);
	const char *begin =
		"{\"type\":\"host\",\"schema\":1,\"time\":\"2026-01-31T12:00:01.000000000Z\","
		"\"interval_seconds\":1.000000000,\"host\":\"kvm1\",";
	char *text;

	(void)state;
	snapshot_finish(before, NULL);
	snapshot_finish(snap, before);
	text = fixture_text("json", &all, snap);
	assert_memory_equal(text, begin, strlen(begin));
	free(text);
	snapshot_free(snap);
	snapshot_free(before);
}

static void interval_is_null_on_the_first_tick(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	char *text;

	(void)state;
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &all, snap);
	assert_member(text, "interval_seconds", "null");
	free(text);
	snapshot_free(snap);
}

static void vm_lines_are_followed_by_what_is_below_them(void **state)
{
	static const char *const types[] = { "host", "vm", "vcpu", "nic", "exit", "blame", "vm",
		"disk" };
	struct snapshot *snap = fixture_tick(0);
	struct vm *one = fixture_vm(snap, "one", 10), *two = fixture_vm(snap, "two", 20);
	char *text, *rest, *line;
	size_t n = 0;

	(void)state;
	snapshot_disk(snap, two, "vda");
	snapshot_nic(snap, one, "tap1");
	fixture_vcpu(snap, one, 0);
	snapshot_add_blame(snap, one)->holder = "backup";
	snapshot_add_exit(snap, one)->reason = "HLT";
	snapshot_finish(snap, NULL);
	text = rest = fixture_text("json", &all, snap);
	while ((line = strsep(&rest, "\n")) && *line) {
		char type[32];

		snprintf(type, sizeof(type), "\"%s\"", types[n++]);
		assert_member(line, "type", type);
	}
	assert_int_equal(n, 8);
	free(text);
	snapshot_free(snap);
}

static void vms_of_one_name_without_uuid_are_told_apart_by_pid(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	char *text, *second;

	(void)state;
	fixture_vcpu(snap, fixture_vm(snap, "twin", 10), 0);
	fixture_vcpu(snap, fixture_vm(snap, "twin", 20), 0);
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &(struct view_spec){ .scopes = 1u << SCOPE_VCPU }, snap);
	second = strchr(text, '\n') + 1;
	assert_member(text, "uuid", "null");
	assert_member(text, "vm_pid", "10");
	assert_member(second, "vm_pid", "20");
	free(text);
	snapshot_free(snap);
}

static void totals_are_exact(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm = fixture_vm(snap, "big", 10);
	struct nic *nic = snapshot_nic(snap, vm, "tap0");
	char *text;

	(void)state;
	vm->cpu_ns = 12345678901234567890ull; /* 391 years: a double would round it to 2048 ns */
	nic->e.have |= SRC_NET;
	nic->net.rx_bytes = UINT64_MAX - 1;
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &vms, snap);
	assert_member(text, "cpu_seconds_total", "12345678901.234567890");
	assert_member(text, "net_rx_bytes_total", "18446744073709551614");
	assert_member(text, "start_seconds", "5.000000010");
	free(text);
	snapshot_free(snap);
}

static void what_nobody_measured_is_null(void **state)
{
	static const char *const members[] = { "uuid", "id", "memory_rss_bytes",
		"net_rx_bytes_total", "disk_read_latency_seconds", "cpu_percent", "age_seconds" };
	struct snapshot *snap = fixture_tick(0);
	char *text;

	(void)state;
	fixture_vm(snap, "plain", 10);
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &vms, snap);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		assert_member(text, members[i], "null");
	free(text);
	snapshot_free(snap);
}

static void rates_have_six_decimals_at_most(void **state)
{
	struct snapshot *before = fixture_tick(0), *snap = fixture_tick(3);
	char *text;

	(void)state;
	fixture_vm(before, "web", 10)->cpu_ns = 0;
	fixture_vm(snap, "web", 10)->cpu_ns = 1 * SECOND; /* in three seconds */
	snapshot_finish(before, NULL);
	snapshot_finish(snap, before);
	text = fixture_text("json", &vms, snap);
	assert_member(text, "cpu_percent", "33.333333");
	free(text);
	snapshot_free(snap);
	snapshot_free(before);
}

static void a_line_of_an_exit_says_of_which_vcpu_or_null(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm = fixture_vm(snap, "web", 10);
	struct exit *of_all = snapshot_add_exit(snap, vm), *of_one = snapshot_add_exit(snap, vm);
	char *text;

	(void)state;
	of_all->reason = "EPT_MISCONFIG";
	of_one->reason = "0xfebc0000";
	of_one->kind = EXIT_MMIO;
	of_one->vcpu = 3;
	of_one->start_ns = 1500 * MSEC;
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &(struct view_spec){ .scopes = 1u << SCOPE_EXIT }, snap);
	assert_member(text, "reason", "\"EPT_MISCONFIG\"");
	assert_member(text, "vcpu", "null");
	assert_member(text, "start_seconds", "null");
	assert_member(text, "kind", "\"guest\"");
	assert_member(strchr(text, '\n') + 1, "reason", "\"0xfebc0000\"");
	assert_member(strchr(text, '\n') + 1, "vcpu", "3");
	assert_member(strchr(text, '\n') + 1, "start_seconds", "1.500000000");
	assert_member(strchr(text, '\n') + 1, "kind", "\"mmio\"");
	free(text);
	snapshot_free(snap);
}

static void a_line_of_a_blame_names_the_holder(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm = fixture_vm(snap, "web", 10), *hog = fixture_vm(snap, "hog", 20);
	struct blame *blame = snapshot_add_blame(snap, vm);
	char *text;

	(void)state;
	blame->e.have |= SRC_EVENTS;
	blame->vm = hog;
	blame->held_ns = 1500 * MSEC;
	snapshot_finish(snap, NULL);
	text = fixture_text("json", &(struct view_spec){ .scopes = 1u << SCOPE_BLAME }, snap);
	assert_member(text, "vm", "\"web\"");
	assert_member(text, "vm_pid", "10");
	assert_member(text, "holder", "\"hog\"");
	assert_member(text, "holder_pid", "20");
	assert_member(text, "holder_uuid", "null");
	assert_member(text, "kind", "\"vm\"");
	assert_member(text, "held_seconds_total", "1.500000000");
	free(text);
	snapshot_free(snap);
}

static void no_member_stands_twice_on_a_line(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm = fixture_vm(snap, "web", 10);
	char *text, *rest, *line;

	(void)state;
	fixture_vcpu(snap, vm, 0);
	snapshot_add_thread(snap, vm)->tid = 12;
	snapshot_nic(snap, vm, "tap0");
	snapshot_disk(snap, vm, "vda");
	snapshot_add_exit(snap, vm)->reason = "HLT";
	snapshot_add_blame(snap, vm)->vm = vm;
	snapshot_source(snap, "libvirt", false, "it is not there");
	snapshot_finish(snap, NULL);
	text = rest = fixture_text("json", &all, snap);
	while ((line = strsep(&rest, "\n")) && *line) {
		for (char *at = line; (at = strchr(at, '"')); at++) {
			char member[80];
			size_t length = strcspn(at + 1, "\"");

			if (at[length + 2] != ':')
				continue;
			snprintf(member, sizeof(member), "%.*s:", (int)length + 2, at);
			assert_null(strstr(at + 1, member));
		}
	}
	free(text);
	snapshot_free(snap);
}

static void texts_stay_on_one_line_whatever_they_hold(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "web-1", "\"web-1\"" }, { "", "\"\"" }, { "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\t\x1b[31m\x7f", "\"\\u000a\\u0009\\u001b[31m\\u007f\"" },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "\xf0\x9f\x90\xa7", "\"\xf0\x9f\x90\xa7\"" },
		{ "\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xaa", "\"\\u2028|\\u2029|\xe2\x80\xaa\"" },
		{ "\xff|\xc3|\x80", "\"" FFFD "|" FFFD "|" FFFD "\"" }, /* each broken byte */
		{ "\xc0\xaf", "\"" FFFD FFFD "\"" }, /* overlong */
		{ "\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"" }, /* beyond U+10FFFF */
		{ "\xe2\x82", "\"" FFFD FFFD "\"" }, /* cut short */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		struct writer writer;

		writer_init(&writer, out);
		json_text(&writer, cases[i].text);
		assert_int_equal(writer_flush(&writer), 0);
		fclose(out);
		assert_string_equal(text, cases[i].expected);
		free(text);
	}
}

static void a_vm_that_does_not_match_hides_what_is_below_it(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct view_spec spec = all;
	char error[FILTER_ERROR_MAX];
	struct filter *filter;
	char *text;

	(void)state;
	fixture_vcpu(snap, fixture_vm(snap, "database", 10), 0);
	fixture_vcpu(snap, fixture_vm(snap, "web", 20), 0);
	snapshot_finish(snap, NULL);
	assert_int_equal(filter_parse("web", SCOPE_VM, &filter, error), 0);
	spec.filter = filter;
	text = fixture_text("json", &spec, snap);
	assert_null(strstr(text, "database"));
	assert_non_null(strstr(text, "\"type\":\"vcpu\""));
	free(text);
	filter_free(filter);
	snapshot_free(snap);
}

static void a_failed_write_is_reported(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	snapshot_finish(snap, NULL);
	assert_non_null(full);
	assert_int_equal(sink_find("json")->tick(full, &all, snap), -ENOSPC);
	fclose(full);
	snapshot_free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_begins_with_type_schema_time_interval_and_host),
		cmocka_unit_test(interval_is_null_on_the_first_tick),
		cmocka_unit_test(vm_lines_are_followed_by_what_is_below_them),
		cmocka_unit_test(vms_of_one_name_without_uuid_are_told_apart_by_pid),
		cmocka_unit_test(totals_are_exact),
		cmocka_unit_test(what_nobody_measured_is_null),
		cmocka_unit_test(rates_have_six_decimals_at_most),
		cmocka_unit_test(a_line_of_an_exit_says_of_which_vcpu_or_null),
		cmocka_unit_test(a_line_of_a_blame_names_the_holder),
		cmocka_unit_test(no_member_stands_twice_on_a_line),
		cmocka_unit_test(texts_stay_on_one_line_whatever_they_hold),
		cmocka_unit_test(a_vm_that_does_not_match_hides_what_is_below_it),
		cmocka_unit_test(a_failed_write_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
