/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mouse asks for. */
#ifndef TUI_MOUSE_H
#define TUI_MOUSE_H

#include "sink/tui/key.h"

/* A click, or so many times what a key asks for. */
struct mouse {
	bool click;
	int line, cell; /* of the click */
	enum request request; /* of the wheel, REQUEST_NONE where it was not turned */
	unsigned times;
};

/* The event that the key KEY_MOUSE stands for. */
struct mouse mouse_read(void);

#endif
