/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what a summary concludes: a few sentences for each VM that was not well. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alert/summary_report.h"
#include "alert/text.h"
#include "base/arena.h"
#include "model/filter_tree.h"

/* For each VM so many rules are told of, and so many names where several VMs have something. */
#define MAX_TOLD 4
#define MAX_NAMES 5

/* What a name of the catalogue is called in a sentence: "CPU used", "net rx drops". */
static const char *say_metric(const struct report *report, const struct metric *metric)
{
	char *text = arena_strdup(report->arena, metric->name);

	for (char *at = text; *at; at++)
		if (*at == '_')
			*at = ' ';
	if (strncmp(text, "cpu", 3) == 0)
		memcpy(text, "CPU", 3);
	return text;
}

/* The rows are of VMs and of the host: what is below a VM is one of several. */
static const char *const parts[N_SCOPES] = {
	[SCOPE_VCPU] = " of a vCPU",
	[SCOPE_NIC] = " of a NIC",
	[SCOPE_DISK] = " of a disk",
};

static const struct {
	const char *relation, *words;
	bool has_most; /* the largest value is the worst */
} relations[] = {
	{ ">", "above", true },
	{ ">=", "at least", true },
	{ "<", "below", false },
	{ "<=", "no more than", false },
	{ "=", "at", false },
	{ "!=", "not at", false },
};

static size_t find_relation(const char *relation)
{
	for (size_t i = 0; relation && i < sizeof(relations) / sizeof(relations[0]); i++)
		if (strcmp(relations[i].relation, relation) == 0)
			return i;
	return 0;
}

/* Of several comparisons none tells alone what held. */
static const char *describe_condition(const struct report *report, const struct summary_row *row)
{
	return arena_printf(report->arena, "what %s says was so for %s (%.0f %% of the time)",
		report_safe(report, row->rule->name),
		alert_duration(report->arena, row->tally->above_ns), share_beyond(row));
}

/* "CPU used was above 90.0 % for 3m 20s (80 % of the time, at most 99.1 %)"; NULL: never. */
static const char *describe_time(const struct report *report, const struct summary_row *row)
{
	struct arena *arena = report->arena;
	size_t relation = find_relation(row->relation);
	const char *part = parts[row->column.metric->scope], *most = "";

	if (row->tally->above_ns == 0 || isnan(row->threshold))
		return NULL;
	if (row->rule->start && row->rule->start->n_numbers > 1)
		return describe_condition(report, row);
	if (relations[relation].has_most)
		most = arena_printf(arena, ", at most %s",
			alert_quantity(arena, &row->column, row->tally->max));
	return arena_printf(arena, "%s%s was %s %s for %s (%.0f %% of the time%s)",
		say_metric(report, row->column.metric), part ? part : "", relations[relation].words,
		alert_quantity(arena, &row->column, row->threshold),
		alert_duration(arena, row->tally->above_ns), share_beyond(row), most);
}

static const char *describe_alerts(const struct report *report, const struct summary_row *row)
{
	const char *still = row->firing ? ", still firing at the end" : "";

	if (row->n_alerts == 0)
		return row->firing ? "was firing all the time" : NULL;
	return arena_printf(report->arena, "fired %" PRIu64 " alert%s%s", row->n_alerts,
		row->n_alerts == 1 ? "" : "s", still);
}

/* What happened, why, and what to do. */
static const char *describe_row(const struct report *report, const struct summary_row *row)
{
	const char *time = describe_time(report, row), *alerts = describe_alerts(report, row);
	const char *text;

	if (time && alerts)
		text = arena_printf(report->arena, "%s and %s", time, alerts);
	else
		text = time ? time
			    : arena_printf(report->arena, "%s %s",
				      report_safe(report, row->rule->name), alerts);
	if (row->cause)
		text = arena_printf(report->arena, "%s: %s", text, report_safe(report, row->cause));
	if (!row->suggestion)
		return arena_printf(report->arena, "%s.", text);
	return arena_printf(
		report->arena, "%s. To do: %s.", text, report_safe(report, row->suggestion));
}

/* Of several rules about one number that did not fire, the first one tells enough. */
static bool is_told(const struct chapter *chapter, size_t i)
{
	const struct column *column = &chapter->rows[i]->column;

	if (chapter->rows[i]->n_alerts || chapter->rows[i]->firing)
		return false;
	for (size_t k = 0; k < i; k++)
		if (chapter->rows[k]->column.metric == column->metric &&
			chapter->rows[k]->column.view == column->view)
			return true;
	return false;
}

/* The first sentence stands behind the name, the others below it. */
static void conclude_chapter(const struct report *report, const struct chapter *chapter)
{
	const char *name = chapter->vm ? report_safe(report, chapter->vm) : "The host";
	size_t n_told = 0, n_more = 0;

	for (size_t i = 0; i < chapter->n_notable; i++) {
		if (is_told(chapter, i))
			continue;
		if (n_told < MAX_TOLD)
			report_line(report, "%s%s%s", n_told ? "" : name, n_told ? "  " : ": ",
				describe_row(report, chapter->rows[i]));
		n_more += n_told >= MAX_TOLD;
		n_told += n_told < MAX_TOLD;
	}
	if (n_more)
		report_line(report, "  %zu more rule%s: see the table.", n_more,
			n_more == 1 ? "" : "s");
}

static void conclude_well(const struct report *report)
{
	size_t well = 0, ill = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct chapter *chapter = &report->chapters[i];

		if (!chapter->vm)
			continue;
		ill += chapter->n_notable > 0;
		well += chapter->n_notable == 0 && chapter->n_measured > 0;
	}
	if (well == 1 && ill)
		report_line(report, "The other VM was fine.");
	else if (well)
		report_line(report, "%s%zu VM%s fine.", ill ? "The other " : "", well,
			well == 1 ? " was" : "s were");
}

static bool is_unmeasured(const struct summary_row *row)
{
	return row->tally->n == 0 && row->n_alerts == 0 && !row->firing &&
	       row->column.metric->kind != TEXT;
}

/* Who all lacks a number. */
struct lack {
	const struct column *column;
	size_t n;
	bool host;
	const char *names; /* of the first VMs */
};

static bool lacks(const struct chapter *chapter, const struct column *column)
{
	for (size_t i = 0; i < chapter->n; i++) {
		const struct summary_row *row = chapter->rows[i];

		if (row->column.metric == column->metric && row->column.view == column->view)
			return is_unmeasured(row);
	}
	return false;
}

static void find_lack(const struct report *report, struct lack *lack)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct chapter *chapter = &report->chapters[i];

		if (!lacks(chapter, lack->column))
			continue;
		lack->host |= !chapter->vm;
		if (chapter->vm && lack->n++ < MAX_NAMES)
			lack->names = arena_printf(report->arena, "%s%s%s",
				lack->names ? lack->names : "", lack->names ? ", " : "",
				report_safe(report, chapter->vm));
	}
}

/* The last of the sources is the most special one: it is the one that is mostly absent. */
static const char *usual_reason(const struct metric *metric)
{
	return sources[31 - __builtin_clz(metric->needs)].missing;
}

static void report_lack(const struct report *report, const struct column *column)
{
	struct lack lack = { .column = column };
	const char *whose = "of the host";

	find_lack(report, &lack);
	if (lack.n)
		whose = arena_printf(report->arena, "of %zu VM%s (%s%s)", lack.n,
			lack.n == 1 ? "" : "s", lack.names, lack.n > MAX_NAMES ? ", ..." : "");
	report_line(report, "%s %s was not measured: mostly because %s%s.",
		report_metric(report, column), whose,
		column->metric->of_events ? "nothing happened that has one, or " : "",
		usual_reason(column->metric));
}

/* Each number once, whatever rules and VMs it is of. */
static void conclude_lacks(const struct report *report)
{
	const struct summary *summary = report->summary;

	for (size_t i = 0; i < summary->n; i++) {
		const struct column *column = &summary->rows[i].column;
		bool told = false;

		if (!is_unmeasured(&summary->rows[i]))
			continue;
		for (size_t k = 0; k < i && !told; k++)
			told = is_unmeasured(&summary->rows[k]) &&
			       summary->rows[k].column.metric == column->metric &&
			       summary->rows[k].column.view == column->view;
		if (!told)
			report_lack(report, column);
	}
}

void report_conclude(const struct report *report)
{
	for (size_t i = 0; i < report->n; i++)
		conclude_chapter(report, &report->chapters[i]);
	conclude_well(report);
	conclude_lacks(report);
	if (report->summary->n_left_out)
		report_line(report, "There was no room for %" PRIu64 " VMs that came later.",
			report->summary->n_left_out);
}
