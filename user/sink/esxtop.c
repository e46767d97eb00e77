/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which columns an esxtop CSV has, and what stands in them tick by tick. */
#include "sink/esxtop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "sink/esxtop_name.h"

#define MAX_COUNTERS 64

/* One column of the file. */
struct heading {
	struct heading *next;
	size_t counter; /* index in esxtop_counters[] */
	const struct esxtop_instance *instance;
};

struct esxtop {
	struct esxtop_instances instances;
	struct column parts[MAX_COUNTERS][ESXTOP_MAX_PARTS]; /* metric NULL: no further part */
	struct heading *headings, **headings_tail;
};

static int find_columns(struct esxtop *esxtop)
{
	if (n_esxtop_counters > MAX_COUNTERS)
		return -E2BIG;
	for (size_t i = 0; i < n_esxtop_counters; i++) {
		const char *const *names = esxtop_counters[i].parts;

		for (size_t part = 0; part < ESXTOP_MAX_PARTS && names[part]; part++) {
			int err = column_find(names[part], SCOPE_VM, &esxtop->parts[i][part]);

			if (err)
				return err;
		}
	}
	return 0;
}

struct esxtop *esxtop_new(void)
{
	struct esxtop *esxtop = calloc(1, sizeof(*esxtop));
	int err;

	if (!esxtop)
		return NULL;
	esxtop->headings_tail = &esxtop->headings;
	err = instances_init(&esxtop->instances);
	if (!err)
		err = find_columns(esxtop);
	if (!err)
		return esxtop;
	esxtop_free(esxtop);
	errno = -err;
	return NULL;
}

void esxtop_free(struct esxtop *esxtop)
{
	if (!esxtop)
		return;
	instances_done(&esxtop->instances);
	free(esxtop);
}

const struct esxtop_late *esxtop_late(const struct esxtop *esxtop)
{
	return &esxtop->instances.late;
}

static bool is_measured(const struct esxtop *esxtop, size_t counter, const struct entity *entity)
{
	const struct column *parts = esxtop->parts[counter];

	for (size_t i = 0; i < ESXTOP_MAX_PARTS && parts[i].metric; i++)
		if (parts[i].metric->needs & ~entity->have)
			return false;
	return true;
}

static void add_headings(
	struct esxtop *esxtop, enum esxtop_object_id object, const struct esxtop_instance *instance)
{
	for (size_t i = 0; i < n_esxtop_counters; i++) {
		struct heading *heading;

		if (esxtop_counters[i].object != object ||
			!is_measured(esxtop, i, instance->entity))
			continue;
		heading = arena_alloc(esxtop->instances.arena, sizeof(*heading));
		heading->counter = i;
		heading->instance = instance;
		*esxtop->headings_tail = heading;
		esxtop->headings_tail = &heading->next;
	}
}

static void lay_out(struct esxtop *esxtop)
{
	const struct esxtop_instance *at;

	for (enum esxtop_object_id object = 0; object < N_ESXTOP_OBJECTS; object++)
		for (at = esxtop->instances.first; at; at = at->next)
			if (at->scope == esxtop_objects[object].scope)
				add_headings(esxtop, object, at);
}

static void write_heading(struct writer *writer, const char *host, const struct heading *heading)
{
	const struct esxtop_counter *counter = &esxtop_counters[heading->counter];
	const struct esxtop_object *object = &esxtop_objects[counter->object];

	writer_string(writer, ",\"\\\\");
	writer_string(writer, host);
	writer_char(writer, '\\');
	writer_string(writer, object->name);
	if (object->write_instance) {
		writer_char(writer, '(');
		object->write_instance(writer, heading->instance);
		writer_char(writer, ')');
	}
	writer_char(writer, '\\');
	writer_string(writer, counter->name);
	writer_char(writer, '"');
}

static void write_names(
	const struct esxtop *esxtop, struct writer *writer, const struct snapshot *snap)
{
	const struct heading *heading;
	char host[ESXTOP_NAME_MAX];

	esxtop_name(snap->host.name, host);
	writer_string(writer, "\"(PDH-CSV 4.0) (UTC)(0)\"");
	for (heading = esxtop->headings; heading; heading = heading->next)
		write_heading(writer, host, heading);
	writer_char(writer, '\n');
}

/* False where a part of the value is absent. */
static bool add_up(const struct column parts[static ESXTOP_MAX_PARTS], const struct snapshot *snap,
	const struct entity *entity, double *ret)
{
	double sum = 0;

	for (size_t i = 0; i < ESXTOP_MAX_PARTS && parts[i].metric; i++) {
		struct value value = column_value(&parts[i], snap, entity);

		if (value.kind != VALUE_NUMBER)
			return false;
		sum += value.number;
	}
	*ret = sum;
	return true;
}

/* Quoted, as esxtop does with numbers too. */
static void write_value(const struct esxtop *esxtop, struct writer *writer,
	const struct snapshot *snap, const struct heading *heading)
{
	const struct column *parts = esxtop->parts[heading->counter];
	const struct entity *entity = heading->instance->entity;
	double number;

	writer_string(writer, ",\"");
	if (entity && add_up(parts, snap, entity, &number))
		writer_decimal(writer, number * esxtop_counters[heading->counter].factor);
	writer_char(writer, '"');
}

static void write_time(struct writer *writer, uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };
	char text[64];

	gmtime_r(&seconds, &tm);
	writer_bytes(writer, text, strftime(text, sizeof(text), "\"%m/%d/%Y %H:%M:%S\"", &tm));
}

int esxtop_tick(struct esxtop *esxtop, FILE *out, const struct snapshot *snap)
{
	const struct heading *heading;
	struct writer writer;
	int err = instances_place(&esxtop->instances, snap);

	if (err)
		return err;
	writer_init(&writer, out);
	if (!esxtop->instances.closed) {
		lay_out(esxtop);
		write_names(esxtop, &writer, snap);
		esxtop->instances.closed = true;
	}
	write_time(&writer, snap->real_ns);
	for (heading = esxtop->headings; heading; heading = heading->next)
		write_value(esxtop, &writer, snap, heading);
	writer_char(&writer, '\n');
	return writer_flush(&writer);
}
