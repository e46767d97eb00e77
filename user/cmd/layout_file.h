/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file in which a person's screens are kept. */
#ifndef CMD_LAYOUT_FILE_H
#define CMD_LAYOUT_FILE_H

#include <stddef.h>

#include "sink/tui/tui.h"

struct layout;
struct layout_file;

/* Before rights are dropped. NULL where there is no memory; the others accept that. */
struct layout_file *layout_file_open(void);

/* Changes what the file says. What is wrong with it is said in a line each, and passed over. */
void layout_file_read(const struct layout_file *file, struct layout *layout);

/* Also after rights were dropped. The message says where it is saved, or why it is not. */
void layout_file_save(struct layout_file *file, const char *text, size_t size,
	char message[static TUI_MESSAGE_MAX]);

void layout_file_close(struct layout_file *file);

#endif
