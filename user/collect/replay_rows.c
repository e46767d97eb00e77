/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From members of a line back to fields of an entity, driven by the metric catalogue. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "collect/replay_line.h"
#include "collect/replay_value.h"

/* One value on its way into a field. */
struct slot {
	const struct member *member; /* not null */
	struct snapshot *snap;
	const struct metric *metric;
	void *field;
};

static int set_u64(const struct slot *slot)
{
	uint64_t *field = slot->field;

	if (slot->metric->unit == UNIT_SECONDS)
		return replay_seconds(slot->member, field);
	return replay_whole(slot->member, NOT_REPORTED - 1, field);
}

static int set_i64(const struct slot *slot)
{
	uint64_t number;
	int err = replay_whole(slot->member, INT64_MAX, &number);

	if (!err)
		*(int64_t *)slot->field = (int64_t)number;
	return err;
}

static int set_pid(const struct slot *slot)
{
	uint64_t number;
	int err = replay_whole(slot->member, INT_MAX, &number);

	if (!err)
		*(pid_t *)slot->field = (pid_t)number;
	return err;
}

static int set_double(const struct slot *slot)
{
	double number, divisor = slot->metric->divisor != 0 ? slot->metric->divisor : 1;
	int err = replay_double(slot->member, &number);

	if (!err)
		*(double *)slot->field = number * divisor;
	return err;
}

static int set_text(const struct slot *slot)
{
	if (slot->member->kind != MEMBER_TEXT)
		return -EINVAL;
	*(const char **)slot->field = snapshot_text(slot->snap, slot->member->text);
	return 0;
}

static int set_name(const struct slot *slot)
{
	const struct field *field = &slot->metric->field;

	if (slot->member->kind != MEMBER_TEXT)
		return -EINVAL;
	for (unsigned i = 0; i < field->n_names; i++) {
		if (strcmp(field->names[i], slot->member->text) == 0) {
			*(unsigned *)slot->field = i;
			return 0;
		}
	}
	return -EINVAL;
}

static void clear_u64(void *field)
{
	*(uint64_t *)field = NOT_REPORTED;
}

static void clear_i64(void *field)
{
	*(int64_t *)field = -1;
}

static void clear_double(void *field)
{
	*(double *)field = NAN;
}

/* What is read into a field of each type, and what stands for absent where that is not zero. */
static const struct {
	int (*set)(const struct slot *slot);
	void (*clear)(void *field);
	const char *right;
} types[] = {
	[FIELD_U64] = { set_u64, clear_u64, "a number that is not negative, or null" },
	[FIELD_I64] = { set_i64, clear_i64, "a whole number that is not negative, or null" },
	[FIELD_PID] = { set_pid, NULL, "a process ID, or null" },
	[FIELD_DOUBLE] = { set_double, clear_double, "a number, or null" },
	[FIELD_TEXT] = { set_text, NULL, "a text, or null" },
	[FIELD_NAME] = { set_name, NULL, "one of the words vmbpf writes there, or null" },
};

/* A field that has a value for what was not reported. */
struct gap {
	size_t offset;
	uint32_t needs; /* the sources that would have reported it */
	uint64_t filled; /* number of the last line with a value of it */
	void (*clear)(void *field);
};

/* A member that lines have. */
struct known {
	const char *name;
	size_t name_size;
	const struct metric *metric; /* NULL where it is no column of the catalogue */
	bool has_field; /* which is read from it */
	struct gap *gap; /* NULL where there is none */
	struct known *follower; /* what came after it last, NULL: nothing yet */
};

struct replay_rows {
	struct known *known, heads[N_SCOPES]; /* followers of a head are the first of a line */
	struct table by_name[N_SCOPES];
	struct gap *gaps; /* scope by scope */
	size_t n_known, begin[N_SCOPES + 1]; /* of each scope in the gaps */
	uint64_t n_lines;
};

/* What is read elsewhere. It is known so that it is expected, too. */
static const char *const others[] = { "type", "schema", "time", "interval_seconds", "host",
	"uptime_seconds", "vm", "uuid", "vm_pid", "start_seconds" };

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

static struct known *add_known(struct replay_rows *rows, enum scope scope, const char *name)
{
	struct known *known = &rows->known[rows->n_known++];

	known->name = name;
	known->name_size = strlen(name);
	table_add(&rows->by_name[scope], table_hash_bytes(name, known->name_size), known);
	return known;
}

static struct gap *add_gap(struct replay_rows *rows, enum scope scope, const struct metric *metric)
{
	struct gap *gap = &rows->gaps[rows->begin[scope + 1]++];

	gap->offset = metric->field.offset;
	gap->needs = metric->needs;
	gap->clear = types[metric->field.type].clear;
	return gap;
}

static void add_column(struct replay_rows *rows, enum scope scope, const struct column *column)
{
	const struct metric *metric = column->metric;
	struct known *known = add_known(rows, scope, metric->views[column->view]);

	known->metric = metric;
	known->has_field = !metric->derive && column->view == VIEW_TOTAL;
	if (known->has_field && types[metric->field.type].clear)
		known->gap = add_gap(rows, scope, metric);
}

/* Of two that have the same name the first one is found. */
static void add_scope(struct replay_rows *rows, enum scope scope)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	size_t i = 0;

	rows->begin[scope + 1] = rows->begin[scope];
	while (column_next(scope, &i, &view, &column))
		add_column(rows, scope, &column);
	for (size_t k = 0; k < N_OTHERS; k++)
		add_known(rows, scope, others[k]);
}

struct replay_rows *replay_rows_new(void)
{
	struct replay_rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		return NULL;
	rows->known = calloc(2 * n_metrics + N_SCOPES * N_OTHERS, sizeof(*rows->known));
	rows->gaps = calloc(n_metrics, sizeof(*rows->gaps));
	if (!rows->known || !rows->gaps) {
		replay_rows_free(rows);
		return NULL;
	}
	for (enum scope scope = 0; scope < N_SCOPES; scope++)
		add_scope(rows, scope);
	return rows;
}

void replay_rows_free(struct replay_rows *rows)
{
	if (!rows)
		return;
	for (enum scope scope = 0; scope < N_SCOPES; scope++)
		table_done(&rows->by_name[scope]);
	free(rows->known);
	free(rows->gaps);
	free(rows);
}

static bool is_named(const struct known *known, const struct member *member)
{
	return known->name_size == member->name_size &&
	       memcmp(known->name, member->name, member->name_size) == 0;
}

static struct known *search_known(
	const struct replay_rows *rows, enum scope scope, const struct member *member)
{
	uint64_t hash = table_hash_bytes(member->name, member->name_size);
	struct known *known = table_find(&rows->by_name[scope], hash, NULL);

	while (known && !is_named(known, member))
		known = table_find(&rows->by_name[scope], hash, known);
	return known;
}

/* As a rule all lines of a scope have the same members in the same order. */
static struct known *find_known(const struct replay_rows *rows, enum scope scope,
	const struct member *member, struct known *last)
{
	struct known *known = last->follower;

	if (known && is_named(known, member))
		return known;
	known = search_known(rows, scope, member);
	last->follower = known ? known : last->follower;
	return known;
}

static int read_field(const struct reading *reading, const struct member *member,
	const struct known *known, struct entity *entity)
{
	const struct field *field = &known->metric->field;
	const struct slot slot = {
		.member = member,
		.snap = reading->snap,
		.metric = known->metric,
		.field = (char *)entity + field->offset,
	};

	if (types[field->type].set(&slot) == 0)
		return 0;
	*reading->fault = (struct fault){ known->name, types[field->type].right };
	return -EINVAL;
}

static int read_value(const struct reading *reading, const struct member *member,
	const struct known *known, size_t key, struct entity *entity)
{
	int err = 0;

	if (!known->metric || member->kind == MEMBER_NULL)
		return 0;
	if (known->has_field && known->metric->field.offset != key)
		err = read_field(reading, member, known, entity);
	if (known->gap)
		known->gap->filled = reading->rows->n_lines;
	entity->have |= known->metric->needs;
	return err;
}

/* Of sources that did deliver, what is null was not reported. */
static void clear_gaps(
	const struct replay_rows *rows, enum scope scope, size_t key, struct entity *entity)
{
	for (size_t i = rows->begin[scope]; i < rows->begin[scope + 1]; i++) {
		const struct gap *gap = &rows->gaps[i];

		if ((entity->have & gap->needs) == gap->needs && gap->filled != rows->n_lines &&
			gap->offset != key)
			gap->clear((char *)entity + gap->offset);
	}
}

int replay_rows_read(
	const struct reading *reading, enum scope scope, size_t key, struct entity *entity)
{
	struct replay_rows *rows = reading->rows;
	struct known *last = &rows->heads[scope], *known;
	int err = 0;

	rows->n_lines++;
	for (size_t i = 0; i < reading->line->n && !err; i++) {
		const struct member *member = &reading->line->all[i];

		known = find_known(rows, scope, member, last);
		if (!known)
			continue;
		err = read_value(reading, member, known, key, entity);
		last = known;
	}
	if (!err)
		clear_gaps(rows, scope, key, entity);
	return err;
}
