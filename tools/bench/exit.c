/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an exit of a vCPU, its next entry and an access to a device cost while somebody looks at
 * exits, beside an empty program. System calls stand in for them, since KVM's own events never come
 * on some hosts; those of other processes are counted as well, but are few beside this loop.
 */
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "vmbpf/wire.h"
#include "exit.skel.h"
#include "lib/compare.h"
#include "lib/load.h"

#define ROUNDS 8
#define CALLS 20000
#define MAX_ATTACHED 3

/* include/linux/threads.h: PID_MAX_LIMIT */
#define N_TIDS 4194304

enum { EMPTY_RUN, EXIT_OF_NO_VM, EXIT, EXIT_READ, ENTRY, ACCESS, N_SUBJECTS };

/* One program, and all that are attached while it is timed. */
struct subject {
	const char *timed[2], *attached[MAX_ATTACHED];
	__u32 is_vcpu;
	struct row row;
	double run_ns[ROUNDS];
};

struct bench {
	struct exit_bpf *object;
	struct subject subjects[N_SUBJECTS];
};

/* Nanoseconds for each call. */
static int measure_calls(void *state, double *ret)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	(void)state;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	*ret = (double)(clock_ns(CLOCK_MONOTONIC) - start) / CALLS;
	return 0;
}

/* on_entry is vmbpf's own program; as it reads no argument of its event, it can have another. */
static void load_programs(struct exit_bpf *object)
{
	struct bpf_program *entry = object->progs.on_entry, *program;

	bpf_object__for_each_program(program, object->obj)
	{
		if (strncmp(bpf_program__name(program), "on_", 3) == 0)
			bpf_program__set_autoload(program, program == entry);
	}
	bpf_map__set_max_entries(object->maps.tids, N_TIDS / VMB_CELLS);
	if (bpf_program__set_attach_target(entry, 0, "sys_exit") || exit_bpf__load(object))
		err(EX_UNAVAILABLE, "programs of exits");
}

static int set_vcpu(struct exit_bpf *object, __u32 is_vcpu)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &is_vcpu, .ctx_size_in = sizeof(is_vcpu));
	int err = bpf_prog_test_run_opts(bpf_program__fd(object->progs.set_vcpu), &options);

	if (err)
		return err;
	return options.retval ? -ERANGE : 0;
}

static int attach(struct exit_bpf *object, const struct subject *subject, struct bpf_link **links)
{
	struct bpf_program *program;

	for (int i = 0; i < MAX_ATTACHED && subject->attached[i]; i++) {
		program = bpf_object__find_program_by_name(object->obj, subject->attached[i]);
		links[i] = bpf_program__attach(program);
		if (!links[i])
			return -errno;
	}
	return 0;
}

static int visit(struct exit_bpf *object, struct subject *subject, unsigned round)
{
	struct bpf_link *links[MAX_ATTACHED] = { NULL };
	int err = set_vcpu(object, subject->is_vcpu);

	if (!err)
		err = attach(object, subject, links);
	if (!err)
		err = measure_runs(subject->timed, measure_calls, NULL, &subject->run_ns[round]);
	for (int i = 0; i < MAX_ATTACHED; i++)
		bpf_link__destroy(links[i]);
	return err;
}

static void run_round(struct bench *bench, unsigned round)
{
	unsigned order[] = { EMPTY_RUN, EXIT_OF_NO_VM, EXIT, EXIT_READ, ENTRY, ACCESS };

	fprintf(stderr, "bench: one exit, round %u of %u\n", round + 1, ROUNDS);
	stats_shuffle(order, N_SUBJECTS);
	for (unsigned i = 0; i < N_SUBJECTS; i++) {
		struct subject *subject = &bench->subjects[order[i]];
		int err = visit(bench->object, subject, round);

		if (err)
			errx(EX_UNAVAILABLE, "%s: %s", subject->row.what, strerror(-err));
	}
}

static enum verdict measure(void *state)
{
	struct bench *bench = state;
	const double *empty = bench->subjects[EMPTY_RUN].run_ns;
	enum verdict worst = NO_GATE;

	for (unsigned round = 0; round < ROUNDS; round++)
		run_round(bench, round);
	for (unsigned i = 0; i < N_SUBJECTS; i++) {
		struct subject *subject = &bench->subjects[i];

		row_compare_runs(&subject->row, subject->run_ns, empty, ROUNDS);
		if (subject->row.verdict > worst)
			worst = subject->row.verdict;
	}
	return worst;
}

int main(void)
{
	static struct bench bench = {
		.subjects = {
			[EMPTY_RUN] = {
				.timed = { "run_empty" },
				.attached = { "run_empty" },
				.row = { .what = "inside the empty program", .unit = "ns" },
			},
			/* It has to ask who is running: a call, which alone is half an empty run. */
			[EXIT_OF_NO_VM] = {
				.timed = { "run_exit" },
				.attached = { "run_exit", "on_entry" },
				.row = { .what = "inside vmbpf's, an exit of a thread of no VM",
					.unit = "ns", .gate = RATIO_AT_MOST, .limit = 2 },
			},
			/* A read of the clock is one more empty run, and the table has to be searched. */
			[EXIT] = {
				.timed = { "run_exit" },
				.attached = { "run_exit", "on_entry" },
				.is_vcpu = 1,
				.row = { .what = "inside vmbpf's, an exit of a vCPU",
					.unit = "ns", .gate = RATIO_AT_MOST, .limit = 3.75 },
			},
			/* A read that may fault is a call as well, about as long as an empty run. */
			[EXIT_READ] = {
				.timed = { "run_exit_read" },
				.attached = { "run_exit_read", "on_entry" },
				.is_vcpu = 1,
				.row = { .what = "inside vmbpf's, an exit whose reason is read from KVM",
					.unit = "ns", .gate = RATIO_AT_MOST, .limit = 5 },
			},
			/* Reads the clock as well, but knows its row. */
			[ENTRY] = {
				.timed = { "on_entry" },
				.attached = { "run_exit", "on_entry" },
				.is_vcpu = 1,
				.row = { .what = "inside vmbpf's, an entry of a vCPU",
					.unit = "ns", .gate = RATIO_AT_MOST, .limit = 3 },
			},
			/* Counts, and leaves the clock alone. */
			[ACCESS] = {
				.timed = { "run_access" },
				.attached = { "run_exit", "run_access", "on_entry" },
				.is_vcpu = 1,
				.row = { .what = "inside vmbpf's, an access of a vCPU",
					.unit = "ns", .gate = RATIO_AT_MOST, .limit = 2 },
			},
		},
	};
	int statistics, status;

	cpus_divide();
	bench.object = exit_bpf__open();
	if (!bench.object)
		err(EX_UNAVAILABLE, "exit.bpf.o");
	load_programs(bench.object);
	statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (statistics < 0)
		err(EX_UNAVAILABLE, "statistics of BPF programs");
	status = measure_repeatedly(measure, &bench);
	rows_print_head("one exit of a vCPU", "to empty");
	for (unsigned i = 0; i < N_SUBJECTS; i++)
		row_print(&bench.subjects[i].row);
	close(statistics);
	exit_bpf__destroy(bench.object);
	return status;
}
