/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Posts JSON to one address, with deadlines: what webhooks and Alertmanagers have in common. */
#ifndef ALERT_HTTP_H
#define ALERT_HTTP_H

#include "alert/outlet.h"

#define HTTP_TEXT_MAX 101

/* How long it may take and how much may be answered. */
struct http_limits {
	unsigned connect_ms, total_ms;
	size_t answer_max; /* bytes of the answer's body */
};

extern const struct http_limits http_usual_limits;

struct http_answer {
	long status; /* 0: there was no answer */
	char text[HTTP_TEXT_MAX]; /* how its body begins, safe to print */
	char why[OUTLET_WHY_MAX]; /* in words for people, unless it is delivered */
};

/* An address, and the connection to it that is kept from one post to the next. */
struct http;

/*
 * Connects to nothing yet. `path` as http_url_read(). `limits` are copied. Call it before there are
 * other threads. 0, or -errno with one line in `why`.
 */
int http_open(const char *url, const char *path, const struct http_limits *limits,
	struct http **ret, char why[static OUTLET_WHY_MAX]);
void http_close(struct http *http); /* accepts NULL */

/* Which address it is, safe to print and without secrets. */
const char *http_label(const struct http *http);

/*
 * Posts the body as application/json. Takes no longer than the limits, and a moment when *stop
 * becomes true. Any status in 2xx is a delivery, whatever becomes of the rest of the answer: to
 * post the same again would tell it twice. Without an answer, and after one that asks for
 * patience, it may go later; other answers are for good. Redirects are not followed.
 */
enum delivery http_post(struct http *http, const char *body, size_t size, const atomic_bool *stop,
	struct http_answer *ret);

#endif
