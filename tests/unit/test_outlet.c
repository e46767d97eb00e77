/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an outlet does with records when its receiver takes, fails, refuses or hangs. */
#include "alert_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>

#include "base/buf.h"

#define LOG_MAX 4096
#define ATTEMPTS_MAX 16

/* A receiver: what it answers to its first calls (then it takes all), and what it has seen. */
struct receiver {
	enum delivery answers[ATTEMPTS_MAX];
	unsigned n_answers;
	const char *refuses; /* the alert that it answers with `refusal` always */
	enum delivery refusal;
	bool hangs; /* until it is stopped */

	pthread_mutex_t lock;
	pthread_cond_t called;
	unsigned n_calls;
	size_t largest; /* batch */
	uint64_t call_ns[ATTEMPTS_MAX];
	char log[LOG_MAX]; /* the names of all alerts it took: "a b c " */
};

#define RECEIVER \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, .called = PTHREAD_COND_INITIALIZER \
	}

static void write_down(struct receiver *receiver, const char *text)
{
	size_t used = strlen(receiver->log);

	snprintf(receiver->log + used, LOG_MAX - used, "%s ", text);
}

static enum delivery answer(struct receiver *receiver, const struct alert_record *record)
{
	unsigned call = receiver->n_calls - 1;
	enum delivery result = DELIVERED;

	if (receiver->refuses && strcmp(record->alert, receiver->refuses) == 0)
		result = receiver->refusal;
	else if (call < receiver->n_answers)
		result = receiver->answers[call];
	if (result == DELIVERED)
		write_down(receiver, record->alert);
	return result;
}

static void note_call(struct receiver *receiver, size_t n)
{
	if (receiver->n_calls < ATTEMPTS_MAX)
		receiver->call_ns[receiver->n_calls] = clock_ns(CLOCK_MONOTONIC);
	receiver->n_calls++;
	if (n > receiver->largest)
		receiver->largest = n;
	pthread_cond_broadcast(&receiver->called);
}

static void receive_each(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, enum delivery *results, char why[static OUTLET_WHY_MAX])
{
	struct receiver *receiver = state;

	pthread_mutex_lock(&receiver->lock);
	note_call(receiver, n);
	for (size_t i = 0; i < n; i++) {
		results[i] = answer(receiver, records[i]);
		if (results[i] != DELIVERED)
			snprintf(why, OUTLET_WHY_MAX, "it does not want %s", records[i]->alert);
	}
	pthread_mutex_unlock(&receiver->lock);
	while (receiver->hangs && !atomic_load(stop))
		sched_yield();
	errno = ENOLINK;
}

static enum delivery receive(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	enum delivery results[OUTLET_BATCH_MAX];

	receive_each(state, records, n, stop, results, why);
	return results[0];
}

static void reopen(void *state)
{
	struct receiver *receiver = state;

	pthread_mutex_lock(&receiver->lock);
	write_down(receiver, "reopened");
	pthread_cond_broadcast(&receiver->called);
	pthread_mutex_unlock(&receiver->lock);
}

static const struct outlet_type one = {
	.name = "one", .batch = 1, .deliver = receive, .reopen = reopen
};
static const struct outlet_type refreshed = {
	.name = "refreshed", .batch = 1, .wants_refreshes = true, .deliver = receive
};
static const struct outlet_type seven = { .name = "seven", .batch = 7, .deliver = receive };
static const struct outlet_type each = { .name = "each", .batch = 3, .deliver_each = receive_each };

static const struct outlet_timing quick = { MSEC, 2 * MSEC, 3600 * SECOND };

static struct outlet *make(const struct outlet_type *type, struct receiver *receiver,
	const struct outlet_timing *timing)
{
	struct outlet *outlet = outlet_new_timed(type, "a receiver", receiver, timing);

	assert_non_null(outlet);
	return outlet;
}

static void start(struct outlet *outlet)
{
	assert_int_equal(outlet_start(outlet), 0);
}

static void await_calls(struct receiver *receiver, unsigned n)
{
	pthread_mutex_lock(&receiver->lock);
	while (receiver->n_calls < n)
		pthread_cond_wait(&receiver->called, &receiver->lock);
	pthread_mutex_unlock(&receiver->lock);
}

static void push_numbers(struct outlet *outlet, unsigned n)
{
	char name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%u", i);
		fixture_push(outlet, name);
	}
}

static void assert_numbers(const struct receiver *receiver, unsigned from, unsigned to)
{
	struct receiver expected = RECEIVER;
	char name[16];

	for (unsigned i = from; i < to; i++) {
		snprintf(name, sizeof(name), "%u", i);
		write_down(&expected, name);
	}
	assert_string_equal(receiver->log, expected.log);
}

static void all_are_delivered_once_and_in_order(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&seven, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	start(outlet);
	push_numbers(outlet, 200);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 200);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(counts.waiting, 0);
	assert_numbers(&receiver, 0, 200);
}

static void what_waits_goes_in_batches_of_what_the_type_allows(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&seven, &receiver, &quick);

	(void)state;
	push_numbers(outlet, 20);
	start(outlet);
	fixture_end(outlet);
	assert_int_equal(receiver.largest, 7);
	assert_int_equal(receiver.n_calls, 3);
}

static void what_fails_is_tried_again_until_it_is_delivered(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	receiver.answers[0] = receiver.answers[1] = DELIVERY_RETRY;
	receiver.n_answers = 2;
	start(outlet);
	fixture_push(outlet, "a");
	fixture_push(outlet, "b");
	await_calls(&receiver, 4);
	counts = fixture_end(outlet);
	assert_string_equal(receiver.log, "a b ");
	assert_int_equal(counts.delivered, 2);
	assert_int_equal(counts.retries, 2);
	assert_string_equal(counts.trouble, "");
}

static void each_try_waits_twice_as_long_as_the_one_before_up_to_a_limit(void **state)
{
	static const struct outlet_timing slower = { 20 * MSEC, 50 * MSEC, 3600 * SECOND };
	static const uint64_t least_ms[] = { 15, 30, 37, 37 }; /* up to a quarter sooner */
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &slower);

	(void)state;
	receiver.n_answers = 4;
	for (unsigned i = 0; i < 4; i++)
		receiver.answers[i] = DELIVERY_RETRY;
	start(outlet);
	fixture_push(outlet, "a");
	await_calls(&receiver, 5);
	fixture_end(outlet);
	for (unsigned i = 0; i < 4; i++)
		assert_true(receiver.call_ns[i + 1] - receiver.call_ns[i] >= least_ms[i] * MSEC);
}

static void what_was_tried_too_long_is_given_up_and_counted(void **state)
{
	static const struct outlet_timing brief = { 5 * MSEC, 5 * MSEC, 30 * MSEC };
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &brief);
	struct outlet_counts counts;

	(void)state;
	receiver.refuses = "a";
	receiver.refusal = DELIVERY_RETRY;
	start(outlet);
	fixture_push(outlet, "a");
	await_calls(&receiver, 1);
	do
		outlet_count(outlet, &counts);
	while (counts.waiting);
	assert_int_equal(counts.dropped, 1);
	assert_string_equal(counts.trouble, "it does not want a");
	fixture_push(outlet, "b");
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
	assert_string_equal(receiver.log, "b ");
}

static void what_is_refused_is_dropped_and_the_next_is_delivered(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	receiver.refuses = "a";
	receiver.refusal = DELIVERY_REFUSED;
	start(outlet);
	fixture_push(outlet, "a");
	fixture_push(outlet, "b");
	counts = fixture_end(outlet);
	assert_string_equal(receiver.log, "b ");
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.dropped, 1);
	assert_int_equal(counts.retries, 0);
}

static void of_a_batch_that_succeeds_in_part_only_the_rest_is_tried_again(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&each, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	receiver.refuses = "b";
	receiver.refusal = DELIVERY_RETRY;
	fixture_push(outlet, "a");
	fixture_push(outlet, "b");
	fixture_push(outlet, "c");
	start(outlet);
	await_calls(&receiver, 2);
	outlet_free(outlet, 0, &counts);
	assert_string_equal(receiver.log, "a c ");
	assert_int_equal(counts.delivered, 2);
	assert_int_equal(counts.dropped, 1);
}

static void the_oldest_go_when_too_many_wait(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	push_numbers(outlet, OUTLET_QUEUE_MAX + 44);
	outlet_count(outlet, &counts);
	assert_int_equal(counts.dropped, 44);
	assert_int_equal(counts.waiting, OUTLET_QUEUE_MAX);
	start(outlet);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, OUTLET_QUEUE_MAX);
	assert_int_equal(counts.dropped, 44);
	assert_numbers(&receiver, 44, OUTLET_QUEUE_MAX + 44);
}

/* As alerts of a recording, which come as fast as they can be read. */
static void who_waits_for_room_loses_nothing(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;
	char name[16];

	(void)state;
	start(outlet);
	for (unsigned i = 0; i < 3 * OUTLET_QUEUE_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_true(outlet_wait_for_room(outlet, clock_ns(CLOCK_MONOTONIC) + 60 * SECOND));
		fixture_push(outlet, name);
	}
	outlet_free(outlet, clock_ns(CLOCK_MONOTONIC) + 10 * SECOND, &counts);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(counts.delivered, 3 * OUTLET_QUEUE_MAX);
	assert_numbers(&receiver, 0, 3 * OUTLET_QUEUE_MAX);
}

static void push_refresh(struct outlet *outlet)
{
	struct shared_record *shared = fixture_share("refresh", OCCASION_REFRESH);

	outlet_push(outlet, shared);
	record_drop(shared);
}

static void refreshes_go_before_all_others_and_are_not_counted(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&refreshed, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	fixture_push(outlet, "first");
	push_refresh(outlet);
	push_numbers(outlet, OUTLET_QUEUE_MAX - 1); /* which takes the place of the refresh */
	push_refresh(outlet); /* for which there is no room */
	start(outlet);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, OUTLET_QUEUE_MAX);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(strncmp(receiver.log, "first 0 1 ", 10), 0);
	assert_null(strstr(receiver.log, "refresh"));
}

static void only_who_wants_refreshes_is_told_of_them(void **state)
{
	struct receiver tired = RECEIVER, forgetful = RECEIVER;
	struct outlet *outlets[] = { make(&one, &tired, &quick),
		make(&refreshed, &forgetful, &quick) };
	struct outlet_counts counts;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		start(outlets[i]);
		fixture_push(outlets[i], "a");
		push_refresh(outlets[i]);
		counts = fixture_end(outlets[i]);
		assert_int_equal(counts.delivered, 1);
	}
	assert_string_equal(tired.log, "a ");
	assert_string_equal(forgetful.log, "a refresh ");
}

static void one_that_hangs_delays_neither_who_pushes_nor_another_outlet(void **state)
{
	struct receiver stuck = RECEIVER, well = RECEIVER;
	struct outlet *hanging = make(&one, &stuck, &quick), *other = make(&one, &well, &quick);
	struct outlet_counts counts;

	(void)state;
	stuck.hangs = true;
	start(hanging);
	start(other);
	fixture_push(hanging, "a");
	await_calls(&stuck, 1);
	push_numbers(hanging, OUTLET_QUEUE_MAX + 9); /* returns: it never blocks */
	fixture_push(other, "b");
	counts = fixture_end(other);
	assert_int_equal(counts.delivered, 1);
	outlet_count(hanging, &counts);
	assert_int_equal(counts.waiting, OUTLET_QUEUE_MAX); /* "a", which is being delivered, too */
	assert_int_equal(counts.dropped, 10);
	outlet_free(hanging, 0, &counts);
	assert_string_equal(stuck.log, "a ");
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.dropped, OUTLET_QUEUE_MAX + 9);
}

static void what_waits_at_the_deadline_is_dropped_and_counted(void **state)
{
	static const struct outlet_timing never = { 3600 * SECOND, 3600 * SECOND, 3600 * SECOND };
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &never);
	struct outlet_counts counts;

	(void)state;
	receiver.refuses = "0";
	receiver.refusal = DELIVERY_RETRY;
	start(outlet);
	push_numbers(outlet, 5);
	await_calls(&receiver, 1);
	outlet_free(outlet, clock_ns(CLOCK_MONOTONIC) + 20 * MSEC, &counts);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(counts.dropped, 5);
	assert_int_equal(counts.waiting, 0);
}

static void at_the_end_what_failed_is_tried_again_at_once(void **state)
{
	static const struct outlet_timing never = { 3600 * SECOND, 3600 * SECOND, 3600 * SECOND };
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &never);
	struct outlet_counts counts;

	(void)state;
	receiver.answers[0] = DELIVERY_RETRY;
	receiver.n_answers = 1;
	start(outlet);
	fixture_push(outlet, "a");
	await_calls(&receiver, 1);
	do
		outlet_count(outlet, &counts);
	while (counts.retries == 0);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
}

static void one_that_never_started_drops_what_it_was_given(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	push_numbers(outlet, 3);
	counts = fixture_end(outlet);
	assert_int_equal(counts.dropped, 3);
	outlet_free(NULL, 0, NULL);
}

static void nothing_is_tried_any_more_once_it_is_broken(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);
	struct outlet_counts counts;

	(void)state;
	receiver.refuses = "1";
	receiver.refusal = DELIVERY_BROKEN;
	push_numbers(outlet, 4);
	start(outlet);
	while (!outlet_broken(outlet))
		sched_yield();
	assert_int_equal(outlet_broken(outlet), -ENOLINK);
	fixture_push(outlet, "late");
	counts = fixture_end(outlet);
	assert_string_equal(receiver.log, "0 ");
	assert_int_equal(receiver.n_calls, 2);
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.dropped, 4);
	assert_int_equal(counts.broken, -ENOLINK);
}

static void it_is_opened_anew_before_the_next_delivery(void **state)
{
	struct receiver receiver = RECEIVER;
	struct outlet *outlet = make(&one, &receiver, &quick);

	(void)state;
	start(outlet);
	fixture_push(outlet, "a");
	await_calls(&receiver, 1);
	outlet_reopen(outlet);
	fixture_push(outlet, "b");
	fixture_end(outlet);
	assert_string_equal(receiver.log, "a reopened b ");
}

struct rights {
	char text[4096]; /* /proc/thread-self/status of the outlet's thread */
};

static enum delivery read_rights(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct rights *rights = state;

	(void)records;
	(void)n;
	(void)stop;
	(void)why;
	buf_read(AT_FDCWD, "/proc/thread-self/status", rights->text, sizeof(rights->text));
	return DELIVERED;
}

static void assert_status(const struct rights *rights, const char *key, const char *expected)
{
	const char *line = buf_line(rights->text, key);

	assert_non_null(line);
	line += strspn(line, " \t");
	assert_int_equal(strncmp(line, expected, strlen(expected)), 0);
}

/* All signals but 9 and 19, which cannot be, and 32 and 33, which are the C library's. */
static void its_thread_has_no_capability_and_gets_no_signal(void **state)
{
	static const struct outlet_type type = {
		.name = "rights", .batch = 1, .deliver = read_rights
	};
	static struct rights rights;
	struct outlet *outlet = outlet_new(&type, "rights", &rights);

	(void)state;
	start(outlet);
	fixture_push(outlet, "a");
	fixture_end(outlet);
	assert_status(&rights, "CapEff:", "0000000000000000");
	assert_status(&rights, "CapPrm:", "0000000000000000");
	assert_status(&rights, "SigBlk:", "fffffffe7ffbfeff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_delivered_once_and_in_order),
		cmocka_unit_test(what_waits_goes_in_batches_of_what_the_type_allows),
		cmocka_unit_test(what_fails_is_tried_again_until_it_is_delivered),
		cmocka_unit_test(each_try_waits_twice_as_long_as_the_one_before_up_to_a_limit),
		cmocka_unit_test(what_was_tried_too_long_is_given_up_and_counted),
		cmocka_unit_test(what_is_refused_is_dropped_and_the_next_is_delivered),
		cmocka_unit_test(of_a_batch_that_succeeds_in_part_only_the_rest_is_tried_again),
		cmocka_unit_test(who_waits_for_room_loses_nothing),
		cmocka_unit_test(the_oldest_go_when_too_many_wait),
		cmocka_unit_test(refreshes_go_before_all_others_and_are_not_counted),
		cmocka_unit_test(only_who_wants_refreshes_is_told_of_them),
		cmocka_unit_test(one_that_hangs_delays_neither_who_pushes_nor_another_outlet),
		cmocka_unit_test(what_waits_at_the_deadline_is_dropped_and_counted),
		cmocka_unit_test(at_the_end_what_failed_is_tried_again_at_once),
		cmocka_unit_test(one_that_never_started_drops_what_it_was_given),
		cmocka_unit_test(nothing_is_tried_any_more_once_it_is_broken),
		cmocka_unit_test(it_is_opened_anew_before_the_next_delivery),
		cmocka_unit_test(its_thread_has_no_capability_and_gets_no_signal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
