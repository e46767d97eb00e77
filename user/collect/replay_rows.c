/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From members of a line back to fields of an entity, driven by the metric catalogue. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "collect/replay_line.h"
#include "collect/replay_value.h"

/* One value on its way into a field. */
struct slot {
	struct json_object *json; /* not null */
	struct snapshot *snap;
	const struct metric *metric;
	void *field;
};

static int set_u64(const struct slot *slot)
{
	uint64_t *field = slot->field;

	if (slot->metric->unit == UNIT_SECONDS)
		return replay_seconds(slot->json, field);
	return replay_whole(slot->json, NOT_REPORTED - 1, field);
}

static int set_i64(const struct slot *slot)
{
	uint64_t number;
	int err = replay_whole(slot->json, INT64_MAX, &number);

	if (!err)
		*(int64_t *)slot->field = (int64_t)number;
	return err;
}

static int set_pid(const struct slot *slot)
{
	uint64_t number;
	int err = replay_whole(slot->json, INT_MAX, &number);

	if (!err)
		*(pid_t *)slot->field = (pid_t)number;
	return err;
}

static int set_double(const struct slot *slot)
{
	double number, scale = slot->metric->scale != 0 ? slot->metric->scale : 1;
	int err = replay_double(slot->json, &number);

	if (!err)
		*(double *)slot->field = number / scale;
	return err;
}

static int set_text(const struct slot *slot)
{
	if (!json_object_is_type(slot->json, json_type_string))
		return -EINVAL;
	*(const char **)slot->field = snapshot_text(slot->snap, json_object_get_string(slot->json));
	return 0;
}

static int set_name(const struct slot *slot)
{
	const struct field *field = &slot->metric->field;

	if (!json_object_is_type(slot->json, json_type_string))
		return -EINVAL;
	for (unsigned i = 0; i < field->n_names; i++) {
		if (strcmp(field->names[i], json_object_get_string(slot->json)) == 0) {
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

static bool has_field(const struct column *column, size_t key)
{
	return !column->metric->derive && column->view == VIEW_TOTAL &&
	       column->metric->field.offset != key;
}

static int read_values(struct json_object *line, struct snapshot *snap, enum scope scope,
	size_t key, struct entity *entity, struct column *column)
{
	enum view view = VIEW_TOTAL;
	size_t i = 0;

	while (column_next(scope, &i, &view, column)) {
		const struct metric *metric = column->metric;
		struct slot slot = {
			.json = json_object_object_get(line, metric->views[column->view]),
			.snap = snap,
			.metric = metric,
			.field = (char *)entity + metric->field.offset,
		};

		if (!slot.json)
			continue;
		if (has_field(column, key) && types[metric->field.type].set(&slot) < 0)
			return -EINVAL;
		entity->have |= metric->needs;
	}
	return 0;
}

/* Of sources that did deliver, what is null was not reported. */
static void read_nulls(
	struct json_object *line, enum scope scope, size_t key, struct entity *entity)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	size_t i = 0;

	while (column_next(scope, &i, &view, &column)) {
		const struct metric *metric = column.metric;

		if (!has_field(&column, key) || !types[metric->field.type].clear)
			continue;
		if ((entity->have & metric->needs) != metric->needs)
			continue;
		if (!json_object_object_get(line, metric->views[VIEW_TOTAL]))
			types[metric->field.type].clear((char *)entity + metric->field.offset);
	}
}

int replay_rows_read(struct json_object *line, struct snapshot *snap, enum scope scope, size_t key,
	struct entity *entity, struct fault *fault)
{
	struct column column;

	if (read_values(line, snap, scope, key, entity, &column) < 0) {
		fault->member = column.metric->views[column.view];
		fault->right = types[column.metric->field.type].right;
		return -EINVAL;
	}
	read_nulls(line, scope, key, entity);
	return 0;
}
