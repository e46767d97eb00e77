// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The walk: once a tick, over all processes and the threads of those that are VMs. It copies the
 * scheduler's counters as of one instant, also of threads that have not switched for long, gives
 * slots to threads that have none, asks KVM which vCPU a thread runs, and points out processes that
 * nobody has judged yet.
 *
 * In two forms: with the open-coded iterator (6.7) the walk is one call and visits only what it
 * needs; the older form is an iterator over all tasks of the host. The caller reads its own CPU
 * clock just before, which makes the kernel bring the run-queue clock of this CPU up to date: that
 * is the instant.
 */
#include "slot.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Whether the program on sched_switch is attached: without it sleeping cannot be measured. */
const volatile bool with_events;

struct bpf_iter_task {
	__u64 __opaque[3];
} __attribute__((aligned(8)));

extern int bpf_iter_task_new(
	struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __weak __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *task) __weak __ksym;
extern void bpf_task_release(struct task_struct *task) __weak __ksym;
extern void bpf_rcu_read_lock(void) __weak __ksym;
extern void bpf_rcu_read_unlock(void) __weak __ksym;

#define BPF_TASK_ITER_ALL_PROCS 0
#define BPF_TASK_ITER_PROC_THREADS 2

/* Reads that raced with the scheduler are repeated once; a second race is counted and heals next
 * time. */
#define ATTEMPTS 2

/* What a thread is doing at the instant of the walk. */
struct moment {
	__u64 clock; /* the instant */
	__u64 arrival; /* it got its CPU, if it is running */
	__u64 queued; /* it became runnable, if it waits for a CPU */
	__u64 ready_ended; /* sum of its finished waits */
	bool running;
};

static __always_inline void raise(__u64 *counter, __u64 value)
{
	if (value > *counter)
		*counter = value;
}

/* The slice in progress counts: a busy vCPU that is alone on its CPU may not switch for seconds. */
static __always_inline __u64 run_time(
	struct task_struct *task, const struct moment *moment, struct vmb_control *self)
{
	__u64 started, sum, open;
	struct rq *rq;

	for (int i = 0; i < ATTEMPTS; i++) {
		started = task->se.exec_start;
		barrier();
		sum = task->se.sum_exec_runtime;
		if (!moment->running)
			return sum;
		rq = task->se.cfs_rq->rq;
		open = rq->clock_task - started;
		if (moment->clock > rq->clock)
			open += moment->clock - rq->clock;
		barrier();
		if (started == task->se.exec_start)
			return (__s64)open > 0 ? sum + open : sum;
	}
	self->torn++;
	return sum;
}

static __always_inline void read_moment(
	struct task_struct *task, __u64 clock, struct moment *moment, struct vmb_control *self)
{
	unsigned long slices;

	moment->clock = clock;
	for (int i = 0; i < ATTEMPTS; i++) {
		slices = task->sched_info.pcount;
		barrier();
		moment->ready_ended = task->sched_info.run_delay;
		moment->arrival = task->sched_info.last_arrival;
		moment->queued = task->sched_info.last_queued;
		moment->running = !moment->queued && task->on_cpu;
		barrier();
		if (slices == task->sched_info.pcount)
			return;
	}
	self->torn++;
}

/* Until when the thread slept, if it does not sleep still. */
static __always_inline __u64 sleep_ended(const struct moment *moment)
{
	if (moment->running)
		return moment->arrival;
	return moment->queued ? moment->queued : moment->clock;
}

/*
 * What the program on sched_switch counted, completed by the slice, wait or sleep in progress.
 * Nothing is taken while the CPU's half is being written.
 */
static __always_inline void copy_events(
	struct vmb_slot *slot, const struct moment *moment, struct vmb_control *self)
{
	__u64 end = slot->cpu.end_clock, on, wait;
	__s64 slept;

	barrier();
	on = slot->cpu.on_ns;
	wait = slot->cpu.wait_ns;
	slept = sleep_ended(moment) - (moment->ready_ended - slot->cpu.sched.ready_ns) - end;
	barrier();
	if (slot->cpu.begin_clock != end) {
		self->torn++;
		return;
	}
	if (moment->running)
		on += moment->clock - moment->arrival;
	if ((__s64)(on - slot->walk.sched.run_ns) > 0)
		raise(&slot->walk.overlap_ns, on - slot->walk.sched.run_ns);
	raise(&slot->walk.wait_ns, slept > 0 ? wait + slept : wait);
	slot->walk.wakeups = slot->cpu.wakeups;
	slot->walk.max_ready_ns =
		slot->cpu.max_epoch == slot->walk.epoch ? slot->cpu.max_ready_ns : 0;
}

/*
 * A vCPU that runs, or waits to run, its guest has KVM's notifier in its list. Nobody else uses
 * this list, and the VM found there must be of the same process.
 */
static __always_inline int kvm_vcpu_of(struct task_struct *task)
{
	struct hlist_node *first = task->preempt_notifiers.first;
	struct kvm_vcpu *vcpu;

	if (!first || !bpf_core_type_exists(struct kvm_vcpu))
		return -1;
	vcpu = (void *)first - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier) -
	       bpf_core_field_offset(struct preempt_notifier, link);
	if (BPF_CORE_READ(vcpu, kvm, mm) != task->mm)
		return -1;
	return BPF_CORE_READ(vcpu, vcpu_id);
}

static __always_inline void copy_thread(
	struct task_struct *task, struct vmb_slot *slot, __u64 clock, struct vmb_control *self)
{
	struct moment moment = {};
	int vcpu;

	read_moment(task, clock, &moment, self);
	raise(&slot->walk.sched.run_ns, run_time(task, &moment, self));
	raise(&slot->walk.sched.ready_ns,
		moment.ready_ended +
			(moment.queued && clock > moment.queued ? clock - moment.queued : 0));
	slot->walk.sched.voluntary = task->nvcsw;
	slot->walk.sched.involuntary = task->nivcsw;
	slot->walk.sched.migrations = task->se.nr_migrations;
	if (with_events)
		copy_events(slot, &moment, self);
	slot->walk.host_cpu = task_cpu(task);
	bpf_probe_read_kernel_str(slot->walk.comm, sizeof(slot->walk.comm), task->comm);
	vcpu = kvm_vcpu_of(task);
	if (vcpu >= 0)
		slot->walk.vcpu = vcpu;
	slot->walk.epoch = self->epoch;
	self->threads++;
}

static __noinline void visit_thread(
	struct task_struct *task, __u64 leader_start_ns, struct vmb_control *self)
{
	struct vmb_slot *slot = slot_of(task);

	if (!slot && !(task->flags & PF_EXITING))
		slot = slot_new(task, leader_start_ns, self->clock);
	if (slot)
		copy_thread(task, slot, self->clock, self);
}

/* Why a process might be a VM, or 0. Cheap: it is asked of every process on every walk. */
static __always_inline __u32 hint_of(struct task_struct *leader)
{
	struct mm_struct *mm = leader->mm;
	struct file *exe;
	char name[9] = {};
	__u32 hint = 0;

	if (leader->flags & PF_KTHREAD) {
		/* Until 6.4 a vhost device had a kernel thread "vhost-<pid of its owner>". */
		bpf_probe_read_kernel_str(name, sizeof(name), leader->comm);
		return has_prefix(name, "vhost-") ? VMB_HINT_VHOST : 0;
	}
	if (!mm)
		return 0;
	if (mm_is_followed(mm))
		hint |= VMB_HINT_NOTIFIER;
	exe = mm->exe_file;
	if (!exe || BPF_CORE_READ(exe, f_inode, i_uid.val) != 0)
		return hint;
	bpf_probe_read_kernel_str(
		name, sizeof(name), BPF_CORE_READ(exe, f_path.dentry, d_name.name));
	if (has_prefix(name, "qemu-sys") || has_prefix(name, "qemu-kvm"))
		hint |= VMB_HINT_QEMU;
	return hint;
}

/*
 * This and visit_thread() are calls: inside the loops the verifier would follow every combination
 * of their branches, which takes most of the time of a start.
 */
static __noinline void point_out(struct task_struct *leader, struct vmb_control *self)
{
	__u32 hint = hint_of(leader);
	struct vmb_candidate *candidate;
	__u64 at;

	if (!hint)
		return;
	at = self->n_candidates++;
	if (at >= VMB_CANDIDATES)
		return;
	candidate = &self->candidates[at];
	candidate->start_ns = leader->start_boottime;
	candidate->tgid = leader->tgid;
	candidate->hint = hint;
	bpf_probe_read_kernel_str(candidate->comm, sizeof(candidate->comm), leader->comm);
}

/* True when the threads of this process are to be visited. */
static __always_inline bool visit_process(struct task_struct *leader, struct vmb_control *self)
{
	struct vmb_process *process = process_of(leader);

	self->processes++;
	if (leader->flags & PF_EXITING)
		return false;
	if (!process) {
		point_out(leader, self);
		return false;
	}
	process->epoch = self->epoch;
	return process->verdict == VMB_IS_VM;
}

static __always_inline void begin(struct vmb_control *self)
{
	struct task_struct *me = bpf_get_current_task_btf();

	self->epoch++;
	self->clock = me->se.cfs_rq->rq->clock;
	self->processes = 0;
	self->threads = 0;
	self->n_candidates = 0;
}

/* The iterator wants a reference, although the leader cannot go away here. */
static __always_inline void visit_threads(struct task_struct *process, struct vmb_control *self)
{
	struct task_struct *leader = bpf_task_acquire(process), *task;
	struct bpf_iter_task it;

	if (!leader)
		return;
	bpf_iter_task_new(&it, leader, BPF_TASK_ITER_PROC_THREADS);
	while ((task = bpf_iter_task_next(&it)))
		visit_thread(task, leader->start_boottime, self);
	bpf_iter_task_destroy(&it);
	bpf_task_release(leader);
}

SEC("syscall")
int walk(void *ctx)
{
	struct vmb_control *self = get_control();
	struct task_struct *process;
	struct bpf_iter_task it;

	if (!self)
		return 0;
	begin(self);
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_PROCS);
	while ((process = bpf_iter_task_next(&it))) {
		if (visit_process(process, self))
			visit_threads(process, self);
	}
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("iter/task")
int walk_tasks(struct bpf_iter__task *ctx)
{
	struct vmb_control *self = get_control();
	struct task_struct *task = ctx->task, *leader;
	struct vmb_process *process;

	if (!self || !task)
		return 0;
	if (ctx->meta->seq_num == 0)
		begin(self);
	leader = task->group_leader;
	if (task->pid == task->tgid) {
		if (!visit_process(task, self))
			return 0;
	} else {
		process = process_of(leader);
		if (!process || process->epoch != (__u32)self->epoch ||
			process->verdict != VMB_IS_VM)
			return 0;
	}
	visit_thread(task, leader->start_boottime, self);
	return 0;
}
