/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One measurement, its verdict and its row. */
#include "lib/row.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[] = {
	[NO_GATE] = "",
	[PASSED] = "pass",
	[INCONCLUSIVE] = "inconclusive",
	[FAILED] = "**FAIL**",
};

static const char *const limit_words[] = {
	[RATIO_AT_MOST] = "at most x",
	[RATIO_AT_LEAST] = "at least x",
	[VALUE_AT_MOST] = "at most ",
};

static enum verdict judge_at_most(struct spread spread, double limit)
{
	if (spread.median <= limit)
		return PASSED;
	return spread.p25 > limit ? FAILED : INCONCLUSIVE;
}

static enum verdict judge_at_least(struct spread spread, double limit)
{
	if (spread.median >= limit)
		return PASSED;
	return spread.p75 < limit ? FAILED : INCONCLUSIVE;
}

void row_judge(struct row *row, bool noisy)
{
	row->remark = NULL;
	if (row->gate == GATE_NONE)
		row->verdict = NO_GATE;
	else if (noisy)
		row->verdict = INCONCLUSIVE;
	else if (row->gate == RATIO_AT_LEAST)
		row->verdict = judge_at_least(row->ratio, row->limit);
	else if (row->gate == RATIO_AT_MOST)
		row->verdict = judge_at_most(row->ratio, row->limit);
	else
		row->verdict = judge_at_most(row->value, row->limit);
}

void row_fail(struct row *row, const char *why)
{
	row->remark = why;
	row->verdict = FAILED;
}

void rows_print_head(const char *title, const char *compared_with)
{
	printf("\n| %s | median | p25 to p75 | %s | limit | verdict |\n", title, compared_with);
	printf("|---|---:|---:|---:|---:|---|\n");
}

static void print_number(double number, int decimals)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", decimals, number);
	/* What rounds to nothing has no sign. */
	printf("%s", strtod(text, NULL) == 0 && text[0] == '-' ? text + 1 : text);
}

void row_print(const struct row *row)
{
	const struct spread *value = &row->value;

	printf("| %s", row->what);
	if (row->remark)
		printf(" (%s)", row->remark);
	printf(" | ");
	print_number(value->median, row->decimals);
	printf(" %s | ", row->unit);
	if (value->p25 < value->p75) {
		print_number(value->p25, row->decimals);
		printf(" to ");
		print_number(value->p75, row->decimals);
	}
	printf(" | ");
	if (row->ratio.median > 0)
		printf("x%.*f", row->ratio.median < 10 ? 2 : 0, row->ratio.median);
	printf(" | ");
	if (row->gate != GATE_NONE)
		printf("%s%g", limit_words[row->gate], row->limit);
	if (row->gate == VALUE_AT_MOST)
		printf(" %s", row->unit);
	printf(" | %s |\n", verdict_names[row->verdict]);
	fflush(stdout);
}

enum verdict rows_worst(const struct row *rows, unsigned n)
{
	enum verdict worst = NO_GATE;

	for (unsigned i = 0; i < n; i++) {
		if (rows[i].verdict > worst)
			worst = rows[i].verdict;
	}
	return worst;
}

int measure_repeatedly(enum verdict (*measure)(void *state), void *state)
{
	enum verdict verdict = measure(state);

	for (int attempt = 2; attempt <= ATTEMPTS && verdict > PASSED; attempt++) {
		warnx("not clearly passed, attempt %d of %d", attempt, ATTEMPTS);
		verdict = measure(state);
	}
	return verdict == FAILED;
}
