/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of outlets that post by HTTP. The state of each is a struct http. */
#ifndef ALERT_HTTP_OUTLETS_H
#define ALERT_HTTP_OUTLETS_H

#include "alert/http.h"

extern const struct outlet_type webhook_type, alertmanager_type;

/* What is appended to the address of an Alertmanager. */
#define ALERTMANAGER_PATH "/api/v2/alerts"

/* As http_open(), and makes the outlet. */
int http_outlet_open(const struct outlet_type *type, const char *url, const char *path,
	struct outlet **ret, char why[static OUTLET_WHY_MAX]);

/* The close() of these types. */
void http_outlet_close(void *state);

#endif
