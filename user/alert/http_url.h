/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that alerts are posted to: what is taken for one, and what of it may be shown. */
#ifndef ALERT_HTTP_URL_H
#define ALERT_HTTP_URL_H

#include "alert/outlet.h"

#define HTTP_LABEL_MAX 120

struct http_url {
	char *whole; /* with everything that is secret in it */
	/*
	 * Safe to print, and without secrets: "https://hooks.example:8443/services/...". A user
	 * name and password become three asterisks. Paths and queries of webhooks are often the
	 * whole secret. So of a path only its first segment is shown, and that only if another
	 * follows and it is a word.
	 */
	char label[HTTP_LABEL_MAX];
};

/*
 * Takes URLs of http and https with a host. `path` is appended to the URL's own unless that ends
 * in it already; NULL: nothing is. -EINVAL with one line in `why`, which shows no secret either;
 * -ENOMEM.
 */
int http_url_read(
	const char *text, const char *path, struct http_url *ret, char why[static OUTLET_WHY_MAX]);

void http_url_done(struct http_url *url);

#endif
