/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of outputs and of the replay share: made-up ticks, and an output's text. */
#ifndef TESTS_SINK_FIXTURE_H
#define TESTS_SINK_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "vmbpf/sink.h"

#define SECOND NSEC_PER_SEC
#define MSEC NSEC_PER_MSEC

/* 2026-01-31T12:00:00Z */
#define FIXTURE_REAL_NS (1769860800 * SECOND)

/* Host uptime at the first tick: more nanoseconds than a double can hold exactly (463 days). */
#define FIXTURE_BOOT_NS 40000000000000001ull

/* An unfinished snapshot of the n-th tick, a second apart. */
static inline struct snapshot *fixture_tick(unsigned n)
{
	struct snapshot *snap = snapshot_new();

	assert_non_null(snap);
	snap->mono_ns = 1000 * SECOND + n * SECOND;
	snap->boot_ns = FIXTURE_BOOT_NS + n * SECOND;
	snap->real_ns = FIXTURE_REAL_NS + n * SECOND;
	snap->host.name = snapshot_text(snap, "kvm1");
	return snap;
}

/* A running VM without libvirt. */
static inline struct vm *fixture_vm(struct snapshot *snap, const char *name, pid_t pid)
{
	struct vm *vm = snapshot_add_vm(snap);

	vm->name = snapshot_text(snap, name);
	vm->pid = pid;
	vm->start_ns = 5 * SECOND + (uint64_t)pid;
	vm->state = VM_NO_LIBVIRT;
	vm->e.have |= SRC_SCHED;
	vm->n_vcpus = 1;
	return vm;
}

static inline struct vcpu *fixture_vcpu(struct snapshot *snap, struct vm *vm, unsigned index)
{
	struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);

	vcpu->e.have |= SRC_SCHED;
	vcpu->index = index;
	vcpu->tid = vm->pid + 1 + (pid_t)index;
	vcpu->start_ns = vm->start_ns;
	return vcpu;
}

/*
 * What an output writes for one snapshot, begin() included. To be freed. Not inlined, because gcc
 * would then take the stream's buffer for the variable that points to it.
 */
__attribute__((noinline, unused)) static char *fixture_text(
	const char *sink_name, const struct view_spec *spec, const struct snapshot *snap)
{
	const struct sink *sink = sink_find(sink_name);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(sink);
	assert_non_null(out);
	if (sink->begin)
		assert_int_equal(sink->begin(out, spec), 0);
	assert_int_equal(sink->tick(out, spec, snap), 0);
	fclose(out);
	return text;
}

static inline struct column fixture_column(const char *name, enum scope scope)
{
	struct column column = { 0 };

	assert_int_equal(column_find(name, scope, &column), 0);
	return column;
}

static inline void fixture_add_columns(
	struct view_spec *spec, enum scope scope, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		spec->columns[spec->n_columns++] = fixture_column(names[i], scope);
}

/* The value of a member in a flat JSON line, up to the comma or brace that ends it. To be freed. */
static inline char *fixture_member(const char *line, const char *member)
{
	char pattern[80];
	const char *at;

	snprintf(pattern, sizeof(pattern), "\"%s\":", member);
	at = strstr(line, pattern);
	if (!at)
		return NULL;
	at += strlen(pattern);
	return strndup(at, *at == '"' ? strcspn(at + 1, "\"") + 2 : strcspn(at, ",}"));
}

#endif
