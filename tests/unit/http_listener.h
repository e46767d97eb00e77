/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real server in a thread of the test, and what it was told. */
#ifndef TESTS_HTTP_LISTENER_H
#define TESTS_HTTP_LISTENER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <math.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "alert/http.h"
#include "alert/outlet.h"
#include "base/clock.h"
#include "http_fixture.h"

struct listener {
	struct rude_server server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned n_requests;
	char *head, *body; /* of the last request, or NULL */
};

/* Short, so that a test of a server that does not answer takes no ten seconds. */
static const struct http_limits short_limits = { 300, 600, 64 << 10 };

/* For tests in which nothing is to be waited for until the end. */
static const struct http_limits long_limits = { 60000, 60000, 64 << 10 };

static inline void keep_request(void *context, const struct rude_request *request)
{
	struct listener *listener = context;

	pthread_mutex_lock(&listener->lock);
	free(listener->head);
	free(listener->body);
	listener->head = strdup(request->head);
	listener->body = strdup(request->body);
	listener->n_requests++;
	pthread_cond_broadcast(&listener->changed);
	pthread_mutex_unlock(&listener->lock);
}

static inline void *run_listener(void *context)
{
	struct listener *listener = context;

	rude_serve(&listener->server);
	return NULL;
}

static inline struct listener *listener_start(const char *mode)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	assert_non_null(listener);
	assert_true(rude_open(&listener->server, mode));
	pthread_mutex_init(&listener->lock, NULL);
	pthread_cond_init(&listener->changed, NULL);
	listener->server.stop = eventfd(0, EFD_CLOEXEC);
	listener->server.trickle_ms = 20;
	listener->server.told = keep_request;
	listener->server.context = listener;
	if (listener->server.answer)
		assert_int_equal(
			pthread_create(&listener->thread, NULL, run_listener, listener), 0);
	return listener;
}

/* Until so many requests came. What the last one was can be looked at then. */
static inline void listener_await(struct listener *listener, unsigned n)
{
	pthread_mutex_lock(&listener->lock);
	while (listener->n_requests < n)
		pthread_cond_wait(&listener->changed, &listener->lock);
	pthread_mutex_unlock(&listener->lock);
}

/* Its address, in a buffer of the caller. Returns `url`. */
static inline const char *listener_url(
	const struct listener *listener, const char *path, char url[static 128])
{
	snprintf(url, 128, "http://127.0.0.1:%u%s", listener->server.port, path);
	return url;
}

static inline struct http *listener_http(
	const struct listener *listener, const char *path, const struct http_limits *limits)
{
	char url[128], why[OUTLET_WHY_MAX];
	struct http *http = NULL;

	assert_int_equal(http_open(listener_url(listener, path, url), NULL, limits, &http, why), 0);
	return http;
}

static inline void listener_stop(struct listener *listener)
{
	if (listener->server.answer) {
		eventfd_write(listener->server.stop, 1);
		pthread_join(listener->thread, NULL);
	}
	close(listener->server.stop);
	close(listener->server.listener);
	pthread_cond_destroy(&listener->changed);
	pthread_mutex_destroy(&listener->lock);
	free(listener->head);
	free(listener->body);
	free(listener);
}

/* 2026-01-31T12:00:00Z */
#define NOON_NS (1769860800 * NSEC_PER_SEC)

/* A VM that has fired at noon, a minute ago. */
static const struct alert_record fixture_record = {
	.state = ALERT_FIRING,
	.severity = SEVERITY_CRITICAL,
	.scope = SCOPE_VM,
	.alert = "VmCpuHigh",
	.host = "kvm1",
	.vm = "web",
	.uuid = "11111111-1111-1111-1111-111111111111",
	.metric = "vm.cpu_used_percent",
	.relation = ">",
	.value = 97.25,
	.threshold = 90,
	.value_text = "97.2 %",
	.threshold_text = "90.0 %",
	.real_ns = NOON_NS + 60 * NSEC_PER_SEC,
	.interval_ns = NSEC_PER_SEC,
	.since_ns = NOON_NS - 30 * NSEC_PER_SEC,
	.fired_ns = NOON_NS,
	.for_ns = 30 * NSEC_PER_SEC,
	.cause = "the guest is busy",
	.suggestion = "give it another vCPU",
};

/* As somebody may call a VM; what is not UTF-8 arrives as U+FFFD. */
static const struct {
	const char *name, *arrives;
} hostile_names[] = {
	{ "a\nb", "a\nb" },
	{ "\",\"severity\":\"none\",\"x\":\"", "\",\"severity\":\"none\",\"x\":\"" },
	{ "$(id)`id`\\", "$(id)`id`\\" },
	{ "\x1b[2J\x7f", "\x1b[2J\x7f" },
	{ "a\xff\xc3(", "a\xef\xbf\xbd\xef\xbf\xbd(" },
	{ "\xe2\x80\xa8\xe2\x80\xae", "\xe2\x80\xa8\xe2\x80\xae" },
};

#define N_HOSTILE_NAMES (sizeof(hostile_names) / sizeof(hostile_names[0]))

/* What the last request's body says, which is JSON to the letter. To be put. */
static inline struct json_object *listener_json(struct listener *listener)
{
	struct json_tokener *tokener = json_tokener_new();
	size_t size = strlen(listener->body);
	struct json_object *json;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, listener->body, (int)size);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	assert_int_equal(json_tokener_get_parse_end(tokener), size);
	json_tokener_free(tokener);
	return json;
}

/* A text of an object; NULL where it has none of that name. */
static inline const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_object_get(object, name);

	return member ? json_object_get_string(member) : NULL;
}

/* The tests are of 127.0.0.1, whatever proxy this machine has. */
static inline void ignore_proxies(void)
{
	setenv("no_proxy", "*", 1);
}

/* Starts the outlet, lets it deliver the record of the fixture, and ends it. */
static inline void listener_pass(struct outlet *outlet)
{
	struct shared_record *record = record_share(&fixture_record);
	struct outlet_counts counts;

	assert_int_equal(outlet_start(outlet), 0);
	outlet_push(outlet, record);
	outlet_free(outlet, clock_ns(CLOCK_MONOTONIC) + 60 * NSEC_PER_SEC, &counts);
	record_drop(record);
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.dropped, 0);
}

#endif
