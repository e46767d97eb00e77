/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metric catalogue: the one definition of every number vmbpf shows. Every output, sort key,
 * filter and reference page is derived from its rows.
 */
#ifndef VMBPF_METRIC_H
#define VMBPF_METRIC_H

#include <stddef.h>

#include "vmbpf/model.h"

enum metric_kind { COUNTER, GAUGE, TEXT };

enum metric_unit { UNIT_NONE, UNIT_SECONDS, UNIT_BYTES, UNIT_SHARE };

enum field_type { FIELD_U64, FIELD_I64, FIELD_PID, FIELD_DOUBLE, FIELD_TEXT, FIELD_NAME };

/*
 * Where in its entity a row's value is. Absent are NOT_REPORTED, a negative I64, a PID of 0, a NAN
 * and a NULL text.
 */
struct field {
	size_t offset;
	enum field_type type;
	const char *const *names; /* FIELD_NAME: what each value of the enum is called */
	unsigned n_names;
};

struct metric {
	enum scope scope;
	const char *name; /* vm.ready is { SCOPE_VM, "ready" } */
	const char *title; /* heading of its column */
	enum metric_kind kind;
	enum metric_unit unit;
	const char *views[2]; /* what enum view calls them in JSON and CSV; NULL: it has no such */
	uint32_t needs; /* enum source; a value is there when all of them are */
	struct field field;
	double divisor; /* the field by this is in the unit; 0 means 1 */
	/*
	 * Instead of a field, for gauges: the value in the row's unit (percent for a share), NAN
	 * where it cannot be told. `before` is NULL and `seconds` 0 where there is no interval.
	 */
	double (*derive)(const void *now, const void *before, double seconds);
	bool tells_age; /* of others: true however old its source's data is */
	bool of_events; /* absent also where nothing happened in the interval that it is of */
	const char *help; /* one sentence */
};

extern const struct metric metrics[];
extern const size_t n_metrics;

/* A metric has one view or, when it is a counter, two. */
enum view { VIEW_TOTAL, VIEW_RATE };

/* One column of one output. A gauge or a text has VIEW_TOTAL only. */
struct column {
	const struct metric *metric;
	enum view view;
};

enum value_kind { VALUE_ABSENT, VALUE_NUMBER, VALUE_TEXT };

struct value {
	enum value_kind kind;
	double number; /* in the view's unit: seconds, bytes, percent, things, or these per second
			*/
	uint64_t raw; /* of a counter's total: the field itself, exact */
	const char *text;
};

#define COLUMN_NAME_MAX 64

/* The unit of a column's numbers: that of its metric, but the rate of seconds is a share. */
enum metric_unit column_unit(const struct column *column);

/* The name of a view as in JSON and CSV: ready_seconds_total, ready_percent. Returns `name`. */
const char *column_name(const struct column *column, char name[static COLUMN_NAME_MAX]);

/*
 * Finds the column a user means: "vm.ready", "ready", "ready_percent", "vm.ready_seconds_total". A
 * bare metric name means the rate of a counter. Without a scope, `scope` is meant. -ENOENT where
 * there is none.
 */
int column_find(const char *name, enum scope scope, struct column *ret);

/* The known name nearest to an unknown one, for "did you mean"; NULL when nothing is near. */
const char *column_nearest(const char *name, enum scope scope);

/* The value of a column of an entity; VALUE_ABSENT when nobody measured it. */
struct value column_value(
	const struct column *column, const struct snapshot *snap, const struct entity *entity);

/* Whether a source of it is polled beside the tick, so that a value may be older than the tick. */
bool metric_is_polled(const struct metric *metric);

/* Whether a value is absent because in an interval that was measured nothing happened. */
bool column_is_idle(
	const struct column *column, const struct snapshot *snap, const struct entity *entity);

/* All columns of a scope in catalogue order. *i is 0 at first; false at the end. */
bool column_next(enum scope scope, size_t *i, enum view *view, struct column *ret);

/* One entity of a snapshot with the VM it belongs to (NULL for the host). */
struct item {
	const struct entity *entity;
	const struct vm *vm;
};

/*
 * What an output needs to know of a scope. `key` is the member that tells an entity from its
 * siblings (NULL for host and vm, whose key is the vm itself).
 */
struct scope_info {
	const char *name;
	const char *key;
	/* Steps to the next entity in snapshot order; false at the end. Begin with a zeroed item.
	 */
	bool (*next)(const struct snapshot *snap, struct item *item);
};

extern const struct scope_info scopes[N_SCOPES];

/* -ENOENT for an unknown word. */
int scope_find(const char *name, enum scope *ret);

struct source_info {
	const char *name;
	bool polled; /* delivered beside the tick: rates span two polls */
	const char *mechanism; /* what serves it, for people */
	const char *cost; /* as make bench measured it on the machine that README.md names */
	const char *missing; /* why it may be absent and what would bring it */
};

extern const struct source_info sources[N_SOURCES]; /* index: bit number of enum source */

#endif
