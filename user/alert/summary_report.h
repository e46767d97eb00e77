/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table and the conclusions of a summary have in common. Private to summary*.c. */
#ifndef ALERT_SUMMARY_REPORT_H
#define ALERT_SUMMARY_REPORT_H

#include "alert/summary.h"
#include "sink/writer.h"

struct arena;

/* The rows of one VM (NULL: the host), worst first. */
struct chapter {
	const char *vm;
	const struct summary_row *const *rows;
	size_t n;
	size_t n_notable; /* rows that fired, or were beyond for a noticeable time; they come first
			   */
	size_t n_measured;
};

/* A summary being printed. */
struct report {
	struct arena *arena;
	const struct summary *summary;
	struct writer *writer;
	const struct chapter *chapters; /* worst first */
	size_t n;
};

/* Of the time in which it was measured, 0 to 100. */
double share_beyond(const struct summary_row *row);

/* Safe for the terminal; "?" instead of nothing. */
const char *report_safe(const struct report *report, const char *text);

/* "vm.cpu_used_percent" */
const char *report_metric(const struct report *report, const struct column *column);

__attribute__((format(printf, 2, 3))) void report_line(
	const struct report *report, const char *format, ...);

/* What happened to each VM and what to do, how many were well, and what was not measured. */
void report_conclude(const struct report *report);

#endif
