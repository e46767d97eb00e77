/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how snapshots come onto a screen, or one after the other into a file. */
#include "cmd/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/layout_file.h"
#include "cmd/loop.h"
#include "cmd/terminal.h"
#include "sink/select.h"
#include "sink/tui/layout.h"

static int prepare(struct show *show, const struct snapshot *snap)
{
	return show->prepare ? show->prepare(show, snap) : 0;
}

/* The table is made in memory: only then is it known how much of it the screen can take. */
static int draw(void *context, const struct snapshot *snap)
{
	struct show *show = context;
	char *text = NULL;
	size_t size = 0;
	int err = prepare(show, snap);

	if (err)
		return err;
	terminal_describe(show->request, &show->output.spec);
	show->output.file = open_memstream(&text, &size);
	if (!show->output.file)
		return -ENOMEM;
	err = output_tick(&show->output, snap);
	if (fclose(show->output.file) && !err)
		err = -ENOMEM;
	if (!err)
		err = terminal_draw(stdout, text);
	if (err)
		output_forget(stdout);
	free(text);
	return err;
}

/* Only once there is a snapshot: until then there may be something to say on the terminal. */
static int screen_tick(void *context, const struct snapshot *snap)
{
	struct show *show = context;

	if (!show->tui)
		show->tui = tui_open(&show->output.spec, &show->host);
	return show->tui ? tui_tick(show->tui, snap) : -ENOTTY;
}

static int screen_input(void *context, struct pace *pace)
{
	struct show *show = context;

	return show->tui ? tui_input(show->tui, pace) : 0;
}

/* What is said from now on is said on the terminal that was there before. */
static int screen_end(void *context)
{
	struct show *show = context;

	tui_close(show->tui);
	show->tui = NULL;
	return 0;
}

static void screen_save(
	void *context, const char *text, size_t size, char message[static TUI_MESSAGE_MAX])
{
	struct show *show = context;

	layout_file_save(show->layout, text, size, message);
}

/* What the command line says counts more than what was saved, and is about the overview. */
static void obey_command_line(const struct show *show, struct layout *layout)
{
	const struct request *request = show->request;
	const struct view_spec *spec = &show->output.spec;
	struct screen_layout *overview = &layout->of[SCREEN_OVERVIEW];
	bool ordered =
		request->sort || request->reverse || request->ascending || request->descending;

	if (request->fields) {
		memcpy(overview->columns, spec->columns, sizeof(overview->columns));
		overview->n_columns = spec->n_columns;
	}
	if (request->sort)
		overview->sort = spec->sort;
	if (ordered)
		overview->ascending = view_is_ascending(request, &overview->sort);
	if (request->fields || ordered)
		layout->screen = SCREEN_OVERVIEW;
}

/* While there are the rights of whoever started vmbpf. */
static void load_layout(struct show *show, struct layout *layout, struct config *config)
{
	layout_init(layout);
	show->layout = layout_file_open();
	layout_file_read(show->layout, layout);
	obey_command_line(show, layout);
	if (layout->interval_ns && !show->request->interval_given)
		config->interval_ns = layout->interval_ns;
	show->host = (struct tui_host){ .layout = layout, .save = screen_save, .context = show };
}

static int run_screen(struct show *show, struct config *config)
{
	struct layout layout;
	const struct consumer consumer = {
		.tick = screen_tick,
		.input = screen_input,
		.end = screen_end,
		.context = show,
		.where = "the terminal",
		.paced = true,
	};
	int status;

	load_layout(show, &layout, config);
	status = loop_run(config, &consumer);
	screen_end(show);
	layout_file_close(show->layout);
	return status;
}

static bool is_table(const struct show *show)
{
	return show->output.sink == sink_find("table");
}

/* Tables that follow each other are told apart by an empty line. */
static int print(void *context, const struct snapshot *snap)
{
	struct show *show = context;
	int err = prepare(show, snap);

	if (err)
		return err;
	if (show->output.begun && show->output.spec.headers && is_table(show))
		fputc('\n', show->output.file);
	return output_tick(&show->output, snap);
}

static int print_end(void *context)
{
	struct show *show = context;

	return output_end(&show->output);
}

bool show_is_screen(const struct show *show)
{
	const struct request *request = show->request;

	return is_table(show) && !request->batch && !request->once && terminal_is_screen();
}

int show_run(struct show *show, const struct config *given)
{
	struct config config = *given;
	bool screen = show_is_screen(show);
	struct consumer consumer = {
		.tick = screen ? draw : print,
		.end = screen ? NULL : print_end,
		.context = show,
		.where = "standard output",
		.warm_up = !screen,
		.paced = isatty(STDOUT_FILENO) && !show->request->once,
	};

	if (show->request->once)
		config.count = 1;
	terminal_describe(show->request, &show->output.spec);
	if (!screen)
		show->output.spec.width = 0;
	if (screen && show->keys && select_scope(&show->output.spec) == SCOPE_VM &&
		tui_is_possible())
		return run_screen(show, &config);
	return loop_run(&config, &consumer);
}
