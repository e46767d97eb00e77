/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the form of the layout's text. */
#include "sink/tui/layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/option.h"

#define BLANKS " \t\r"
#define MIN_INTERVAL_NS (100 * NSEC_PER_MSEC)
#define MAX_INTERVAL_NS (3600 * NSEC_PER_SEC)

#define HEADER \
	"# The screen of vmbpf top, as its key W saved it: NAME = VALUE, a line each.\n" \
	"# SCREEN.columns: separated by commas, see vmbpf top --fields help\n" \
	"# SCREEN.sort: a column, and ascending or descending\n"

/* A text being read. */
struct reading {
	struct layout *layout;
	unsigned line;
	layout_warn *warn;
	void *context;
};

__attribute__((format(printf, 2, 3))) static void complain(
	const struct reading *reading, const char *format, ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	reading->warn(reading->context, reading->line, what);
}

/* Without the blanks around it. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, BLANKS);
	end = text + strlen(text);
	while (end > text && strchr(BLANKS, end[-1]))
		*--end = '\0';
	return text;
}

/* What a row that is a VM has, or its host. */
static bool find_column(const struct reading *reading, const char *name, struct column *ret)
{
	struct column column;

	if (column_find(name, SCOPE_VM, &column) < 0 || column.metric->scope > SCOPE_VM) {
		complain(reading, "VMs have no column '%.60s'", name);
		return false;
	}
	*ret = column;
	return true;
}

static bool has_column(const struct screen_layout *screen, const struct column *column)
{
	for (unsigned i = 0; i < screen->n_columns; i++)
		if (screen->columns[i].metric == column->metric &&
			screen->columns[i].view == column->view)
			return true;
	return false;
}

static void add_column(
	const struct reading *reading, struct screen_layout *screen, const char *name)
{
	struct column column;

	if (!find_column(reading, name, &column))
		return;
	if (has_column(screen, &column) || screen->n_columns == MAX_COLUMNS)
		complain(reading, "'%.60s' is there already", name);
	else
		screen->columns[screen->n_columns++] = column;
}

/* None at all is a choice; a list without anything that is known is a mistake. */
static void set_columns(const struct reading *reading, struct screen_layout *screen, char *list)
{
	struct screen_layout read = *screen;
	bool empty = *list == '\0';
	char *name;

	read.n_columns = 0;
	while (!empty && (name = strsep(&list, ",")))
		add_column(reading, &read, trim(name));
	if (empty || read.n_columns)
		*screen = read;
}

static void set_sort(const struct reading *reading, struct screen_layout *screen, char *value)
{
	char *name = strsep(&value, BLANKS);
	const char *direction = value ? trim(value) : "";
	bool ascending = strcmp(direction, "ascending") == 0;
	struct column column;

	if (!find_column(reading, name, &column))
		return;
	if (*direction && !ascending && strcmp(direction, "descending") != 0) {
		complain(reading, "'%.60s' is neither ascending nor descending", direction);
		return;
	}
	screen->sort = column;
	screen->ascending = *direction ? ascending : column.metric->kind == TEXT;
}

/* N_SCREENS where there is none of that name. */
static enum screen_id find_screen(const char *name)
{
	enum screen_id id = 0;

	while (id < N_SCREENS && strcmp(screens[id].name, name) != 0)
		id++;
	return id;
}

static void set_screen(const struct reading *reading, char *value)
{
	enum screen_id id = find_screen(value);

	if (id == N_SCREENS)
		complain(reading, "there is no screen '%.60s'", value);
	else
		reading->layout->screen = id;
}

static void set_interval(const struct reading *reading, char *value)
{
	if (parse_duration(value, MIN_INTERVAL_NS, MAX_INTERVAL_NS, &reading->layout->interval_ns))
		complain(reading, "'%.60s' is no time from 0.1 to 3600 seconds", value);
}

static const struct {
	const char *key;
	void (*set)(const struct reading *reading, char *value);
} settings[] = {
	{ "screen", set_screen },
	{ "interval", set_interval },
};

static const struct {
	const char *key; /* after the name of the screen and a dot */
	void (*set)(const struct reading *reading, struct screen_layout *screen, char *value);
} screen_settings[] = {
	{ "columns", set_columns },
	{ "sort", set_sort },
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))
#define N_SCREEN_SETTINGS (sizeof(screen_settings) / sizeof(screen_settings[0]))

/* False where the key is unknown. */
static bool set(const struct reading *reading, char *key, char *value)
{
	const char *name = strsep(&key, ".");
	enum screen_id id;

	if (!key) {
		for (size_t i = 0; i < N_SETTINGS; i++)
			if (strcmp(settings[i].key, name) == 0)
				return settings[i].set(reading, value), true;
		return false;
	}
	id = find_screen(name);
	for (size_t i = 0; id < N_SCREENS && i < N_SCREEN_SETTINGS; i++) {
		if (strcmp(screen_settings[i].key, key) != 0)
			continue;
		screen_settings[i].set(reading, &reading->layout->of[id], value);
		return true;
	}
	return false;
}

static void read_line(const struct reading *reading, char *line)
{
	char *equals, *key = trim(line), shown[64];

	if (*key == '\0' || *key == '#')
		return;
	equals = strchr(key, '=');
	if (!equals) {
		complain(reading, "'%.60s' is not NAME = VALUE", key);
		return;
	}
	*equals = '\0';
	key = trim(key);
	snprintf(shown, sizeof(shown), "%s", key);
	if (!set(reading, key, trim(equals + 1)))
		complain(reading, "'%.60s' is not known here", shown);
}

void layout_parse(char *text, struct layout *layout, layout_warn *warn, void *context)
{
	struct reading reading = { .layout = layout, .warn = warn, .context = context };
	char *line;

	while ((line = strsep(&text, "\n"))) {
		reading.line++;
		read_line(&reading, line);
	}
}

static void init_columns(const char *list, struct screen_layout *screen)
{
	char name[COLUMN_NAME_MAX];

	screen->n_columns = 0;
	while (*list && screen->n_columns < MAX_COLUMNS) {
		size_t size = strcspn(list, ",");

		snprintf(name, sizeof(name), "%.*s", (int)size, list);
		if (column_find(name, SCOPE_VM, &screen->columns[screen->n_columns]) == 0)
			screen->n_columns++;
		list += size + (list[size] == ',');
	}
}

void layout_init(struct layout *layout)
{
	*layout = (struct layout){ 0 };
	for (enum screen_id id = 0; id < N_SCREENS; id++) {
		struct screen_layout *screen = &layout->of[id];

		init_columns(screens[id].fields, screen);
		if (column_find(screens[id].sort, SCOPE_VM, &screen->sort) == 0)
			screen->ascending = screen->sort.metric->kind == TEXT;
	}
}

static void write_column(FILE *out, const struct column *column)
{
	enum scope scope = column->metric->scope;
	char name[COLUMN_NAME_MAX];

	if (scope != SCOPE_VM)
		fprintf(out, "%s.", scopes[scope].name);
	fputs(column_name(column, name), out);
}

static void write_screen(FILE *out, const char *name, const struct screen_layout *screen)
{
	fprintf(out, "\n%s.columns = ", name);
	for (unsigned i = 0; i < screen->n_columns; i++) {
		fputs(i ? "," : "", out);
		write_column(out, &screen->columns[i]);
	}
	if (screen->sort.metric) {
		fprintf(out, "\n%s.sort = ", name);
		write_column(out, &screen->sort);
		fputs(screen->ascending ? " ascending" : " descending", out);
	}
	fputc('\n', out);
}

int layout_format(const struct layout *layout, char text[static LAYOUT_TEXT_MAX])
{
	FILE *out = fmemopen(text, LAYOUT_TEXT_MAX, "w");
	bool failed;
	long size;

	if (!out)
		return -errno;
	fprintf(out, HEADER "\nscreen = %s\n", screens[layout->screen].name);
	if (layout->interval_ns)
		fprintf(out, "interval = %gs\n", (double)layout->interval_ns / NSEC_PER_SEC);
	for (enum screen_id id = 0; id < N_SCREENS; id++)
		write_screen(out, screens[id].name, &layout->of[id]);
	failed = fflush(out) || ferror(out);
	size = ftell(out);
	fclose(out);
	if (failed || size < 0 || size >= LAYOUT_TEXT_MAX)
		return -EMSGSIZE;
	return (int)size;
}
