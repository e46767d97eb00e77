/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which entities to show. A filter is
 *
 *	expr  := and { "or" and }
 *	and   := not { "and" not }
 *	not   := "not" not | "(" expr ")" | test
 *	test  := NAME OP VALUE | WORD
 *	OP    := "<" | "<=" | ">" | ">=" | "=" | "!=" | "~"
 *
 * NAME is a catalogue name (ready, vm.ready, memory_used_bytes); a VALUE may carry a unit (5, 5%,
 * 10ms, 2GiB, 20k); "=", "!=" compare text as a whole, "~" as a glob. A bare WORD, or a word in
 * quotes, is a glob on the VM's name when it holds * ? or [, else a part of its name or the start
 * of its UUID. && || ! are accepted for and, or, not. A comparison with an absent value is false,
 * and so is its negation by "!=".
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <stdbool.h>

#include "vmbpf/metric.h"

struct filter;

#define FILTER_ERROR_MAX 160

/*
 * NAMEs without a scope are of `scope`; rows of vm scope may be used for every entity below a VM.
 * -EINVAL with one line in `error`: what was wrong, at which character, what would be right.
 * Nesting is limited to 32 levels,
 * length to 4096 bytes.
 */
int filter_parse(const char *text, enum scope scope, struct filter **ret,
	char error[static FILTER_ERROR_MAX]);
void filter_free(struct filter *filter); /* accepts NULL */

/*
 * The condition of a rule about entities of that scope. At least one number is compared, and a NAME
 * may also be
 *
 *	FUNCTION "(" NAME "over" WINDOW ")"
 *
 * with avg, max, min or rate (of change, per second) and a WINDOW from 1s to 24h. NAMEs are of the
 * scope itself, of vm or of host; others are refused.
 */
int filter_parse_rule(const char *text, enum scope scope, struct filter **ret,
	char error[static FILTER_ERROR_MAX]);

/*
 * What must hold for something to go on that began with `start`, from the text that says when it is
 * over: a value in place of the only number of `start`, or a condition. Its windows are those of
 * `start`, which must live as long, and then its own.
 */
int filter_parse_clear(const char *text, const struct filter *start, enum scope scope,
	struct filter **ret, char error[static FILTER_ERROR_MAX]);

/* Narrows a filter (NULL: everything) down to the VMs that a bare WORD means, whatever is in it.
 * -ENOMEM. */
int filter_add_vm(struct filter **filter, const char *word);

/*
 * `scope` is that of the item. A test on another scope than the item's or vm does not concern it
 * and is left out; where nothing is left, the item matches.
 */
bool filter_match(const struct filter *filter, const struct snapshot *snap, enum scope scope,
	const struct item *item);

#endif
