/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is shown of one VM: what is wrong with it, where its CPU time goes, how it went. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/blame_matrix.h"
#include "sink/figure.h"
#include "sink/tui/canvas.h"
#include "sink/identity.h"
#include "sink/tui/pane.h"
#include "sink/tui/spark.h"
#include "sink/verdict.h"

#define MAX_LINES 256
#define MAX_HOLDERS 5
#define LEAST_PERCENT 0.05 /* what is less is shown as 0.0 */
#define MAX_EXITS 5
#define BAR_MAX 72
#define LABEL_CELLS 10
#define SERIES_CELLS (LABEL_CELLS + (int)sizeof(" 1234567  max 1234567  "))

/* The lines of which some are shown. */
struct page {
	struct canvas *canvas;
	const struct snapshot *snap;
	const struct vm *vm;
	struct {
		const char *text;
		attr_t attributes;
	} lines[MAX_LINES];
	unsigned n;
};

static void add_line(struct page *page, attr_t attributes, const char *text)
{
	if (page->n == MAX_LINES)
		return;
	page->lines[page->n].text = text;
	page->lines[page->n++].attributes = attributes;
}

#define ADD(page, ...) add_line(page, A_NORMAL, arena_printf((page)->canvas->arena, __VA_ARGS__))

static void add_heading(struct page *page, const char *text)
{
	add_line(page, A_NORMAL, "");
	add_line(page, A_BOLD, text);
}

static struct value value_of(const struct page *page, const char *name, enum scope scope,
	const struct entity *entity, struct column *column)
{
	if (column_find(name, scope, column) < 0)
		return (struct value){ 0 };
	return column_value(column, page->snap, entity);
}

/* Bytes as one likes them; times are always shares of one CPU here. */
static const char *format(const struct page *page, const struct column *column,
	const struct value *value, char text[static UNIT_TEXT_MAX])
{
	const struct unit_style style = { .bytes = page->canvas->tui->style.bytes };

	return unit_format_as(column, value, &style, text);
}

/* As people read it; "-" where nobody measured it. */
static const char *text_of(
	const struct page *page, const char *name, enum scope scope, const struct entity *entity)
{
	char text[UNIT_TEXT_MAX];
	struct column column;
	struct value value = value_of(page, name, scope, entity, &column);

	if (value.kind == VALUE_TEXT)
		return canvas_safe(page->canvas, value.text);
	return arena_strdup(page->canvas->arena, format(page, &column, &value, text));
}

/* NAN where nobody measured it. */
static double number_of(
	const struct page *page, const char *name, enum scope scope, const struct entity *entity)
{
	struct column column;
	struct value value = value_of(page, name, scope, entity, &column);

	return value.kind == VALUE_NUMBER ? value.number : (double)NAN;
}

#define VM_TEXT(page, name) text_of(page, name, SCOPE_VM, &(page)->vm->e)
#define VM_NUMBER(page, name) number_of(page, name, SCOPE_VM, &(page)->vm->e)

static void add_title(struct page *page)
{
	add_line(page, A_REVERSE,
		arena_printf(page->canvas->arena,
			" %s  %s, %s vCPUs, pid %s, %s of memory, UUID %s ",
			canvas_safe(page->canvas, page->vm->name), VM_TEXT(page, "state"),
			VM_TEXT(page, "vcpus"), VM_TEXT(page, "pid"),
			VM_TEXT(page, "memory_assigned"), VM_TEXT(page, "uuid")));
}

/* A sentence may be longer than a line: it goes on in the next, at a blank. */
static void add_wrapped(struct page *page, attr_t attributes, const char *text)
{
	int width = COLS > 2 ? COLS - 1 : 1;

	while (unit_text_width(text) > width) {
		size_t end, blank = 0;

		for (size_t i = 0; text[i]; i++) {
			if (text[i] != ' ')
				continue;
			if (unit_text_width(arena_strndup(page->canvas->arena, text, i)) > width)
				break;
			blank = i;
		}
		end = blank ? blank : strcspn(text, " ");
		add_line(page, attributes, arena_strndup(page->canvas->arena, text, end));
		text += end + (text[end] == ' ');
	}
	add_line(page, attributes, text);
}

static void add_verdict(struct page *page)
{
	const struct item item = { .entity = &page->vm->e, .vm = page->vm };
	const struct tui *tui = page->canvas->tui;
	enum level level;
	const char *text =
		verdict_of(page->canvas->arena, tui->spec.utf8, page->snap, &item, &level);

	add_wrapped(page, canvas_attribute(tui, level) | A_BOLD, text);
}

/* Whether a part is there only where the time inside the guest is known, or only where it is not.
 */
enum part_of { OF_ALL, OF_SPLIT, OF_UNSPLIT };

/* What a VM's CPU time consists of. */
static const struct {
	char letter;
	enum part_of of;
	const char *title;
	const char *column;
} parts[] = {
	{ 'C', OF_UNSPLIT, "vCPUs", "cpu_vcpu_percent" },
	{ 'G', OF_SPLIT, "guest", "guest_percent" },
	{ 'H', OF_SPLIT, "hypervisor", "hypervisor_percent" },
	{ 'P', OF_SPLIT, "polling", "halt_poll_percent" },
	{ 'E', OF_ALL, "emulator", "cpu_emulator_percent" },
	{ 'I', OF_ALL, "iothreads", "cpu_iothread_percent" },
	{ 'W', OF_ALL, "workers", "cpu_worker_percent" },
	{ 'V', OF_ALL, "vhost", "cpu_vhost_percent" },
	{ 'O', OF_ALL, "other", "cpu_other_percent" },
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* Those that every VM has are mentioned where they took anything. */
static bool is_part(size_t part, bool split, double percent)
{
	return parts[part].of == OF_ALL ? percent > 0 : (parts[part].of == OF_SPLIT) == split;
}

/* The whole is what all vCPUs could have, or what the VM took, should that be more. */
static void add_split(struct page *page)
{
	double most = VM_NUMBER(page, "vcpus") * 100, sum = VM_NUMBER(page, "cpu_percent");
	bool split = !isnan(VM_NUMBER(page, "guest_percent"));
	struct spark_part shares[N_PARTS] = { 0 };
	struct arena *arena = page->canvas->arena;
	const char *legend = "";

	if (isnan(sum))
		return;
	if (isnan(most) || sum > most)
		most = sum > 100 ? sum : 100;
	for (size_t i = 0; i < N_PARTS; i++) {
		double percent = VM_NUMBER(page, parts[i].column);

		if (!is_part(i, split, percent))
			continue;
		shares[i] = (struct spark_part){ parts[i].letter, percent / most };
		legend = arena_printf(arena, "%s%s%c %s %s", legend, *legend ? "  " : "",
			parts[i].letter, parts[i].title, VM_TEXT(page, parts[i].column));
	}
	add_heading(page, arena_printf(arena, "CPU %.1f %% of one CPU; the bar's whole is %.0f %%",
				  sum, most));
	ADD(page, "%s",
		spark_bar(arena, shares, N_PARTS,
			COLS - 3 < BAR_MAX ? (unsigned)(COLS - 3) : BAR_MAX));
	add_wrapped(page, A_NORMAL, legend);
}

/* The newest samples that there is room for, scaled to the largest of them. */
static void add_series(struct page *page, enum series series, uint64_t identity)
{
	const struct tui *tui = page->canvas->tui;
	float samples[HISTORY_SAMPLES];
	unsigned n = history_get(&tui->history, identity, series, samples);
	int room = COLS - SERIES_CELLS;
	char now[UNIT_TEXT_MAX], top[UNIT_TEXT_MAX];
	struct value value, most = { .kind = VALUE_ABSENT };
	struct column column = { 0 };
	unsigned first;

	if (room < 1 || n == 0)
		return;
	first = n > (unsigned)room ? n - (unsigned)room : 0;
	value = series_value(series, page->snap, page->vm, &column);
	for (unsigned i = first; i < n; i++)
		if (!isnan(samples[i]) && !((double)samples[i] < most.number))
			most = (struct value){ .kind = VALUE_NUMBER, .number = (double)samples[i] };
	if (most.kind == VALUE_ABSENT)
		return;
	ADD(page, "%-*s %7s  max %7s  %s", LABEL_CELLS, series_rows[series].title,
		format(page, &column, &value, now), format(page, &column, &most, top),
		spark_line(page->canvas->arena, samples + first, n - first,
			fmax(most.number, series_rows[series].least), tui->spec.utf8));
}

static void add_history(struct page *page, uint64_t identity)
{
	add_heading(page,
		arena_printf(page->canvas->arena, "the last %u samples, the newest at the right",
			page->canvas->tui->history.n));
	for (enum series series = 0; series < N_SERIES; series++)
		add_series(page, series, identity);
}

static const char *holder_name(const struct page *page, const struct holder *holder)
{
	switch (holder->kind) {
	case HOLDER_VM:
		return canvas_safe(page->canvas, holder->name);
	case HOLDER_HOST:
		return arena_printf(page->canvas->arena, "the host's %s",
			canvas_safe(page->canvas, holder->name));
	case HOLDER_SELF:
		return "its own threads";
	case HOLDER_NOBODY:
		return "nobody: being woken up, or held back by a limit";
	default:
		return "others";
	}
}

static void add_holders(struct page *page)
{
	const struct item item = { .entity = &page->vm->e, .vm = page->vm };
	struct waiter waiter;

	if (!waiter_fill(page->snap, page->canvas->arena, &item, &waiter) || !waiter.n_holders)
		return;
	add_heading(page, "who had the CPU while it waited, in % of one CPU");
	for (size_t i = 0; i < waiter.n_holders && i < MAX_HOLDERS; i++)
		if (waiter.holders[i].percent >= LEAST_PERCENT)
			ADD(page, "%7.1f  %s", waiter.holders[i].percent,
				holder_name(page, &waiter.holders[i]));
}

static void add_nics(struct page *page)
{
	if (page->vm->nics)
		add_heading(page, "network interfaces, per second");
	for (const struct nic *nic = page->vm->nics; nic; nic = nic->next)
		ADD(page, "%-*s rx %7s  tx %7s  drops %s and %s  %s", LABEL_CELLS,
			canvas_safe(page->canvas, nic->device),
			text_of(page, "net_rx", SCOPE_NIC, &nic->e),
			text_of(page, "net_tx", SCOPE_NIC, &nic->e),
			text_of(page, "net_rx_drops", SCOPE_NIC, &nic->e),
			text_of(page, "net_tx_drops", SCOPE_NIC, &nic->e),
			text_of(page, "source", SCOPE_NIC, &nic->e));
}

static void add_disks(struct page *page)
{
	if (page->vm->disks)
		add_heading(page, "disks, per second, and what a request takes");
	for (const struct disk *disk = page->vm->disks; disk; disk = disk->next)
		ADD(page, "%-*s rd %7s in %s  wr %7s in %s  %s", LABEL_CELLS,
			canvas_safe(page->canvas, disk->target),
			text_of(page, "disk_read", SCOPE_DISK, &disk->e),
			text_of(page, "disk_read_latency_seconds", SCOPE_DISK, &disk->e),
			text_of(page, "disk_write", SCOPE_DISK, &disk->e),
			text_of(page, "disk_write_latency_seconds", SCOPE_DISK, &disk->e),
			text_of(page, "path", SCOPE_DISK, &disk->e));
}

/* Exits of one kind or reason. */
struct exits {
	const char *what;
	double per_second;
};

static void keep_most(struct exits top[static MAX_EXITS], const struct exits *new)
{
	unsigned at = MAX_EXITS;

	while (at && top[at - 1].per_second < new->per_second)
		at--;
	if (at == MAX_EXITS)
		return;
	memmove(&top[at + 1], &top[at], (MAX_EXITS - 1 - at) * sizeof(*top));
	top[at] = *new;
}

/* By reason while these are counted, else by the kinds that KVM itself keeps totals of. */
static void find_exits(const struct page *page, struct exits top[static MAX_EXITS])
{
	static const char *const kinds[][2] = {
		{ "exits_halt", "halts" },
		{ "exits_io", "I/O ports" },
		{ "exits_mmio", "device memory" },
		{ "exits_interrupt", "interrupts of the host" },
		{ "exits_irq_window", "interrupt windows" },
		{ "hypercalls", "hypercalls" },
		{ "emulated", "emulated instructions" },
	};

	for (const struct exit *exit = page->vm->exits_by_reason; exit; exit = exit->next)
		if (exit->kind == EXIT_GUEST && exit->vcpu < 0)
			keep_most(top, &(struct exits){ canvas_safe(page->canvas, exit->reason),
					       number_of(page, "exits", SCOPE_EXIT, &exit->e) });
	if (top[0].what)
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		keep_most(top, &(struct exits){ kinds[i][1], VM_NUMBER(page, kinds[i][0]) });
}

static void add_exits(struct page *page)
{
	struct exits top[MAX_EXITS] = { 0 };

	find_exits(page, top);
	if (!top[0].what)
		return;
	add_heading(page, arena_printf(page->canvas->arena, "exits, %s per second; most often for",
				  VM_TEXT(page, "exits")));
	for (unsigned i = 0; i < MAX_EXITS && top[i].what; i++)
		ADD(page, "%9.0f  %s", top[i].per_second, top[i].what);
}

static const struct vm *find_vm(const struct tui *tui)
{
	for (const struct vm *vm = tui->snap->vms; vm; vm = vm->next) {
		const struct item item = { .entity = &vm->e, .vm = vm };

		if (identity_of(SCOPE_VM, &item) == tui->detailed)
			return vm;
	}
	return NULL;
}

static void fill(struct page *page)
{
	add_title(page);
	add_verdict(page);
	add_split(page);
	add_holders(page);
	add_history(page, page->canvas->tui->detailed);
	add_nics(page);
	add_disks(page);
	add_exits(page);
}

static void draw_page(const struct page *page)
{
	struct canvas *canvas = page->canvas;
	struct tui *tui = canvas->tui;
	unsigned room = LINES - 1 > canvas->line ? (unsigned)(LINES - 1 - canvas->line) : 0;
	unsigned last = page->n > room ? page->n - room : 0;

	if (tui->detail_first > last)
		tui->detail_first = last;
	for (unsigned i = tui->detail_first; i < page->n && canvas->line < LINES - 1; i++) {
		canvas_begin(canvas, canvas->line);
		canvas_text(canvas, page->lines[i].text, page->lines[i].attributes);
		canvas->line++;
	}
}

static void draw(struct canvas *canvas)
{
	const struct tui *tui = canvas->tui;
	struct page *page = arena_alloc(canvas->arena, sizeof(*page));

	page->canvas = canvas;
	page->snap = tui->snap;
	page->vm = find_vm(tui);
	if (page->vm)
		fill(page);
	else
		add_line(page, A_BOLD, "The VM is gone. Esc goes back to the list.");
	draw_page(page);
}

static bool obey(struct tui *tui, enum request request)
{
	switch (request) {
	case REQUEST_UP:
		tui->detail_first -= tui->detail_first > 0;
		return true;
	case REQUEST_DOWN:
		tui->detail_first++;
		return true;
	case REQUEST_LEAVE:
	case REQUEST_QUIT:
	case REQUEST_DETAIL:
	case REQUEST_OPEN:
		tui_show_pane(tui, &list_pane);
		return true;
	default:
		return false;
	}
}

void detail_open(struct tui *tui)
{
	const struct list_row *row = list_selected(&tui->list);

	if (!row)
		return;
	tui->detailed = identity_of(SCOPE_VM, &row->item);
	tui->detail_first = 0;
	tui_show_pane(tui, &detail_pane);
}

const struct pane detail_pane = {
	.draw = draw,
	.obey = obey,
	.foot = "Esc the list  Up Down scroll  ? help",
};
