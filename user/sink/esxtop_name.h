/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our numbers are called in esxtop's CSV: \\HOST\OBJECT(INSTANCE)\COUNTER, where an instance
 * is a VM, or one of its devices, that the object describes.
 */
#ifndef SINK_ESXTOP_NAME_H
#define SINK_ESXTOP_NAME_H

#include "sink/esxtop_instance.h"
#include "sink/writer.h"

enum esxtop_object_id {
	OBJECT_CPU,
	OBJECT_MEMORY,
	OBJECT_GROUP_CPU,
	OBJECT_VCPU,
	OBJECT_GROUP_MEMORY,
	OBJECT_VM_DISKS,
	OBJECT_DISK,
	OBJECT_PORT,
	N_ESXTOP_OBJECTS
};

struct esxtop_object {
	const char *name;
	enum scope scope;
	/* Writes what stands in brackets, of an instance with an entity; NULL: there are none. */
	void (*write_instance)(struct writer *writer, const struct esxtop_instance *instance);
};

extern const struct esxtop_object esxtop_objects[N_ESXTOP_OBJECTS];

#define ESXTOP_MAX_PARTS 5

struct esxtop_counter {
	enum esxtop_object_id object;
	const char *name;
	double factor; /* from our unit to esxtop's */
	const char *parts[ESXTOP_MAX_PARTS]; /* the columns of ours that add up to it */
};

extern const struct esxtop_counter esxtop_counters[];
extern const size_t n_esxtop_counters;

#define ESXTOP_NAME_MAX 128

/*
 * A text of others in a form that can be a part of a column's name: brackets, # and slashes are
 * mapped as Microsoft maps them in names of instances, and so is what has a meaning in CSV or in
 * esxtop's own names, see esxtop_name.c; an empty or absent one is "-". Returns `ret`.
 */
const char *esxtop_name(const char *text, char ret[static ESXTOP_NAME_MAX]);

#endif
