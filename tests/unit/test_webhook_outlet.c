/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a webhook gets, and what comes of what it answers. */
#include "http_listener.h"

#include "alert/http_outlets.h"
#include "alert/outlets.h"

static const atomic_bool go_on;

/* One alert of a VM of that name to a server in that mode. */
static enum delivery deliver(
	struct listener *listener, const char *vm, char why[static OUTLET_WHY_MAX])
{
	struct http *http = listener_http(listener, "/", &short_limits);
	struct alert_record record = fixture_record;
	const struct alert_record *records[] = { &record };
	enum delivery delivery;

	record.vm = vm;
	why[0] = '\0';
	delivery = webhook_type.deliver(http, records, 1, &go_on, why);
	webhook_type.close(http);
	return delivery;
}

static void a_webhook_gets_an_alert_as_one_object(void **state)
{
	struct listener *listener = listener_start("ok");
	char why[OUTLET_WHY_MAX];
	struct json_object *json;

	(void)state;
	assert_int_equal(deliver(listener, "web", why), DELIVERED);
	assert_string_equal(why, "");
	listener_await(listener, 1);
	json = listener_json(listener);
	assert_string_equal(text_of(json, "type"), "alert");
	assert_string_equal(text_of(json, "alert"), "VmCpuHigh");
	assert_string_equal(text_of(json, "state"), "firing");
	assert_string_equal(text_of(json, "vm"), "web");
	assert_true(json_object_get_double(json_object_object_get(json, "value")) == 97.25);
	json_object_put(json);
	listener_stop(listener);
}

static void hostile_names_arrive_as_they_are(void **state)
{
	struct listener *listener = listener_start("ok");
	char why[OUTLET_WHY_MAX];
	struct json_object *json;

	(void)state;
	for (unsigned i = 0; i < N_HOSTILE_NAMES; i++) {
		assert_int_equal(deliver(listener, hostile_names[i].name, why), DELIVERED);
		listener_await(listener, i + 1);
		json = listener_json(listener);
		assert_string_equal(text_of(json, "vm"), hostile_names[i].arrives);
		assert_string_equal(text_of(json, "severity"), "critical");
		json_object_put(json);
	}
	listener_stop(listener);
}

static void a_long_name_arrives_whole(void **state)
{
	struct listener *listener = listener_start("ok");
	char name[256], why[OUTLET_WHY_MAX];
	struct json_object *json;

	(void)state;
	memset(name, '"', 255);
	name[255] = '\0';
	assert_int_equal(deliver(listener, name, why), DELIVERED);
	listener_await(listener, 1);
	json = listener_json(listener);
	assert_string_equal(text_of(json, "vm"), name);
	json_object_put(json);
	listener_stop(listener);
}

static void what_a_webhook_answers_decides(void **state)
{
	static const struct {
		const char *mode;
		enum delivery delivery;
		const char *why;
	} cases[] = {
		{ "204", DELIVERED, "" },
		{ "400", DELIVERY_REFUSED, "answered 400" },
		{ "500", DELIVERY_RETRY, "answered 500" },
		{ "hang", DELIVERY_RETRY, "no answer within 0.6 s" },
		{ "refuse", DELIVERY_RETRY, "connection refused" },
	};
	char why[OUTLET_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener *listener = listener_start(cases[i].mode);

		assert_int_equal(deliver(listener, "web", why), cases[i].delivery);
		assert_string_equal(why, cases[i].why);
		listener_stop(listener);
	}
}

static void a_pushed_alert_arrives_from_the_thread_of_the_outlet(void **state)
{
	struct listener *listener = listener_start("ok");
	char url[128], label[128], why[OUTLET_WHY_MAX];
	struct outlet *outlet;

	(void)state;
	assert_int_equal(
		webhook_outlet_open(listener_url(listener, "/hook/1", url), &outlet, why), 0);
	assert_string_equal(outlet_label(outlet), listener_url(listener, "/hook/...", label));
	listener_pass(outlet);
	listener_await(listener, 1);
	listener_stop(listener);
}

static void a_webhook_that_hangs_holds_up_the_end_no_longer_than_it_may(void **state)
{
	struct listener *listener = listener_start("hang");
	struct shared_record *record = record_share(&fixture_record);
	char url[128], why[OUTLET_WHY_MAX];
	struct outlet_counts counts;
	struct outlet *outlet;
	uint64_t begin_ns;

	(void)state;
	assert_int_equal(webhook_outlet_open(listener_url(listener, "/", url), &outlet, why), 0);
	assert_int_equal(outlet_start(outlet), 0);
	outlet_push(outlet, record);
	listener_await(listener, 1);
	begin_ns = clock_ns(CLOCK_MONOTONIC);
	outlet_free(outlet, begin_ns, &counts);
	assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns < 5 * NSEC_PER_SEC);
	assert_int_equal(counts.dropped, 1);
	assert_string_equal(counts.trouble, "no answer before vmbpf ended");
	record_drop(record);
	listener_stop(listener);
}

static void a_webhook_needs_an_address(void **state)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX];

	(void)state;
	assert_int_equal(webhook_outlet_open("ftp://x", &outlet, why), -EINVAL);
	assert_null(outlet);
	assert_string_equal(why,
		"'ftp://' is not supported: what is needed is a URL such as https://host/path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_webhook_gets_an_alert_as_one_object),
		cmocka_unit_test(hostile_names_arrive_as_they_are),
		cmocka_unit_test(a_long_name_arrives_whole),
		cmocka_unit_test(what_a_webhook_answers_decides),
		cmocka_unit_test(a_pushed_alert_arrives_from_the_thread_of_the_outlet),
		cmocka_unit_test(a_webhook_that_hangs_holds_up_the_end_no_longer_than_it_may),
		cmocka_unit_test(a_webhook_needs_an_address),
	};

	ignore_proxies();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
