/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines: one table of options per command, from which getopt_long's arrays, the help text
 * and the shell completion are made.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_row {
	const char *name; /* long name, NULL ends the table */
	char key; /* short name, 0 for none */
	const char *argument; /* what it takes, for the help ("SECS"); NULL: a flag */
	const char *help;
	/*
	 * Stores one occurrence in the field. Returns NULL, or what would be right ("a number of
	 * seconds from 0.1 to 3600"). `text` is NULL for a flag.
	 */
	const char *(*set)(void *field, const char *text);
	size_t field; /* its offset in the target */
	bool advanced; /* the help only names it */
};

/* Longer tables do not exist; the unit tests check it. */
#define MAX_OPTIONS 40

/* For option_row.set: a bool becomes true; a const char * points to the text. */
const char *option_set_flag(void *field, const char *text);
const char *option_set_text(void *field, const char *text);

/*
 * Parses argv[1...] into `target`. Returns the index of the first operand (argv is permuted), or -1
 * after one clear line on standard error naming the command, the option and, when near, the one
 * that was meant.
 */
int option_parse(
	const char *command, const struct option_row *rows, void *target, int argc, char **argv);

/* One line for each option, and one or two that name the advanced ones. At most 80 columns. */
void option_print_help(FILE *out, const struct option_row *rows);

/* The candidate nearest to an unknown word, or NULL when none is near (edit distance). */
const char *option_nearest(const char *word, const char *const *candidates, size_t n);

/* "1.5", "500ms", "10s", "5m", "1h", "100ns" to nanoseconds. -EINVAL, -ERANGE outside [min, max].
 */
int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret);

/* Decimal; -EINVAL, -ERANGE outside [min, max]. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
