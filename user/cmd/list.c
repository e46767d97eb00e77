/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf list: which VMs there are, and what their threads do for them. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/view.h"
#include "model/filter.h"
#include "model/unit.h"

/* The roles of some threads are certain only when libvirt was asked about them, a tick later. */
#define LIST_TICKS 2
#define LIST_INTERVAL_NS (200 * NSEC_PER_MSEC)

enum {
	CELL_NAME,
	CELL_ID,
	CELL_UUID,
	CELL_PID,
	CELL_STATE,
	CELL_VCPUS,
	CELL_THREADS,
	CELL_ROLES,
	N_CELLS
};

struct line {
	const char *cells[N_CELLS];
};

static const struct line headings = {
	{ "NAME", "ID", "UUID", "PID", "STATE", "VCPUS", "THREADS", "ROLES" },
};

/* Names may be of any length, but not of any content. */
static const char *safe_text(struct arena *arena, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;

	return text ? unit_safe_text(text, arena_alloc(arena, size), size) : "-";
}

static const char *number(struct arena *arena, bool known, int64_t value)
{
	return known ? arena_printf(arena, "%" PRId64, value) : "-";
}

/* "2 vcpu, 1 emulator, 3 worker?": a role that was concluded from a name alone has a '?'. */
static const char *list_roles(struct arena *arena, const struct vm *vm)
{
	unsigned count[N_ROLES] = { 0 };
	bool doubtful[N_ROLES] = { false };
	const char *text = NULL;

	for (const struct thread *thread = vm->threads; thread; thread = thread->next) {
		count[thread->role]++;
		doubtful[thread->role] |= thread->evidence == BY_NAME;
	}
	for (unsigned role = 0; role < N_ROLES; role++)
		if (count[role])
			text = arena_printf(arena, "%s%s%u %s%s", text ? text : "",
				text ? ", " : "", count[role], role_names[role],
				doubtful[role] ? "?" : "");
	return text ? text : "-";
}

static struct line describe_vm(struct arena *arena, const struct vm *vm)
{
	return (struct line){ {
		[CELL_NAME] = safe_text(arena, vm->name),
		[CELL_ID] = number(arena, vm->id >= 0, vm->id),
		[CELL_UUID] = safe_text(arena, vm->uuid),
		[CELL_PID] = number(arena, vm->pid > 0, vm->pid),
		[CELL_STATE] = vm_state_names[vm->state],
		[CELL_VCPUS] = number(arena, vm->n_vcpus > 0, (int64_t)vm->n_vcpus),
		[CELL_THREADS] = number(arena, vm->e.have & SRC_SCHED, (int64_t)vm->n_threads),
		[CELL_ROLES] = list_roles(arena, vm),
	} };
}

static bool is_number_cell(unsigned cell)
{
	return cell == CELL_ID || cell == CELL_PID || cell == CELL_VCPUS || cell == CELL_THREADS;
}

static void print_line(FILE *file, const struct line *line, const int widths[N_CELLS])
{
	for (unsigned i = 0; i < N_CELLS; i++) {
		int space = widths[i] - unit_text_width(line->cells[i]);

		if (i == CELL_ROLES)
			fprintf(file, "%s\n", line->cells[i]);
		else if (is_number_cell(i))
			fprintf(file, "%*s%s  ", space, "", line->cells[i]);
		else
			fprintf(file, "%s%*s  ", line->cells[i], space, "");
	}
}

/* The lines of all VMs that match; returns how many. */
static size_t fill_lines(struct arena *arena, const struct view_spec *spec,
	const struct snapshot *snap, struct line *lines)
{
	size_t n = 0;

	if (spec->headers)
		lines[n++] = headings;
	for (const struct vm *vm = snap->vms; vm; vm = vm->next) {
		const struct item item = { .entity = &vm->e, .vm = vm };

		if (!spec->filter || filter_match(spec->filter, snap, SCOPE_VM, &item))
			lines[n++] = describe_vm(arena, vm);
	}
	return n;
}

static size_t count_vms(const struct snapshot *snap)
{
	size_t n = 0;

	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		n++;
	return n;
}

static void measure(const struct line *lines, size_t n, int widths[N_CELLS])
{
	for (size_t line = 0; line < n; line++) {
		for (unsigned i = 0; i < N_CELLS; i++) {
			int width = unit_text_width(lines[line].cells[i]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
}

static void print_legend(FILE *file, const struct line *lines, size_t n)
{
	for (size_t line = 0; line < n; line++) {
		if (!strchr(lines[line].cells[CELL_ROLES], '?'))
			continue;
		fputs("? concluded from the names of the threads, which prove nothing\n", file);
		return;
	}
}

static int list_tick(FILE *file, const struct view_spec *spec, const struct snapshot *snap)
{
	struct arena *arena = arena_new();
	int widths[N_CELLS] = { 0 };
	struct line *lines;
	size_t n;

	if (!arena)
		return -ENOMEM;
	lines = arena_alloc(arena, (count_vms(snap) + 1) * sizeof(*lines));
	n = fill_lines(arena, spec, snap, lines);
	measure(lines, n, widths);
	for (size_t line = 0; line < n; line++)
		print_line(file, &lines[line], widths);
	if (spec->headers)
		print_legend(file, lines, n);
	arena_free(arena);
	errno = 0;
	if (fflush(file) == 0 && !ferror(file))
		return 0;
	return errno ? -errno : -EIO;
}

/* The table has no like among the outputs, because roles are no column of the catalogue. */
static const struct sink list_sink = { .name = "table", .tick = list_tick };

static int run(const struct request *request, const char *operand)
{
	const struct view_defaults defaults = {
		.fields = "id,uuid,pid,state,vcpus,threads",
		.scopes = 1u << SCOPE_VM | 1u << SCOPE_THREAD,
	};
	struct output output = { .file = stdout, .sink = &list_sink };
	const struct consumer consumer = {
		.tick = output_tick,
		.end = output_end,
		.context = &output,
		.where = "standard output",
		.last_only = true,
	};
	struct config config = request->config;
	int status = view_init(request, &defaults, &output.spec);

	(void)operand;
	config.interval_ns = LIST_INTERVAL_NS;
	config.count = config.replay ? 0 : LIST_TICKS;
	if (config.at.kind != WHEN_NOT_GIVEN)
		config.count = 1;
	if (request->output && strcmp(request->output, list_sink.name) != 0)
		output.sink = sink_find(request->output);
	if (!status)
		status = loop_run(&config, &consumer);
	view_done(&output.spec);
	return status;
}

static const struct option_row options[] = {
	OPTION_FILTER,
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table, csv, or json (lines for VMs and threads)",
		.set = set_sink,
		.field = IN_REQUEST(output) },
	OPTION_NO_HEADERS,
	OPTIONS_OF_SOURCES,
	OPTION_HELP,
	{ 0 },
};

const struct command list_command = {
	.name = "list",
	.summary = "List the VMs, with their threads by what these do.",
	.options = options,
	.examples = {
		"sudo vmbpf list",
		"sudo vmbpf list -f 'state = running' --no-headers",
		"sudo vmbpf list -o json | jq -r 'select(.type==\"thread\") | .role'",
	},
	.run = run,
};
