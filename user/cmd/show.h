/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots for people who watch: a screen drawn again and again, or one table after the other. */
#ifndef CMD_SHOW_H
#define CMD_SHOW_H

#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/view.h"
#include "sink/tui/tui.h"

struct show {
	const struct request *request;
	struct output output; /* to standard output */
	/*
	 * Optional: looks at a snapshot before it is shown, and may change what is shown of it. 0,
	 * or -ECANCELED to end.
	 */
	int (*prepare)(struct show *show, const struct snapshot *snap);
	bool keys; /* where there is a screen of VMs, the one that people move about in */
	struct layout_file *layout; /* where that one is kept */
	struct tui_host host;
	struct tui *tui; /* that one, once there is something to show */
	struct wanted wanted; /* for prepare() */
	bool told; /* for prepare(): what it had to say has been said */
};

/* Whether that is a screen and not a text, a file or a pipe. */
bool show_is_screen(const struct show *show);

/*
 * Until the end. `config` is that of the request unless the command has changed it. Returns the
 * exit status.
 */
int show_run(struct show *show, const struct config *config);

#endif
