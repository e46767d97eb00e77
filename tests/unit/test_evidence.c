/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people are told of the cause of an alert, and what they are advised to do. */
#include "sink_fixture.h"

#include "alert/evidence.h"
#include "base/arena.h"

/* Fills one of two ticks, 0 and 1, a second apart: counters of tick 1 are those of the second. */
typedef void builder(struct snapshot *snap, unsigned tick);

struct world {
	struct snapshot *before, *now;
	struct arena *arena;
	struct finding found;
};

static void begin(struct world *world, builder *build)
{
	*world = (struct world){ fixture_tick(0), fixture_tick(1), arena_new(), { 0 } };
	build(world->before, 0);
	build(world->now, 1);
	snapshot_finish(world->before, NULL);
	snapshot_finish(world->now, world->before);
}

static void end(struct world *world)
{
	snapshot_free(world->now);
	snapshot_free(world->before);
	arena_free(world->arena);
}

/* The n-th entity of a scope in the VM "web", which all stories are about. */
static struct item find_item(const struct snapshot *snap, enum scope scope, unsigned n)
{
	struct item item = { 0 };

	while (scopes[scope].next(snap, &item))
		if ((!item.vm || strcmp(item.vm->name, "web") == 0) && n-- == 0)
			return item;
	fail_msg("there is no such %s", scopes[scope].name);
	return item;
}

static void ask(struct world *world, enum scope scope, unsigned n, const char *name)
{
	struct column column = fixture_column(name, scope);
	struct item item = find_item(world->now, scope, n);

	evidence_find(NULL, world->arena, world->now, &column, &item, &world->found);
	assert_non_null(world->found.cause);
}

static void assert_advice(const struct world *world, const char *part)
{
	if (!part) {
		assert_null(world->found.suggestion);
		return;
	}
	assert_non_null(world->found.suggestion);
	if (!strstr(world->found.suggestion, part))
		fail_msg("\"%s\" is not in \"%s\"", part, world->found.suggestion);
}

/* The whole cause, and what must be part of the advice; NULL: there is none. */
static void assert_story(builder *build, enum scope scope, unsigned n, const char *name,
	const char *cause, const char *advice)
{
	struct world world;

	begin(&world, build);
	ask(&world, scope, n, name);
	assert_string_equal(world.found.cause, cause);
	assert_advice(&world, advice);
	end(&world);
}

static void assert_vm_story(builder *build, const char *name, const char *cause, const char *advice)
{
	assert_story(build, SCOPE_VM, 0, name, cause, advice);
}

static struct vm *add_web(struct snapshot *snap, unsigned n_vcpus)
{
	struct vm *vm = fixture_vm(snap, "web", 100);

	vm->n_vcpus = n_vcpus;
	vm->kvm = 1;
	for (unsigned i = 0; i < n_vcpus; i++)
		fixture_vcpu(snap, vm, i)->e.have |= SRC_KVM | SRC_GUEST;
	return vm;
}

/* What a vCPU did in the second. */
static struct vcpu *work(struct vm *vm, unsigned index, uint64_t run_ns, uint64_t guest_ns)
{
	struct vcpu *vcpu = vm->vcpus;

	while (vcpu->index != index)
		vcpu = vcpu->next;
	vcpu->sched.run_ns = run_ns;
	vcpu->guest_ns = guest_ns;
	vm->role_ns[ROLE_VCPU] += run_ns;
	vm->cpu_ns += run_ns;
	return vcpu;
}

static void work_beside(struct vm *vm, enum role role, uint64_t run_ns)
{
	vm->role_ns[role] += run_ns;
	vm->cpu_ns += run_ns;
}

static void build_one_busy_vcpu(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 4);

	work(vm, 0, tick * 990 * MSEC, tick * 950 * MSEC);
	for (unsigned i = 1; i < 4; i++)
		work(vm, i, tick * 10 * MSEC, tick * 5 * MSEC);
}

/* Of 1020 ms 965 are in the guest. */
static void one_busy_vcpu_of_four_is_a_single_thread(void **state)
{
	(void)state;
	assert_vm_story(build_one_busy_vcpu, "cpu_used_percent",
		"vCPU 0 of 4 runs 99 %, the others at most 1 %; 95 % of that in the guest, 5 % in "
		"the hypervisor, 0 % polling",
		"more vCPUs do not help");
	assert_story(build_one_busy_vcpu, SCOPE_VCPU, 0, "cpu_percent",
		"it runs 99 % of the time; of 4 vCPUs 1 is busy; 96 % of that in the guest, 4 % in "
		"the hypervisor, 0 % polling",
		"more vCPUs do not help");
}

static void build_uncounted_guest(struct snapshot *snap, unsigned tick)
{
	work(add_web(snap, 1), 0, tick * 990 * MSEC, 0);
}

/* Of a vCPU that spins, the clock of a paravirtual KVM finds nothing in the guest. */
static void time_in_the_guest_that_no_clock_sees_is_not_called_the_hypervisors(void **state)
{
	(void)state;
	assert_vm_story(build_uncounted_guest, "cpu_used_percent",
		"its only vCPU runs 99 % of the time; this kernel counts no time inside guests, so "
		"how much of that is the guest's is not known",
		"look inside the guest");
}

static void build_two_busy_vcpus(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 4);

	work(vm, 0, tick * 990 * MSEC, tick * 990 * MSEC);
	work(vm, 2, tick * 850 * MSEC, tick * 850 * MSEC);
	work_beside(vm, ROLE_EMULATOR, tick * 120 * MSEC);
	work_beside(vm, ROLE_VHOST, tick * 70 * MSEC);
	work_beside(vm, ROLE_WORKER, tick * 10 * MSEC);
}

static void busy_vcpus_are_listed_and_what_works_beside_them(void **state)
{
	(void)state;
	assert_vm_story(build_two_busy_vcpus, "cpu_used_percent",
		"vCPUs 0 and 2 of 4 run 85 to 99 %; 100 % of that in the guest, 0 % in the "
		"hypervisor, 0 % polling; besides, 12 % of a CPU for the emulator, 7 % for vhost "
		"threads",
		"virsh setvcpus");
}

static void build_busy_emulator(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 2);

	work(vm, 0, tick * 200 * MSEC, tick * 150 * MSEC);
	work_beside(vm, ROLE_EMULATOR, tick * 800 * MSEC);
}

static void an_emulator_that_takes_most_is_said_to(void **state)
{
	static const char cause[] =
		"most of it is not the guest's: 80 % of a CPU for the emulator; none of its 2 "
		"vCPUs is busy: the busiest, vCPU 0, runs 20 %; 75 % of that in the guest, 25 % "
		"in the hypervisor, 0 % polling; why it leaves the guest is not measured";

	(void)state;
	assert_vm_story(build_busy_emulator, "cpu_percent", cause, "iothreads");
	assert_vm_story(build_busy_emulator, "cpu_emulator_percent", cause, "iothreads");
}

static void build_busy_hypervisor(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 1);
	struct vcpu *vcpu = work(vm, 0, tick * 960 * MSEC, tick * 480 * MSEC);

	vcpu->totals.exits = tick * 50000;
	vcpu->totals.io_exits = tick * 40000;
	vcpu->totals.halt_exits = tick * 10;
}

static void many_exits_are_told_by_kvms_own_totals(void **state)
{
	(void)state;
	assert_vm_story(build_busy_hypervisor, "cpu_used_percent",
		"its only vCPU runs 96 % of the time; 50 % of that in the guest, 50 % in the "
		"hypervisor, 0 % polling; it leaves the guest 50000/s, mostly accesses to I/O "
		"ports (40000/s)",
		"vmbpf exits");
	assert_vm_story(build_busy_hypervisor, "exits_per_second",
		"it leaves the guest 50000/s, mostly accesses to I/O ports (40000/s); outside the "
		"guest, and not polling, it takes 48 % of a CPU",
		"virtio");
}

static void add_exit(struct snapshot *snap, struct vm *vm, const char *reason, uint64_t count,
	uint64_t handling_ns)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->e.have |= SRC_EXITS;
	exit->kind = EXIT_GUEST;
	exit->reason = snapshot_text(snap, reason);
	exit->count = count;
	exit->handling_ns = handling_ns;
	exit->p99_s = exit->max_s = 0;
}

static void build_exits_by_reason(struct snapshot *snap, unsigned tick)
{
	build_busy_hypervisor(snap, tick);
	add_exit(snap, snap->vms, "HLT", tick * 30000, NOT_REPORTED);
	add_exit(snap, snap->vms, "EPT_MISCONFIG", tick * 200, tick * 300 * MSEC);
	add_exit(snap, snap->vms, "MSR_WRITE", tick * 9000, tick * 20 * MSEC);
}

static void the_reason_that_costs_most_time_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_exits_by_reason, "exits_per_second",
		"most time of exits goes to EPT_MISCONFIG: 30 % of a CPU, 200/s; outside the "
		"guest, and not polling, it takes 48 % of a CPU",
		"virtio");
}

static void build_polling(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 1);
	struct vcpu *vcpu = work(vm, 0, tick * 900 * MSEC, tick * 300 * MSEC);

	vcpu->totals.poll_success_ns = tick * 150 * MSEC;
	vcpu->totals.poll_fail_ns = tick * 450 * MSEC;
}

static void polling_is_told_from_work(void **state)
{
	(void)state;
	assert_vm_story(build_polling, "cpu_used_percent",
		"its only vCPU runs 90 % of the time; 33 % of that in the guest, 0 % in the "
		"hypervisor, 67 % polling",
		"halt_poll_ns");
	assert_vm_story(build_polling, "halt_poll_percent",
		"KVM polls 60 % of a CPU for work before it lets a vCPU sleep, 75 % of that in "
		"vain",
		"halt_poll_ns");
}

static void build_emulated(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = fixture_vm(snap, "web", 100);

	fixture_vcpu(snap, vm, 0);
	work(vm, 0, tick * 970 * MSEC, 0);
}

static void of_an_emulated_vm_time_in_the_guest_is_not_known(void **state)
{
	(void)state;
	assert_vm_story(build_emulated, "cpu_used_percent",
		"its only vCPU runs 97 % of the time; it is emulated, not run by KVM, so time "
		"inside the guest is not known",
		"run it by KVM");
}

static void add_blame(struct snapshot *snap, struct vm *vm, enum holder_kind kind, const char *name,
	uint64_t held_ns)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->e.have |= SRC_EVENTS;
	blame->kind = kind;
	blame->holder = snapshot_text(snap, name);
	blame->holder_pid = kind == HOLDER_VM ? 200 : 0;
	blame->held_ns = held_ns;
}

/* A vCPU that waited for 200 ms of the second, for somebody for 150. */
static struct vm *add_waiting(
	struct snapshot *snap, unsigned tick, enum holder_kind kind, const char *name)
{
	struct vm *vm = add_web(snap, 1);

	work(vm, 0, tick * 500 * MSEC, tick * 500 * MSEC)->sched.ready_ns = tick * 200 * MSEC;
	vm->vcpus->e.have |= SRC_EVENTS;
	vm->e.have |= SRC_EVENTS;
	if (name)
		add_blame(snap, vm, kind, name, tick * 150 * MSEC);
	return vm;
}

static void build_waiting_for_vm(struct snapshot *snap, unsigned tick)
{
	add_waiting(snap, tick, HOLDER_VM, "db-2");
}

static void a_neighbour_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_waiting_for_vm, "ready_percent",
		"its vCPUs waited for a CPU 20.0 % of the time (per vCPU): 75 % of it for db-2, "
		"25 % unknown",
		"limit db-2 (virsh schedinfo)");
	assert_vm_story(build_waiting_for_vm, "stolen_by_vm_percent",
		"its vCPUs waited for a CPU 20.0 % of the time (per vCPU): 75 % of it for db-2, "
		"25 % unknown",
		"limit db-2 (virsh schedinfo)");
	assert_story(build_waiting_for_vm, SCOPE_VCPU, 0, "ready_percent",
		"it waited for a CPU 20.0 % of the time (per vCPU): 75 % of it for db-2, "
		"25 % unknown",
		"limit db-2 (virsh schedinfo)");
}

/* vCPU 0 waits 400 ms and vCPU 1 not at all: of both together that is 20 %. */
static void build_one_of_two_waiting(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 2);

	vm->vcpus->sched.ready_ns = tick * 400 * MSEC;
}

static void a_vcpu_that_waits_is_told_apart_from_its_vm(void **state)
{
	struct world world;

	(void)state;
	begin(&world, build_one_of_two_waiting);
	ask(&world, SCOPE_VCPU, 0, "ready_percent");
	assert_non_null(strstr(world.found.cause,
		"it waited for a CPU 40.0 % of the time; the VM's vCPUs waited for a CPU 20.0 % "
		"of the time (per vCPU)"));
	end(&world);
}

static void build_waiting_for_host(struct snapshot *snap, unsigned tick)
{
	add_waiting(snap, tick, HOLDER_HOST, "kswapd0");
}

static void a_task_of_the_host_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_waiting_for_host, "ready_percent",
		"its vCPUs waited for a CPU 20.0 % of the time (per vCPU): 75 % of it for the "
		"host's kswapd0, 25 % unknown",
		"look at what the host does in kswapd0");
}

/* Four vCPUs on two CPUs. */
static void build_waiting_for_itself(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 4);

	snap->host.e.have |= SRC_PROC;
	snap->host.n_cpus = 2;
	for (unsigned i = 0; i < 4; i++)
		work(vm, i, tick * 500 * MSEC, tick * 500 * MSEC)->sched.ready_ns =
			tick * 500 * MSEC;
	add_blame(snap, vm, HOLDER_SELF, "self", tick * 2000 * MSEC);
}

static void own_threads_are_told_from_others(void **state)
{
	(void)state;
	assert_vm_story(build_waiting_for_itself, "ready_percent",
		"its vCPUs waited for a CPU 50.0 % of the time (per vCPU): 100 % of it for its own "
		"threads; it has 4 vCPUs, the host 2 CPUs",
		"give it fewer vCPUs");
}

static void build_limited(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_waiting(snap, tick, HOLDER_NOBODY, "nobody");

	vm->e.have |= SRC_LIMIT;
	vm->throttled_ns = tick * 180 * MSEC;
}

static void a_cpu_limit_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_limited, "ready_percent",
		"its vCPUs waited for a CPU 20.0 % of the time (per vCPU): 75 % of it held back by "
		"its CPU limit, 25 % unknown",
		"raise its CPU limit (virsh schedinfo");
	assert_vm_story(build_limited, "throttled_percent",
		"its CPU limit held it back 18.0 % of the time (per vCPU); it got 0.50 CPUs in all",
		"raise its CPU limit (virsh schedinfo");
}

static void build_light(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 1);

	work(vm, 0, tick * 500 * MSEC, 0)->sched.ready_ns = tick * 200 * MSEC;
	snapshot_source(snap, "events", false, "not attached with --light");
}

static void who_had_the_cpu_is_unknown_without_events(void **state)
{
	(void)state;
	assert_vm_story(build_light, "ready_percent",
		"its vCPUs waited for a CPU 20.0 % of the time (per vCPU); for whom is not known: "
		"not attached with --light",
		"vmbpf blame");
	assert_vm_story(build_light, "stolen_by_vm_percent",
		"vm.stolen_by_vm is not measured: not attached with --light", NULL);
}

static void build_off_cpu(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_waiting(snap, tick, HOLDER_VM, NULL);
	struct vcpu *vcpu = vm->vcpus;

	vcpu->sched.wait_ns = tick * 300 * MSEC;
	vcpu->totals.idle_ns = tick * 100 * MSEC;
	vcpu->latency = (struct run_latency){ .p50_s = 0.001, .p99_s = 0.004, .max_s = 0.02 };
	vm->latency = vcpu->latency;
}

static void waits_off_the_cpu_are_told_apart(void **state)
{
	(void)state;
	assert_vm_story(build_off_cpu, "blocked_percent",
		"10.0 % of the time (per vCPU) the guest had nothing to do; 20.0 % of the time (per "
		"vCPU) it was kept waiting by QEMU or the host",
		"disks are slow");
	assert_vm_story(build_off_cpu, "run_latency_p99_seconds",
		"until it ran took 20.0ms at most, 99 % of the times no more than 4.0ms; its vCPUs "
		"waited for a CPU 20.0 % of the time (per vCPU); for whom is not known: no wait has "
		"ended in this interval",
		"vmbpf blame");
}

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct vm *add_with_memory(struct snapshot *snap)
{
	struct vm *vm = add_web(snap, 1);

	vm->e.have |= SRC_LIBVIRT | SRC_PROC;
	vm->e.polled_ns = snap->mono_ns;
	vm->memory_assigned_bytes = 4 * GIB;
	vm->memory_maximum_bytes = 8 * GIB;
	vm->memory_rss_bytes = 3 * GIB;
	return vm;
}

static void build_full_guest(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_with_memory(snap);

	vm->e.have |= SRC_BALLOON;
	vm->memory_available_bytes = 4 * GIB;
	vm->memory_usable_bytes = 256 * MIB;
	vm->memory_unused_bytes = 100 * MIB;
	vm->memory_cached_bytes = 200 * MIB;
	vm->memory_guest_age_s = 3;
	vm->guest_swap_in_bytes = tick * MIB;
	vm->guest_swap_out_bytes = tick * 2 * MIB;
	vm->guest_faults_major = tick * 40;
	vm->memory_swap_bytes = 512 * MIB;
}

static void a_full_guest_is_told_with_its_own_numbers(void **state)
{
	(void)state;
	assert_vm_story(build_full_guest, "memory_used_percent",
		"the guest uses 3.75G of the 4.00G it sees (256M usable, cache 200M), as it was 3 s "
		"ago; it swaps: 1.00M/s in, 2.00M/s out; 40 page faults a second need a disk; it is "
		"assigned 4.00G; 3.00G of the host are in use, 512M swapped out",
		"virsh setmem, up to 8.00G");
}

static void build_silent_guest(struct snapshot *snap, unsigned tick)
{
	(void)tick;
	add_with_memory(snap);
}

static void a_guest_without_balloon_statistics_is_said_to_be_silent(void **state)
{
	(void)state;
	assert_vm_story(build_silent_guest, "memory_used_percent",
		"vm.memory_used is not measured: the guest has no balloon driver, or the domain "
		"sets no statistics period (virsh dommemstat --period 5 --live)",
		NULL);
	assert_vm_story(build_silent_guest, "memory_assigned_bytes",
		"what the guest uses is not known: the guest has no balloon driver, or the domain "
		"sets no statistics period (virsh dommemstat --period 5 --live); it is assigned "
		"4.00G; 3.00G of the host are in use",
		"virsh setmem, up to 8.00G");
}

static void build_unknown_to_libvirt(struct snapshot *snap, unsigned tick)
{
	(void)tick;
	add_web(snap, 1);
	snapshot_source(snap, "libvirt", false, "cannot connect to libvirtd");
}

static void without_libvirt_that_is_the_reason(void **state)
{
	(void)state;
	assert_vm_story(build_unknown_to_libvirt, "memory_used_percent",
		"vm.memory_used is not measured: cannot connect to libvirtd", NULL);
}

static void add_host_memory(struct snapshot *snap, uint64_t available, uint64_t pressure_ns)
{
	snap->host.e.have |= SRC_PROC | SRC_PRESSURE;
	snap->host.n_cpus = 4;
	snap->host.memory_total_bytes = 16 * GIB;
	snap->host.memory_available_bytes = available;
	snap->host.swap_used_bytes = GIB;
	snap->host.pressure_memory_ns = pressure_ns;
}

static void build_swapped(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_with_memory(snap);

	vm->memory_swap_bytes = 512 * MIB;
	vm->faults_major = tick * 30;
	add_host_memory(snap, 800 * MIB, tick * 120 * MSEC);
}

static void a_host_that_is_short_of_memory_is_the_cause_of_swapping(void **state)
{
	(void)state;
	assert_vm_story(build_swapped, "memory_swap_bytes",
		"of its memory 3.00G are in the host's, 512M swapped out; page faults that needed a "
		"disk: 30/s; the host has 800M of 16.0G available, 1.00G swapped out, and its "
		"tasks lack memory 12 % of the time",
		"move a VM");
}

static void build_swapped_long_ago(struct snapshot *snap, unsigned tick)
{
	(void)tick;
	add_with_memory(snap)->memory_swap_bytes = 512 * MIB;
	add_host_memory(snap, 12 * GIB, 0);
}

static void swapping_of_long_ago_is_told_from_that(void **state)
{
	(void)state;
	assert_vm_story(build_swapped_long_ago, "memory_swap_bytes",
		"of its memory 3.00G are in the host's, 512M swapped out; the host has 12.0G of "
		"16.0G available, 1.00G swapped out: it is not short of memory now",
		"comes back as it is used");
}

static void add_nic(struct snapshot *snap, struct vm *vm, const char *device, uint64_t rx_bytes,
	uint64_t rx_packets, uint64_t rx_drops)
{
	struct nic *nic = snapshot_nic(snap, vm, device);

	nic->e.have |= SRC_NET | SRC_NET_DEVICE;
	nic->net.rx_bytes = rx_bytes;
	nic->net.rx_packets = rx_packets;
	nic->net.rx_drops = rx_drops;
}

static void build_two_nics(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 1);

	add_nic(snap, vm, "vnet0", tick * 1024, tick * 8, 0);
	add_nic(snap, vm, "vnet1", tick * 50 * MIB, tick * 40960, tick * 2155);
}

/* 50 MiB are 1280 bytes a packet; 2155 of 43115 packets are 5.00 %. */
static void the_nic_with_most_traffic_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_two_nics, "net_rx_bytes_per_second",
		"through vnet1 (of its 2 NICs) it receives 50.0M/s in 40960 packets a second of "
		"1280 bytes; 2155/s are dropped, 5.00 % of all; with whom is not measured",
		"domiftune");
	assert_story(build_two_nics, SCOPE_NIC, 0, "net_rx_bytes_per_second",
		"through vnet0 (of its 2 NICs) it receives 1.00K/s in 8 packets a second of 128 "
		"bytes; with whom is not measured",
		"domiftune");
}

static void build_drops_while_waiting(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_waiting(snap, tick, HOLDER_VM, "db-2");

	add_nic(snap, vm, "vnet0", tick * 1024, tick * 90, tick * 10);
}

static void drops_are_explained_by_a_slow_guest_or_its_wait_for_a_cpu(void **state)
{
	(void)state;
	assert_vm_story(build_two_nics, "net_rx_drops_per_second",
		"of the packets to it at vnet1 (of its 2 NICs) 2155/s are dropped, 5.00 % of all; "
		"the guest does not take them quickly enough; through vnet1 (of its 2 NICs) it "
		"receives 50.0M/s in 40960 packets a second of 1280 bytes",
		"more queues");
	assert_vm_story(build_drops_while_waiting, "net_rx_drops_per_second",
		"of the packets to it at vnet0 10/s are dropped, 10.00 % of all; the guest does "
		"not take them quickly enough: its vCPUs wait for a CPU 20.0 % of the time (per "
		"vCPU); through vnet0 it receives 1.00K/s in 90 packets a second of 11 bytes",
		"vmbpf blame");
	assert_story(build_two_nics, SCOPE_NIC, 0, "net_tx_drops_per_second",
		"vnet0 (of its 2 NICs) drops none in this interval", NULL);
}

static struct disk *add_disk(
	struct snapshot *snap, struct vm *vm, const char *target, unsigned tick, uint64_t read_ns)
{
	struct disk *disk = snapshot_disk(snap, vm, target);

	vm->e.have |= SRC_LIBVIRT;
	vm->e.polled_ns = snap->mono_ns;
	disk->e.have |= SRC_LIBVIRT | SRC_BLOCK | SRC_STORAGE;
	disk->e.polled_ns = snap->mono_ns;
	disk->path = snapshot_text(snap, "/images/web.qcow2");
	disk->io.read_requests = tick * 10;
	disk->io.read_bytes = tick * 40960;
	disk->io.read_ns = tick * read_ns;
	return disk;
}

static void build_slow_disk(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_web(snap, 1);

	add_disk(snap, vm, "vda", tick, 10 * MSEC);
	add_disk(snap, vm, "vdb", tick, 400 * MSEC);
}

static void the_slowest_disk_is_named(void **state)
{
	(void)state;
	assert_vm_story(build_slow_disk, "disk_read_latency_seconds",
		"at vdb (/images/web.qcow2) reads take 40.0ms; 10/s reads of 4.00K and no writes",
		"blkdeviotune");
	assert_story(build_slow_disk, SCOPE_DISK, 0, "disk_read_latency_seconds",
		"at vda (/images/web.qcow2) reads take 1.0ms; 10/s reads of 4.00K and no writes",
		"blkdeviotune");
}

static void build_slow_storage(struct snapshot *snap, unsigned tick)
{
	add_disk(snap, add_web(snap, 1), "vda", tick, 400 * MSEC);
	add_disk(snap, fixture_vm(snap, "db", 200), "vda", tick, 300 * MSEC);
	add_disk(snap, fixture_vm(snap, "mail", 300), "vda", tick, 20 * MSEC);
}

static void storage_that_is_slow_for_others_too_is_said_to_be(void **state)
{
	(void)state;
	assert_vm_story(build_slow_storage, "disk_read_latency_seconds",
		"at vda (/images/web.qcow2) reads take 40.0ms; 10/s reads of 4.00K and no writes; 1 "
		"of 2 other VMs is as slow",
		"these VMs share");
}

/* A disk that grows so much a second. */
static void grow(struct evidence_memory *memory, unsigned seconds, uint64_t per_second,
	struct snapshot **last, struct disk **disk)
{
	for (unsigned i = 0; i <= seconds; i++) {
		struct snapshot *snap = fixture_tick(i);
		struct vm *vm = add_web(snap, 1);

		vm->uuid = "6ad2a3b6-3b3c-4e7a-9c1e-4f3d2c1b0a99";
		*disk = add_disk(snap, vm, "vda", 0, 0);
		(*disk)->storage.capacity_bytes = 10 * GIB;
		(*disk)->storage.allocated_bytes = 4 * GIB + i * per_second;
		snapshot_finish(snap, NULL);
		evidence_observe(memory, snap);
		if (i < seconds)
			snapshot_free(snap);
		else
			*last = snap;
	}
}

static void assert_growth(unsigned seconds, uint64_t per_second, const char *expected)
{
	struct evidence_memory *memory = evidence_memory_new();
	struct column column = fixture_column("storage_used_percent", SCOPE_DISK);
	struct arena *arena = arena_new();
	struct snapshot *snap;
	struct finding found;
	struct disk *disk;
	struct item item;

	grow(memory, seconds, per_second, &snap, &disk);
	item = (struct item){ .entity = &disk->e, .vm = snap->vms };
	evidence_find(memory, arena, snap, &column, &item, &found);
	assert_string_equal(found.cause, expected);
	assert_non_null(strstr(found.suggestion, "virsh blockresize"));
	snapshot_free(snap);
	arena_free(arena);
	evidence_memory_free(memory);
}

/* 1 MiB/s is 3.52 GiB an hour; 5632 MiB are left after 512 s, which are 94 minutes. */
static void a_disk_that_grows_is_said_when_it_will_be_full(void **state)
{
	(void)state;
	assert_growth(512, MIB,
		"4.50G of the 10.0G of vda (/images/web.qcow2) are occupied on the host; it grows "
		"by 3.52G an hour and is full in about 94 minutes");
}

static void a_disk_that_does_not_grow_is_said_not_to(void **state)
{
	(void)state;
	assert_growth(512, 0,
		"4.00G of the 10.0G of vda (/images/web.qcow2) are occupied on the host; it did "
		"not grow for 9 minutes");
}

static void growth_is_not_known_at_once(void **state)
{
	(void)state;
	assert_growth(20, MIB,
		"4.02G of the 10.0G of vda (/images/web.qcow2) are occupied on the host; how fast "
		"it grows is not known yet");
}

static void a_full_image_is_not_said_to_grow(void **state)
{
	(void)state;
	assert_growth(60, 512 * MIB,
		"34.0G of the 10.0G of vda (/images/web.qcow2) are occupied on the host; the image "
		"cannot grow any more, which says nothing of the guest's file systems");
}

static void build_busy_host(struct snapshot *snap, unsigned tick)
{
	static const struct {
		const char *name;
		unsigned percent;
	} vms[] = { { "a", 30 }, { "b", 200 }, { "c", 0 }, { "d", 50 }, { "web", 20 } };
	struct vm *vm;

	for (size_t i = 0; i < sizeof(vms) / sizeof(vms[0]); i++) {
		vm = fixture_vm(snap, vms[i].name, 100 + (pid_t)i);
		vm->e.have |= SRC_PROC;
		vm->cpu_ns = tick * vms[i].percent * 10 * MSEC;
		vm->memory_rss_bytes = vms[i].percent * 10 * MIB;
	}
	add_host_memory(snap, 4 * GIB, 0);
	snap->host.busy_ns = tick * 4000 * MSEC;
	snap->host.load_1m = 7;
}

/* The VMs take 300 of 400 % and 3000M of 12G. */
static void of_a_busy_host_the_largest_vms_are_named(void **state)
{
	(void)state;
	assert_story(build_busy_host, SCOPE_HOST, 0, "cpu_busy_percent",
		"the VMs with the most CPU time: b (200.0 % of a CPU), d (50.0 % of a CPU), a (30.0 "
		"% of a CPU); 25 % of the used CPU time is not of VMs; load 7 on 4 CPUs",
		"move a VM");
	assert_story(build_busy_host, SCOPE_HOST, 0, "memory_used_percent",
		"the host has 4.00G of 16.0G available, 1.00G swapped out; the VMs with the most "
		"memory of the host: b (1.95G), d (500M), a (300M); 9.07G of the used memory are "
		"not of VMs",
		"virsh setmem");
	assert_story(build_busy_host, SCOPE_HOST, 0, "pressure_io_percent",
		"which VM has the most disk traffic is not measured", "iostat");
}

static void build_sources_down(struct snapshot *snap, unsigned tick)
{
	(void)tick;
	snapshot_source(snap, "walk", true, NULL);
	snapshot_source(snap, "libvirt", false, "libvirtd does not answer");
	snapshot_source(snap, "events", false, NULL);
}

static void sources_that_are_down_are_named_with_their_reasons(void **state)
{
	(void)state;
	assert_story(build_sources_down, SCOPE_HOST, 0, "sources_down",
		"libvirt: libvirtd does not answer; events: the reason is not known",
		"vmbpf doctor");
}

static void build_stale(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_with_memory(snap);

	(void)tick;
	vm->stale = 1;
	vm->e.polled_ns = snap->mono_ns - 30 * SECOND;
	snapshot_source(snap, "libvirt", true, NULL);
}

static void a_monitor_that_hangs_is_told_from_a_libvirt_that_does(void **state)
{
	(void)state;
	assert_vm_story(build_stale, "stale",
		"what libvirt says of it is 30.0s old, although libvirt answers: the monitor of its "
		"QEMU does not, or another job holds it",
		"virsh domjobinfo");
}

static void build_odds_and_ends(struct snapshot *snap, unsigned tick)
{
	struct vm *vm = add_with_memory(snap);
	struct nic *nic = snapshot_nic(snap, vm, "vnet0");

	vm->state = VM_CRASHED;
	vm->e.have |= SRC_BALLOON;
	vm->memory_guest_age_s = 300;
	vm->n_threads = 9;
	work(vm, 0, tick * 500 * MSEC, tick * 400 * MSEC)->sched.overlap_ns = tick * 70 * MSEC;
	vm->vcpus->e.have |= SRC_EVENTS;
	vm->e.have |= SRC_EVENTS;
	nic->e.have |= SRC_NET | SRC_NET_DEVICE;
	nic->net.tx_packets = tick * 900;
	nic->net.tx_drops = tick * 100;
	nic->net.rx_errors = tick * 5;
	add_host_memory(snap, 12 * GIB, 0);
	snap->host.e.have |= SRC_SELF;
	snap->host.lost_events = tick * 70;
	snap->host.self_ns = tick * 20 * MSEC;
	snap->host.self_memory_bytes = 30 * MIB;
	snap->host.tick_s = 0.4;
}

static void smaller_matters_have_their_causes_too(void **state)
{
	static const struct {
		enum scope scope;
		const char *name, *cause, *advice;
	} cases[] = {
		{ SCOPE_VM, "state", "libvirt says that it is crashed", "domstate --reason" },
		{ SCOPE_VM, "memory_guest_age_seconds",
			"the guest has not told of its memory for 5m00s", "dommemstat --period" },
		{ SCOPE_VM, "overlap_percent",
			"interrupts, or a hypervisor below the host, took 7.0 % of the time (per "
			"vCPU) while it had a CPU",
			"smp_affinity" },
		{ SCOPE_VM, "memory_rss_bytes",
			"of its memory 3.00G are in the host's, 0 swapped out; the host has 12.0G of "
			"16.0G available, 1.00G swapped out: it is not short of memory now",
			NULL },
		{ SCOPE_NIC, "net_tx_drops_per_second",
			"of the packets from it at vnet0 100/s are dropped, 10.00 % of all; the host "
			"did not take them: its bridge, a filter or a limit; through vnet0 it sends "
			"0/s in 900 packets a second of 0 bytes",
			"tc -s qdisc" },
		{ SCOPE_NIC, "net_rx_errors_per_second",
			"of the packets to it at vnet0 5/s fail; why is not measured",
			"ip -s -s link show vnet0" },
		{ SCOPE_HOST, "lost_events_per_second",
			"a map of vmbpf's programs is full: events not counted so far: 70; threads "
			"of VMs: 9, NICs: 1",
			"--max-threads" },
		{ SCOPE_HOST, "self_cpu_percent",
			"vmbpf takes 2.0 % of a CPU and 30.0M of memory; its last tick took 400ms; "
			"it looks at VMs: 1, vCPUs: 1",
			"--interval" },
		{ SCOPE_HOST, "swap_used_bytes",
			"the host has 12.0G of 16.0G available, 1.00G swapped out; no VM has "
			"noteworthy swap space",
			"not short of memory now" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_story(build_odds_and_ends, cases[i].scope, 0, cases[i].name, cases[i].cause,
			cases[i].advice);
}

static void build_nothing(struct snapshot *snap, unsigned tick)
{
	(void)tick;
	add_web(snap, 1)->state = VM_SHUTOFF;
	snap->vms->pid = 0;
	snap->vms->e.have = SRC_TICK;
}

static void what_has_no_rule_of_thumb_is_said_to_have_none(void **state)
{
	(void)state;
	assert_vm_story(build_one_busy_vcpu, "migrations_per_second",
		"why is not known: vmbpf has no rule of thumb for vm.migrations", "vmbpf top");
	assert_story(build_one_busy_vcpu, SCOPE_HOST, 0, "vms",
		"why is not known: vmbpf has no rule of thumb for host.vms", "vmbpf top");
}

static void a_vm_that_does_not_run_has_that_for_a_reason(void **state)
{
	(void)state;
	assert_vm_story(build_nothing, "cpu_used_percent",
		"vm.cpu_used is not measured: the VM does not run, it is shutoff", NULL);
}

static void assert_causes(struct world *world, const struct snapshot *snap, enum scope scope)
{
	struct item item = { 0 };
	struct column column;
	enum view view;

	if (!scopes[scope].next(snap, &item))
		return;
	for (size_t i = 0; column_next(scope, &i, &view, &column);) {
		world->found.cause = NULL;
		evidence_find(NULL, world->arena, snap, &column, &item, &world->found);
		assert_non_null(world->found.cause);
		assert_null(strstr(world->found.cause, "nan"));
		assert_null(strstr(world->found.cause, "(null)"));
	}
}

/* On the first tick there are no rates. */
static void every_metric_has_a_cause_whatever_is_absent(void **state)
{
	static builder *const builders[] = { build_nothing, build_silent_guest, build_full_guest,
		build_two_nics, build_slow_disk, build_off_cpu, build_exits_by_reason,
		build_busy_host };
	struct world world;

	(void)state;
	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]); i++) {
		begin(&world, builders[i]);
		for (enum scope scope = SCOPE_HOST; scope <= SCOPE_DISK; scope++) {
			assert_causes(&world, world.before, scope);
			assert_causes(&world, world.now, scope);
		}
		end(&world);
	}
}

static void disks_that_are_gone_are_forgotten(void **state)
{
	struct evidence_memory *memory = evidence_memory_new();
	struct column column = fixture_column("storage_used_percent", SCOPE_DISK);
	struct arena *arena = arena_new();
	struct snapshot *snap, *empty;
	struct finding found;
	struct disk *disk;
	struct item item;

	(void)state;
	grow(memory, 120, MIB, &snap, &disk);
	item = (struct item){ .entity = &disk->e, .vm = snap->vms };
	evidence_find(memory, arena, snap, &column, &item, &found);
	assert_non_null(strstr(found.cause, "it grows by 3.52G an hour"));
	empty = fixture_tick(120 + 3700);
	snapshot_finish(empty, NULL);
	evidence_observe(memory, empty);
	evidence_find(memory, arena, snap, &column, &item, &found);
	assert_non_null(strstr(found.cause, "not known yet"));
	snapshot_free(empty);
	snapshot_free(snap);
	arena_free(arena);
	evidence_memory_free(memory);
}

/* As when one goes back in a recording. */
static void what_is_ahead_in_a_recording_is_not_known(void **state)
{
	struct evidence_memory *memory = evidence_memory_new();
	struct column column = fixture_column("storage_used_percent", SCOPE_DISK);
	struct arena *arena = arena_new();
	struct snapshot *ahead, *snap;
	struct finding found;
	struct disk *disk;
	struct item item;

	(void)state;
	grow(memory, 600, MIB, &ahead, &disk);
	snapshot_free(ahead);
	grow(memory, 30, MIB, &snap, &disk);
	item = (struct item){ .entity = &disk->e, .vm = snap->vms };
	evidence_find(memory, arena, snap, &column, &item, &found);
	assert_non_null(strstr(found.cause, "not known yet"));
	snapshot_free(snap);
	arena_free(arena);
	evidence_memory_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vcpu_that_waits_is_told_apart_from_its_vm),
		cmocka_unit_test(one_busy_vcpu_of_four_is_a_single_thread),
		cmocka_unit_test(
			time_in_the_guest_that_no_clock_sees_is_not_called_the_hypervisors),
		cmocka_unit_test(busy_vcpus_are_listed_and_what_works_beside_them),
		cmocka_unit_test(an_emulator_that_takes_most_is_said_to),
		cmocka_unit_test(many_exits_are_told_by_kvms_own_totals),
		cmocka_unit_test(the_reason_that_costs_most_time_is_named),
		cmocka_unit_test(polling_is_told_from_work),
		cmocka_unit_test(of_an_emulated_vm_time_in_the_guest_is_not_known),
		cmocka_unit_test(a_neighbour_is_named),
		cmocka_unit_test(a_task_of_the_host_is_named),
		cmocka_unit_test(own_threads_are_told_from_others),
		cmocka_unit_test(a_cpu_limit_is_named),
		cmocka_unit_test(who_had_the_cpu_is_unknown_without_events),
		cmocka_unit_test(waits_off_the_cpu_are_told_apart),
		cmocka_unit_test(a_full_guest_is_told_with_its_own_numbers),
		cmocka_unit_test(a_guest_without_balloon_statistics_is_said_to_be_silent),
		cmocka_unit_test(without_libvirt_that_is_the_reason),
		cmocka_unit_test(a_host_that_is_short_of_memory_is_the_cause_of_swapping),
		cmocka_unit_test(swapping_of_long_ago_is_told_from_that),
		cmocka_unit_test(the_nic_with_most_traffic_is_named),
		cmocka_unit_test(drops_are_explained_by_a_slow_guest_or_its_wait_for_a_cpu),
		cmocka_unit_test(the_slowest_disk_is_named),
		cmocka_unit_test(storage_that_is_slow_for_others_too_is_said_to_be),
		cmocka_unit_test(a_disk_that_grows_is_said_when_it_will_be_full),
		cmocka_unit_test(a_disk_that_does_not_grow_is_said_not_to),
		cmocka_unit_test(growth_is_not_known_at_once),
		cmocka_unit_test(a_full_image_is_not_said_to_grow),
		cmocka_unit_test(of_a_busy_host_the_largest_vms_are_named),
		cmocka_unit_test(sources_that_are_down_are_named_with_their_reasons),
		cmocka_unit_test(a_monitor_that_hangs_is_told_from_a_libvirt_that_does),
		cmocka_unit_test(smaller_matters_have_their_causes_too),
		cmocka_unit_test(what_has_no_rule_of_thumb_is_said_to_have_none),
		cmocka_unit_test(a_vm_that_does_not_run_has_that_for_a_reason),
		cmocka_unit_test(every_metric_has_a_cause_whatever_is_absent),
		cmocka_unit_test(disks_that_are_gone_are_forgotten),
		cmocka_unit_test(what_is_ahead_in_a_recording_is_not_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
