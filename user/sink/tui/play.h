/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving about in a recording. */
#ifndef TUI_PLAY_H
#define TUI_PLAY_H

#include "sink/tui/key.h"

struct pace;
struct tui;

/* From REQUEST_REFRESH to REQUEST_MINUTE_ON: in a recording, or what these keys do without one. */
void play(struct tui *tui, enum request request, struct pace *pace);

#endif
