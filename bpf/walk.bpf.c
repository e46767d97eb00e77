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

/* Whether what was KVM's record of a vCPU of this thread still is. */
static __always_inline bool is_vcpu_of(struct kvm_vcpu *vcpu, struct task_struct *task)
{
	return BPF_CORE_READ(vcpu, kvm, mm) == task->mm;
}

/*
 * A thread that is inside KVM, running its guest, waiting to run it or halted, has KVM's notifier
 * in its list, which nobody else uses. It is in the record of its vCPU, which cannot go away
 * meanwhile. Out of KVM, QEMU being at work for the guest, the record found last is taken, if it is
 * one of the same process and of the same vCPU still. The record is then slot->walk.kvm_vcpu.
 */
static __always_inline bool find_vcpu(struct task_struct *task, struct vmb_slot *slot)
{
	struct hlist_node *first = task->preempt_notifiers.first;
	struct kvm_vcpu *vcpu = (void *)slot->walk.kvm_vcpu;

	if (!bpf_core_type_exists(struct kvm_vcpu))
		return false;
	if (!first)
		return vcpu && is_vcpu_of(vcpu, task) &&
		       BPF_CORE_READ(vcpu, vcpu_id) == slot->walk.vcpu;
	vcpu = (void *)first - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier) -
	       bpf_core_field_offset(struct preempt_notifier, link);
	if ((__u64)vcpu == slot->walk.kvm_vcpu)
		return true;
	if (!is_vcpu_of(vcpu, task))
		return false;
	slot->walk.kvm_vcpu = (__u64)vcpu;
	slot->walk.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	return true;
}

/* Totals never go back: a record that was read while it was given up would make them. */
static __always_inline void copy_total(struct vmb_slot *slot, enum vmb_kvm_total which,
	const struct kvm_block *block, __u32 offset)
{
	raise(&slot->walk.kvm[which], kvm_block_total(block, offset));
}

static __always_inline void copy_exits(struct vmb_slot *slot, const struct kvm_block *block)
{
	const struct kvm_vcpu *vcpu = NULL;

	copy_total(slot, VMB_KVM_EXITS, block, kvm_total_offset(vcpu, exits));
	copy_total(slot, VMB_KVM_IO_EXITS, block, kvm_total_offset(vcpu, io_exits));
	copy_total(slot, VMB_KVM_MMIO_EXITS, block, kvm_total_offset(vcpu, mmio_exits));
	copy_total(slot, VMB_KVM_HALT_EXITS, block, kvm_total_offset(vcpu, halt_exits));
	copy_total(slot, VMB_KVM_IRQ_EXITS, block, kvm_total_offset(vcpu, irq_exits));
	copy_total(slot, VMB_KVM_IRQ_WINDOW_EXITS, block, kvm_total_offset(vcpu, irq_window_exits));
	copy_total(slot, VMB_KVM_NMI_WINDOW_EXITS, block, kvm_total_offset(vcpu, nmi_window_exits));
	copy_total(slot, VMB_KVM_SIGNAL_EXITS, block, kvm_total_offset(vcpu, signal_exits));
	copy_total(
		slot, VMB_KVM_REQUEST_IRQ_EXITS, block, kvm_total_offset(vcpu, request_irq_exits));
	copy_total(slot, VMB_KVM_HYPERCALLS, block, kvm_total_offset(vcpu, hypercalls));
	copy_total(slot, VMB_KVM_INSN_EMULATION, block, kvm_total_offset(vcpu, insn_emulation));
}

/* Reads KVM's record of the vCPU; returns whether it is halted just now. */
static __always_inline bool copy_totals(struct vmb_slot *slot)
{
	__u32 blocking = kvm_blocking_offset();
	const struct kvm_vcpu *vcpu = (const void *)slot->walk.kvm_vcpu;
	struct kvm_block block;
	bool halted;

	kvm_block_read(&block, vcpu, blocking ? blocking : kvm_total_offset(vcpu, exits),
		KVM_BLOCK_TOTALS);
	copy_exits(slot, &block);
	halted = blocking && kvm_block_total(&block, blocking);
	kvm_block_read(&block, vcpu, kvm_poll_success_offset(), KVM_HALT_TOTALS);
	copy_total(slot, VMB_KVM_POLL_SUCCESS_NS, &block, kvm_poll_success_offset());
	copy_total(slot, VMB_KVM_POLL_FAIL_NS, &block, kvm_poll_fail_offset());
	slot->walk.halt_ended_ns = kvm_block_total(&block, kvm_halt_wait_offset());
	return halted;
}

/*
 * KVM adds a halt when the thread runs again, so that it ends with a wait for a CPU, which is no
 * part of it here: be it that of an ended slice, or of the one in progress. The halt in progress
 * began with the sleep in progress.
 */
static __always_inline __u64 halted_ns(
	struct vmb_slot *slot, const struct moment *moment, bool halted)
{
	__s64 slept = sleep_ended(moment) - slot->cpu.end_clock;
	__u64 ready = slot->cpu.woken_ready_ns, sum = slot->walk.halt_ended_ns;

	if (slot->cpu.asleep)
		ready += moment->ready_ended - slot->cpu.sched.ready_ns;
	if (sum > ready)
		sum -= ready;
	if (slot->cpu.asleep && slept > 0 && halted)
		sum += slept;
	return sum;
}

/*
 * A halt that began before vmbpf did is added as a whole when it ends: nobody was idle for longer
 * than it slept. `slept` is the sleep since the last walk; `halted` whether it is just now.
 */
static __always_inline void add_idle(
	struct vmb_slot *slot, const struct moment *moment, __u64 slept, bool halted)
{
	__u64 total_ns;
	__s64 idle;

	if (!with_events || slot->walk.halt_ended_ns == VMB_ABSENT) {
		slot->walk.kvm[VMB_KVM_IDLE_NS] = VMB_ABSENT;
		return;
	}
	total_ns = halted_ns(slot, moment, halted);
	idle = total_ns - slot->walk.halted_ns;
	if (idle > 0)
		slot->walk.kvm[VMB_KVM_IDLE_NS] += (__u64)idle < slept ? (__u64)idle : slept;
	slot->walk.halted_ns = total_ns;
}

static __always_inline void copy_kvm(
	struct task_struct *task, struct vmb_slot *slot, const struct moment *moment, __u64 slept)
{
	if (find_vcpu(task, slot))
		add_idle(slot, moment, slept, copy_totals(slot));
}

/* Of the groups above that of the thread, as deep as service managers and libvirt nest them. */
#define MAX_GROUPS 8

static __always_inline void copy_limits(struct task_struct *task, struct vmb_slot *slot)
{
	struct task_group *group;
	__u64 above = 0;

	if (!bpf_core_type_exists(struct cfs_bandwidth) ||
		!bpf_core_field_exists(task->sched_task_group)) {
		slot->walk.throttled_ns = slot->walk.throttled_above_ns = VMB_ABSENT;
		return;
	}
	group = task->sched_task_group;
	slot->walk.group = group->css.serial_nr;
	slot->walk.throttled_ns = group->cfs_bandwidth.throttled_time;
	group = group->parent;
	slot->walk.group_above = group->css.serial_nr;
	for (int i = 0; i < MAX_GROUPS && group; i++) {
		above += group->cfs_bandwidth.throttled_time;
		group = group->parent;
	}
	slot->walk.throttled_above_ns = above;
}

static __always_inline void copy_held(struct vmb_slot *slot)
{
	for (int i = 0; i < VMB_HOLDERS; i++)
		slot->walk.held_ns[i] = slot->cpu.held_ns[i];
}

static __always_inline void copy_thread(
	struct task_struct *task, struct vmb_slot *slot, __u64 clock, struct vmb_control *self)
{
	struct moment moment = {};
	__u64 wait_ns = slot->walk.wait_ns;

	read_moment(task, clock, &moment, self);
	raise(&slot->walk.sched.run_ns, run_time(task, &moment, self));
	raise(&slot->walk.sched.ready_ns,
		moment.ready_ended +
			(moment.queued && clock > moment.queued ? clock - moment.queued : 0));
	slot->walk.sched.voluntary = task->nvcsw;
	slot->walk.sched.involuntary = task->nivcsw;
	slot->walk.sched.migrations = task->se.nr_migrations;
	if (with_events) {
		copy_events(slot, &moment, self);
		copy_held(slot);
	}
	slot->walk.guest_ns = task->gtime;
	slot->walk.host_cpu = task_cpu(task);
	__builtin_memcpy(slot->walk.comm, task->comm, sizeof(slot->walk.comm));
	copy_limits(task, slot);
	copy_kvm(task, slot, &moment, slot->walk.wait_ns - wait_ns);
	slot->walk.epoch = self->epoch;
	self->threads++;
}

static __noinline void visit_thread(
	struct task_struct *task, struct task_struct *leader, struct vmb_control *self)
{
	struct vmb_slot *slot = slot_of(task);
	struct vmb_process *process;

	if (!slot && !(task->flags & PF_EXITING)) {
		process = process_of(leader);
		slot = slot_new(
			task, leader->start_boottime, process ? process->vm : 0, self->clock);
	}
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
	self->mono_ns = bpf_ktime_get_ns();
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
		visit_thread(task, leader, self);
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
	visit_thread(task, leader, self);
	return 0;
}
