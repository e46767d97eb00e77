/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of vmbpf watch. */
#ifndef CMD_WATCH_OPTIONS_H
#define CMD_WATCH_OPTIONS_H

#include "base/option.h"

extern const struct option_row watch_options[];

#endif
