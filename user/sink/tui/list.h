/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a screen: VMs and what is unfolded below them, which of them is selected, and how far
 * they are scrolled. Knows no terminal.
 */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include "vmbpf/sink.h"

/* VMs that are unfolded, by their identity. */
struct folds {
	uint64_t *open;
	size_t n, capacity;
	bool all; /* whatever is in the set */
};

struct list_row {
	enum scope scope;
	struct item item;
	uint64_t identity;
	bool last; /* of those below its VM */
};

/* Zero-initialise, then list_done(). */
struct list {
	struct list_row *row;
	size_t n, capacity;
	size_t selected; /* less than n, unless there are none */
	size_t first; /* the topmost one that is drawn */
	uint64_t chosen; /* identity of the selected one, 0: none yet */
	struct folds folds;
};

void list_done(struct list *list);

/*
 * The rows of a snapshot: the VMs in the order of the spec, and of those that are unfolded what is
 * `below` (1u << enum scope). The selection follows what is selected; where that is gone, it stays
 * where it was. -ENOMEM.
 */
int list_fill(struct list *list, const struct view_spec *spec, uint32_t below,
	const struct snapshot *snap);

/* Rows of another kind, in the order in which they come: begin, add, end. add may be -ENOMEM. */
void list_begin(struct list *list);
int list_add(struct list *list, enum scope scope, const struct item *item, uint64_t identity);
void list_end(struct list *list);

/* By so many rows, up where negative; it ends at the first and the last row. */
void list_move(struct list *list, long rows);

/* Selects the row of that identity; false where there is none. */
bool list_choose_identity(struct list *list, uint64_t identity);

/* Selects that row; false where there is none. */
bool list_choose(struct list *list, size_t row);

/* Scrolls as little as is needed for the selected row to be among `height` rows. */
void list_scroll(struct list *list, size_t height);

/* NULL where there are no rows. */
const struct list_row *list_selected(const struct list *list);

/*
 * Selects the next row, from the selected one on and around the end, whose VM's name contains the
 * text, whatever its case; `again` leaves out the selected one. False where there is none.
 */
bool list_search(struct list *list, const char *text, bool again);

/* Whether what is below the VM of the selected row is shown. */
bool list_is_open(const struct list *list);

/* Unfolds the VM of the selected row or folds it, and selects it. Needs list_fill() then. */
void list_toggle(struct list *list);

#endif
