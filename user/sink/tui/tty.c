/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the state of the terminal. */
#include "sink/tui/tty.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

/* Presses, not clicks that are told only when the button is released; 4 and 5 are the wheel. */
#define MOUSE_EVENTS (BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED)

/* xterm and ECMA-48: no mouse, the screen from before, a visible cursor, no attributes. */
#define LEAVE_SCREEN "\033[?1006l\033[?1000l\033[?1049l\033[?25h\033[0m\r\n"

static struct termios saved; /* for a crash, which cannot wait for curses */
static bool taken;
static volatile sig_atomic_t stop_asked;

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static void note_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

/* The signal comes again when this returns, and ends the program. */
static void leave_crashing(int signal_number)
{
	ssize_t written = write(STDOUT_FILENO, LEAVE_SCREEN, sizeof(LEAVE_SCREEN) - 1);

	(void)written;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raise(signal_number);
}

static void catch_signals(void)
{
	struct sigaction stop = { .sa_handler = note_stop };
	struct sigaction crash = { .sa_handler = leave_crashing, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGTSTP, &stop, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &crash, NULL);
}

/* On the console curses would load a library for it, and ask a daemon. */
static void listen_to_mouse(void)
{
	setenv("NCURSES_GPM_TERMS", "", true);
	mousemask(MOUSE_EVENTS, NULL);
	mouseinterval(0);
}

bool tty_is_usable(void)
{
	int err;

	return isatty(STDIN_FILENO) && setupterm(NULL, STDOUT_FILENO, &err) == OK;
}

bool tty_take(void)
{
	/* Before curses, which leaves alone what is caught. */
	catch_signals();
	if (tcgetattr(STDIN_FILENO, &saved) < 0 || !newterm(NULL, stdout, stdin))
		return false;
	taken = true;
	atexit(tty_give_back);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	listen_to_mouse();
	return true;
}

void tty_give_back(void)
{
	if (!taken)
		return;
	taken = false;
	endwin();
}

/* By raise(), which signals a thread of this process: others cannot be signalled any more. */
void tty_stop_if_asked(void)
{
	if (!stop_asked)
		return;
	stop_asked = 0;
	endwin();
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	catch_signals();
	clearok(stdscr, TRUE);
}
