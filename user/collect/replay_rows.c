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
	double number, scale = slot->metric->scale != 0 ? slot->metric->scale : 1;
	int err = replay_double(slot->member, &number);

	if (!err)
		*(double *)slot->field = number / scale;
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

/* A column of the catalogue as a member of a line. */
struct known {
	const char *name;
	size_t name_size;
	const struct metric *metric;
	bool has_field; /* which is read from it */
	uint32_t needs; /* those of the metric */
	size_t offset; /* of the field */
	void (*clear)(void *field); /* NULL where absent is zero or there is no field */
	uint64_t seen; /* number of the last line with a value of it */
	struct known *follower; /* what came after it last, NULL: nothing yet */
};

struct replay_rows {
	struct known *known; /* scope by scope, in catalogue order */
	size_t begin[N_SCOPES + 1]; /* of each scope in it */
	struct table by_name[N_SCOPES];
	struct known heads[N_SCOPES]; /* whose followers are the first of a line */
	uint64_t n_lines;
};

static struct known make_known(const struct column *column)
{
	const struct metric *metric = column->metric;
	bool has_field = !metric->derive && column->view == VIEW_TOTAL;

	return (struct known){
		.name = metric->views[column->view],
		.name_size = strlen(metric->views[column->view]),
		.metric = metric,
		.has_field = has_field,
		.needs = metric->needs,
		.offset = metric->field.offset,
		.clear = has_field ? types[metric->field.type].clear : NULL,
	};
}

static void add_scope(struct replay_rows *rows, enum scope scope)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	size_t i = 0, n = rows->begin[scope];

	while (column_next(scope, &i, &view, &column)) {
		struct known *known = &rows->known[n++];

		*known = make_known(&column);
		table_add(&rows->by_name[scope], table_hash_bytes(known->name, known->name_size),
			known);
	}
	rows->begin[scope + 1] = n;
}

struct replay_rows *replay_rows_new(void)
{
	struct replay_rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		return NULL;
	rows->known = calloc(2 * n_metrics, sizeof(*rows->known));
	if (!rows->known) {
		free(rows);
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

static int read_value(const struct reading *reading, const struct member *member,
	struct known *known, size_t key, struct entity *entity)
{
	enum field_type type = known->metric->field.type;
	const struct slot slot = {
		.member = member,
		.snap = reading->snap,
		.metric = known->metric,
		.field = (char *)entity + known->offset,
	};

	if (known->has_field && known->offset != key && types[type].set(&slot) < 0) {
		*reading->fault = (struct fault){ known->name, types[type].right };
		return -EINVAL;
	}
	known->seen = reading->rows->n_lines;
	entity->have |= known->needs;
	return 0;
}

/* Of sources that did deliver, what is null was not reported. */
static void clear_nulls(
	const struct replay_rows *rows, enum scope scope, size_t key, struct entity *entity)
{
	for (size_t i = rows->begin[scope]; i < rows->begin[scope + 1]; i++) {
		const struct known *known = &rows->known[i];

		if (known->clear && known->seen != rows->n_lines && known->offset != key &&
			(entity->have & known->needs) == known->needs)
			known->clear((char *)entity + known->offset);
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

		known = member->kind == MEMBER_NULL ? NULL : find_known(rows, scope, member, last);
		if (!known)
			continue;
		err = read_value(reading, member, known, key, entity);
		last = known;
	}
	if (!err)
		clear_nulls(rows, scope, key, entity);
	return err;
}
