/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an alert is written for people and machines, also where a VM's name is an attack. */
#include "alert_fixture.h"

#include <json-c/json.h>
#include <math.h>
#include <time.h>

#include "alert/text.h"
#include "base/arena.h"

/* A newline, quotes, ESC, a shell's, C1, a direction mark, a line separator, no UTF-8. */
#define HOSTILE "a\n\"b\\\x1b[2J$(id)\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xff\xc3(\t"

static int make_arena(void **state)
{
	setenv("TZ", "UTC", 1);
	tzset();
	*state = arena_new();
	return *state ? 0 : -1;
}

static int free_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static const char *line_of(struct arena *arena, const struct alert_record *record)
{
	return alert_line(arena, true, false, record);
}

static void a_firing_alert_says_what_and_how_much_and_why_and_what_to_do(void **state)
{
	struct alert_record record = fixture_record();

	assert_string_equal(line_of(*state, &record),
		"12:00:00 FIRING   critical web 1 vcpu 1: VmReady: "
		"vcpu.ready_percent 23.4 % > 10.0 % for 1m: "
		"db-2 holds its CPU; move one of them");
}

static void what_is_absent_leaves_no_trace_in_the_line(void **state)
{
	const struct alert_record record = {
		.state = ALERT_FIRING,
		.alert = "HostBusy",
		.host = "hv01",
		.metric = "host.cpu_busy_percent",
		.value = NAN,
		.threshold = NAN,
		.real_ns = FIXTURE_REAL_NS,
	};

	assert_string_equal(line_of(*state, &record),
		"12:00:00 FIRING   info     host hv01: HostBusy: host.cpu_busy_percent");
}

static void a_repeated_alert_says_since_when(void **state)
{
	struct alert_record record = fixture_record();

	record.occasion = OCCASION_REPEAT;
	record.real_ns = FIXTURE_REAL_NS + 7500 * SECOND;
	assert_string_equal(line_of(*state, &record),
		"14:05:00 FIRING   critical web 1 vcpu 1: VmReady: "
		"still firing since 12:00:00 (2h 5m): vcpu.ready_percent 23.4 % > 10.0 %: "
		"db-2 holds its CPU; move one of them");
}

static void a_time_of_another_day_has_its_date(void **state)
{
	struct alert_record record = fixture_record();

	record.occasion = OCCASION_REPEAT;
	record.real_ns = FIXTURE_REAL_NS + 86400 * SECOND;
	record.cause = record.suggestion = NULL;
	assert_string_equal(line_of(*state, &record),
		"12:00:00 FIRING   critical web 1 vcpu 1: VmReady: "
		"still firing since 2026-01-31 12:00:00 (1d): "
		"vcpu.ready_percent 23.4 % > 10.0 %");
}

static void a_resolved_alert_says_how_long_it_was_and_why_it_is_over(void **state)
{
	struct alert_record record = fixture_record();

	record.state = ALERT_RESOLVED;
	record.value_text = "3.1 %";
	record.real_ns = FIXTURE_REAL_NS + 200 * SECOND;
	record.reason = "below 8.0 % for 30s";
	assert_string_equal(line_of(*state, &record),
		"12:03:20 RESOLVED critical web 1 vcpu 1: VmReady: "
		"vcpu.ready_percent 3.1 %, after 3m 20s (below 8.0 % for 30s)");
}

static void missing_data_is_said_to_be_missing_and_since_when(void **state)
{
	struct alert_record record = fixture_record();

	record.state = ALERT_NODATA;
	record.reason = "libvirtd does not answer";
	assert_string_equal(line_of(*state, &record),
		"12:00:00 NO DATA  critical web 1 vcpu 1: VmReady: "
		"vcpu.ready_percent is not measured since 11:59:00: libvirtd does not answer");
}

static void flapping_is_said(void **state)
{
	struct alert_record record = fixture_record();

	record.flapping = true;
	assert_non_null(strstr(line_of(*state, &record),
		" VmReady: it comes and goes, and is not told each time: vcpu.ready_percent "
		"23.4 %, and the threshold is 10.0 %: db-2 holds its CPU"));
}

static void colour_only_repeats_what_words_say(void **state)
{
	static const struct {
		enum alert_state state;
		enum severity severity;
		const char *begin; /* of the line, after the time */
	} cases[] = {
		{ ALERT_FIRING, SEVERITY_CRITICAL, "\033[1;31mFIRING   critical\033[0m " },
		{ ALERT_FIRING, SEVERITY_WARNING, "\033[33mFIRING   warning \033[0m " },
		{ ALERT_FIRING, SEVERITY_INFO, "FIRING   info     " },
		{ ALERT_RESOLVED, SEVERITY_CRITICAL, "\033[32mRESOLVED critical\033[0m " },
		{ ALERT_NODATA, SEVERITY_WARNING, "\033[35mNO DATA  warning \033[0m " },
	};
	struct alert_record record = fixture_record();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *line;

		record.state = cases[i].state;
		record.severity = cases[i].severity;
		line = alert_line(*state, true, true, &record);
		assert_int_equal(strncmp(line + 9, cases[i].begin, strlen(cases[i].begin)), 0);
	}
}

static void nothing_in_a_line_steers_a_terminal(void **state)
{
	struct alert_record record = fixture_record();

	record.vm = HOSTILE;
	record.cause = "caf\xc3\xa9\r\x1b]0;x\x07";
	record.suggestion = NULL;
	assert_string_equal(line_of(*state, &record),
		"12:00:00 FIRING   critical a?\"b\\?[2J$(id)????"
		"?(? vcpu 1: VmReady: "
		"vcpu.ready_percent 23.4 % > 10.0 % for 1m: caf\xc3\xa9??]0;x?");
	assert_non_null(strstr(alert_line(*state, false, false, &record), ": caf????]0;x?"));
}

static void logfmt_begins_with_the_same_keys_in_the_same_order(void **state)
{
	struct alert_record record = fixture_record();
	const struct alert_record bare = { .state = ALERT_NODATA, .value = NAN, .threshold = NAN };

	assert_string_equal(alert_logfmt(*state, &record),
		"ts=2026-01-31T12:00:00.123456789Z level=critical event=alert state=firing "
		"alert=VmReady host=hv01 vm=\"web 1\" uuid=6f1c9b54-0d3e-4b53-8a53-2f9a4c1f0a11 "
		"vcpu=1 metric=vcpu.ready_percent value=23.4 threshold=10 for=60s "
		"since=2026-01-31T11:59:00.000000000Z cause=\"db-2 holds its CPU\" "
		"suggestion=\"move one of them\"");
	assert_string_equal(alert_logfmt(*state, &bare),
		"ts=1970-01-01T00:00:00.000000000Z level=warning event=alert state=nodata "
		"alert=\"\" host=\"\" vm=\"\" uuid=\"\"");
}

static void the_level_of_what_is_over_is_information(void **state)
{
	struct alert_record record = fixture_record();

	record.state = ALERT_RESOLVED;
	record.reason = "the VM is gone";
	assert_non_null(
		strstr(alert_logfmt(*state, &record), " level=info event=alert state=resolved "));
	assert_non_null(strstr(alert_logfmt(*state, &record), " reason=\"the VM is gone\" "));
}

static void logfmt_escapes_all_that_is_not_printable_byte_by_byte(void **state)
{
	struct alert_record record = fixture_record();

	record.vm = HOSTILE;
	assert_non_null(strstr(alert_logfmt(*state, &record),
		" vm=\"a\\n\\\"b\\\\\\x1b[2J$(id)\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x80\\xa8\\xff"
		"\\xc3(\\t\" uuid="));
}

static void logfmt_quotes_only_what_needs_it(void **state)
{
	static const struct {
		const char *vm, *expected;
	} cases[] = {
		{ "web-1", " vm=web-1 " },
		{ "a/b.c:d_e%f+g", " vm=a/b.c:d_e%f+g " },
		{ "", " vm=\"\" " },
		{ "a=b", " vm=\"a=b\" " },
		{ "caf\xc3\xa9", " vm=\"caf\xc3\xa9\" " },
		{ "\r", " vm=\"\\r\" " },
		{ "x\" state=resolved y=\"", " vm=\"x\\\" state=resolved y=\\\"\" " },
	};
	struct alert_record record = fixture_record();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.vm = cases[i].vm;
		assert_non_null(strstr(alert_logfmt(*state, &record), cases[i].expected));
	}
}

static void labels_end_the_line_and_cannot_pose_as_a_field(void **state)
{
	static const struct pair labels[] = { { "team", "infra" }, { "tier", "a b" },
		{ "state", "resolved" }, { "b d", "x" } };
	struct alert_record record = fixture_record();
	const char *end = " team=infra tier=\"a b\" label_state=resolved b_d=x", *line;

	record.labels = (struct pairs){ labels, 4 };
	line = alert_logfmt(*state, &record);
	assert_string_equal(line + strlen(line) - strlen(end), end);
}

static void json_has_all_members_in_a_fixed_order(void **state)
{
	static const struct pair labels[] = { { "team", "infra" }, { "tier", "a b" } };
	static const struct pair annotations[] = { { "runbook", "see \"x\"" } };
	struct alert_record record = fixture_record();

	record.labels = (struct pairs){ labels, 2 };
	record.annotations = (struct pairs){ annotations, 1 };
	assert_string_equal(alert_json(*state, &record),
		"{\"type\":\"alert\",\"schema\":1,\"time\":\"2026-01-31T12:00:00.123456789Z\","
		"\"interval_seconds\":1.000000000,\"host\":\"hv01\",\"scope\":\"vcpu\",\"vm\":\"web 1\","
		"\"uuid\":\"6f1c9b54-0d3e-4b53-8a53-2f9a4c1f0a11\",\"vcpu\":1,"
		"\"alert\":\"VmReady\",\"state\":\"firing\",\"occasion\":\"change\","
		"\"severity\":\"critical\","
		"\"metric\":\"vcpu.ready_percent\",\"relation\":\">\",\"value\":23.4,"
		"\"threshold\":10,\"for_seconds\":60,"
		"\"since\":\"2026-01-31T11:59:00.000000000Z\","
		"\"fired\":\"2026-01-31T12:00:00.000000000Z\",\"flapping\":false,\"reason\":null,"
		"\"cause\":\"db-2 holds its CPU\",\"suggestion\":\"move one of them\","
		"\"labels\":\"team=infra tier=\\\"a b\\\"\","
		"\"annotations\":\"runbook=\\\"see \\\\\\\"x\\\\\\\"\\\"\"}");
}

static void json_has_null_for_what_is_absent(void **state)
{
	const struct alert_record record = { .state = ALERT_NODATA,
		.severity = SEVERITY_WARNING,
		.value = NAN,
		.threshold = INFINITY,
		.flapping = true };

	assert_string_equal(alert_json(*state, &record),
		"{\"type\":\"alert\",\"schema\":1,\"time\":\"1970-01-01T00:00:00.000000000Z\","
		"\"interval_seconds\":null,\"host\":null,\"scope\":\"host\",\"vm\":null,\"uuid\":null,"
		"\"alert\":null,\"state\":\"nodata\",\"occasion\":\"change\",\"severity\":\"warning\",\"metric\":null,\"relation\":null,"
		"\"value\":null,\"threshold\":null,\"for_seconds\":0,\"since\":null,"
		"\"fired\":null,\"flapping\":true,\"reason\":null,\"cause\":null,"
		"\"suggestion\":null,\"labels\":null,\"annotations\":null}");
}

static void only_the_key_of_a_vcpu_is_a_number_in_json(void **state)
{
	static const struct {
		const char *name, *key, *expected;
	} cases[] = {
		{ "vcpu", "0", ",\"vcpu\":0," },
		{ "vcpu", "12", ",\"vcpu\":12," },
		{ "vcpu", "012", ",\"vcpu\":\"012\"," },
		{ "vcpu", "1e9", ",\"vcpu\":\"1e9\"," },
		{ "vcpu", "", ",\"vcpu\":\"\"," },
		{ "disk", "vda", ",\"disk\":\"vda\"," },
		{ "nic", "7", ",\"nic\":\"7\"," },
	};
	struct alert_record record = fixture_record();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.key_name = cases[i].name;
		record.key = cases[i].key;
		assert_non_null(strstr(alert_json(*state, &record), cases[i].expected));
	}
}

/* The name as JSON gives it back. To be freed. */
static char *name_in_json(struct arena *arena, const struct alert_record *record)
{
	const char *text = alert_json(arena, record);
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object, *vm;
	char *name;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	assert_non_null(object);
	assert_true(json_object_object_get_ex(object, "vm", &vm));
	name = strdup(json_object_get_string(vm));
	json_object_put(object);
	json_tokener_free(tokener);
	return name;
}

static void json_gives_a_hostile_name_back_without_a_raw_control_character(void **state)
{
	struct alert_record record = fixture_record();
	char *name;

	record.vm = HOSTILE;
	name = name_in_json(*state, &record);
	assert_string_equal(name,
		"a\n\"b\\\x1b[2J$(id)\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xef\xbf\xbd\xef\xbf\xbd(\t");
	free(name);
	assert_non_null(strstr(alert_json(*state, &record),
		"\"a\\u000a\\\"b\\\\\\u001b[2J$(id)\\u009b\xe2\x80\xae\\u2028"));
}

static void a_name_of_255_bytes_of_utf8_is_whole_in_every_form(void **state)
{
	struct alert_record record = fixture_record();
	char name[256] = "", *back;

	for (size_t i = 0; i < 85; i++)
		strcat(name, "\xe4\xba\x91");
	record.vm = name;
	back = name_in_json(*state, &record);
	assert_string_equal(back, name);
	free(back);
	assert_non_null(strstr(alert_logfmt(*state, &record), name));
	assert_non_null(strstr(line_of(*state, &record), name));
	assert_null(strstr(alert_line(*state, false, false, &record), "\xe4"));
}

static void a_quantity_has_its_unit(void **state)
{
	static const struct {
		const char *column;
		double number;
		const char *expected;
	} cases[] = {
		{ "vm.cpu_used", 97.2, "97.2 %" },
		{ "vm.ready", 5, "5.0 %" },
		{ "vm.ready_seconds_total", 0.04, "40.0ms" },
		{ "vm.net_rx", 1610612736, "1.50G/s" },
		{ "vm.switches", 1200, "1200/s" },
		{ "vm.memory_rss", 1024, "1.00K" },
		{ "vm.vcpus", 4, "4" },
		{ "vm.cpu_used", NAN, "-" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct column column;

		assert_int_equal(column_find(cases[i].column, SCOPE_VM, &column), 0);
		assert_string_equal(
			alert_quantity(*state, &column, cases[i].number), cases[i].expected);
	}
}

int main(void)
{
#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, free_arena)
	const struct CMUnitTest tests[] = {
		WITH_ARENA(a_firing_alert_says_what_and_how_much_and_why_and_what_to_do),
		WITH_ARENA(what_is_absent_leaves_no_trace_in_the_line),
		WITH_ARENA(a_repeated_alert_says_since_when),
		WITH_ARENA(a_time_of_another_day_has_its_date),
		WITH_ARENA(a_resolved_alert_says_how_long_it_was_and_why_it_is_over),
		WITH_ARENA(missing_data_is_said_to_be_missing_and_since_when),
		WITH_ARENA(flapping_is_said),
		WITH_ARENA(colour_only_repeats_what_words_say),
		WITH_ARENA(nothing_in_a_line_steers_a_terminal),
		WITH_ARENA(logfmt_begins_with_the_same_keys_in_the_same_order),
		WITH_ARENA(the_level_of_what_is_over_is_information),
		WITH_ARENA(logfmt_escapes_all_that_is_not_printable_byte_by_byte),
		WITH_ARENA(logfmt_quotes_only_what_needs_it),
		WITH_ARENA(labels_end_the_line_and_cannot_pose_as_a_field),
		WITH_ARENA(json_has_all_members_in_a_fixed_order),
		WITH_ARENA(json_has_null_for_what_is_absent),
		WITH_ARENA(only_the_key_of_a_vcpu_is_a_number_in_json),
		WITH_ARENA(json_gives_a_hostile_name_back_without_a_raw_control_character),
		WITH_ARENA(a_name_of_255_bytes_of_utf8_is_whole_in_every_form),
		WITH_ARENA(a_quantity_has_its_unit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
