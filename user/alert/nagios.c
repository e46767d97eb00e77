/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the line that a plug-in of Nagios prints. */
#include "alert/nagios.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"

/* More would be cut by many who show it. */
#define SHOWN_MAX 5

/* The first alerts of one severity. */
struct sample {
	const char *shown[SHOWN_MAX];
	size_t n; /* in all */
};

struct nagios {
	struct arena *arena;
	struct sample samples[N_SEVERITIES];
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

/* "lab-busy vcpu 1 VmReadyHigh 7.1 % > 5.0 %" */
static const char *describe(struct arena *arena, const struct alert_record *record)
{
	const char *subject = record->vm ? record->vm : "host";

	if (record->key)
		subject = arena_printf(arena, "%s %s %s", subject, record->key_name, record->key);
	return arena_printf(arena, "%s %s %s %s %s", subject, record->alert,
		record->value_text ? record->value_text : "-", record->relation,
		record->threshold_text ? record->threshold_text : "-");
}

void nagios_add(struct nagios *nagios, const struct alert_record *record)
{
	struct sample *sample = &nagios->samples[record->severity];

	if (record->state != ALERT_FIRING)
		return;
	if (sample->n < SHOWN_MAX)
		sample->shown[sample->n] =
			make_safe(nagios->arena, describe(nagios->arena, record));
	sample->n++;
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
	return facts->n_blind || facts->nobody ? NAGIOS_UNKNOWN : NAGIOS_OK;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* The most severe first. */
static void print_alerts(FILE *out, const struct nagios *nagios)
{
	size_t n = 0, n_shown = 0;

	for (size_t i = 0; i < N_SEVERITIES; i++)
		n += nagios->samples[i].n;
	fprintf(out, "%zu alert%s", n, plural(n));
	for (size_t i = N_SEVERITIES; i-- > 0;) {
		const struct sample *sample = &nagios->samples[i];

		for (size_t k = 0; k < sample->n && n_shown < SHOWN_MAX; k++)
			fprintf(out, "%s%s", n_shown++ ? "; " : ": ", sample->shown[k]);
	}
	if (n > n_shown)
		fprintf(out, "; and %zu more", n - n_shown);
}

enum nagios_status nagios_print(
	FILE *out, const struct nagios *nagios, const struct nagios_facts *facts)
{
	enum nagios_status status = status_of(facts);

	fprintf(out, "VMBPF %s - ", status_names[status]);
	if (facts->status.n_firing)
		print_alerts(out, nagios);
	else
		fprintf(out, "nothing fires on %zu VM%s", facts->status.n_vms,
			plural(facts->status.n_vms));
	if (facts->n_blind)
		fprintf(out, "; %zu rule%s without data (%s)", facts->n_blind,
			plural(facts->n_blind), facts->blind);
	fprintf(out, " | firing=%zu;;;0 vms=%zu;;;0\n", facts->status.n_firing,
		facts->status.n_vms);
	return status;
}
