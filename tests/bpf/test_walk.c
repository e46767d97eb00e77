/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both forms of the walk, run by this kernel over the threads of this very process, which is
 * declared a VM. Kernels before 6.7 can only run the older one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/kvm.h>

#include "base/clock.h"
#include "vmbpf/wire.h"
#include "walk.skel.h"

#define N_SLOTS 32
#define N_TIDS 4194304

struct fixture {
	struct walk_bpf *walk;
	struct bpf_link *link; /* of the older form */
	struct vmb_slot *slots;
	struct vmb_control *control;
};

static int load(struct fixture *fixture, bool one_call)
{
	struct walk_bpf *walk = walk_bpf__open();

	if (!walk)
		return -1;
	fixture->walk = walk;
	bpf_program__set_autoload(walk->progs.walk, one_call);
	bpf_program__set_autoload(walk->progs.walk_tasks, !one_call);
	bpf_map__set_max_entries(walk->maps.slots, N_SLOTS);
	bpf_map__set_max_entries(walk->maps.tids, N_TIDS / VMB_CELLS + 1);
	if (walk_bpf__load(walk))
		return -1;
	if (!one_call)
		fixture->link = bpf_program__attach_iter(walk->progs.walk_tasks, NULL);
	return one_call || fixture->link ? 0 : -1;
}

static int set_up(void **state, bool one_call)
{
	static struct fixture fixture;
	size_t size = N_SLOTS * sizeof(struct vmb_slot);
	int access = PROT_READ | PROT_WRITE;

	fixture = (struct fixture){ 0 };
	if (load(&fixture, one_call))
		return -1;
	fixture.slots =
		mmap(NULL, size, access, MAP_SHARED, bpf_map__fd(fixture.walk->maps.slots), 0);
	fixture.control = mmap(NULL, sizeof(struct vmb_control), access, MAP_SHARED,
		bpf_map__fd(fixture.walk->maps.control), 0);
	for (__u32 number = N_SLOTS - 1; number > 0; number--)
		bpf_map_update_elem(
			bpf_map__fd(fixture.walk->maps.free_slots), NULL, &number, BPF_ANY);
	*state = &fixture;
	return fixture.slots == MAP_FAILED || fixture.control == MAP_FAILED ? -1 : 0;
}

static int set_up_one_call(void **state)
{
	return set_up(state, true);
}

static int set_up_older_form(void **state)
{
	return set_up(state, false);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->slots, N_SLOTS * sizeof(struct vmb_slot));
	munmap(fixture->control, sizeof(struct vmb_control));
	bpf_link__destroy(fixture->link);
	walk_bpf__destroy(fixture->walk);
	return 0;
}

static void walk(struct fixture *fixture)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	char buffer[64];
	int fd;

	clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (!fixture->link) {
		fd = bpf_program__fd(fixture->walk->progs.walk);
		assert_int_equal(bpf_prog_test_run_opts(fd, &options), 0);
		return;
	}
	fd = bpf_iter_create(bpf_link__fd(fixture->link));
	assert_true(fd >= 0);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
}

static const struct vmb_candidate *find_candidate(const struct fixture *fixture, pid_t pid)
{
	for (uint64_t i = 0; i < fixture->control->n_candidates && i < VMB_CANDIDATES; i++) {
		if (fixture->control->candidates[i].tgid == (__u32)pid)
			return &fixture->control->candidates[i];
	}
	return NULL;
}

static const struct vmb_slot *find_slot(const struct fixture *fixture, pid_t tid)
{
	for (unsigned i = 1; i < N_SLOTS; i++) {
		if (fixture->slots[i].state == VMB_SLOT_LIVE && fixture->slots[i].tid == (__u32)tid)
			return &fixture->slots[i];
	}
	return NULL;
}

/* Holds a KVM VM from now on; false where there is no KVM. */
static bool hold_vm(void)
{
	static int vm = -1;
	int kvm;

	if (vm >= 0)
		return true;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	return vm >= 0;
}

/* The runner takes the comment before a skip for its reason. */
static void need_vm(void)
{
	if (hold_vm())
		return;
	print_message("# needs /dev/kvm\n");
	skip();
}

/* As user space does: takes the candidate for a VM. */
static void become_vm(struct fixture *fixture)
{
	struct vmb_process process = { .verdict = VMB_IS_VM };
	const struct vmb_candidate *candidate;
	__u32 pid = (__u32)getpid();
	int fd = bpf_map__fd(fixture->walk->maps.processes);

	need_vm();
	walk(fixture);
	candidate = find_candidate(fixture, getpid());
	assert_non_null(candidate);
	process.start_ns = candidate->start_ns;
	assert_int_equal(bpf_map_update_elem(fd, &pid, &process, BPF_ANY), 0);
}

static void a_process_that_holds_a_kvm_vm_is_pointed_out(void **state)
{
	struct fixture *fixture = *state;
	const struct vmb_candidate *candidate;

	need_vm();
	walk(fixture);
	candidate = find_candidate(fixture, getpid());
	assert_non_null(candidate);
	assert_true(candidate->hint & VMB_HINT_NOTIFIER);
	assert_null(find_candidate(fixture, getppid()));
	assert_int_equal(fixture->control->threads, 0);
}

static void a_judged_process_is_not_pointed_out_again(void **state)
{
	struct fixture *fixture = *state;

	become_vm(fixture);
	walk(fixture);
	assert_null(find_candidate(fixture, getpid()));
}

static void the_cpu_time_of_a_running_thread_is_that_of_its_clock(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before, after, run_ns;

	become_vm(fixture);
	for (int i = 0; i < 50; i++) {
		before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		walk(fixture);
		after = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		run_ns = find_slot(fixture, getpid())->walk.sched.run_ns;
		assert_true(run_ns >= before && run_ns <= after);
	}
}

static void *sleep_until_told(void *pipe_end)
{
	char byte;

	prctl(PR_SET_NAME, "CPU 3/TCG");
	if (read(*(int *)pipe_end, &byte, 1) != 1)
		return NULL;
	return NULL;
}

static void every_thread_of_a_vm_has_a_slot(void **state)
{
	struct fixture *fixture = *state;
	unsigned seen = 0;
	pthread_t thread;
	int ends[2];

	become_vm(fixture);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleep_until_told, &ends[0]), 0);
	usleep(10000); /* until it has its name */
	walk(fixture);
	for (unsigned i = 1; i < N_SLOTS; i++)
		seen += strcmp(fixture->slots[i].walk.comm, "CPU 3/TCG") == 0;
	assert_int_equal(write(ends[1], "", 1), 1);
	pthread_join(thread, NULL);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(seen, 1);
	assert_non_null(find_slot(fixture, getpid()));
	assert_int_equal(fixture->control->threads, 2);
	assert_int_equal(fixture->control->lost_slots, 0);
}

static void a_second_walk_uses_the_same_slots(void **state)
{
	struct fixture *fixture = *state;
	const struct vmb_slot *slot;
	uint64_t epoch, run_ns;

	become_vm(fixture);
	walk(fixture);
	slot = find_slot(fixture, getpid());
	assert_non_null(slot);
	epoch = slot->walk.epoch;
	run_ns = slot->walk.sched.run_ns;
	walk(fixture);
	assert_ptr_equal(find_slot(fixture, getpid()), slot);
	assert_int_equal(slot->walk.epoch, epoch + 1);
	assert_true(slot->walk.sched.run_ns > run_ns);
}

#define BOTH_FORMS(test) \
	cmocka_unit_test_setup_teardown(test, set_up_one_call, tear_down), \
	{ \
#test "_in_the_older_form", test, set_up_older_form, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_FORMS(a_process_that_holds_a_kvm_vm_is_pointed_out),
		BOTH_FORMS(a_judged_process_is_not_pointed_out_again),
		BOTH_FORMS(the_cpu_time_of_a_running_thread_is_that_of_its_clock),
		BOTH_FORMS(every_thread_of_a_vm_has_a_slot),
		BOTH_FORMS(a_second_walk_uses_the_same_slots),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
