/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which values are beyond a threshold, and their order. */
#include "sink/tui/alerts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/table.h"
#include "sink/identity.h"

void alerts_done(struct alerts *alerts)
{
	free(alerts->alert);
	list_done(&alerts->list);
	*alerts = (struct alerts){ 0 };
}

static int add(struct alerts *alerts, const struct alert *alert)
{
	if (alerts->n == alerts->capacity) {
		size_t capacity = alerts->capacity ? alerts->capacity * 2 : 64;
		struct alert *grown = reallocarray(alerts->alert, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		alerts->alert = grown;
		alerts->capacity = capacity;
	}
	alerts->alert[alerts->n] = *alert;
	alerts->alert[alerts->n].index = alerts->n;
	alerts->n++;
	return 0;
}

static int add_sources(struct alerts *alerts, const struct snapshot *snap)
{
	int err = 0;

	for (unsigned i = 0; !err && i < snap->n_sources; i++) {
		struct alert alert = {
			.source = &snap->sources[i],
			.item = { .entity = &snap->host.e },
			.level = LEVEL_CRITICAL,
		};

		if (!alert.source->up)
			err = add(alerts, &alert);
	}
	return err;
}

/* How many times its limit a value is; what is limited to nothing is no more urgent than others. */
static double excess_of(const struct alert *alert)
{
	return alert->limit > 0 ? alert->value.number / alert->limit : 1;
}

static int add_column(struct alerts *alerts, const struct snapshot *snap,
	const struct column *column, const struct threshold *threshold)
{
	enum scope scope = column->metric->scope;
	struct item item = { 0 };
	int err = 0;

	while (!err && scopes[scope].next(snap, &item)) {
		struct alert alert = { .scope = scope, .item = item, .column = *column };

		alert.value = column_value(column, snap, item.entity);
		alert.level = threshold_level(threshold, snap, &item, &alert.value);
		if (alert.level == LEVEL_NORMAL)
			continue;
		alert.limit =
			alert.level == LEVEL_CRITICAL ? threshold->critical : threshold->warning;
		alert.excess = excess_of(&alert);
		err = add(alerts, &alert);
	}
	return err;
}

/* A VM that is judged by its vCPUs is left to them: they tell which. */
static int add_scope(struct alerts *alerts, const struct snapshot *snap, enum scope scope)
{
	enum view view = VIEW_TOTAL;
	struct threshold threshold;
	struct column column;
	size_t i = 0;
	int err = 0;

	while (!err && column_next(scope, &i, &view, &column))
		if (threshold_find(&column, &threshold) && !threshold.of_vcpus.metric)
			err = add_column(alerts, snap, &column, &threshold);
	return err;
}

/* Equal ones stay in the order of the catalogue and the snapshot. */
static int compare(const void *left, const void *right)
{
	const struct alert *a = left, *b = right;

	if (!a->source != !b->source)
		return a->source ? -1 : 1;
	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->excess != b->excess)
		return a->excess > b->excess ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static uint64_t identity_of_alert(const struct alert *alert)
{
	uint64_t identity = identity_of(alert->scope, &alert->item);

	if (alert->source)
		return identity ^ table_hash(alert->source->name);
	return identity ^ table_hash(alert->column.metric->views[alert->column.view]);
}

static int fill_list(struct alerts *alerts)
{
	int err = 0;

	list_begin(&alerts->list);
	for (size_t i = 0; !err && i < alerts->n; i++) {
		const struct alert *alert = &alerts->alert[i];

		err = list_add(&alerts->list, alert->scope, &alert->item, identity_of_alert(alert));
	}
	list_end(&alerts->list);
	return err;
}

int alerts_fill(struct alerts *alerts, const struct snapshot *snap)
{
	int err;

	alerts->n = 0;
	err = add_sources(alerts, snap);
	for (enum scope scope = 0; !err && scope < N_SCOPES; scope++)
		err = add_scope(alerts, snap, scope);
	if (alerts->n)
		qsort(alerts->alert, alerts->n, sizeof(*alerts->alert), compare);
	return err ? err : fill_list(alerts);
}

const struct alert *alerts_selected(const struct alerts *alerts)
{
	return alerts->list.n ? &alerts->alert[alerts->list.selected] : NULL;
}
