/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how keys move about in a recording. */
#include "sink/tui/play.h"

#include "base/clock.h"
#include "sink/tui/pane.h"
#include "sink/tui/state.h"
#include "vmbpf/pace.h"

#define CANNOT_GO_BACK "this recording is a pipe: it only goes on (a file also goes back)"

/* A step is there to look at, so the recording pauses. */
static void step(struct tui *tui, int ticks, struct pace *pace)
{
	if (ticks < 0 && !pace->goes_back) {
		tui_say(tui, CANNOT_GO_BACK);
		return;
	}
	pace->steps += ticks;
	pace->held = true;
}

static void jump(struct tui *tui, int minutes, struct pace *pace)
{
	if (minutes < 0 && !pace->goes_back)
		tui_say(tui, CANNOT_GO_BACK);
	else
		pace->jump_ns += minutes * 60 * (int64_t)NSEC_PER_SEC;
}

void play(struct tui *tui, enum request request, struct pace *pace)
{
	int direction = request == REQUEST_TICK_BACK || request == REQUEST_MINUTE_BACK ? -1 : 1;

	if (request == REQUEST_REFRESH && !pace->recorded)
		pace->steps = 1;
	else if (request == REQUEST_REFRESH)
		pace->held = !pace->held;
	else if (request == REQUEST_TICK_BACK || request == REQUEST_TICK_ON) {
		if (pace->recorded)
			step(tui, direction, pace);
		else
			tui_shift(tui, direction);
	} else if (pace->recorded)
		jump(tui, direction, pace);
	else
		tui_say(tui, "only a recording goes back and on (top --replay FILE)");
}
