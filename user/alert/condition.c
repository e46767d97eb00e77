/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the logic of conditions, which knows what is not known. */
#include "alert/condition.h"

#include <math.h>

#include "sink/select.h"

static enum truth truth_of(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

/* What libvirt said last about a VM that it does not answer for any more is no news. */
static bool is_old(const struct column *column, const struct subject *subject)
{
	const struct metric *metric = column->metric;
	const struct vm *vm = subject->item->vm;

	return vm && metric->scope != SCOPE_HOST && vm->e.have & SRC_LIBVIRT && vm->stale == 1 &&
	       metric_is_polled(metric) && !metric->tells_age;
}

static struct value value_of(const struct node *test, const struct subject *subject)
{
	if (is_old(&test->column, subject))
		return (struct value){ 0 };
	return select_value(&test->column, subject->snap, subject->scope, subject->item);
}

bool condition_number(const struct node *test, const struct subject *subject, double *ret)
{
	struct value value = value_of(test, subject);

	*ret = value.kind == VALUE_NUMBER ? value.number : NAN;
	return value.kind == VALUE_NUMBER ||
	       (!is_old(&test->column, subject) &&
		       select_is_idle(&test->column, subject->snap, subject->scope, subject->item));
}

bool condition_read(const struct node *test, const struct subject *subject, double *ret)
{
	if (test->over == OVER_NOTHING || (!subject->windows && test->over != OVER_RATE))
		return condition_number(test, subject, ret);
	if (!subject->windows)
		return false;
	return window_value(&subject->windows[test->window], subject->snap->mono_ns, ret);
}

static struct judgement check_number(const struct node *test, const struct subject *subject)
{
	struct judgement judgement = { TRUTH_UNKNOWN, test, NAN };

	if (condition_read(test, subject, &judgement.value))
		judgement.truth = truth_of(!isnan(judgement.value) &&
					   test_number(judgement.value, test->op, test->number));
	return judgement;
}

static struct judgement check_text(const struct node *test, const struct subject *subject)
{
	struct value value = value_of(test, subject);

	if (value.kind != VALUE_TEXT)
		return (struct judgement){ TRUTH_UNKNOWN, NULL, NAN };
	return (struct judgement){ truth_of(test_text(value.text, test->op, test->text)), NULL,
		NAN };
}

static struct judgement check_name(const struct node *test, const struct subject *subject)
{
	const struct vm *vm = subject->item->vm;

	return (struct judgement){ truth_of(vm && test_name(vm, test->text)), NULL, NAN };
}

static struct judgement check(const struct node *node, const struct subject *subject);

/* Of two judgements that say the same the one that compared a number tells more. */
static bool tells_more(const struct judgement *one, const struct judgement *other)
{
	return one->truth == other->truth && one->test && !other->test;
}

/* `decisive` ends a chain whatever the rest is: NO for and, YES for or. */
static struct judgement check_chain(
	const struct node *chain, const struct subject *subject, enum truth decisive)
{
	struct judgement result = check(chain->first, subject), next;

	for (const struct node *node = chain->first->next; node; node = node->next) {
		if (result.truth == decisive)
			break;
		next = check(node, subject);
		if (next.truth == decisive ||
			(next.truth == TRUTH_UNKNOWN && result.truth != TRUTH_UNKNOWN) ||
			tells_more(&next, &result))
			result = next;
	}
	return result;
}

static struct judgement check_and(const struct node *node, const struct subject *subject)
{
	return check_chain(node, subject, TRUTH_NO);
}

static struct judgement check_or(const struct node *node, const struct subject *subject)
{
	return check_chain(node, subject, TRUTH_YES);
}

static struct judgement check_not(const struct node *node, const struct subject *subject)
{
	struct judgement judgement = check(node->first, subject);

	if (judgement.truth != TRUTH_UNKNOWN)
		judgement.truth = truth_of(judgement.truth == TRUTH_NO);
	return judgement;
}

static struct judgement (*const checks[])(const struct node *, const struct subject *) = {
	[NODE_AND] = check_and,
	[NODE_OR] = check_or,
	[NODE_NOT] = check_not,
	[NODE_NUMBER] = check_number,
	[NODE_TEXT] = check_text,
	[NODE_NAME] = check_name,
};

static struct judgement check(const struct node *node, const struct subject *subject)
{
	return checks[node->kind](node, subject);
}

struct judgement condition_check(const struct filter *filter, const struct subject *subject)
{
	return check(filter->root, subject);
}

static const struct node *first_number(const struct node *node)
{
	const struct node *found = node->kind == NODE_NUMBER ? node : NULL;

	for (const struct node *child = node->first; child && !found; child = child->next)
		found = first_number(child);
	return found;
}

const struct node *condition_first_test(const struct filter *filter)
{
	return first_number(filter->root);
}

const char *condition_relation(const struct node *test)
{
	static const char *const relations[] = {
		[OP_LESS] = "<",
		[OP_LESS_EQUAL] = "<=",
		[OP_GREATER] = ">",
		[OP_GREATER_EQUAL] = ">=",
		[OP_EQUAL] = "=",
		[OP_UNEQUAL] = "!=",
	};

	return test->op < sizeof(relations) / sizeof(relations[0]) ? relations[test->op] : "";
}
