/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the lines above every screen: the host, what vmbpf costs, and which sources are down. */
#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/tui/canvas.h"
#include "sink/tui/pane.h"

static double host_number(const struct snapshot *snap, const char *name)
{
	struct column column;
	struct value value;

	if (column_find(name, SCOPE_HOST, &column) < 0)
		return 0;
	value = column_value(&column, snap, &snap->host.e);
	return value.kind == VALUE_NUMBER ? value.number : 0;
}

#define FIGURE(name) figure_host_as(canvas->arena, canvas->tui->snap, name, &canvas->tui->style)

/* Half a number would be another one. */
static bool has_room(const char *text)
{
	return getcurx(stdscr) + unit_text_width(text) <= COLS;
}

static void draw_share(struct canvas *canvas, const char *what, const char *name)
{
	const struct snapshot *snap = canvas->tui->snap;
	const struct item host = { .entity = &snap->host.e };
	enum level level = LEVEL_NORMAL;
	struct threshold threshold;
	struct column column;
	struct value value;
	const char *text = arena_printf(canvas->arena, " %s %s", what, FIGURE(name));

	if (column_find(name, SCOPE_HOST, &column) < 0 || !has_room(text))
		return;
	value = column_value(&column, snap, host.entity);
	if (threshold_find(&column, &threshold))
		level = threshold_level(&threshold, snap, &host, &value);
	canvas_text(canvas, text, canvas_attribute(canvas->tui, level));
}

/* The share of time in which some task of the host lacked each. */
static void draw_pressure(struct canvas *canvas)
{
	canvas_text(canvas, "; pressure", A_NORMAL);
	draw_share(canvas, "CPU", "pressure_cpu");
	draw_share(canvas, "mem", "pressure_memory");
	draw_share(canvas, "I/O", "pressure_io");
	if (has_room(" %"))
		canvas_text(canvas, " %", A_NORMAL);
}

static const char *held_word(const struct tui *tui)
{
	if (!tui->held)
		return "";
	return tui->recorded ? "  PAUSED" : "  HELD (z)";
}

static void draw_host(struct canvas *canvas)
{
	const struct snapshot *snap = canvas->tui->snap;
	double total = host_number(snap, "memory_total"),
	       used = host_number(snap, "memory_used_bytes");

	canvas_begin(canvas, 0);
	canvas_text(canvas,
		arena_printf(canvas->arena,
			"%s %s: %s of %s VMs running, %s vCPUs on %s CPUs, load %s%s",
			figure_time(canvas->arena, snap->real_ns),
			canvas_safe(canvas, snap->host.name), FIGURE("vms_running"), FIGURE("vms"),
			FIGURE("vcpus"), FIGURE("cpus"), FIGURE("load_1m"), held_word(canvas->tui)),
		A_NORMAL);
	canvas_begin(canvas, 1);
	canvas_text(canvas,
		arena_printf(canvas->arena,
			"CPU %s %s %% busy, VMs %s %% of it; vmbpf %s %% CPU, %s; "
			"lost events %s",
			canvas_bar(canvas, host_number(snap, "cpu_busy")), FIGURE("cpu_busy"),
			FIGURE("cpu_vms"), FIGURE("self_cpu_percent"), FIGURE("self_memory"),
			FIGURE("lost_events_total")),
		A_NORMAL);
	canvas_begin(canvas, 2);
	canvas_text(canvas,
		arena_printf(canvas->arena, "mem %s %s of %s",
			canvas_bar(canvas, total > 0 ? used / total * 100 : 0),
			FIGURE("memory_used_bytes"), FIGURE("memory_total")),
		A_NORMAL);
	draw_pressure(canvas);
	canvas->line++;
}

/* In red, as many as there are: a number that is missing has its reason here. */
static void draw_down_sources(struct canvas *canvas)
{
	const struct snapshot *snap = canvas->tui->snap;

	for (unsigned i = 0; i < snap->n_sources; i++) {
		const struct source_status *source = &snap->sources[i];

		if (source->up || canvas->line >= LINES / 2)
			continue;
		canvas_begin(canvas, canvas->line);
		canvas_text(canvas,
			arena_printf(canvas->arena, "%s is down: %s",
				canvas_safe(canvas, source->name),
				source->reason ? canvas_safe(canvas, source->reason)
					       : "the reason is not known"),
			canvas_attribute(canvas->tui, LEVEL_CRITICAL));
		canvas->line++;
	}
}

void header_draw(struct canvas *canvas)
{
	draw_host(canvas);
	draw_down_sources(canvas);
}
