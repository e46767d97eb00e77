/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the list is sorted by. */
#ifndef TUI_ORDER_H
#define TUI_ORDER_H

#include "vmbpf/sink.h"

bool order_is_by(const struct view_spec *spec, const struct column *column);

/* By what every row begins with. */
bool order_is_by_name(const struct view_spec *spec);

/* Names from A on, numbers from the largest down. */
void order_by(struct view_spec *spec, const struct column *column);

/* A column of VMs by its name in the catalogue. */
void order_by_name(struct view_spec *spec, const char *name);

/* By the column so many to the right of the one it is sorted by now; by the first from elsewhere.
 */
void order_by_next(struct view_spec *spec, int step);

/* By that column, or the other way round where it is by that already. */
void order_by_heading(struct view_spec *spec, const struct column *column);

#endif
