/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON lines: one flat object per entity and tick, and with all scopes the recording that
 * user/collect/replay.c reads. The lines of a tick are the host, then each VM followed by what is
 * below it.
 */
#include <string.h>

#include "sink/json.h"
#include "sink/select.h"
#include "sink/sinks.h"
#include "sink/writer.h"

/* Raised when the meaning of a member changes; new members do not change it. */
#define SCHEMA "1"

/* A column with its name as it stands in the line: ,"ready_percent": */
struct member {
	struct column column;
	char text[COLUMN_NAME_MAX + 4];
	size_t length;
};

struct layout {
	struct member members[MAX_COLUMNS];
	unsigned n;
};

/* What the lines of one tick have in common. */
struct lines {
	struct writer writer;
	const struct view_spec *spec;
	const struct snapshot *snap;
	struct layout layouts[N_SCOPES];
};

static void write_text_member(struct writer *writer, const char *member, const char *text)
{
	writer_string(writer, member);
	if (text)
		json_text(writer, text);
	else
		writer_string(writer, "null");
}

static void write_value(
	struct writer *writer, const struct column *column, const struct value *value)
{
	if (value->kind == VALUE_TEXT)
		json_text(writer, value->text);
	else if (value->kind == VALUE_NUMBER)
		writer_number(writer, column, value);
	else
		writer_bytes(writer, "null", 4);
}

static void write_tick_members(struct lines *lines, enum scope scope)
{
	struct writer *writer = &lines->writer;
	const struct snapshot *snap = lines->snap;

	writer_string(writer, "{\"type\":\"");
	writer_string(writer, scopes[scope].name);
	writer_string(writer, "\",\"schema\":" SCHEMA ",\"time\":\"");
	writer_time(writer, snap->real_ns);
	writer_string(writer, "\",\"interval_seconds\":");
	if (snap->interval_ns)
		writer_seconds(writer, snap->interval_ns);
	else
		writer_string(writer, "null");
	write_text_member(writer, ",\"host\":", snap->host.name);
}

/* A time of CLOCK_BOOTTIME in seconds since the host was booted; 0 is one that is not known. */
static void write_boot_time(struct writer *writer, const char *member, uint64_t boot_ns)
{
	writer_string(writer, member);
	if (boot_ns)
		writer_seconds(writer, boot_ns);
	else
		writer_string(writer, "null");
}

/* With its process ID, since VMs that libvirt does not know have no UUID and may share a name. */
static void write_vm_identity(struct writer *writer, const struct vm *vm, bool below)
{
	write_text_member(writer, ",\"vm\":", vm->name);
	write_text_member(writer, ",\"uuid\":", vm->uuid);
	if (!below)
		return;
	writer_string(writer, ",\"vm_pid\":");
	if (vm->pid > 0)
		writer_u64(writer, (uint64_t)vm->pid);
	else
		writer_string(writer, "null");
}

static void write_key(struct writer *writer, enum scope scope, const struct item *item)
{
	struct value key = select_key(scope, item);

	writer_string(writer, ",\"");
	writer_string(writer, scopes[scope].key);
	if (key.kind != VALUE_NUMBER) {
		write_text_member(writer, "\":", key.text);
		return;
	}
	writer_string(writer, "\":");
	writer_u64(writer, key.raw);
}

/* When it started, which tells it from another one with the same process ID or key. */
static const uint64_t *start_of(enum scope scope, const struct item *item)
{
	const void *entity = item->entity;

	switch (scope) {
	case SCOPE_VM:
		return &item->vm->start_ns;
	case SCOPE_VCPU:
		return &((const struct vcpu *)entity)->start_ns;
	case SCOPE_THREAD:
		return &((const struct thread *)entity)->start_ns;
	case SCOPE_EXIT:
		return &((const struct exit *)entity)->start_ns;
	case SCOPE_BLAME:
		return &((const struct blame *)entity)->start_ns;
	default:
		return NULL;
	}
}

/* The members by which a line is attributed: of its VM, then of itself. */
static void write_identity(struct lines *lines, enum scope scope, const struct item *item)
{
	const uint64_t *start_ns = start_of(scope, item);
	struct writer *writer = &lines->writer;

	if (scope == SCOPE_HOST)
		write_boot_time(writer, ",\"uptime_seconds\":", lines->snap->boot_ns);
	if (item->vm)
		write_vm_identity(writer, item->vm, scope != SCOPE_VM);
	if (scopes[scope].key)
		write_key(writer, scope, item);
	if (start_ns)
		write_boot_time(writer, ",\"start_seconds\":", *start_ns);
}

/* Which sources are down and why, at the end of the line of the host. */
static void write_sources(struct writer *writer, const struct snapshot *snap)
{
	for (unsigned i = 0; i < snap->n_sources; i++) {
		const struct source_status *source = &snap->sources[i];

		writer_string(writer, ",\"source_");
		writer_string(writer, source->name);
		writer_string(writer, source->up ? "_up\":1,\"source_" : "_up\":0,\"source_");
		writer_string(writer, source->name);
		write_text_member(writer, "_reason\":", source->reason);
	}
}

static void write_line(struct lines *lines, enum scope scope, const struct item *item)
{
	const struct layout *layout = &lines->layouts[scope];
	struct writer *writer = &lines->writer;

	write_tick_members(lines, scope);
	write_identity(lines, scope, item);
	for (unsigned i = 0; i < layout->n; i++) {
		const struct member *member = &layout->members[i];
		struct value value = select_value(&member->column, lines->snap, scope, item);

		writer_bytes(writer, member->text, member->length);
		write_value(writer, &member->column, &value);
	}
	if (scope == SCOPE_HOST)
		write_sources(writer, lines->snap);
	writer_bytes(writer, "}\n", 2);
}

/* What write_identity() writes need not be written twice. */
static bool is_identity(enum scope scope, const char *name)
{
	if (scope == SCOPE_HOST)
		return false;
	if (strcmp(name, "uuid") == 0)
		return true;
	return scopes[scope].key && strcmp(name, scopes[scope].key) == 0;
}

static void lay_out(struct layout *layout, enum scope scope)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	size_t i = 0;

	layout->n = 0;
	while (layout->n < MAX_COLUMNS && column_next(scope, &i, &view, &column)) {
		const char *name = column.metric->views[column.view];
		struct member *member = &layout->members[layout->n];

		if (is_identity(scope, name))
			continue;
		layout->n++;
		member->column = column;
		member->length = (size_t)snprintf(member->text, sizeof(member->text),
			",\"%.*s\":", COLUMN_NAME_MAX - 1, name);
	}
}

static void write_rows(struct lines *lines, enum scope scope, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_line(lines, scope, &rows[i].item);
}

static void write_vm(struct lines *lines, const struct row *vm, const struct rows rows[N_SCOPES])
{
	if (lines->spec->scopes & 1u << SCOPE_VM)
		write_line(lines, SCOPE_VM, &vm->item);
	for (enum scope scope = SCOPE_VM + 1; scope < N_SCOPES; scope++) {
		size_t n;
		const struct row *children = rows_of_vm(&rows[scope], vm->vm, &n);

		write_rows(lines, scope, children, n);
	}
}

/* The VMs are needed even where only what is below them is shown. */
static bool is_needed(const struct view_spec *spec, enum scope scope)
{
	const uint32_t below = ~0u << SCOPE_VM;

	return spec->scopes & 1u << scope || (scope == SCOPE_VM && spec->scopes & below);
}

static int select_all(struct lines *lines, struct rows rows[N_SCOPES])
{
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		int err;

		if (!is_needed(lines->spec, scope))
			continue;
		lay_out(&lines->layouts[scope], scope);
		err = rows_select(lines->spec, lines->snap, scope, scope > SCOPE_VM, &rows[scope]);
		if (err)
			return err;
	}
	return 0;
}

static int json_tick(FILE *out, const struct view_spec *spec, const struct snapshot *snap)
{
	struct lines lines;
	struct rows rows[N_SCOPES] = { 0 };
	int err;

	writer_init(&lines.writer, out);
	lines.spec = spec;
	lines.snap = snap;
	err = select_all(&lines, rows);
	if (err == 0) {
		write_rows(&lines, SCOPE_HOST, rows[SCOPE_HOST].row, rows[SCOPE_HOST].n);
		for (size_t i = 0; i < rows[SCOPE_VM].n; i++)
			write_vm(&lines, &rows[SCOPE_VM].row[i], rows);
		err = writer_flush(&lines.writer);
	}
	for (enum scope scope = 0; scope < N_SCOPES; scope++)
		rows_done(&rows[scope]);
	return err;
}

const struct sink json_sink = { .name = "json", .tick = json_tick };
