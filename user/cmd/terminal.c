/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is known about the terminal, and how a text is drawn over the one before. */
#include "cmd/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ECMA-48: cursor to the top left; erase to the end of the line; erase to the end of the screen. */
#define HOME "\033[H"
#define ERASE_LINE "\033[K"
#define ERASE_BELOW "\033[J"

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || *term == '\0' || strcmp(term, "dumb") == 0;
}

bool terminal_is_screen(void)
{
	return isatty(STDOUT_FILENO) && !is_dumb();
}

/* Lines and columns; 0 where unknown. */
static struct winsize screen_size(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return (struct winsize){ 0 };
	return size;
}

static bool wants_colour(enum colour wanted)
{
	const char *no_colour = getenv("NO_COLOR");

	if (wanted != COLOUR_AUTO)
		return wanted == COLOUR_ALWAYS;
	return terminal_is_screen() && !(no_colour && *no_colour);
}

void terminal_describe(const struct request *request, struct view_spec *spec)
{
	spec->colour = wants_colour(request->colour);
	spec->utf8 = !request->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	spec->width = isatty(STDOUT_FILENO) ? screen_size().ws_col : 0;
}

int terminal_draw(FILE *out, const char *text)
{
	unsigned lines = screen_size().ws_row;

	fputs(HOME, out);
	/* The last line stays free, so that nothing scrolls. */
	for (unsigned line = 1; *text && (lines == 0 || line < lines); line++) {
		size_t size = strcspn(text, "\n");

		fprintf(out, "%.*s" ERASE_LINE "\n", (int)size, text);
		text += size + (text[size] == '\n');
	}
	fputs(ERASE_BELOW, out);
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}
