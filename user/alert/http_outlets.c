/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how outlets that post by HTTP begin and end. */
#include "alert/http_outlets.h"

int http_outlet_open(const struct outlet_type *type, const char *url, const char *path,
	struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	struct http *http = NULL;
	int err = http_open(url, path, &http_usual_limits, &http, why);

	return err ? err : outlet_make(type, http_label(http), http, ret, why);
}

void http_outlet_close(void *state)
{
	http_close(state);
}
