/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Posts each alert as one JSON object to whatever address somebody gave. */
#include "alert/outlets.h"

#include <stdio.h>
#include <string.h>

#include "alert/http_outlets.h"
#include "alert/text.h"
#include "base/arena.h"

/* What is answered beyond a status may be anything, and is not told. */
static enum delivery deliver(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct arena *arena = arena_new();
	struct http_answer answer;
	enum delivery delivery;
	const char *body;

	(void)n; /* one at a time */
	if (!arena) {
		snprintf(why, OUTLET_WHY_MAX, "out of memory");
		return DELIVERY_RETRY;
	}
	body = alert_json(arena, records[0]);
	delivery = http_post(state, body, strlen(body), stop, &answer);
	arena_free(arena);
	if (delivery != DELIVERED)
		memcpy(why, answer.why, OUTLET_WHY_MAX);
	return delivery;
}

const struct outlet_type webhook_type = {
	.name = "webhook",
	.batch = 1,
	.deliver = deliver,
	.close = http_outlet_close,
};

int webhook_outlet_open(const char *url, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	return http_outlet_open(&webhook_type, url, NULL, ret, why);
}
