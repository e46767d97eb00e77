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
	return part > whole ? 100 : part / whole * 100;
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
	return percent(growth(vm->role_ns[ROLE_VCPU], was->role_ns[ROLE_VCPU]) * 1e-9,
		seconds * reported(vm->n_vcpus));
}

static double sched_demand(
	const struct sched_counters *now, const struct sched_counters *before, double seconds)
{
	double wanted_ns =
		growth(now->run_ns, before->run_ns) + growth(now->ready_ns, before->ready_ns);

	return percent(wanted_ns * 1e-9, seconds);
}

double vm_demand(const void *now, const void *before, double seconds)
{
	const struct vm *vm = now, *was = before;

	return was ? sched_demand(&vm->sched, &was->sched, seconds * reported(vm->n_vcpus)) : NAN;
}

double vcpu_demand(const void *now, const void *before, double seconds)
{
	const struct vcpu *vcpu = now, *was = before;

	return was ? sched_demand(&vcpu->sched, &was->sched, seconds) : NAN;
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

/* The mean time of the requests of an interval; none ended, none has a time. */
static double mean_latency(
	uint64_t ns, uint64_t ns_before, uint64_t requests, uint64_t requests_before)
{
	double n = growth(requests, requests_before);

	return n > 0 ? growth(ns, ns_before) * 1e-9 / n : NAN;
}

static double io_read_latency(const struct disk_counters *now, const struct disk_counters *before)
{
	return mean_latency(
		now->read_ns, before->read_ns, now->read_requests, before->read_requests);
}

static double io_write_latency(const struct disk_counters *now, const struct disk_counters *before)
{
	return mean_latency(
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
	return percent(
		growth(host->busy_ns, was->busy_ns) * 1e-9, seconds * reported(host->n_cpus));
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
