/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the conclusion from a snapshot which sources there are, and why the others are not. */
#include "cmd/availability.h"

#include <string.h>

/* What the status lines of a snapshot are about. The first that is down explains a source. */
static const struct {
	const char *status;
	uint32_t sources;
} subjects[] = {
	{ "kernel", SRC_SCHED | SRC_EVENTS | SRC_NET | SRC_NET_THREAD | SRC_KVM | SRC_GUEST |
			    SRC_LIMIT | SRC_EXITS },
	{ "walk", SRC_SCHED | SRC_EVENTS | SRC_KVM | SRC_GUEST | SRC_LIMIT | SRC_EXITS },
	{ "events", SRC_EVENTS },
	{ "net", SRC_NET | SRC_NET_THREAD },
	{ "exits", SRC_EXITS },
	{ "netdev", SRC_NET_DEVICE },
	{ "libvirt", SRC_LIBVIRT | SRC_BALLOON | SRC_BLOCK | SRC_STORAGE },
	{ "host", SRC_SELF | SRC_PRESSURE },
	{ "process", SRC_PROC },
};

static const char *reason_down(const struct snapshot *snap, const char *name)
{
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (strcmp(snap->sources[i].name, name) == 0 && !snap->sources[i].up)
			return snap->sources[i].reason;
	return NULL;
}

static const char *explain(const struct snapshot *snap, unsigned source)
{
	const char *reason;

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (!(subjects[i].sources & 1u << source))
			continue;
		reason = reason_down(snap, subjects[i].status);
		if (reason)
			return reason;
	}
	if (snap->host.n_running == 0)
		return "no VM runs that could show it";
	return sources[source].missing;
}

static uint32_t sources_seen(const struct snapshot *snap)
{
	uint32_t seen = SRC_TICK;

	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct item item = { 0 };

		while (scopes[scope].next(snap, &item))
			seen |= item.entity->have;
	}
	return seen;
}

void availability_find(const struct snapshot *snap, struct availability ret[static N_SOURCES])
{
	uint32_t seen = sources_seen(snap);

	for (unsigned i = 0; i < N_SOURCES; i++) {
		ret[i] = (struct availability){ .here = seen & 1u << i };
		if (!ret[i].here)
			ret[i].reason = explain(snap, i);
	}
}

struct availability availability_of(
	const struct metric *metric, const struct availability known[static N_SOURCES])
{
	for (uint32_t left = metric->needs; left; left &= left - 1)
		if (!known[__builtin_ctz(left)].here)
			return known[__builtin_ctz(left)];
	return (struct availability){ .here = true };
}
