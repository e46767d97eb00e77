/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what the buttons and the wheel of a mouse mean. */
#include "sink/tui/mouse.h"

#include <curses.h>

#define ROWS_PER_TURN 3

struct mouse mouse_read(void)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return (struct mouse){ 0 };
	if (event.bstate & BUTTON4_PRESSED)
		return (struct mouse){ .request = REQUEST_UP, .times = ROWS_PER_TURN };
	if (event.bstate & BUTTON5_PRESSED)
		return (struct mouse){ .request = REQUEST_DOWN, .times = ROWS_PER_TURN };
	return (struct mouse){
		.click = event.bstate & BUTTON1_PRESSED,
		.line = event.y,
		.cell = event.x,
	};
}
