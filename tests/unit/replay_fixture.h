/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the replay share: a recording with everything in it that is difficult. */
#ifndef TESTS_REPLAY_FIXTURE_H
#define TESTS_REPLAY_FIXTURE_H

#include "sink_fixture.h"

#include <math.h>
#include <unistd.h>

#define N_TICKS 6
#define WEB_UUID "11111111-1111-1111-1111-111111111111"
#define EVIL_UUID "22222222-2222-2222-2222-222222222222"
#define HOG_UUID "44444444-4444-4444-4444-444444444444"
#define OFF_UUID "33333333-3333-3333-3333-333333333333"
#define EVIL_NAME "a\n\"\\\x1b[31m\x7f\xff\xc3(\xe2\x80\xa8=1+1"

static const struct view_spec all_scopes = { .scopes = (1u << N_SCOPES) - 1 };

/* A file with that content; its name, to be freed after unlink(). */
static inline char *make_file(const char *content, size_t size)
{
	char *path = strdup("/tmp/vmbpf-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, size), size);
	close(fd);
	return path;
}

static inline void fill_host(struct snapshot *snap, unsigned n)
{
	struct host *host = &snap->host;

	host->e.have |= SRC_PROC | SRC_SELF;
	host->n_cpus = 8;
	host->busy_ns = 3 * SECOND + n * 1234567891ull;
	host->load_1m = 0.1 * n;
	host->memory_total_bytes = 64ull << 30;
	host->memory_available_bytes = (32ull << 30) + n;
	host->self_ns = n * 1000003;
	host->tick_s = n ? 0.000123456 : NAN;
	if (n >= 2) {
		host->e.have |= SRC_PRESSURE;
		host->pressure_cpu_ns = n * 777;
	}
	snapshot_source(snap, "walk", true, NULL);
	snapshot_source(snap, "libvirt", n != 3, "cannot connect: \"refused\"\n");
}

/* Polled at 0.3 s before ticks 0, 1, 2, and not again: stale from tick 3 on. */
static inline void fill_libvirt(struct snapshot *snap, struct vm *vm, unsigned n, const char *uuid)
{
	unsigned poll = n < 3 ? n : 2;

	vm->e.have |= SRC_LIBVIRT | SRC_BALLOON | SRC_STORAGE | SRC_BLOCK;
	vm->e.polled_ns = 1000 * SECOND + poll * SECOND - 300 * MSEC - poll;
	vm->uuid = snapshot_text(snap, uuid);
	vm->id = 7;
	vm->state = VM_RUNNING;
	vm->stale = n >= 4;
	vm->title = snapshot_text(snap, "Web \xe2\x80\xa9 server");
	vm->memory_assigned_bytes = 1ull << 30;
	vm->memory_available_bytes = 1000000000 + poll;
	vm->memory_usable_bytes = 333333333;
	vm->memory_unused_bytes = NOT_REPORTED;
	vm->memory_cached_bytes = NOT_REPORTED;
	vm->guest_faults_minor = 1000 * poll;
	vm->memory_guest_age_s = 0.1 + 0.7 * n;
}

/* From tick 1 on; the limit is that of vCPU 1 only, and there is no total of hypercalls. */
static inline void fill_kvm(struct vcpu *vcpu, unsigned n, unsigned i)
{
	if (n == 0)
		return;
	vcpu->e.have |= SRC_KVM | SRC_GUEST | (i ? SRC_LIMIT : 0u);
	vcpu->guest_ns = n * 700 * MSEC + i;
	vcpu->guest_by = n >= 4 ? GUEST_BY_EVENTS : GUEST_BY_TICKS;
	vcpu->totals = (struct kvm_counters){
		.exits = n * 1000ull * (i + 1),
		.halt_exits = n * 10ull,
		.hypercalls = NOT_REPORTED,
		.poll_success_ns = n * 1234567ull,
		.poll_fail_ns = n * 7654321ull,
		.idle_ns = i ? NOT_REPORTED : n * 100 * MSEC,
	};
	vcpu->sched.stolen_by_vm_ns = n * 11ull;
	vcpu->sched.uncontended_ns = n * 13ull;
	vcpu->throttled_ns = n * 17ull;
}

/* CPUID comes up between ticks 1 and 2. */
static inline void fill_exits(struct snapshot *snap, struct vm *vm, unsigned n)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->e.have |= SRC_EXITS;
	exit->kind = EXIT_PIO;
	exit->reason = "0x3f8";
	exit->count = UINT64_MAX - 10 + n;
	exit->handling_ns = NOT_REPORTED;
	exit->p99_s = exit->max_s = NAN;
	if (n < 2)
		return;
	exit = snapshot_add_exit(snap, vm);
	exit->e.have |= SRC_EXITS;
	exit->start_ns = FIXTURE_BOOT_NS + SECOND + 1;
	exit->reason = snapshot_text(snap, "CPUID \"\n\xff");
	exit->vcpu = 1;
	exit->count = 3ull * n;
	exit->handling_ns = 4000001ull * n;
	exit->p99_s = 0.000001024;
	exit->max_s = 0.1 / 3;
}

/* The first by a VM that is not in the recording. */
static inline void fill_blames(struct snapshot *snap, struct vm *vm, unsigned n)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->e.have |= SRC_EVENTS;
	blame->start_ns = FIXTURE_BOOT_NS - 1;
	blame->kind = HOLDER_VM;
	blame->holder = snapshot_text(snap, n < 2 ? "hog" : "renamed");
	blame->holder_uuid = snapshot_text(snap, HOG_UUID);
	blame->holder_pid = 999;
	blame->held_ns = n * 123456789ull;
	blame = snapshot_add_blame(snap, vm);
	blame->e.have |= SRC_EVENTS;
	blame->kind = HOLDER_HOST;
	blame->holder = snapshot_text(snap, "kworker/0:1\xff\"");
	blame->held_ns = n * 7ull;
}

static inline void fill_web(struct snapshot *snap, unsigned n)
{
	struct vm *vm = fixture_vm(snap, "web", 100);
	struct thread *thread = snapshot_add_thread(snap, vm);
	struct nic *nic = snapshot_nic(snap, vm, "tap0");
	struct disk *disk = snapshot_disk(snap, vm, "vda");

	fill_libvirt(snap, vm, n, WEB_UUID);
	vm->e.have |= SRC_PROC | SRC_EVENTS;
	vm->cpu_ns = 12345678901234567890ull + n * 345678901;
	vm->role_ns[ROLE_VCPU] = 1ull << 62;
	vm->n_vcpus = 2;
	vm->latency = (struct run_latency){ 0.000001024, 0.1 / 3, NAN };
	for (unsigned i = 0; i < 2; i++) {
		struct vcpu *vcpu = fixture_vcpu(snap, vm, i);

		vcpu->e.have |= SRC_EVENTS | SRC_NET_THREAD | SRC_EXITS;
		fill_kvm(vcpu, n, i);
		vcpu->sched.run_ns = n * (i + 1) * 123456789ull;
		vcpu->sched.ready_ns = n * 3333333;
		vcpu->sched.voluntary = n * 17;
		vcpu->net_rx_bytes = n * 9;
	}
	fill_exits(snap, vm, n);
	fill_blames(snap, vm, n);
	thread->tid = 105;
	thread->start_ns = FIXTURE_BOOT_NS - 12345;
	thread->comm = snapshot_text(snap, "CPU 1/KVM\xfe");
	thread->vcpu = 1;
	thread->evidence = BY_LIBVIRT;
	thread->e.have |= SRC_SCHED;
	nic->e.have |= SRC_NET | SRC_LIBVIRT;
	nic->net.rx_bytes = n == 3 ? 5 : UINT64_MAX / 2 + n * 1500; /* restarts */
	disk->e.polled_ns = vm->e.polled_ns;
	disk->e.have |= SRC_BLOCK | SRC_STORAGE;
	disk->io.read_bytes = n < 3 ? n * 4096 : 8192;
	disk->io.read_requests = n < 3 ? n : 2;
	disk->io.read_ns = n < 3 ? n * 1234567 : 2469134;
	disk->storage = (struct storage){ .capacity_bytes = 3, .allocated_bytes = 1 };
}

static inline void fill_others(struct snapshot *snap, unsigned n)
{
	char name[256];
	struct vm *vm = fixture_vm(snap, EVIL_NAME, 200);

	fill_libvirt(snap, vm, n, EVIL_UUID);
	vm->id = -1;
	snapshot_nic(snap, vm, "\"},{\n")->mac = snapshot_text(snap, "\x01");
	memset(name, 'x', 255);
	name[255] = '\0';
	fixture_vm(snap, name, 300);
	fixture_vcpu(snap, fixture_vm(snap, "twin", 301), 0)->sched.run_ns = n * 1000;
	fixture_vcpu(snap, fixture_vm(snap, "twin", 302), 0)->sched.run_ns = n * 2000;
	vm = snapshot_add_vm(snap);
	vm->e.have |= SRC_LIBVIRT;
	vm->e.polled_ns = snap->mono_ns - 1;
	vm->name = snapshot_text(snap, "off");
	vm->uuid = snapshot_text(snap, OFF_UUID);
	vm->state = VM_SHUTOFF;
}

/* Lives at ticks 2 and 3, and is born between 1 and 2, so that its first tick has rates. */
static inline void fill_passing(struct snapshot *snap, unsigned n)
{
	struct vm *vm;
	struct vcpu *vcpu;

	if (n < 2 || n > 3)
		return;
	vm = fixture_vm(snap, "passing", 400);
	vm->start_ns = FIXTURE_BOOT_NS + SECOND + 500 * MSEC + 1;
	vm->cpu_ns = 250 * MSEC * (n - 1);
	vcpu = fixture_vcpu(snap, vm, 0);
	vcpu->sched.run_ns = vm->cpu_ns;
}

static inline struct snapshot *make_tick(unsigned n, const struct snapshot *before)
{
	struct snapshot *snap = fixture_tick(n);

	snap->mono_ns += n * n; /* intervals are never round */
	fill_host(snap, n);
	fill_web(snap, n);
	fill_others(snap, n);
	fill_passing(snap, n);
	snapshot_finish(snap, before);
	return snap;
}

static inline char *make_recording(size_t *size)
{
	struct snapshot *snap = NULL, *before = NULL;
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	for (unsigned n = 0; n < N_TICKS; n++) {
		snap = make_tick(n, before);
		assert_int_equal(sink_find("json")->tick(out, &all_scopes, snap), 0);
		snapshot_free((struct snapshot *)before);
		before = snap;
	}
	snapshot_free(snap);
	fclose(out);
	return text;
}

#endif
