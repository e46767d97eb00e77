/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how alerts are posted by libcurl, and what an answer or its absence means. */
#include "alert/http.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "alert/http_url.h"
#include "model/unit.h"

/* How soon it is noticed that the program ends. */
#define LOOK_MS 50

const struct http_limits http_usual_limits = {
	.connect_ms = 5000,
	.total_ms = 10000,
	.answer_max = 64 << 10,
};

struct http {
	CURLM *multi; /* holds the connection between two posts */
	CURL *easy;
	struct curl_slist *headers;
	struct http_limits limits;
	struct http_url url;
	size_t answered; /* bytes of the present answer's body */
	char begin[HTTP_TEXT_MAX]; /* of that body */
};

static size_t shorter(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Keeps the beginning and counts the rest. Less than what came ends the transfer. */
static size_t take_answer(char *bytes, size_t size, size_t n, void *context)
{
	struct http *http = context;
	size_t kept = shorter(http->answered, sizeof(http->begin) - 1);

	memcpy(http->begin + kept, bytes, shorter(size * n, sizeof(http->begin) - 1 - kept));
	http->answered += size * n;
	return http->answered > http->limits.answer_max ? 0 : size * n;
}

static CURLcode set_numbers(const struct http *http)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 }, /* there are threads */
		{ CURLOPT_QUICK_EXIT, 1 }, /* a name that nobody resolves is not waited for */
		{ CURLOPT_CONNECTTIMEOUT_MS, http->limits.connect_ms },
		{ CURLOPT_TIMEOUT_MS, http->limits.total_ms },
		{ CURLOPT_POST, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !code; i++)
		code = curl_easy_setopt(http->easy, numbers[i].option, numbers[i].value);
	return code;
}

static CURLcode set_texts(const struct http *http)
{
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{ CURLOPT_URL, http->url.whole },
		{ CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_USERAGENT, "vmbpf/" VMBPF_VERSION },
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !code; i++)
		code = curl_easy_setopt(http->easy, texts[i].option, texts[i].value);
	return code;
}

static bool add_header(struct http *http, const char *header)
{
	struct curl_slist *longer = curl_slist_append(http->headers, header);

	if (longer)
		http->headers = longer;
	return longer;
}

static CURLcode set_up(struct http *http)
{
	CURLcode code;

	/* Nothing is worth the wait for the server's "100 Continue". */
	if (!add_header(http, "Content-Type: application/json") || !add_header(http, "Expect:"))
		return CURLE_OUT_OF_MEMORY;
	code = set_numbers(http);
	if (!code)
		code = set_texts(http);
	if (!code)
		code = curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
	if (!code)
		code = curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, take_answer);
	if (!code)
		code = curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, http);
	return code;
}

/* Until the transfer is over. CURLE_ABORTED_BY_CALLBACK: it was told to stop. */
static CURLcode transfer(struct http *http, const atomic_bool *stop)
{
	CURLMcode code = curl_multi_add_handle(http->multi, http->easy);
	CURLMsg *message;
	int running = 1, n;

	while (!code) {
		code = curl_multi_perform(http->multi, &running);
		if (code || !running)
			break;
		if (atomic_load(stop))
			return CURLE_ABORTED_BY_CALLBACK;
		code = curl_multi_poll(http->multi, NULL, 0, LOOK_MS, NULL);
	}
	message = code ? NULL : curl_multi_info_read(http->multi, &n);
	return message ? message->data.result : CURLE_OUT_OF_MEMORY;
}

/* Statuses between 200 and 599 that are not in it are for good. 1xx alone is no answer. */
static const struct {
	long first, last;
	enum delivery delivery;
} meanings[] = {
	{ 200, 299, DELIVERED },
	{ 408, 408, DELIVERY_RETRY },
	{ 425, 425, DELIVERY_RETRY },
	/* Retry-After is not read: the queue's own pauses soon are longer than what is usual. */
	{ 429, 429, DELIVERY_RETRY },
	{ 500, 599, DELIVERY_RETRY },
};

static enum delivery judge_status(long status, char why[static OUTLET_WHY_MAX])
{
	bool redirect = status >= 300 && status <= 399;

	snprintf(why, OUTLET_WHY_MAX, "answered %ld%s", status,
		redirect ? ", a redirect, which is not followed" : "");
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (status >= meanings[i].first && status <= meanings[i].last)
			return meanings[i].delivery;
	}
	return DELIVERY_REFUSED;
}

/* Where libcurl's own words would tell people less. */
static const struct {
	CURLcode code;
	const char *text;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the name of the host is not known" },
	{ CURLE_COULDNT_RESOLVE_PROXY, "the name of the proxy is not known" },
	{ CURLE_SSL_CONNECT_ERROR, "no TLS connection: is it https at all?" },
	{ CURLE_PEER_FAILED_VERIFICATION, "the certificate is not trusted" },
	{ CURLE_SSL_CACERT_BADFILE, "the certificates to trust cannot be read" },
	{ CURLE_GOT_NOTHING, "the connection was closed without an answer" },
	{ CURLE_RECV_ERROR, "the connection broke before an answer" },
	{ CURLE_SEND_ERROR, "the connection broke before an answer" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "what answers is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, "what answers is not HTTP" },
	{ CURLE_ABORTED_BY_CALLBACK, "no answer before vmbpf ended" },
	{ CURLE_OUT_OF_MEMORY, "out of memory" },
};

static void explain_timeout(const struct http *http, char why[static OUTLET_WHY_MAX])
{
	curl_off_t connected_us = 0;

	curl_easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	if (connected_us)
		snprintf(why, OUTLET_WHY_MAX, "no answer within %g s", http->limits.total_ms / 1e3);
	else
		snprintf(why, OUTLET_WHY_MAX, "no connection within %g s",
			http->limits.connect_ms / 1e3);
}

static void explain_no_connection(const struct http *http, char why[static OUTLET_WHY_MAX])
{
	long error = 0;

	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &error);
	if (error == ECONNREFUSED)
		snprintf(why, OUTLET_WHY_MAX, "connection refused");
	else
		snprintf(why, OUTLET_WHY_MAX, "no connection: %s",
			error ? strerror((int)error) : "the host does not answer");
}

static void explain(const struct http *http, CURLcode code, char why[static OUTLET_WHY_MAX])
{
	const char *text = curl_easy_strerror(code);

	if (code == CURLE_OPERATION_TIMEDOUT) {
		explain_timeout(http, why);
		return;
	}
	if (code == CURLE_COULDNT_CONNECT) {
		explain_no_connection(http, why);
		return;
	}
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (failures[i].code == code)
			text = failures[i].text;
	}
	snprintf(why, OUTLET_WHY_MAX, "%s", text);
}

/* The blanks at the end are no part of what is said. */
static void quote_answer(struct http *http, char text[static HTTP_TEXT_MAX])
{
	size_t length = shorter(http->answered, sizeof(http->begin) - 1);

	while (length && isspace((unsigned char)http->begin[length - 1]))
		length--;
	http->begin[length] = '\0';
	unit_safe_text(http->begin, text, HTTP_TEXT_MAX);
}

enum delivery http_post(struct http *http, const char *body, size_t size, const atomic_bool *stop,
	struct http_answer *ret)
{
	CURLcode code;

	*ret = (struct http_answer){ 0 };
	http->answered = 0;
	code = curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, body);
	if (!code)
		code = curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	if (!code) {
		code = transfer(http, stop);
		curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &ret->status);
		curl_multi_remove_handle(http->multi, http->easy);
	}
	if (ret->status < 200) {
		ret->status = 0;
		explain(http, code, ret->why);
		return DELIVERY_RETRY;
	}
	quote_answer(http, ret->text);
	return judge_status(ret->status, ret->why);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	curl_slist_free_all(http->headers);
	http_url_done(&http->url);
	free(http);
}

/* What the library sets up once stays until the program ends. */
static struct http *make(const struct http_limits *limits)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(http);
		return NULL;
	}
	http->limits = *limits;
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (http->multi && http->easy)
		return http;
	http_close(http);
	return NULL;
}

int http_open(const char *url, const char *path, const struct http_limits *limits,
	struct http **ret, char why[static OUTLET_WHY_MAX])
{
	struct http *http = make(limits);
	CURLcode code;
	int err;

	if (!http) {
		snprintf(why, OUTLET_WHY_MAX, "libcurl cannot be set up");
		return -ENOMEM;
	}
	err = http_url_read(url, path, &http->url, why);
	if (err) {
		http_close(http);
		return err;
	}
	code = set_up(http);
	if (code) {
		http_close(http);
		snprintf(why, OUTLET_WHY_MAX, "libcurl: %s", curl_easy_strerror(code));
		return code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -ENOTSUP;
	}
	*ret = http;
	return 0;
}

const char *http_label(const struct http *http)
{
	return http->url.label;
}
