/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the line that a plug-in of Nagios prints. */
#include "alert/nagios.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"

/* More would be cut by many who show it. */
#define SHOWN_MAX 5

struct nagios {
	struct arena *arena;
	const char *shown[SHOWN_MAX];
	size_t n;
};

static const char *const status_names[] = {
	[NAGIOS_OK] = "OK",
	[NAGIOS_WARNING] = "WARNING",
	[NAGIOS_CRITICAL] = "CRITICAL",
	[NAGIOS_UNKNOWN] = "UNKNOWN",
};

struct nagios *nagios_new(void)
{
	struct nagios *nagios = calloc(1, sizeof(*nagios));

	if (!nagios)
		return NULL;
	nagios->arena = arena_new();
	if (nagios->arena)
		return nagios;
	free(nagios);
	return NULL;
}

void nagios_free(struct nagios *nagios)
{
	if (!nagios)
		return;
	arena_free(nagios->arena);
	free(nagios);
}

/* What follows a '|' is performance data, so there is none in a text. */
static const char *make_safe(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *safe = unit_terminal_text(text, true, arena_alloc(arena, size), size);

	for (char *bar = strchr(safe, '|'); bar; bar = strchr(bar, '|'))
		*bar = '?';
	return safe;
}

void nagios_add(struct nagios *nagios, const struct alert_record *record)
{
	const char *text;

	if (record->state != ALERT_FIRING || nagios->n++ >= SHOWN_MAX)
		return;
	text = arena_printf(nagios->arena, "%s%s%s%s%s %s %s %s %s",
		record->vm ? record->vm : "host", record->key ? " " : "",
		record->key ? record->key_name : "", record->key ? " " : "",
		record->key ? record->key : "", record->alert,
		record->value_text ? record->value_text : "-", record->relation,
		record->threshold_text ? record->threshold_text : "-");
	nagios->shown[nagios->n - 1] = make_safe(nagios->arena, text);
}

static enum nagios_status status_of(const struct nagios_facts *facts)
{
	static const enum nagios_status statuses[] = {
		[SEVERITY_INFO] = NAGIOS_OK,
		[SEVERITY_WARNING] = NAGIOS_WARNING,
		[SEVERITY_CRITICAL] = NAGIOS_CRITICAL,
	};

	if (facts->status.n_firing && facts->status.worst > SEVERITY_INFO)
		return statuses[facts->status.worst];
	return facts->n_blind ? NAGIOS_UNKNOWN : NAGIOS_OK;
}

static void print_alerts(FILE *out, const struct nagios *nagios)
{
	size_t n = nagios->n < SHOWN_MAX ? nagios->n : SHOWN_MAX;

	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? "; " : ": ", nagios->shown[i]);
	if (nagios->n > n)
		fprintf(out, "; and %zu more", nagios->n - n);
}

enum nagios_status nagios_print(
	FILE *out, const struct nagios *nagios, const struct nagios_facts *facts)
{
	enum nagios_status status = status_of(facts);

	fprintf(out, "VMBPF %s - ", status_names[status]);
	if (facts->status.n_firing) {
		fprintf(out, "%zu alerts", facts->status.n_firing);
		print_alerts(out, nagios);
	} else {
		fprintf(out, "nothing fires on %zu VMs", facts->status.n_vms);
	}
	if (facts->n_blind)
		fprintf(out, "; %zu rules have no data (%s)", facts->n_blind, facts->blind);
	fprintf(out, " | firing=%zu;;;0 vms=%zu;;;0\n", facts->status.n_firing,
		facts->status.n_vms);
	return status;
}
