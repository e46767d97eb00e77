/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What those have in common who read rules from a file. */
#ifndef ALERT_RULES_READER_H
#define ALERT_RULES_READER_H

#include "alert/rule.h"
#include "alert/yaml.h"

struct arena;

struct rules_reader {
	const char *file; /* its name in messages */
	struct arena *arena; /* of the rules, and of the tree they are read from */
	char *error;
	struct rule *rules;
	const struct yaml_node **nodes; /* the mapping that each rule is read from */
	size_t n;
};

/* Puts what is wrong behind the file and the place of the node. -EINVAL. */
__attribute__((format(printf, 3, 4))) int rules_fail(
	const struct rules_reader *reader, const struct yaml_node *where, const char *format, ...);

/* The only keys that a mapping may have. `what` is what it is of: "a rule". */
struct rules_keys {
	const char *what;
	const char *const *names;
	size_t n;
};
int rules_check_keys(const struct rules_reader *reader, const struct yaml_node *mapping,
	const struct rules_keys *keys);

/*
 * Fills a rule from its mapping. Names in inhibit_by are not looked up. What it holds when that
 * fails is for rules_done(), too.
 */
int rule_read(
	const struct rules_reader *reader, const struct yaml_node *mapping, struct rule *rule);

#endif
