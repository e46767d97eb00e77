/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns: how they are found and named, and what they are worth. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "vmbpf/metric.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Two ticks, two seconds apart, of a VM with one of everything. */
struct ticks {
	struct snapshot *before, *now;
	struct vm *was, *vm;
};

static struct vm *fill(struct snapshot *snap, uint64_t seconds)
{
	struct vm *vm = snapshot_add_vm(snap);

	snap->mono_ns = snap->boot_ns = seconds * NSEC_PER_SEC;
	vm->name = "web";
	vm->pid = 10;
	vm->n_vcpus = 4;
	vm->e.have |= SRC_SCHED;
	snapshot_nic(snap, vm, "tap0")->e.have |= SRC_NET;
	snapshot_disk(snap, vm, "vda")->e.have |= SRC_BLOCK;
	snapshot_add_vcpu(snap, vm)->e.have |= SRC_SCHED;
	snapshot_add_thread(snap, vm)->e.have |= SRC_SCHED;
	snapshot_add_exit(snap, vm)->reason = "HLT";
	snapshot_add_blame(snap, vm)->holder = "kworker/0:1";
	return vm;
}

static struct ticks ticks_new(void)
{
	struct ticks ticks = { .before = snapshot_new(), .now = snapshot_new() };

	ticks.was = fill(ticks.before, 100);
	ticks.vm = fill(ticks.now, 102);
	return ticks;
}

static void finish(struct ticks *ticks)
{
	snapshot_finish(ticks->before, NULL);
	snapshot_finish(ticks->now, ticks->before);
}

static void ticks_free(struct ticks *ticks)
{
	snapshot_free(ticks->now);
	snapshot_free(ticks->before);
}

static struct value value_in(const struct snapshot *snap, const char *name, const void *entity)
{
	struct column column;

	assert_int_equal(column_find(name, SCOPE_VM, &column), 0);
	return column_value(&column, snap, entity);
}

static void assert_number(struct value value, double expected)
{
	assert_int_equal(value.kind, VALUE_NUMBER);
	assert_true(fabs(value.number - expected) < 1e-9);
}

#define assert_absent(value) assert_int_equal((value).kind, VALUE_ABSENT)

static void column_is_found_by_every_name_it_has(void **state)
{
	static const struct {
		const char *name;
		enum scope scope, expected_scope;
		const char *expected;
	} cases[] = {
		{ "ready", SCOPE_VM, SCOPE_VM, "ready_percent" },
		{ "vm.ready", SCOPE_VCPU, SCOPE_VM, "ready_percent" },
		{ "ready", SCOPE_VCPU, SCOPE_VCPU, "ready_percent" },
		{ "ready_percent", SCOPE_VM, SCOPE_VM, "ready_percent" },
		{ "vm.ready_seconds_total", SCOPE_VM, SCOPE_VM, "ready_seconds_total" },
		{ "net_rx", SCOPE_VM, SCOPE_VM, "net_rx_bytes_per_second" },
		{ "switches", SCOPE_VM, SCOPE_VM, "switches_per_second" },
		{ "memory_used", SCOPE_VM, SCOPE_VM, "memory_used_bytes" },
		{ "memory_used_percent", SCOPE_VM, SCOPE_VM, "memory_used_percent" },
		{ "host.load_1m", SCOPE_VM, SCOPE_HOST, "load_1m" },
		{ "state", SCOPE_VM, SCOPE_VM, "state" },
		{ "disk.disk_read_latency", SCOPE_VM, SCOPE_DISK, "disk_read_latency_seconds" },
	};
	char name[COLUMN_NAME_MAX];
	struct column column;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(column_find(cases[i].name, cases[i].scope, &column), 0);
		assert_int_equal(column.metric->scope, cases[i].expected_scope);
		assert_string_equal(column_name(&column, name), cases[i].expected);
	}
}

static void unknown_names_are_not_found(void **state)
{
	static const char *const names[] = { "", ".", "vm.", ".ready", "redy", "rocket.ready",
		"vm.vm.ready", "READY", "ready_", "a_scope_name_longer_than_any.ready" };
	struct column column;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(column_find(names[i], SCOPE_VM, &column), -ENOENT);
}

static void nearest_name_is_suggested_when_near(void **state)
{
	static const struct {
		const char *name, *expected;
	} cases[] = {
		{ "redy", "ready" },
		{ "vm.redy", "ready" },
		{ "ready_percnt", "ready_percent" },
		{ "memory_usd", "memory_used" },
		{ "thermonuclear", NULL },
		{ "rocket.ready", NULL },
	};
	const char *nearest;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		nearest = column_nearest(cases[i].name, SCOPE_VM);
		if (cases[i].expected)
			assert_string_equal(nearest, cases[i].expected);
		else
			assert_null(nearest);
	}
}

static void rate_of_seconds_is_a_percentage_of_one_cpu(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.was->cpu_ns = 10 * NSEC_PER_SEC;
	ticks.vm->cpu_ns = 13 * NSEC_PER_SEC;
	finish(&ticks);
	/* 3 s of CPU time in 2 s. */
	assert_number(value_in(ticks.now, "cpu_percent", ticks.vm), 150);
	assert_number(value_in(ticks.now, "cpu_seconds_total", ticks.vm), 13);
	assert_true(value_in(ticks.now, "cpu_seconds_total", ticks.vm).raw == 13 * NSEC_PER_SEC);
	ticks_free(&ticks);
}

static void rate_of_bytes_is_per_second(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.was->nics->net.rx_bytes = 1000;
	ticks.vm->nics->net.rx_bytes = 4000;
	finish(&ticks);
	assert_number(value_in(ticks.now, "net_rx", ticks.vm), 1500);
	assert_number(value_in(ticks.now, "nic.net_rx", ticks.vm->nics), 1500);
	ticks_free(&ticks);
}

static void rate_is_absent_on_the_first_tick(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	finish(&ticks);
	assert_absent(value_in(ticks.before, "cpu", ticks.was));
	assert_absent(value_in(ticks.before, "cpu_used", ticks.was));
	assert_number(value_in(ticks.before, "cpu_seconds_total", ticks.was), 0);
	ticks_free(&ticks);
}

static void rate_is_absent_when_the_counter_restarts(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.was->nics->net.rx_bytes = 4000;
	ticks.vm->nics->net.rx_bytes = 10;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "net_rx", ticks.vm));
	assert_number(value_in(ticks.now, "net_rx_bytes_total", ticks.vm), 10);
	ticks_free(&ticks);
}

static void rate_is_absent_when_the_source_was_missing_before(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.was->e.have &= ~(uint32_t)SRC_SCHED;
	ticks.vm->cpu_ns = NSEC_PER_SEC;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "cpu", ticks.vm));
	assert_absent(value_in(ticks.now, "cpu_used", ticks.vm));
	ticks_free(&ticks);
}

static void rate_is_absent_when_no_time_has_passed(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.now->mono_ns = ticks.before->mono_ns;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "cpu", ticks.vm));
	ticks_free(&ticks);
}

static void value_is_absent_when_nobody_measured_it(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.vm->memory_rss_bytes = 1234;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "memory_rss", ticks.vm));
	ticks.vm->e.have |= SRC_PROC;
	assert_number(value_in(ticks.now, "memory_rss", ticks.vm), 1234);
	ticks_free(&ticks);
}

static void value_is_absent_when_it_was_not_reported(void **state)
{
	struct ticks ticks = ticks_new();
	struct vm *vm = ticks.vm;

	(void)state;
	finish(&ticks);
	vm->e.have |= SRC_BALLOON | SRC_LIBVIRT;
	vm->memory_cached_bytes = vm->guest_faults_major = NOT_REPORTED;
	vm->memory_available_bytes = 1000;
	vm->memory_usable_bytes = NOT_REPORTED;
	vm->pid = 0;
	assert_absent(value_in(ticks.now, "memory_cached", vm));
	assert_absent(value_in(ticks.now, "guest_faults_major_total", vm));
	assert_absent(value_in(ticks.now, "memory_used_bytes", vm));
	assert_absent(value_in(ticks.now, "memory_used_percent", vm));
	assert_absent(value_in(ticks.now, "id", vm)); /* -1 */
	assert_absent(value_in(ticks.now, "pid", vm));
	assert_absent(value_in(ticks.now, "title", vm));
	assert_absent(value_in(ticks.now, "age", vm)); /* never polled */
	ticks_free(&ticks);
}

static void memory_used_is_what_is_not_usable(void **state)
{
	struct ticks ticks = ticks_new();
	struct vm *vm = ticks.vm;

	(void)state;
	finish(&ticks);
	vm->e.have |= SRC_BALLOON;
	vm->memory_available_bytes = 1000;
	vm->memory_usable_bytes = 600;
	assert_number(value_in(ticks.now, "memory_used_bytes", vm), 400);
	assert_number(value_in(ticks.now, "memory_used_percent", vm), 40);
	vm->memory_usable_bytes = 1001; /* the guest contradicts itself */
	assert_absent(value_in(ticks.now, "memory_used_bytes", vm));
	assert_absent(value_in(ticks.now, "memory_used_percent", vm));
	ticks_free(&ticks);
}

static void texts_are_shown_as_they_are(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	finish(&ticks);
	ticks.vm->state = VM_PAUSED;
	ticks.vm->kvm = 1;
	assert_string_equal(value_in(ticks.now, "name", ticks.vm).text, "web");
	assert_string_equal(value_in(ticks.now, "state", ticks.vm).text, "paused");
	assert_string_equal(value_in(ticks.now, "kvm", ticks.vm).text, "yes");
	assert_string_equal(value_in(ticks.now, "nic.device", ticks.vm->nics).text, "tap0");
	ticks.vm->state = N_VM_STATES;
	assert_absent(value_in(ticks.now, "state", ticks.vm));
	ticks_free(&ticks);
}

static void cpu_used_and_demand_are_shares_of_all_vcpus(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	/* 4 vCPUs could use 8 s in 2 s: 2 s are 25 %, and with 1 s of waiting 37.5 %. */
	ticks.vm->role_ns[ROLE_VCPU] = 2 * NSEC_PER_SEC;
	ticks.vm->vcpus->sched.run_ns = 2 * NSEC_PER_SEC;
	ticks.vm->vcpus->sched.ready_ns = 1 * NSEC_PER_SEC;
	finish(&ticks);
	assert_number(value_in(ticks.now, "cpu_used", ticks.vm), 25);
	assert_number(value_in(ticks.now, "demand", ticks.vm), 37.5);
	/* The vCPU by itself: 3 s in 2 s, which only inexact clocks can show. */
	assert_number(value_in(ticks.now, "vcpu.demand", ticks.vm->vcpus), 100);
	ticks.vm->n_vcpus = 0;
	assert_absent(value_in(ticks.now, "cpu_used", ticks.vm));
	ticks_free(&ticks);
}

/* Polled at 99 s and at 101.5 s, hence 2.5 s apart whatever the ticks. */
static void rate_of_polled_data_spans_two_polls(void **state)
{
	struct ticks ticks = ticks_new();
	struct disk *was = ticks.was->disks, *disk = ticks.vm->disks;

	(void)state;
	ticks.was->e.polled_ns = was->e.polled_ns = 99 * NSEC_PER_SEC;
	ticks.vm->e.polled_ns = disk->e.polled_ns = 101 * NSEC_PER_SEC + NSEC_PER_SEC / 2;
	was->io = (struct disk_counters){ .read_bytes = 100, .read_requests = 4, .read_ns = 1000 };
	disk->io =
		(struct disk_counters){ .read_bytes = 350, .read_requests = 6, .read_ns = 5001000 };
	finish(&ticks);
	assert_number(value_in(ticks.now, "disk_read", ticks.vm), 100);
	assert_number(value_in(ticks.now, "disk.disk_read", disk), 100);
	/* 5 ms for 2 requests. */
	assert_number(value_in(ticks.now, "disk_read_latency", ticks.vm), 0.0025);
	assert_number(value_in(ticks.now, "disk.disk_read_latency", disk), 0.0025);
	ticks_free(&ticks);
}

static void latency_is_absent_when_no_request_completed(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.was->disks->e.polled_ns = 99 * NSEC_PER_SEC;
	ticks.vm->disks->e.polled_ns = 101 * NSEC_PER_SEC;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "disk.disk_write_latency", ticks.vm->disks));
	assert_number(value_in(ticks.now, "disk.disk_write", ticks.vm->disks), 0);
	ticks_free(&ticks);
}

static void storage_share_needs_a_capacity(void **state)
{
	struct ticks ticks = ticks_new();

	(void)state;
	ticks.vm->disks->e.have |= SRC_STORAGE;
	ticks.vm->disks->storage.allocated_bytes = 30;
	finish(&ticks);
	assert_absent(value_in(ticks.now, "storage_used", ticks.vm));
	ticks.vm->storage.capacity_bytes = 120;
	assert_number(value_in(ticks.now, "storage_used", ticks.vm), 25);
	ticks_free(&ticks);
}

static void host_shares_are_of_all_its_cpus(void **state)
{
	struct ticks ticks = ticks_new();
	struct host *host = &ticks.now->host;

	(void)state;
	ticks.before->host.e.have |= SRC_PROC;
	host->e.have |= SRC_PROC;
	host->n_cpus = 4;
	host->busy_ns = 4 * NSEC_PER_SEC; /* of 8 s */
	ticks.vm->cpu_ns = 1 * NSEC_PER_SEC;
	finish(&ticks);
	assert_number(value_in(ticks.now, "host.cpu_busy", host), 50);
	assert_number(value_in(ticks.now, "host.cpu_vms", host), 25);
	ticks_free(&ticks);
}

static void every_column_of_an_entity_can_be_read(void **state)
{
	struct ticks ticks = ticks_new();
	struct column column;

	(void)state;
	finish(&ticks);
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct item item = { 0 };
		enum view view = VIEW_TOTAL;
		size_t i = 0;

		assert_true(scopes[scope].next(ticks.now, &item));
		while (column_next(scope, &i, &view, &column)) {
			struct value value = column_value(&column, ticks.now, item.entity);

			assert_true(value.kind != VALUE_TEXT || value.text);
			assert_true(value.kind != VALUE_NUMBER || isfinite(value.number));
		}
	}
	ticks_free(&ticks);
}

static void columns_of_a_scope_come_in_catalogue_order(void **state)
{
	struct column column, last = { .metric = metrics };
	enum view view = VIEW_TOTAL;
	size_t i = 0, n = 0;

	(void)state;
	for (; column_next(SCOPE_VM, &i, &view, &column); n++, last = column) {
		assert_int_equal(column.metric->scope, SCOPE_VM);
		assert_true(column.metric > last.metric || column.view > last.view);
	}
	assert_true(n > 50);
	assert_false(column_next(SCOPE_VM, &i, &view, &column));
}

static void every_entity_is_visited_once_with_its_vm(void **state)
{
	struct snapshot *snap = snapshot_new();
	struct vm *vms[4];
	struct item item = { 0 };
	int n = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		vms[i] = snapshot_add_vm(snap);
	snapshot_add_thread(snap, vms[1])->tid = 1;
	snapshot_add_thread(snap, vms[1])->tid = 2;
	snapshot_add_thread(snap, vms[3])->tid = 3;
	while (scopes[SCOPE_THREAD].next(snap, &item)) {
		assert_int_equal(((const struct thread *)item.entity)->tid, ++n);
		assert_ptr_equal(item.vm, n < 3 ? vms[1] : vms[3]);
	}
	assert_int_equal(n, 3);
	snapshot_free(snap);
}

static void empty_snapshot_has_only_the_host(void **state)
{
	struct snapshot *snap = snapshot_new();

	(void)state;
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct item item = { 0 };

		assert_int_equal(scopes[scope].next(snap, &item), scope == SCOPE_HOST);
		assert_false(scopes[scope].next(snap, &item));
	}
	snapshot_free(snap);
}

static void scopes_are_found_by_name(void **state)
{
	enum scope scope = SCOPE_HOST;

	(void)state;
	assert_int_equal(scope_find("vcpu", &scope), 0);
	assert_int_equal(scope, SCOPE_VCPU);
	assert_int_equal(scope_find("rocket", &scope), -ENOENT);
	assert_int_equal(scope, SCOPE_VCPU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(column_is_found_by_every_name_it_has),
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(nearest_name_is_suggested_when_near),
		cmocka_unit_test(rate_of_seconds_is_a_percentage_of_one_cpu),
		cmocka_unit_test(rate_of_bytes_is_per_second),
		cmocka_unit_test(rate_is_absent_on_the_first_tick),
		cmocka_unit_test(rate_is_absent_when_the_counter_restarts),
		cmocka_unit_test(rate_is_absent_when_the_source_was_missing_before),
		cmocka_unit_test(rate_is_absent_when_no_time_has_passed),
		cmocka_unit_test(value_is_absent_when_nobody_measured_it),
		cmocka_unit_test(value_is_absent_when_it_was_not_reported),
		cmocka_unit_test(memory_used_is_what_is_not_usable),
		cmocka_unit_test(texts_are_shown_as_they_are),
		cmocka_unit_test(cpu_used_and_demand_are_shares_of_all_vcpus),
		cmocka_unit_test(rate_of_polled_data_spans_two_polls),
		cmocka_unit_test(latency_is_absent_when_no_request_completed),
		cmocka_unit_test(storage_share_needs_a_capacity),
		cmocka_unit_test(host_shares_are_of_all_its_cpus),
		cmocka_unit_test(every_column_of_an_entity_can_be_read),
		cmocka_unit_test(columns_of_a_scope_come_in_catalogue_order),
		cmocka_unit_test(every_entity_is_visited_once_with_its_vm),
		cmocka_unit_test(empty_snapshot_has_only_the_host),
		cmocka_unit_test(scopes_are_found_by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
