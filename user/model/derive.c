/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the formulas of metrics that are computed rather than counted. */
#include "model/derive.h"

#include <math.h>

/* How much a counter grew, NAN where that cannot be told. */
static double growth(uint64_t now, uint64_t before)
{
	if (now == NOT_REPORTED || before == NOT_REPORTED || now < before)
		return NAN;
	return (double)(now - before);
}

/*
 * Part and whole are read a moment apart, hence the part may seem the greater one by a little; what
 * is shown never does.
 */
static double percent(double part, double whole)
{
	if (!(whole > 0))
		return NAN;
	return part > whole ? 100 : part * 100 / whole; /* 85 of 100 are 85, not more */
}

static double reported(uint64_t field)
{
	return field == NOT_REPORTED ? NAN : (double)field;
}

double vm_cpu_used(const void *now, const void *before, double seconds)
{
	const struct vm *vm = now, *was = before;

	if (!was)
		return NAN;
	return percent(growth(vm->role_ns[ROLE_VCPU], was->role_ns[ROLE_VCPU]),
		seconds * 1e9 * reported(vm->n_vcpus));
}

/* What was read a moment too early or too late falls below nothing. NAN stays NAN. */
static double not_negative(double value)
{
	return value < 0 ? 0 : value;
}

/* The counters that a VM and a vCPU have alike, under different types. */
struct times {
	uint32_t have;
	const struct sched_counters *sched;
	const struct kvm_counters *kvm;
	uint64_t guest_ns;
};

#define TIMES_OF(entity) \
	&(const struct times) \
	{ \
		(entity)->e.have, &(entity)->sched, &(entity)->totals, (entity)->guest_ns \
	}

/* Nothing polls unless KVM runs the guest. */
static double polled_ns(const struct times *now, const struct times *was)
{
	if (!(now->have & SRC_KVM))
		return 0;
	return was->have & SRC_KVM ? growth(now->kvm->poll_ns, was->kvm->poll_ns) : NAN;
}

static double wanted_ns(const struct times *now, const struct times *was)
{
	return not_negative(growth(now->sched->run_ns, was->sched->run_ns) +
			    growth(now->sched->ready_ns, was->sched->ready_ns) -
			    polled_ns(now, was));
}

/* On a CPU, but neither in the guest nor polling. */
static double hypervisor_ns(const struct times *now, const struct times *was)
{
	return not_negative(growth(now->sched->run_ns, was->sched->run_ns) -
			    growth(now->guest_ns, was->guest_ns) - polled_ns(now, was));
}

/* Off the CPU and not ready to run, although the guest had not halted. */
static double blocked_ns(const struct times *now, const struct times *was)
{
	return not_negative(growth(now->sched->wait_ns, was->sched->wait_ns) -
			    growth(now->kvm->idle_ns, was->kvm->idle_ns));
}

/* In percent of the interval, but demand of what all vCPUs could use. */
#define DEFINE_VCPU_VALUES(type, n_vcpus) \
	double type##_demand(const void *now, const void *before, double seconds) \
	{ \
		const struct type *is = now, *was = before; \
\
		if (!was) \
			return NAN; \
		return percent(wanted_ns(TIMES_OF(is), TIMES_OF(was)), seconds * 1e9 * (n_vcpus)); \
	} \
	double type##_hypervisor(const void *now, const void *before, double seconds) \
	{ \
		const struct type *is = now, *was = before; \
\
		return was ? hypervisor_ns(TIMES_OF(is), TIMES_OF(was)) / (1e7 * seconds) : NAN; \
	} \
	double type##_blocked(const void *now, const void *before, double seconds) \
	{ \
		const struct type *is = now, *was = before; \
\
		return was ? blocked_ns(TIMES_OF(is), TIMES_OF(was)) / (1e7 * seconds) : NAN; \
	}

DEFINE_VCPU_VALUES(vm, reported(is->n_vcpus))
DEFINE_VCPU_VALUES(vcpu, 1)

double exit_vcpu(const void *now, const void *before, double seconds)
{
	const struct exit *exit = now;

	(void)before;
	(void)seconds;
	return exit->vcpu < 0 ? NAN : (double)exit->vcpu;
}

double thread_vcpu(const void *now, const void *before, double seconds)
{
	const struct thread *thread = now;

	(void)before;
	(void)seconds;
	return thread->vcpu < 0 ? NAN : thread->vcpu;
}

/* Where the guest's two numbers contradict each other, nothing is known. */
double vm_memory_used(const void *now, const void *before, double seconds)
{
	const struct vm *vm = now;
	double used = reported(vm->memory_available_bytes) - reported(vm->memory_usable_bytes);

	(void)before;
	(void)seconds;
	return used < 0 ? NAN : used;
}

double vm_memory_used_share(const void *now, const void *before, double seconds)
{
	const struct vm *vm = now;

	return percent(vm_memory_used(now, before, seconds), reported(vm->memory_available_bytes));
}

/* The mean time of what ended in an interval; of nothing there is none. */
static double mean_time(uint64_t ns, uint64_t ns_before, uint64_t n, uint64_t n_before)
{
	double ended = growth(n, n_before);

	return ended > 0 ? growth(ns, ns_before) / (1e9 * ended) : NAN;
}

double exit_mean(const void *now, const void *before, double seconds)
{
	const struct exit *exit = now, *was = before;

	(void)seconds;
	if (!was)
		return NAN;
	return mean_time(exit->handling_ns, was->handling_ns, exit->count, was->count);
}

static double io_read_latency(const struct disk_counters *now, const struct disk_counters *before)
{
	return mean_time(now->read_ns, before->read_ns, now->read_requests, before->read_requests);
}

static double io_write_latency(const struct disk_counters *now, const struct disk_counters *before)
{
	return mean_time(
		now->write_ns, before->write_ns, now->write_requests, before->write_requests);
}

static double storage_share(const struct storage *storage)
{
	return percent(reported(storage->allocated_bytes), reported(storage->capacity_bytes));
}

/* VMs and their disks have the same counters under different types. */
#define DEFINE_DISK_VALUES(type) \
	double type##_read_latency(const void *now, const void *before, double seconds) \
	{ \
		const struct type *is = now, *was = before; \
\
		(void)seconds; \
		return was ? io_read_latency(&is->io, &was->io) : NAN; \
	} \
	double type##_write_latency(const void *now, const void *before, double seconds) \
	{ \
		const struct type *is = now, *was = before; \
\
		(void)seconds; \
		return was ? io_write_latency(&is->io, &was->io) : NAN; \
	} \
	double type##_storage_share(const void *now, const void *before, double seconds) \
	{ \
		(void)before; \
		(void)seconds; \
		return storage_share(&((const struct type *)now)->storage); \
	}

DEFINE_DISK_VALUES(vm)
DEFINE_DISK_VALUES(disk)

double host_cpu_busy(const void *now, const void *before, double seconds)
{
	const struct host *host = now, *was = before;

	if (!was)
		return NAN;
	return percent(growth(host->busy_ns, was->busy_ns), seconds * 1e9 * reported(host->n_cpus));
}

double host_cpu_vms(const void *now, const void *before, double seconds)
{
	const struct host *host = now, *was = before;

	(void)seconds;
	if (!was)
		return NAN;
	return percent(growth(host->vm_ns, was->vm_ns), growth(host->busy_ns, was->busy_ns));
}

double host_memory_used(const void *now, const void *before, double seconds)
{
	const struct host *host = now;

	(void)before;
	(void)seconds;
	return growth(host->memory_total_bytes, host->memory_available_bytes);
}

double host_memory_used_share(const void *now, const void *before, double seconds)
{
	const struct host *host = now;

	return percent(host_memory_used(now, before, seconds), reported(host->memory_total_bytes));
}
