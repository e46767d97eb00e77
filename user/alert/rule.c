/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what the members of rules are called, and their end. */
#include "alert/rule.h"

#include "base/arena.h"
#include "model/filter.h"

const char *const severity_names[N_SEVERITIES] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_CRITICAL] = "critical",
};

bool rule_may_have_scope(enum scope scope)
{
	return scope == SCOPE_HOST || scope == SCOPE_VM || scope == SCOPE_VCPU ||
	       scope == SCOPE_NIC || scope == SCOPE_DISK;
}

void rules_done(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->rule[i].hold != rules->rule[i].start)
			filter_free((struct filter *)rules->rule[i].hold);
		filter_free((struct filter *)rules->rule[i].start);
	}
	arena_free(rules->arena);
	*rules = (struct rules){ 0 };
}
