/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging what libvirt knows into a snapshot of processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collect/libvirt_merge.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND NSEC_PER_SEC
#define MSEC NSEC_PER_MSEC
#define NOW (1000 * SECOND)
#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"

static const char domain_xml[] = "<domain><title>Web</title>"
				 "<memory unit='KiB'>2048</memory>"
				 "<currentMemory unit='KiB'>1024</currentMemory>"
				 "<vcpu current='2'>4</vcpu><devices>"
				 "<disk><source file='/a.raw'/><target dev='vda'/></disk>"
				 "<interface><mac address='52:54:00:00:00:01'/>"
				 "<source bridge='br0'/><target dev='tap1'/></interface>"
				 "</devices></domain>";

/* What root has on record, by pid: 107 is in the group of domain 7, "web". */
static void identify(struct identity *ret)
{
	static const struct {
		pid_t pid;
		struct cgroup_info cgroup;
		const char *uuid;
	} record[] = {
		{ 107, { .domain_id = 7, .name = "web" }, "" },
		{ 108, { .domain_id = 7, .name = "web" }, "" },
		{ 109, { .domain_id = 9, .name = "web" }, "" },
		{ 110, { .domain_id = 7, .name = "mail" }, "" },
		{ 111, { .domain_id = -1 }, UUID_A },
	};

	ret->cgroup.domain_id = -1;
	for (size_t i = 0; i < COUNT(record); i++) {
		if (record[i].pid != ret->pid)
			continue;
		ret->cgroup = record[i].cgroup;
		snprintf(ret->uuid, sizeof(ret->uuid), "%s", record[i].uuid);
	}
}

struct fixture {
	struct merger merger;
	struct domain_list *list;
	struct snapshot *snap;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->merger.identify = identify;
	fixture->list = domain_list_new(8);
	fixture->list->taken_ns = NOW - SECOND;
	fixture->snap = snapshot_new();
	fixture->snap->mono_ns = NOW;
	fixture->snap->real_ns = 1700000010 * SECOND;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	merger_done(&fixture->merger);
	domain_list_free(fixture->list);
	snapshot_free(fixture->snap);
	free(fixture);
	return 0;
}

/* Domain 7, "web", runs. */
static struct domain *add_running(struct fixture *fixture)
{
	struct domain *domain = domain_list_add(fixture->list, UUID_A, "web");

	domain->id = 7;
	domain->state = VM_RUNNING;
	assert_int_equal(domain_xml_parse(domain_xml, &domain->xml), 0);
	return domain;
}

static struct vm *add_process(struct fixture *fixture, pid_t pid)
{
	struct vm *vm = snapshot_add_vm(fixture->snap);

	vm->pid = pid;
	vm->start_ns = 5 * SECOND;
	vm->name = "own word";
	vm->state = VM_NO_LIBVIRT;
	vm->n_vcpus = 1;
	return vm;
}

static void merge(struct fixture *fixture)
{
	merger_merge(&fixture->merger, fixture->list, fixture->snap);
}

/* The next tick, `interval_ns` later, with nothing in it yet. */
static void next_tick(struct fixture *fixture, uint64_t interval_ns)
{
	uint64_t mono_ns = fixture->snap->mono_ns + interval_ns;

	snapshot_free(fixture->snap);
	fixture->snap = snapshot_new();
	fixture->snap->mono_ns = mono_ns;
	fixture->snap->real_ns = 1700000010 * SECOND;
}

static unsigned count_vms(const struct snapshot *snap)
{
	unsigned n = 0;

	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		n++;
	return n;
}

/* Statistics with one disk, and a guest that reported ten seconds ago. */
static void add_stats(struct domain *domain, uint64_t taken_ns)
{
	static const struct {
		const char *name;
		unsigned long long value;
	} numbers[] = {
		{ "block.count", 1 },
		{ "block.0.rd.reqs", 11 },
		{ "block.0.capacity", 4096 },
		{ "balloon.current", 1536 },
		{ "balloon.maximum", 2048 },
		{ "balloon.available", 1500 },
		{ "balloon.usable", 500 },
		{ "balloon.last-update", 1700000000 },
	};
	virTypedParameterPtr params = NULL;
	int n = 0, size = 0;
	struct domain_stats *stats;

	for (size_t i = 0; i < COUNT(numbers); i++)
		virTypedParamsAddULLong(&params, &n, &size, numbers[i].name, numbers[i].value);
	virTypedParamsAddString(&params, &n, &size, "block.0.name", "vda");
	assert_int_equal(domain_stats_parse(params, n, &stats), 0);
	virTypedParamsFree(params, n);
	domain_stats_free(domain_put_stats(domain, stats, taken_ns));
}

static void a_process_in_the_group_of_a_domain_is_that_domain(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm = add_process(fixture, 107);

	add_running(fixture);
	merge(fixture);
	assert_int_equal(count_vms(fixture->snap), 1);
	assert_string_equal(vm->name, "web");
	assert_string_equal(vm->uuid, UUID_A);
	assert_string_equal(vm->title, "Web");
	assert_int_equal(vm->id, 7);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm->n_vcpus, 2);
	assert_true(vm->e.have & SRC_LIBVIRT);
}

static void a_process_with_a_pid_file_of_libvirt_is_that_domain(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm = add_process(fixture, 111);

	add_running(fixture);
	merge(fixture);
	assert_int_equal(count_vms(fixture->snap), 1);
	assert_string_equal(vm->uuid, UUID_A);
}

static void a_process_that_nothing_proves_stays_unknown(void **state)
{
	static const pid_t pids[] = {
		999, /* on no record */
		109, /* of a domain that libvirt does not list (any more, or yet) */
		110, /* the ID is right, the name is another's: an ID used again */
	};
	struct fixture *fixture = *state;

	add_running(fixture);
	for (size_t i = 0; i < COUNT(pids); i++)
		add_process(fixture, pids[i]);
	merge(fixture);
	for (struct vm *vm = fixture->snap->vms; vm; vm = vm->next) {
		if (vm->pid == 0)
			continue;
		assert_int_equal(vm->state, VM_NO_LIBVIRT);
		assert_null(vm->uuid);
		assert_false(vm->e.have & SRC_LIBVIRT);
	}
}

static void names_are_compared_as_libvirt_shortens_them(void **state)
{
	static const char *const names[] = { "web", "we\"b", " w e b", "web-long name",
		"web\xc3\xa9" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct domain *domain;
		struct vm *vm;

		next_tick(fixture, SECOND);
		fixture->list->n = 0;
		domain = domain_list_add(fixture->list, UUID_A, names[i]);
		domain->id = 7;
		vm = add_process(fixture, 107);
		merge(fixture);
		assert_int_equal(vm->id, 7);
		free(domain->name);
		fixture->list->n = 0;
	}
}

static void only_one_process_is_the_domain(void **state)
{
	struct fixture *fixture = *state;
	struct vm *first = add_process(fixture, 107), *helper = add_process(fixture, 108);

	add_running(fixture);
	merge(fixture);
	assert_int_equal(first->id, 7);
	assert_int_equal(helper->id, -1);
	assert_null(helper->uuid);
}

static void a_reused_pid_is_asked_about_again(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm;

	add_running(fixture);
	add_process(fixture, 107);
	merge(fixture);
	next_tick(fixture, SECOND);
	fixture->merger.identify = NULL; /* the same process is not asked about */
	add_process(fixture, 107);
	merge(fixture);
	next_tick(fixture, SECOND);
	fixture->merger.identify = identify;
	vm = add_process(fixture, 107);
	vm->start_ns = 6 * SECOND;
	merge(fixture);
	assert_int_equal(vm->id, 7);
}

static void a_domain_without_a_process_is_listed(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm;

	domain_list_add(fixture->list, UUID_B, "off");
	merge(fixture);
	vm = fixture->snap->vms;
	assert_int_equal(count_vms(fixture->snap), 1);
	assert_string_equal(vm->name, "off");
	assert_int_equal(vm->state, VM_SHUTOFF);
	assert_int_equal(vm->id, -1);
	assert_int_equal(vm->pid, 0);
	/* Its XML could not be read. */
	assert_true(vm->memory_maximum_bytes == NOT_REPORTED);
	assert_true(vm->n_vcpus == NOT_REPORTED);
}

static void a_domain_that_is_off_has_no_memory_assigned(void **state)
{
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);

	domain->id = -1;
	domain->state = VM_SHUTOFF;
	merge(fixture);
	assert_int_equal(fixture->snap->vms->memory_assigned_bytes, 0);
	assert_int_equal(fixture->snap->vms->memory_maximum_bytes, 2048 * 1024);
	assert_int_equal(fixture->snap->vms->n_vcpus, 2);
}

static void a_domain_that_just_starts_is_listed_before_its_process(void **state)
{
	struct fixture *fixture = *state;

	add_running(fixture);
	merge(fixture);
	assert_int_equal(count_vms(fixture->snap), 1);
	assert_int_equal(fixture->snap->vms->state, VM_RUNNING);
	assert_int_equal(fixture->snap->vms->id, 7);
}

static void a_persistent_domain_is_off_once_its_process_has_gone(void **state)
{
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);

	domain->persistent = true;
	add_stats(domain, NOW - SECOND);
	add_process(fixture, 107);
	merge(fixture);
	next_tick(fixture, SECOND);
	merge(fixture);
	assert_int_equal(count_vms(fixture->snap), 1);
	assert_int_equal(fixture->snap->vms->state, VM_SHUTOFF);
	assert_int_equal(fixture->snap->vms->id, -1);
	assert_false(fixture->snap->vms->e.have & SRC_BALLOON);
}

static void a_transient_domain_is_gone_with_its_process(void **state)
{
	struct fixture *fixture = *state;

	add_running(fixture);
	add_process(fixture, 107);
	merge(fixture);
	next_tick(fixture, SECOND);
	merge(fixture);
	assert_int_equal(count_vms(fixture->snap), 0);
}

static void memory_is_what_the_balloon_says_else_the_xml(void **state)
{
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);
	struct vm *vm = add_process(fixture, 107);

	merge(fixture);
	assert_int_equal(vm->memory_assigned_bytes, 1024 * 1024);
	assert_int_equal(vm->memory_maximum_bytes, 2048 * 1024);
	assert_false(vm->e.have & SRC_BALLOON);

	next_tick(fixture, SECOND);
	add_stats(domain, NOW);
	vm = add_process(fixture, 107);
	merge(fixture);
	assert_int_equal(vm->memory_assigned_bytes, 1536 * 1024);
	assert_true(vm->e.have & SRC_BALLOON);
	assert_int_equal(vm->memory_available_bytes, 1500 * 1024);
	assert_int_equal(vm->memory_usable_bytes, 500 * 1024);
	assert_true(vm->memory_unused_bytes == NOT_REPORTED);
	assert_true(vm->memory_guest_age_s > 9.999 && vm->memory_guest_age_s < 10.001);
}

static void devices_have_what_libvirt_knows_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);
	struct vm *vm = add_process(fixture, 107);

	add_stats(domain, NOW - SECOND);
	merge(fixture);
	assert_string_equal(vm->disks->target, "vda");
	assert_string_equal(vm->disks->path, "/a.raw");
	assert_int_equal(vm->disks->io.read_requests, 11);
	assert_int_equal(vm->disks->storage.capacity_bytes, 4096);
	assert_true(vm->disks->storage.allocated_bytes == NOT_REPORTED);
	assert_true(vm->disks->e.have & SRC_BLOCK);
	assert_true(vm->disks->e.have & SRC_STORAGE);
	assert_int_equal(vm->disks->e.polled_ns, NOW - SECOND);
	assert_null(vm->disks->next);
	assert_string_equal(vm->nics->device, "tap1");
	assert_string_equal(vm->nics->source, "br0");
	assert_false(vm->nics->e.have & SRC_NET);
	assert_null(vm->nics->next);
}

static void a_nic_found_by_the_kernel_side_is_not_listed_twice(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm = add_process(fixture, 107);
	struct nic *nic = snapshot_nic(fixture->snap, vm, "tap1");

	nic->net.rx_bytes = 42;
	nic->e.have |= SRC_NET;
	add_running(fixture);
	merge(fixture);
	assert_ptr_equal(vm->nics, nic);
	assert_null(nic->next);
	assert_string_equal(nic->mac, "52:54:00:00:00:01");
	assert_int_equal(nic->net.rx_bytes, 42);
}

static void data_that_missed_a_poll_is_stale(void **state)
{
	static const struct {
		uint64_t interval_ns, stats_age_ns, list_age_ns;
		uint64_t stale;
	} rows[] = {
		/* Asked for right after the last tick, or the one before that. */
		{ SECOND, 999 * MSEC, 999 * MSEC, 0 },
		{ SECOND, 1998 * MSEC, 999 * MSEC, 1 },
		{ SECOND, 1998 * MSEC, 1998 * MSEC, 1 },
		{ 5 * SECOND, 4999 * MSEC, 4999 * MSEC, 0 },
		{ 5 * SECOND, 9998 * MSEC, 4999 * MSEC, 1 },
		/* Polls may take longer than a very short interval. */
		{ 100 * MSEC, SECOND, 100 * MSEC, 0 },
		{ 100 * MSEC, 3 * SECOND, 100 * MSEC, 1 },
	};
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);

	merge(fixture);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vm *vm;

		next_tick(fixture, SECOND);
		merge(fixture);
		next_tick(fixture, rows[i].interval_ns);
		vm = add_process(fixture, 107);
		fixture->list->taken_ns = fixture->snap->mono_ns - rows[i].list_age_ns;
		add_stats(domain, fixture->snap->mono_ns - rows[i].stats_age_ns);
		merge(fixture);
		assert_int_equal(vm->stale, rows[i].stale);
		assert_int_equal(vm->e.polled_ns, fixture->snap->mono_ns - rows[i].stats_age_ns);
	}
}

static void statistics_that_never_came_are_absent_and_not_stale(void **state)
{
	struct fixture *fixture = *state;
	struct vm *vm = add_process(fixture, 107);

	add_running(fixture);
	merge(fixture);
	assert_int_equal(vm->stale, 0);
	assert_int_equal(vm->e.polled_ns, fixture->list->taken_ns);
	assert_false(vm->disks->e.have & SRC_BLOCK);
}

static void another_number_of_vcpus_has_the_xml_read_again(void **state)
{
	struct fixture *fixture = *state;
	struct domain *domain = add_running(fixture);
	struct vm *vm = add_process(fixture, 107);

	snapshot_add_vcpu(fixture->snap, vm);
	merge(fixture);
	assert_int_equal(domain->changed_ns, NOW);

	next_tick(fixture, SECOND);
	snapshot_add_vcpu(fixture->snap, add_process(fixture, 107));
	merge(fixture);
	assert_int_equal(domain->changed_ns, NOW);

	next_tick(fixture, SECOND);
	vm = add_process(fixture, 107);
	snapshot_add_vcpu(fixture->snap, vm);
	snapshot_add_vcpu(fixture->snap, vm);
	merge(fixture);
	assert_int_equal(domain->changed_ns, NOW + 2 * SECOND);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_process_in_the_group_of_a_domain_is_that_domain),
		TEST(a_process_with_a_pid_file_of_libvirt_is_that_domain),
		TEST(a_process_that_nothing_proves_stays_unknown),
		TEST(names_are_compared_as_libvirt_shortens_them),
		TEST(only_one_process_is_the_domain),
		TEST(a_reused_pid_is_asked_about_again),
		TEST(a_domain_without_a_process_is_listed),
		TEST(a_domain_that_is_off_has_no_memory_assigned),
		TEST(a_domain_that_just_starts_is_listed_before_its_process),
		TEST(a_persistent_domain_is_off_once_its_process_has_gone),
		TEST(a_transient_domain_is_gone_with_its_process),
		TEST(memory_is_what_the_balloon_says_else_the_xml),
		TEST(devices_have_what_libvirt_knows_and_no_more),
		TEST(a_nic_found_by_the_kernel_side_is_not_listed_twice),
		TEST(data_that_missed_a_poll_is_stale),
		TEST(statistics_that_never_came_are_absent_and_not_stale),
		TEST(another_number_of_vcpus_has_the_xml_read_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (virInitialize() < 0) /* without it, the library fails on its own errors */
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
