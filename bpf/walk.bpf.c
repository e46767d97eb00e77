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
 * in its list, which nobody else uses. Out of KVM, QEMU being at work for the guest, the record
 * found last is taken, if it is one of the same process and of the same vCPU still.
 */
static __always_inline struct kvm_vcpu *find_vcpu(struct task_struct *task, struct vmb_slot *slot)
{
	struct hlist_node *first = task->preempt_notifiers.first;
	struct kvm_vcpu *vcpu = (void *)slot->walk.kvm_vcpu;

	if (!bpf_core_type_exists(struct kvm_vcpu))
		return NULL;
	if (!first) {
		if (vcpu && is_vcpu_of(vcpu, task) &&
			BPF_CORE_READ(vcpu, vcpu_id) == slot->walk.vcpu)
			return vcpu;
		return NULL;
	}
	vcpu = (void *)first - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier) -
	       bpf_core_field_offset(struct preempt_notifier, link);
	return is_vcpu_of(vcpu, task) ? vcpu : NULL;
}

/* Totals never go back: a record that was read while it was given up would make them. */
#define copy_total(slot, index, vcpu, field) \
	do { \
		if (bpf_core_field_exists((vcpu)->stat.field)) \
			raise(&(slot)->walk.kvm[index], BPF_CORE_READ(vcpu, stat.field)); \
		else \
			(slot)->walk.kvm[index] = VMB_ABSENT; \
	} while (0)

static __always_inline void copy_exits(struct vmb_slot *slot, struct kvm_vcpu *vcpu)
{
	copy_total(slot, VMB_KVM_EXITS, vcpu, exits);
	copy_total(slot, VMB_KVM_IO_EXITS, vcpu, io_exits);
	copy_total(slot, VMB_KVM_MMIO_EXITS, vcpu, mmio_exits);
	copy_total(slot, VMB_KVM_HALT_EXITS, vcpu, halt_exits);
	copy_total(slot, VMB_KVM_IRQ_EXITS, vcpu, irq_exits);
	copy_total(slot, VMB_KVM_IRQ_WINDOW_EXITS, vcpu, irq_window_exits);
	copy_total(slot, VMB_KVM_NMI_WINDOW_EXITS, vcpu, nmi_window_exits);
	copy_total(slot, VMB_KVM_SIGNAL_EXITS, vcpu, signal_exits);
	copy_total(slot, VMB_KVM_REQUEST_IRQ_EXITS, vcpu, request_irq_exits);
	copy_total(slot, VMB_KVM_HYPERCALLS, vcpu, hypercalls);
	copy_total(slot, VMB_KVM_INSN_EMULATION, vcpu, insn_emulation);
}

/*
 * KVM adds a halt when the thread runs again, so that it ends with a wait for a CPU, which is no
 * part of it here: be it that of an ended slice, or of the one in progress. The halt in progress
 * began with the sleep in progress.
 */
static __always_inline __u64 halted_ns(
	struct vmb_slot *slot, struct kvm_vcpu *vcpu, const struct moment *moment)
{
	__u64 halted = kvm_halt_wait_ns(vcpu);
	__s64 slept = sleep_ended(moment) - slot->cpu.end_clock;
	__u64 ready = slot->cpu.woken_ready_ns;

	if (halted == VMB_ABSENT)
		return halted;
	if (slot->cpu.asleep)
		ready += moment->ready_ended - slot->cpu.sched.ready_ns;
	if (halted > ready)
		halted -= ready;
	if (slot->cpu.asleep && slept > 0 && kvm_is_halted(vcpu))
		halted += slept;
	return halted;
}

/*
 * A halt that began before vmbpf did is added as a whole when it ends: nobody was idle for longer
 * than it slept. `slept` is the sleep since the last walk.
 */
static __always_inline void copy_halts(
	struct vmb_slot *slot, struct kvm_vcpu *vcpu, const struct moment *moment, __u64 slept)
{
	__u64 halted = with_events ? halted_ns(slot, vcpu, moment) : VMB_ABSENT;
	__s64 idle = halted - slot->walk.halted_ns;

	slot->walk.kvm[VMB_KVM_POLL_SUCCESS_NS] = kvm_poll_success_ns(vcpu);
	slot->walk.kvm[VMB_KVM_POLL_FAIL_NS] = kvm_poll_fail_ns(vcpu);
	if (halted == VMB_ABSENT) {
		slot->walk.kvm[VMB_KVM_IDLE_NS] = halted;
		return;
	}
	if (idle > 0)
		slot->walk.kvm[VMB_KVM_IDLE_NS] += (__u64)idle < slept ? (__u64)idle : slept;
	slot->walk.halted_ns = halted;
}

static __always_inline void copy_kvm(
	struct task_struct *task, struct vmb_slot *slot, const struct moment *moment, __u64 slept)
{
	struct kvm_vcpu *vcpu = find_vcpu(task, slot);

	if (!vcpu)
		return;
	slot->walk.kvm_vcpu = (__u64)vcpu;
	slot->walk.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	copy_exits(slot, vcpu);
	copy_halts(slot, vcpu, moment, slept);
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
	group = BPF_CORE_READ(task, sched_task_group);
	slot->walk.group = (__u64)group >> 6;
	slot->walk.throttled_ns = BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
	group = BPF_CORE_READ(group, parent);
	slot->walk.group_above = (__u64)group >> 6;
	for (int i = 0; i < MAX_GROUPS && group; i++) {
		above += BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
		group = BPF_CORE_READ(group, parent);
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
	bpf_probe_read_kernel_str(slot->walk.comm, sizeof(slot->walk.comm), task->comm);
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
