/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns pieces of text that the outputs for people have in common. */
#include "sink/figure.h"

#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "model/unit.h"

const char level_marks[] = {
	[LEVEL_NORMAL] = '\0',
	[LEVEL_WARNING] = '+',
	[LEVEL_CRITICAL] = '!',
};

char figure_vm_mark(const struct vm *vm)
{
	if (vm->state == VM_NO_LIBVIRT)
		return MARK_NO_LIBVIRT;
	return vm->e.have & SRC_LIBVIRT && vm->stale == 1 ? MARK_STALE : '\0';
}

const char *figure_time(struct arena *arena, uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return arena_printf(arena, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

const char *figure_host(struct arena *arena, const struct snapshot *snap, const char *name)
{
	return figure_host_as(arena, snap, name, &(struct unit_style){ 0 });
}

const char *figure_host_as(struct arena *arena, const struct snapshot *snap, const char *name,
	const struct unit_style *style)
{
	char text[UNIT_TEXT_MAX];
	struct column column;
	struct value value;

	if (column_find(name, SCOPE_HOST, &column) < 0)
		return "-";
	value = column_value(&column, snap, &snap->host.e);
	return arena_strdup(arena, unit_format_as(&column, &value, style, text));
}

/* The total of a counter has no title of its own. */
const char *figure_title(const struct column *column)
{
	bool total = column->metric->kind == COUNTER && column->view == VIEW_TOTAL;

	return total ? column->metric->views[VIEW_TOTAL] : column->metric->title;
}
