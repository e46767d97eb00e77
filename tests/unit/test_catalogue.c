/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every row of the catalogue owes its readers. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmbpf/metric.h"
#include "vmbpf/sink.h"

static const char *describe(const struct metric *metric)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s.%s", scopes[metric->scope].name, metric->name);
	return text;
}

#define assert_row(metric, condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s: not " #condition, describe(metric)); \
	} while (0)

static bool is_legal_name(const char *name)
{
	if (!islower((unsigned char)name[0]))
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
			*name != '_')
			return false;
	return true;
}

static void names_are_legal(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		assert_row(row, is_legal_name(row->name));
		for (int view = 0; view < 2; view++) {
			assert_row(row, !row->views[view] || is_legal_name(row->views[view]));
			assert_row(row,
				!row->views[view] || strlen(row->views[view]) < COLUMN_NAME_MAX);
		}
	}
}

/* What follows the name in JSON, by kind and unit: the table of the metric reference. */
static void columns_are_called_after_their_kind_and_unit(void **state)
{
	static const char *const suffixes[][4][2] = {
		[COUNTER] = {
			[UNIT_NONE] = { "_total", "_per_second" },
			[UNIT_SECONDS] = { "_seconds_total", "_percent" },
			[UNIT_BYTES] = { "_bytes_total", "_bytes_per_second" },
		},
		[GAUGE] = {
			[UNIT_NONE] = { "" },
			[UNIT_SECONDS] = { "_seconds" },
			[UNIT_BYTES] = { "_bytes" },
			[UNIT_SHARE] = { "_percent" },
		},
		[TEXT] = { [UNIT_NONE] = { "" } },
	};
	char expected[COLUMN_NAME_MAX * 2];

	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		assert_row(row, suffixes[row->kind][row->unit][0] != NULL);
		for (int view = 0; view < 2; view++) {
			const char *suffix = suffixes[row->kind][row->unit][view];

			assert_row(row, !suffix == !row->views[view]);
			if (!suffix)
				continue;
			snprintf(expected, sizeof(expected), "%s%s", row->name, suffix);
			assert_row(row, strcmp(row->views[view], expected) == 0);
		}
	}
}

static void columns_are_unique_within_their_scope(void **state)
{
	struct column column, found;

	(void)state;
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		enum view view = VIEW_TOTAL;
		size_t i = 0;

		while (column_next(scope, &i, &view, &column)) {
			char name[COLUMN_NAME_MAX];

			column_name(&column, name);
			assert_int_equal(column_find(name, scope, &found), 0);
			assert_row(column.metric, found.metric == column.metric);
			assert_row(column.metric, found.view == column.view);
		}
	}
}

static void columns_of_every_scope_fit_an_output(void **state)
{
	struct column column;

	(void)state;
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		enum view view = VIEW_TOTAL;
		size_t i = 0, n = 0;

		while (column_next(scope, &i, &view, &column))
			n++;
		assert_in_range(n, 1, MAX_COLUMNS);
	}
}

static void rows_of_a_scope_stand_together(void **state)
{
	(void)state;
	for (size_t i = 1; i < n_metrics; i++)
		assert_row(&metrics[i], metrics[i].scope >= metrics[i - 1].scope);
}

static void help_is_one_sentence(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		size_t length = strlen(row->help);

		assert_row(row, length > 10 && length < 160);
		assert_row(row, isupper((unsigned char)row->help[0]) || isdigit(row->help[0]));
		assert_row(row, row->help[length - 1] == '.');
		assert_row(row, !strstr(row->help, ". "));
		assert_row(row, !strchr(row->help, '\n'));
	}
}

static void title_fits_a_column(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++)
		assert_row(row, strlen(row->title) > 0 && strlen(row->title) <= 8);
}

static void needs_are_known_sources(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		assert_row(row, row->needs != 0);
		assert_row(row, row->needs < 1u << N_SOURCES);
	}
}

/* The past of a row is either the tick before or the poll before, never both. */
static void polled_and_ticked_sources_are_not_mixed(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		unsigned polled = 0, ticked = 0;

		for (unsigned bit = 0; bit < N_SOURCES; bit++) {
			polled += (row->needs >> bit & 1) && sources[bit].polled;
			ticked += (row->needs >> bit & 1) && !sources[bit].polled;
		}
		assert_row(row, !polled || !ticked);
	}
}

static void counters_are_counted_in_exact_fields(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		if (row->kind == COUNTER) {
			assert_row(row, !row->derive);
			assert_row(row, row->field.type == FIELD_U64);
		}
		assert_row(row,
			row->kind != COUNTER || row->unit != UNIT_SECONDS || row->divisor == 1e9);
	}
}

static void texts_are_texts(void **state)
{
	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		bool text = !row->derive &&
			    (row->field.type == FIELD_TEXT || row->field.type == FIELD_NAME);

		assert_row(row, text == (row->kind == TEXT));
		if (!text || row->field.type == FIELD_TEXT)
			continue;
		for (unsigned i = 0; i < row->field.n_names; i++)
			assert_row(row, row->field.names[i] != NULL);
	}
}

static void field_lies_within_its_entity_and_behind_its_head(void **state)
{
	static const size_t sizes[N_SCOPES] = {
		[SCOPE_HOST] = sizeof(struct host),
		[SCOPE_VM] = sizeof(struct vm),
		[SCOPE_VCPU] = sizeof(struct vcpu),
		[SCOPE_THREAD] = sizeof(struct thread),
		[SCOPE_NIC] = sizeof(struct nic),
		[SCOPE_DISK] = sizeof(struct disk),
		[SCOPE_EXIT] = sizeof(struct exit),
		[SCOPE_BLAME] = sizeof(struct blame),
	};

	(void)state;
	for (const struct metric *row = metrics; row < metrics + n_metrics; row++) {
		if (row->derive)
			continue;
		assert_row(row, row->field.offset >= sizeof(struct entity));
		assert_row(row, row->field.offset + 4 <= sizes[row->scope]);
	}
}

static void key_of_every_scope_is_one_of_its_columns(void **state)
{
	struct column column;

	(void)state;
	for (enum scope scope = 0; scope < N_SCOPES; scope++)
		if (scopes[scope].key)
			assert_int_equal(column_find(scopes[scope].key, scope, &column), 0);
}

static void every_source_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SOURCES; i++) {
		assert_non_null(sources[i].name);
		assert_true(is_legal_name(sources[i].name));
		assert_true(strlen(sources[i].mechanism) > 0);
		assert_true(strlen(sources[i].cost) > 0);
		assert_true(strlen(sources[i].missing) > 0);
	}
}

/* Names once shipped keep their meaning: these are in scripts and on dashboards. */
static void promised_names_exist(void **state)
{
	static const char *const names[] = { "vm.cpu_percent", "vm.cpu_seconds_total",
		"vm.cpu_vcpu_percent", "vm.cpu_used_percent", "vm.ready_percent",
		"vm.ready_seconds_total", "vm.wait_percent", "vm.demand_percent",
		"vm.switches_voluntary_total", "vm.switches_involuntary_per_second",
		"vm.guest_percent", "vm.halt_poll_seconds_total", "vm.hypervisor_percent",
		"vm.idle_percent", "vm.throttled_seconds_total", "vm.stolen_by_vm_percent",
		"vm.stolen_by_host_percent", "vm.stolen_by_self_percent", "vm.exits_per_second",
		"vm.exit_handling_percent", "vcpu.guest_percent", "vcpu.stolen_by_vm_percent",
		"exit.reason", "exit.kind", "exit.exits_per_second", "exit.exit_handling_percent",
		"exit.exit_handling_p99_seconds", "exit.exit_handling_max_seconds", "blame.holder",
		"blame.held_percent", "vm.migrations_total", "vm.wakeups_total",
		"vm.run_latency_p99_seconds", "vm.memory_assigned_bytes", "vm.memory_maximum_bytes",
		"vm.memory_used_bytes", "vm.memory_used_percent", "vm.memory_guest_age_seconds",
		"vm.memory_rss_bytes", "vm.faults_major_total", "vm.guest_swap_in_bytes_total",
		"vm.net_rx_bytes_total", "vm.net_tx_bytes_per_second", "vm.net_rx_packets_total",
		"vm.net_tx_drops_total", "vm.disk_read_bytes_total",
		"vm.disk_write_requests_per_second", "vm.disk_flushes_total",
		"vm.disk_read_latency_seconds", "vm.storage_capacity_bytes",
		"vm.storage_used_percent", "vm.stale", "vm.age_seconds", "vcpu.host_cpu",
		"vcpu.tid", "vcpu.net_rx_bytes_total", "thread.role", "thread.comm", "nic.mac",
		"nic.device", "nic.source", "disk.path", "host.cpus", "host.cpu_busy_percent",
		"host.cpu_vms_percent", "host.vms", "host.vcpus", "host.load_1m",
		"host.self_cpu_seconds_total", "host.self_memory_bytes", "host.lost_events_total",
		"host.tick_duration_seconds" };
	struct column column;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (column_find(names[i], SCOPE_VM, &column) != 0)
			fail_msg("%s is gone", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_legal),
		cmocka_unit_test(columns_are_called_after_their_kind_and_unit),
		cmocka_unit_test(columns_are_unique_within_their_scope),
		cmocka_unit_test(columns_of_every_scope_fit_an_output),
		cmocka_unit_test(rows_of_a_scope_stand_together),
		cmocka_unit_test(help_is_one_sentence),
		cmocka_unit_test(title_fits_a_column),
		cmocka_unit_test(needs_are_known_sources),
		cmocka_unit_test(polled_and_ticked_sources_are_not_mixed),
		cmocka_unit_test(counters_are_counted_in_exact_fields),
		cmocka_unit_test(texts_are_texts),
		cmocka_unit_test(field_lies_within_its_entity_and_behind_its_head),
		cmocka_unit_test(key_of_every_scope_is_one_of_its_columns),
		cmocka_unit_test(every_source_is_described),
		cmocka_unit_test(promised_names_exist),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
