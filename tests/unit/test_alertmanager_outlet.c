/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an Alertmanager is told, by whom, and how what it answers is passed on. */
#include "http_listener.h"

#include "alert/http_outlets.h"
#include "alert/outlets.h"

#define FOUR_MINUTES_NS (240 * NSEC_PER_SEC)

static const atomic_bool go_on;

/* What an Alertmanager is told in one post; to be put. */
static struct json_object *tell(const struct alert_record *const *records, size_t n)
{
	struct listener *listener = listener_start("ok");
	struct http *http = listener_http(listener, "/", &long_limits);
	char why[OUTLET_WHY_MAX] = "";
	struct json_object *json;

	assert_int_equal(alertmanager_type.deliver(http, records, n, &go_on, why), DELIVERED);
	assert_string_equal(why, "");
	listener_await(listener, 1);
	json = listener_json(listener);
	alertmanager_type.close(http);
	listener_stop(listener);
	return json;
}

/* The same of one record: its only alert. */
static struct json_object *tell_one(const struct alert_record *record)
{
	struct json_object *all = tell(&record, 1), *alert;

	assert_int_equal(json_object_array_length(all), 1);
	alert = json_object_get(json_object_array_get_idx(all, 0));
	json_object_put(all);
	return alert;
}

static struct json_object *part(struct json_object *alert, const char *name)
{
	struct json_object *object = json_object_object_get(alert, name);

	assert_non_null(object);
	return object;
}

static void assert_texts(struct json_object *object, const struct pair *expected, size_t n)
{
	assert_int_equal(json_object_object_length(object), n);
	for (size_t i = 0; i < n; i++) {
		const char *text = text_of(object, expected[i].name);

		assert_non_null(text);
		assert_string_equal(text, expected[i].value);
	}
}

#define ASSERT_TEXTS(object, ...) \
	do { \
		const struct pair expected_[] = { __VA_ARGS__ }; \
		assert_texts(object, expected_, sizeof(expected_) / sizeof(expected_[0])); \
	} while (0)

/* Seconds since 1970 of a time that an alert has; the fraction must have nine digits. */
static uint64_t time_of(struct json_object *alert, const char *name)
{
	const char *text = text_of(alert, name);
	struct tm tm = { 0 };
	const char *end;

	assert_non_null(text);
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	assert_non_null(end);
	assert_int_equal(strspn(end + 1, "0123456789"), 9);
	assert_string_equal(end + 10, "Z");
	return (uint64_t)timegm(&tm);
}

static void labels_say_who_it_is_and_annotations_the_rest(void **state)
{
	struct json_object *alert = tell_one(&fixture_record);

	(void)state;
	ASSERT_TEXTS(part(alert, "labels"), { "alertname", "VmCpuHigh" },
		{ "severity", "critical" }, { "host", "kvm1" }, { "vm", "web" },
		{ "uuid", "11111111-1111-1111-1111-111111111111" }, { "scope", "vm" });
	ASSERT_TEXTS(part(alert, "annotations"),
		{ "summary", "vm.cpu_used_percent 97.2 % > 90.0 %" },
		{ "metric", "vm.cpu_used_percent" }, { "value", "97.2 %" },
		{ "threshold", "90.0 %" }, { "cause", "the guest is busy" },
		{ "suggestion", "give it another vCPU" });
	json_object_put(alert);
}

static void a_part_of_a_vm_has_its_key_as_a_label(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.scope = SCOPE_VCPU;
	record.key_name = "vcpu";
	record.key = "1";
	alert = tell_one(&record);
	assert_string_equal(text_of(part(alert, "labels"), "vcpu"), "1");
	assert_string_equal(text_of(part(alert, "labels"), "scope"), "vcpu");
	json_object_put(alert);
}

static void the_host_has_no_labels_of_a_vm(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.scope = SCOPE_HOST;
	record.vm = "";
	record.uuid = NULL;
	alert = tell_one(&record);
	ASSERT_TEXTS(part(alert, "labels"), { "alertname", "VmCpuHigh" },
		{ "severity", "critical" }, { "host", "kvm1" }, { "scope", "host" });
	json_object_put(alert);
}

static void labels_of_a_rule_do_not_take_the_place_of_those_that_say_who(void **state)
{
	static const struct pair labels[] = { { "team", "storage" }, { "vm", "other" },
		{ "nic", "tap9" }, { "alertname", "x" }, { "my-label", "1" }, { "9lives", "2" },
		{ "empty", "" }, { "my_label", "second" } };
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.labels = (struct pairs){ labels, sizeof(labels) / sizeof(labels[0]) };
	alert = tell_one(&record);
	ASSERT_TEXTS(part(alert, "labels"), { "alertname", "VmCpuHigh" },
		{ "severity", "critical" }, { "host", "kvm1" }, { "vm", "web" },
		{ "uuid", "11111111-1111-1111-1111-111111111111" }, { "scope", "vm" },
		{ "team", "storage" }, { "my_label", "1" }, { "_lives", "2" });
	json_object_put(alert);
}

static void annotations_of_a_rule_come_before_the_usual_ones(void **state)
{
	static const struct pair annotations[] = { { "summary", "call Jane" },
		{ "runbook_url", "https://wiki/cpu" } };
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.annotations = (struct pairs){ annotations, 2 };
	alert = tell_one(&record);
	assert_string_equal(text_of(part(alert, "annotations"), "summary"), "call Jane");
	assert_string_equal(text_of(part(alert, "annotations"), "runbook_url"), "https://wiki/cpu");
	assert_string_equal(text_of(part(alert, "annotations"), "value"), "97.2 %");
	json_object_put(alert);
}

static void a_firing_alert_holds_for_four_minutes_from_now(void **state)
{
	uint64_t before_ns = clock_ns(CLOCK_REALTIME) + FOUR_MINUTES_NS, end;
	struct json_object *alert = tell_one(&fixture_record);

	(void)state;
	end = time_of(alert, "endsAt");
	assert_int_equal(time_of(alert, "startsAt"), NOON_NS / NSEC_PER_SEC);
	assert_true(end >= before_ns / NSEC_PER_SEC);
	assert_true(end <= (clock_ns(CLOCK_REALTIME) + FOUR_MINUTES_NS) / NSEC_PER_SEC);
	json_object_put(alert);
}

static void a_resolved_alert_ended_at_its_tick(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.state = ALERT_RESOLVED;
	record.value_text = "12.0 %";
	alert = tell_one(&record);
	assert_int_equal(time_of(alert, "startsAt"), NOON_NS / NSEC_PER_SEC);
	assert_int_equal(time_of(alert, "endsAt"), NOON_NS / NSEC_PER_SEC + 60);
	assert_string_equal(
		text_of(part(alert, "annotations"), "summary"), "over: vm.cpu_used_percent 12.0 %");
	assert_null(text_of(part(alert, "annotations"), "flapping"));
	json_object_put(alert);
}

/* As a clock that was set back makes it. */
static void no_alert_begins_or_ends_in_the_future(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;
	uint64_t end, now_ns;

	(void)state;
	record.state = ALERT_RESOLVED;
	record.fired_ns = clock_ns(CLOCK_REALTIME) + 3600 * NSEC_PER_SEC;
	record.real_ns = record.fired_ns + NSEC_PER_SEC;
	alert = tell_one(&record);
	now_ns = clock_ns(CLOCK_REALTIME);
	end = time_of(alert, "endsAt");
	assert_true(end <= now_ns / NSEC_PER_SEC);
	assert_true(time_of(alert, "startsAt") <= end);
	json_object_put(alert);
}

static void who_it_is_stays_the_same_until_it_is_over(void **state)
{
	struct alert_record firing = fixture_record, silent = fixture_record, over = fixture_record;
	const struct alert_record *records[] = { &firing, &silent, &over };
	struct json_object *all, *labels;

	(void)state;
	silent.state = ALERT_NODATA;
	silent.value = over.value = NAN;
	silent.value_text = over.value_text = NULL;
	over.state = ALERT_RESOLVED;
	over.cause = "another";
	over.reason = "the VM is gone";
	all = tell(records, 3);
	assert_int_equal(json_object_array_length(all), 3);
	labels = part(json_object_array_get_idx(all, 0), "labels");
	for (size_t i = 1; i < 3; i++)
		assert_true(json_object_equal(
			labels, part(json_object_array_get_idx(all, i), "labels")));
	assert_string_equal(
		text_of(part(json_object_array_get_idx(all, 2), "annotations"), "summary"),
		"over: the VM is gone");
	json_object_put(all);
}

static void silence_does_not_end_an_alert_that_has_fired(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.state = ALERT_NODATA;
	record.value_text = NULL;
	record.since_ns = NOON_NS;
	record.reason = "libvirt does not answer";
	alert = tell_one(&record);
	assert_true(time_of(alert, "endsAt") > clock_ns(CLOCK_REALTIME) / NSEC_PER_SEC);
	assert_string_equal(text_of(part(alert, "labels"), "alertname"), "VmCpuHigh");
	assert_string_equal(text_of(part(alert, "annotations"), "reason"),
		"no data since 2026-01-31T12:00:00.000000000Z: libvirt does not answer");
	json_object_put(alert);
}

static void silence_of_what_never_fired_is_an_alert_of_its_own(void **state)
{
	struct alert_record silent = fixture_record, over;
	const struct alert_record *records[] = { &silent, &over };
	struct json_object *all, *alert;

	(void)state;
	silent.state = ALERT_NODATA;
	silent.fired_ns = 0;
	silent.since_ns = NOON_NS;
	over = silent;
	over.state = ALERT_RESOLVED;
	all = tell(records, 2);
	for (size_t i = 0; i < 2; i++) {
		alert = json_object_array_get_idx(all, i);
		ASSERT_TEXTS(part(alert, "labels"), { "alertname", "VmbpfNoData" },
			{ "rule", "VmCpuHigh" }, { "severity", "warning" }, { "host", "kvm1" },
			{ "vm", "web" }, { "uuid", "11111111-1111-1111-1111-111111111111" },
			{ "scope", "vm" });
		assert_int_equal(time_of(alert, "startsAt"), NOON_NS / NSEC_PER_SEC);
	}
	assert_int_equal(time_of(alert, "endsAt"), NOON_NS / NSEC_PER_SEC + 60);
	json_object_put(all);
}

static void flapping_is_told(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	record.flapping = true;
	alert = tell_one(&record);
	assert_string_equal(text_of(part(alert, "annotations"), "flapping"), "true");
	json_object_put(alert);
}

static void what_does_not_fire_yet_is_not_told(void **state)
{
	struct listener *listener = listener_start("refuse");
	struct http *http = listener_http(listener, "/", &short_limits);
	struct alert_record record = fixture_record;
	const struct alert_record *records[] = { &record, &fixture_record };
	char why[OUTLET_WHY_MAX] = "";
	struct json_object *all;

	(void)state;
	record.state = ALERT_PENDING;
	record.fired_ns = 0;
	assert_int_equal(alertmanager_type.deliver(http, records, 1, &go_on, why), DELIVERED);
	alertmanager_type.close(http);
	listener_stop(listener);
	all = tell(records, 2);
	assert_int_equal(json_object_array_length(all), 1);
	json_object_put(all);
}

static void hostile_names_arrive_as_they_are(void **state)
{
	struct alert_record record = fixture_record;
	struct json_object *alert;

	(void)state;
	for (size_t i = 0; i < N_HOSTILE_NAMES; i++) {
		record.vm = record.cause = hostile_names[i].name;
		alert = tell_one(&record);
		assert_string_equal(text_of(part(alert, "labels"), "vm"), hostile_names[i].arrives);
		assert_string_equal(
			text_of(part(alert, "annotations"), "cause"), hostile_names[i].arrives);
		assert_string_equal(text_of(part(alert, "labels"), "severity"), "critical");
		json_object_put(alert);
	}
}

static void a_batch_is_one_post_in_order(void **state)
{
	struct alert_record record[OUTLET_BATCH_MAX];
	const struct alert_record *records[OUTLET_BATCH_MAX];
	char names[OUTLET_BATCH_MAX][8];
	struct json_object *all;

	(void)state;
	for (size_t i = 0; i < OUTLET_BATCH_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "vm%zu", i);
		record[i] = fixture_record;
		record[i].vm = names[i];
		records[i] = &record[i];
	}
	all = tell(records, OUTLET_BATCH_MAX);
	assert_int_equal(json_object_array_length(all), OUTLET_BATCH_MAX);
	for (size_t i = 0; i < OUTLET_BATCH_MAX; i++)
		assert_string_equal(
			text_of(part(json_object_array_get_idx(all, i), "labels"), "vm"), names[i]);
	json_object_put(all);
}

static void what_an_alertmanager_objects_to_is_told(void **state)
{
	struct listener *listener = listener_start("400");
	struct http *http = listener_http(listener, "/", &long_limits);
	const struct alert_record *records[] = { &fixture_record };
	char why[OUTLET_WHY_MAX] = "";

	(void)state;
	assert_int_equal(
		alertmanager_type.deliver(http, records, 1, &go_on, why), DELIVERY_REFUSED);
	assert_string_equal(why, "answered 400: it \"says\" ?[31mno");
	alertmanager_type.close(http);
	listener_stop(listener);
}

static void an_alertmanager_that_is_down_gets_it_later(void **state)
{
	static const struct {
		const char *mode, *why;
	} cases[] = {
		{ "refuse", "connection refused" },
		{ "503", "answered 503" },
		{ "trickle", "no answer within 0.6 s" },
	};
	const struct alert_record *records[] = { &fixture_record };
	char why[OUTLET_WHY_MAX] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener *listener = listener_start(cases[i].mode);
		struct http *http = listener_http(listener, "/", &short_limits);

		assert_int_equal(
			alertmanager_type.deliver(http, records, 1, &go_on, why), DELIVERY_RETRY);
		assert_string_equal(why, cases[i].why);
		alertmanager_type.close(http);
		listener_stop(listener);
	}
}

static void it_is_posted_to_the_api_below_the_address(void **state)
{
	struct listener *listener = listener_start("ok");
	char url[128], label[128], why[OUTLET_WHY_MAX];
	struct outlet *outlet;

	(void)state;
	assert_int_equal(
		alertmanager_outlet_open(listener_url(listener, "/prefix/", url), &outlet, why), 0);
	assert_string_equal(outlet_label(outlet), listener_url(listener, "/...", label));
	assert_string_equal(outlet_name(outlet), "alertmanager");
	listener_pass(outlet);
	listener_await(listener, 1);
	assert_ptr_equal(
		strstr(listener->head, "POST /prefix/api/v2/alerts HTTP/1.1\r\n"), listener->head);
	listener_stop(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_say_who_it_is_and_annotations_the_rest),
		cmocka_unit_test(a_part_of_a_vm_has_its_key_as_a_label),
		cmocka_unit_test(the_host_has_no_labels_of_a_vm),
		cmocka_unit_test(labels_of_a_rule_do_not_take_the_place_of_those_that_say_who),
		cmocka_unit_test(annotations_of_a_rule_come_before_the_usual_ones),
		cmocka_unit_test(a_firing_alert_holds_for_four_minutes_from_now),
		cmocka_unit_test(a_resolved_alert_ended_at_its_tick),
		cmocka_unit_test(no_alert_begins_or_ends_in_the_future),
		cmocka_unit_test(who_it_is_stays_the_same_until_it_is_over),
		cmocka_unit_test(silence_does_not_end_an_alert_that_has_fired),
		cmocka_unit_test(silence_of_what_never_fired_is_an_alert_of_its_own),
		cmocka_unit_test(flapping_is_told),
		cmocka_unit_test(what_does_not_fire_yet_is_not_told),
		cmocka_unit_test(hostile_names_arrive_as_they_are),
		cmocka_unit_test(a_batch_is_one_post_in_order),
		cmocka_unit_test(what_an_alertmanager_objects_to_is_told),
		cmocka_unit_test(an_alertmanager_that_is_down_gets_it_later),
		cmocka_unit_test(it_is_posted_to_the_api_below_the_address),
	};

	ignore_proxies();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
