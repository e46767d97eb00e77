/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule is: a condition on the metrics of one kind of entity, and what an alert of it says.
 */
#ifndef ALERT_RULE_H
#define ALERT_RULE_H

#include "vmbpf/metric.h"

struct filter;

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, N_SEVERITIES };

extern const char *const severity_names[N_SEVERITIES];

struct pair {
	const char *name, *value;
};

struct pairs {
	const struct pair *pair;
	size_t n;
};

/* The scopes that a rule may be about: host, vm, vcpu, nic, disk. */
bool rule_may_have_scope(enum scope scope);

struct rule {
	const char *name; /* a letter, then letters, digits and _ */
	enum scope scope;
	const char *expr; /* as it was written */
	const struct filter *start; /* the condition */
	/* What must hold for a firing alert to go on; the same as `start` without hysteresis. */
	const struct filter *hold;
	uint64_t for_ns; /* that it must hold before it fires */
	uint64_t keep_ns; /* that it goes on firing when it holds no longer */
	uint64_t repeat_ns; /* between two notices while it fires, 0: one notice only */
	enum severity severity;
	struct pairs labels;
	struct pairs annotations; /* `suggestion` takes the place of the built-in one */
	const char *const
		*inhibit_by; /* names of rules, while one of which fires this one is mute */
	size_t n_inhibit_by;
};

struct arena;

struct rules {
	struct arena *arena; /* of everything in them but the filters */
	const struct rule *rule;
	size_t n;
};

/* Accepts rules that are all zero. */
void rules_done(struct rules *rules);

#endif
