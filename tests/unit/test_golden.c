/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every output makes of tests/golden/recording.jsonl, compared with the texts beside it. With
 * VMBPF_ACCEPT set the present output is taken as the expected one: see tests/golden/update.
 */
#include "golden_fixture.h"

#include "model/filter.h"

/* The default columns of vmbpf top. */
static const char *const top_columns[] = { "state", "vcpus", "cpu", "cpu_used", "ready", "switches",
	"memory_used_bytes", "memory_assigned", "memory_rss", "net_rx", "net_tx", "disk_read",
	"disk_write", NULL };
static const char *const vcpu_columns[] = { "vcpu.tid", "vcpu.host_cpu", "vcpu.cpu", "vcpu.ready",
	"vcpu.wait", "vcpu.run_latency_p99", "vcpu.demand", "vm.state", NULL };
static const char *const nic_columns[] = { "nic.mac", "nic.source", "nic.net_rx", "nic.net_tx",
	"nic.net_rx_packets_total", NULL };
static const char *const disk_columns[] = { "disk.path", "disk.disk_read", "disk.disk_read_latency",
	"disk.disk_write_latency", "disk.storage_used", NULL };
static const char *const split_columns[] = { "vcpu.cpu", "vcpu.guest", "vcpu.guest_by",
	"vcpu.hypervisor", "vcpu.halt_poll", "vcpu.ready", "vcpu.stolen_by_vm",
	"vcpu.stolen_by_host", "vcpu.stolen_by_self", "vcpu.uncontended", "vcpu.wait", "vcpu.idle",
	"vcpu.blocked", "vcpu.throttled", "vcpu.demand", NULL };
static const char *const exit_columns[] = { "exit.kind", "exit.vcpu", "exit.exits",
	"exit.exit_handling", "exit.exit_handling_mean", "exit.exit_handling_p99",
	"exit.exit_handling_max", NULL };
static const char *const blame_columns[] = { "blame.kind", "blame.held", "blame.holder_pid",
	"vm.ready", NULL };

struct golden {
	const char *file;
	const char *sink;
	const char *const *columns; /* NULL: all of the scope */
	const char *sort;
	const char *filter;
	struct view_spec spec;
};

static const struct golden goldens[] = {
	{ "table.txt", "table", top_columns, "cpu", NULL, { .utf8 = true, .headers = true } },
	{ "table-narrow.txt", "table", top_columns, "name", NULL,
		{ .ascending = true, .headers = true, .width = 60 } },
	{ "table-vcpus.txt", "table", top_columns, "ready", NULL,
		{ .vcpu_rows = true, .headers = true } },
	{ "table-colour.txt", "table", top_columns, NULL, "database or web",
		{ .vcpu_rows = true, .headers = true, .colour = true } },
	{ "table-bare.txt", "table", top_columns, "memory_rss", "state = running", { 0 } },
	{ "table-nothing.txt", "table", top_columns, NULL, "cpu > 1000", { .headers = true } },
	{ "table-vcpu-scope.txt", "table", vcpu_columns, "vcpu.cpu", NULL, { .headers = true } },
	{ "table-nic-scope.txt", "table", nic_columns, "nic.net_rx", NULL, { .headers = true } },
	{ "table-disk-scope.txt", "table", disk_columns, NULL, NULL, { .headers = true } },
	{ "table-split.txt", "table", split_columns, "vm.name", NULL,
		{ .ascending = true, .headers = true } },
	{ "table-exit-scope.txt", "table", exit_columns, "exit.exit_handling", NULL,
		{ .headers = true } },
	{ "table-blame-scope.txt", "table", blame_columns, "blame.held", NULL,
		{ .headers = true } },
	{ "top.csv", "csv", top_columns, "cpu", NULL, { .headers = true } },
	{ "disks.csv", "csv", disk_columns, NULL, NULL, { .headers = true } },
	{ "exits.csv", "csv", exit_columns, "exit.exits", "exits > 100", { .headers = true } },
	{ "host.csv", "csv", NULL, NULL, NULL, { .headers = true, .scopes = 1u << SCOPE_HOST } },
	{ "stream.jsonl", "json", NULL, NULL, NULL,
		{ .scopes = 1u << SCOPE_HOST | 1u << SCOPE_VM } },
	{ "recording.jsonl", "json", NULL, NULL, NULL, { .scopes = (1u << N_SCOPES) - 1 } },
};

#define N_GOLDENS (sizeof(goldens) / sizeof(goldens[0]))

static void init_spec(const struct golden *golden, struct view_spec *spec)
{
	char error[FILTER_ERROR_MAX];
	struct filter *filter = NULL;

	*spec = golden->spec;
	if (golden->columns)
		fixture_add_columns(spec, SCOPE_VM, golden->columns);
	if (golden->sort)
		spec->sort = fixture_column(golden->sort, SCOPE_VM);
	if (golden->filter)
		assert_int_equal(filter_parse(golden->filter, SCOPE_VM, &filter, error), 0);
	spec->filter = filter;
}

/* An output that is given ticks. */
struct showing {
	const struct sink *sink;
	struct view_spec spec;
	FILE *out;
};

static void show_tick(void *context, const struct snapshot *snap)
{
	struct showing *showing = context;

	if (snap->before && strcmp(showing->sink->name, "table") == 0)
		fputc('\n', showing->out); /* as vmbpf top separates tables */
	assert_int_equal(showing->sink->tick(showing->out, &showing->spec, snap), 0);
}

/* All ticks of the recording through one output. To be freed. */
static char *show_recording(const struct golden *golden)
{
	const struct sink *sink = sink_find(golden->sink);
	struct showing showing = { .sink = sink };
	char *text = NULL;
	size_t size;

	showing.out = open_memstream(&text, &size);
	init_spec(golden, &showing.spec);
	if (sink->begin)
		assert_int_equal(sink->begin(showing.out, &showing.spec), 0);
	golden_replay(show_tick, &showing);
	filter_free((struct filter *)showing.spec.filter);
	fclose(showing.out);
	return text;
}

static void output_is_as_it_was_when_it_was_reviewed(void **state)
{
	const struct golden *golden = *state;
	char *text = show_recording(golden);

	golden_compare(golden->file, text);
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[N_GOLDENS];
	char names[N_GOLDENS][64];

	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < N_GOLDENS; i++) {
		snprintf(names[i], sizeof(names[i]), "%s_is_as_it_was_when_it_was_reviewed",
			goldens[i].file);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = output_is_as_it_was_when_it_was_reviewed,
			.initial_state = (void *)&goldens[i],
		};
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
