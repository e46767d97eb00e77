/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How something is posted, to servers that behave and to those that do not. */
#include "http_listener.h"

#include "alert/http_url.h"

#define BODY "{\"alert\":\"a\"}"

static const atomic_bool go_on;

static enum delivery post(struct http *http, struct http_answer *answer)
{
	return http_post(http, BODY, strlen(BODY), &go_on, answer);
}

/* What comes of one post to a server in that mode, and how long it took. */
static enum delivery post_to(const char *mode, const struct http_limits *limits,
	struct http_answer *answer, uint64_t *took_ns)
{
	struct listener *listener = listener_start(mode);
	struct http *http = listener_http(listener, "/", limits);
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	enum delivery delivery = post(http, answer);

	*took_ns = clock_ns(CLOCK_MONOTONIC) - begin_ns;
	http_close(http);
	listener_stop(listener);
	return delivery;
}

static void a_body_is_posted_as_json(void **state)
{
	struct listener *listener = listener_start("ok");
	struct http *http = listener_http(listener, "/alerts/here?key=1", &long_limits);
	struct http_answer answer;

	(void)state;
	assert_int_equal(post(http, &answer), DELIVERED);
	assert_int_equal(answer.status, 200);
	listener_await(listener, 1);
	assert_string_equal(listener->body, BODY);
	assert_ptr_equal(
		strstr(listener->head, "POST /alerts/here?key=1 HTTP/1.1\r\n"), listener->head);
	assert_non_null(strstr(listener->head, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(listener->head, "\r\nUser-Agent: vmbpf/" VMBPF_VERSION "\r\n"));
	http_close(http);
	listener_stop(listener);
}

static void a_connection_is_kept_for_the_next_post(void **state)
{
	struct listener *listener = listener_start("ok");
	struct http *http = listener_http(listener, "/", &long_limits);
	struct http_answer answer;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(post(http, &answer), DELIVERED);
	listener_await(listener, 3);
	assert_int_equal(listener->server.n_connections, 1);
	http_close(http);
	listener_stop(listener);
}

static void a_status_decides(void **state)
{
	static const struct {
		const char *status;
		enum delivery delivery;
		const char *why;
	} cases[] = {
		{ "202", DELIVERED, NULL },
		{ "302", DELIVERY_REFUSED, "answered 302, a redirect, which is not followed" },
		{ "400", DELIVERY_REFUSED, "answered 400" },
		{ "404", DELIVERY_REFUSED, "answered 404" },
		{ "408", DELIVERY_RETRY, "answered 408" },
		{ "425", DELIVERY_RETRY, "answered 425" },
		{ "429", DELIVERY_RETRY, "answered 429" },
		{ "500", DELIVERY_RETRY, "answered 500" },
		{ "503", DELIVERY_RETRY, "answered 503" },
	};
	struct http_answer answer;
	uint64_t took_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(post_to(cases[i].status, &long_limits, &answer, &took_ns),
			cases[i].delivery);
		assert_int_equal(answer.status, atoi(cases[i].status));
		if (cases[i].why)
			assert_string_equal(answer.why, cases[i].why);
	}
}

static void what_is_answered_is_safe_to_print(void **state)
{
	struct http_answer answer;
	uint64_t took_ns;

	(void)state;
	post_to("400", &long_limits, &answer, &took_ns);
	assert_string_equal(answer.text, "it \"says\" ?[31mno");
}

static void without_an_answer_it_may_go_later(void **state)
{
	static const struct {
		const char *mode, *why;
	} cases[] = {
		{ "refuse", "connection refused" },
		{ "hang", "no answer within 0.6 s" },
		{ "trickle", "no answer within 0.6 s" },
		{ "close", "the connection was closed without an answer" },
		{ "half", "the connection was closed without an answer" },
		{ "garbage", "what answers is not HTTP" },
	};
	struct http_answer answer;
	uint64_t took_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			post_to(cases[i].mode, &short_limits, &answer, &took_ns), DELIVERY_RETRY);
		assert_string_equal(answer.why, cases[i].why);
		assert_int_equal(answer.status, 0);
		assert_true(took_ns < 5 * NSEC_PER_SEC);
	}
}

static void the_rest_of_an_answer_does_not_matter(void **state)
{
	struct http_answer answer;
	uint64_t took_ns;

	(void)state;
	assert_int_equal(post_to("short", &long_limits, &answer, &took_ns), DELIVERED);
	assert_string_equal(answer.text, "not a thousand");
	assert_int_equal(post_to("huge", &long_limits, &answer, &took_ns), DELIVERED);
	assert_true(took_ns < 20 * NSEC_PER_SEC);
}

/* Sets the flag when the server has the request, which it will not answer. */
struct stopper {
	struct listener *listener;
	atomic_bool stop;
	uint64_t stopped_ns;
};

static void *stop_later(void *context)
{
	struct stopper *stopper = context;

	listener_await(stopper->listener, 1);
	stopper->stopped_ns = clock_ns(CLOCK_MONOTONIC);
	atomic_store(&stopper->stop, true);
	return NULL;
}

static void a_post_ends_when_the_program_does(void **state)
{
	struct stopper stopper = { .listener = listener_start("hang") };
	struct http *http = listener_http(stopper.listener, "/", &long_limits);
	struct http_answer answer;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, stop_later, &stopper), 0);
	assert_int_equal(
		http_post(http, BODY, strlen(BODY), &stopper.stop, &answer), DELIVERY_RETRY);
	pthread_join(thread, NULL);
	assert_true(clock_ns(CLOCK_MONOTONIC) - stopper.stopped_ns < 5 * NSEC_PER_SEC);
	assert_string_equal(answer.why, "no answer before vmbpf ended");
	http_close(http);
	listener_stop(stopper.listener);
}

static void a_post_goes_on_after_one_that_failed(void **state)
{
	struct listener *listener = listener_start("close");
	struct http *http = listener_http(listener, "/", &long_limits);
	struct http_answer answer;

	(void)state;
	assert_int_equal(post(http, &answer), DELIVERY_RETRY);
	assert_int_equal(post(http, &answer), DELIVERY_RETRY);
	assert_true(listener->server.n_connections >= 2);
	http_close(http);
	listener_stop(listener);
}

static void a_password_is_used_and_never_told(void **state)
{
	struct listener *listener = listener_start("400");
	char url[128], why[OUTLET_WHY_MAX];
	struct http_answer answer;
	struct http *http;

	(void)state;
	snprintf(url, sizeof(url), "http://jane:secret@127.0.0.1:%u/x", listener->server.port);
	assert_int_equal(http_open(url, NULL, &long_limits, &http, why), 0);
	assert_int_equal(post(http, &answer), DELIVERY_REFUSED);
	listener_await(listener, 1);
	/* base64 of "jane:secret" */
	assert_non_null(strstr(listener->head, "\r\nAuthorization: Basic amFuZTpzZWNyZXQ=\r\n"));
	assert_null(strstr(answer.why, "secret"));
	assert_null(strstr(http_label(http), "secret"));
	assert_null(strstr(http_label(http), "jane"));
	http_close(http);
	listener_stop(listener);
}

static void a_label_shows_no_secrets(void **state)
{
	static const struct {
		const char *url, *label;
	} cases[] = {
		{ "http://host", "http://host" },
		{ "http://host:9093/", "http://host:9093" },
		{ "https://[::1]:8443/", "https://[::1]:8443" },
		{ "https://jane:pw@host/", "https://***@host" },
		{ "https://jane@host/", "https://***@host" },
		{ "https://:pw@host/", "https://***@host" },
		{ "https://host/services/T0/B0/XYZ", "https://host/services/..." },
		/* Only a word is sure to be none. */
		{ "https://host/bot1234:SECRET/send", "https://host/..." },
		{ "https://host/abcdefghijklmnopqrst/send", "https://host/..." },
		{ "https://host/topic", "https://host/..." },
		{ "https://host?token=1", "https://host/..." },
		{ "https://host/topic/?token=1", "https://host/..." },
		{ "HTTPS://host", "https://host" },
		/* A change of the direction of writing. */
		{ "http://a\xe2\x80\xae"
		  "b",
			"http://a?b" },
	};
	char why[OUTLET_WHY_MAX];
	struct http_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(http_url_read(cases[i].url, NULL, &url, why), 0);
		assert_string_equal(url.label, cases[i].label);
		http_url_done(&url);
	}
}

static void a_long_address_has_a_label_that_fits(void **state)
{
	char text[1000] = "http://", why[OUTLET_WHY_MAX];
	struct http_url url;

	(void)state;
	memset(text + 7, 'a', sizeof(text) - 8);
	assert_int_equal(http_url_read(text, NULL, &url, why), 0);
	assert_int_equal(strlen(url.label), HTTP_LABEL_MAX - 1);
	http_url_done(&url);
}

static void a_path_is_appended_unless_it_is_there(void **state)
{
	static const struct {
		const char *url, *whole;
	} cases[] = {
		{ "http://h:9093", "http://h:9093/api/v2/alerts" },
		{ "http://h:9093/", "http://h:9093/api/v2/alerts" },
		{ "http://h/prefix", "http://h/prefix/api/v2/alerts" },
		{ "http://h/prefix//", "http://h/prefix/api/v2/alerts" },
		{ "http://h/api/v2/alerts", "http://h/api/v2/alerts" },
		{ "http://h/prefix/api/v2/alerts/", "http://h/prefix/api/v2/alerts" },
		{ "http://u:p@h/?a=b", "http://u:p@h/api/v2/alerts?a=b" },
	};
	char why[OUTLET_WHY_MAX];
	struct http_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(http_url_read(cases[i].url, "/api/v2/alerts", &url, why), 0);
		assert_string_equal(url.whole, cases[i].whole);
		http_url_done(&url);
	}
}

static void what_is_no_address_is_refused_in_one_line(void **state)
{
	static const char missing[] =
		"http:// or https:// is missing: what is needed is a URL such as https://host/path";
	static const struct {
		const char *url, *why;
	} cases[] = {
		{ "", missing },
		{ "localhost", missing },
		{ "localhost:9093", missing },
		{ "ftp://x", "'ftp://' is not supported: what is needed is a URL such as "
			     "https://host/path" },
		{ "file:///etc/passwd", "'file://' is not supported: what is needed is a URL such "
					"as https://host/path" },
		{ "http://jane:secret@host:99999/", "it is not a URL such as https://host/path: " },
		{ "http://jane:sec@secret@host/", "it is not a URL such as https://host/path: " },
		{ "http://", "it is not a URL such as https://host/path: " },
		{ "http://ho\nst/", "it is not a URL such as https://host/path: " },
		{ "http://h/ a", "it is not a URL such as https://host/path: " },
	};
	char why[OUTLET_WHY_MAX];
	struct http *http;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(http_open(cases[i].url, NULL, &short_limits, &http, why), -EINVAL);
		assert_memory_equal(why, cases[i].why, strlen(cases[i].why));
		assert_null(strstr(why, "secret"));
		assert_null(strchr(why, '\n'));
	}
}

/* A server of TLS whose certificate nobody knows; its port, and -1 where there is no openssl. */
static FILE *start_tls(int *port)
{
	static const char command[] =
		"exec 2>/dev/null; folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && "
		"openssl req -x509 -newkey rsa:2048 -nodes -keyout \"$folder/key\" -subj "
		"/CN=127.0.0.1 "
		"-addext subjectAltName=IP:127.0.0.1 -out \"$folder/cert\" && "
		"timeout 60 openssl s_server -accept 127.0.0.1:0 -key \"$folder/key\" "
		"-cert \"$folder/cert\" -www -naccept 1";
	FILE *server = popen(command, "re");
	char line[256];

	*port = -1;
	while (server && *port < 0 && fgets(line, sizeof(line), server))
		if (sscanf(line, "ACCEPT 127.0.0.1:%d", port) != 1)
			*port = -1;
	return server;
}

static void a_certificate_that_nobody_vouches_for_is_not_trusted(void **state)
{
	char url[64], why[OUTLET_WHY_MAX];
	struct http_answer answer;
	struct http *http;
	FILE *server;
	int port;

	(void)state;
	server = start_tls(&port);
	if (port < 0) {
		pclose(server);
		print_message("# openssl is not installed\n");
		skip();
	}
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	assert_int_equal(http_open(url, NULL, &long_limits, &http, why), 0);
	assert_int_equal(post(http, &answer), DELIVERY_RETRY);
	assert_string_equal(answer.why, "the certificate is not trusted");
	http_close(http);
	pclose(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_posted_as_json),
		cmocka_unit_test(a_connection_is_kept_for_the_next_post),
		cmocka_unit_test(a_status_decides),
		cmocka_unit_test(what_is_answered_is_safe_to_print),
		cmocka_unit_test(without_an_answer_it_may_go_later),
		cmocka_unit_test(the_rest_of_an_answer_does_not_matter),
		cmocka_unit_test(a_post_ends_when_the_program_does),
		cmocka_unit_test(a_post_goes_on_after_one_that_failed),
		cmocka_unit_test(a_password_is_used_and_never_told),
		cmocka_unit_test(a_label_shows_no_secrets),
		cmocka_unit_test(a_long_address_has_a_label_that_fits),
		cmocka_unit_test(a_path_is_appended_unless_it_is_there),
		cmocka_unit_test(what_is_no_address_is_refused_in_one_line),
		cmocka_unit_test(a_certificate_that_nobody_vouches_for_is_not_trusted),
	};

	ignore_proxies();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
