/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel structures we read, and of each only the fields we read: libbpf moves every access to
 * where the running kernel has the field. One accessor for each difference between kernels, naming
 * the version.
 */
#ifndef VMBPF_KERNEL_BPF_H
#define VMBPF_KERNEL_BPF_H

#ifndef __bpf__
#error "for the kernel side only"
#endif

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "vmbpf/wire.h"

/* include/linux/sched.h; stable values that are not in the type information */
#define TASK_DEAD 0x80
#define PF_IO_WORKER 0x10
#define PF_EXITING 0x4
#define PF_USER_WORKER 0x4000 /* since 6.4; older kernels mark tasks that load modules with it */
#define PF_KTHREAD 0x200000
#define CLONE_THREAD 0x10000

/* include/uapi/linux/magic.h, include/uapi/linux/major.h, include/linux/miscdevice.h, kdev_t.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define MISC_MAJOR 10u
#define TUN_MINOR 200u
#define TUN_DEVICE (MISC_MAJOR << 20 | TUN_MINOR)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct rq {
	__u64 clock;
	__u64 clock_task;
	int cpu;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	__u64 exec_start;
	__u64 sum_exec_runtime;
	__u64 nr_migrations;
	struct cfs_rq *cfs_rq;
};

struct sched_info {
	unsigned long pcount;
	unsigned long long run_delay;
	unsigned long long last_arrival;
	unsigned long long last_queued;
};

struct cfs_bandwidth {
	__u64 throttled_time;
};

struct cgroup_subsys_state {
	__u64 serial_nr; /* never given again */
};

struct task_group {
	struct cgroup_subsys_state css;
	struct task_group *parent;
	struct cfs_bandwidth cfs_bandwidth;
};

struct qstr {
	const unsigned char *name;
};

struct super_block {
	unsigned long s_magic;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct inode {
	kuid_t i_uid;
	__u32 i_rdev;
	struct super_block *i_sb;
};

struct dentry {
	struct qstr d_name;
	struct inode *d_inode;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct mm_struct {
	void *notifier_subscriptions;
	struct file *exe_file;
};

struct mm_struct___before_5_6 {
	void *mmu_notifier_mm;
};

struct task_struct {
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int pid;
	int tgid;
	struct sched_entity se;
	struct task_group *sched_task_group;
	struct sched_info sched_info;
	__u64 gtime;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	unsigned long nvcsw;
	unsigned long nivcsw;
	__u64 start_boottime;
	char comm[16];
	struct hlist_head preempt_notifiers;
};

struct task_struct___before_5_14 {
	long state;
};

struct thread_info___cpu {
	__u32 cpu;
};

struct task_struct___thread_info {
	struct thread_info___cpu thread_info;
};

struct task_struct___before_5_16 {
	unsigned int cpu;
};

struct preempt_notifier {
	struct hlist_node link;
};

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

struct kvm {
	struct mm_struct *mm;
};

struct kvm_vcpu_stat_generic {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
	__u64 halt_wait_ns;
	__u64 blocking;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic;
	__u64 exits;
	__u64 io_exits;
	__u64 mmio_exits;
	__u64 halt_exits;
	__u64 irq_exits;
	__u64 irq_window_exits;
	__u64 nmi_window_exits;
	__u64 signal_exits;
	__u64 request_irq_exits;
	__u64 hypercalls;
	__u64 insn_emulation;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct preempt_notifier preempt_notifier;
	int vcpu_id;
	struct pid *pid;
	struct kvm_vcpu_stat stat;
};

struct kvm_vcpu_stat___before_5_14 {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
};

struct kvm_vcpu___before_5_14 {
	struct kvm_vcpu_stat___before_5_14 stat;
};

union vmx_exit_reason {
	__u32 full;
};

struct vcpu_vmx {
	struct kvm_vcpu vcpu;
	union vmx_exit_reason exit_reason;
};

struct vcpu_vt {
	union vmx_exit_reason exit_reason;
};

struct vcpu_vmx___since_6_16 {
	struct vcpu_vt vt;
};

struct vmcb_control_area {
	__u32 exit_code;
};

struct vmcb {
	struct vmcb_control_area control;
};

struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
	char name[16];
};

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
};

struct tun_struct {
	struct net_device *dev;
};

struct tun_file {
	struct tun_struct *tun;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* The first bytes of a text as a number; a constant where the text is one. */
static __always_inline __u64 first_bytes(const char *text, unsigned int n)
{
	__u64 bytes = 0;

	__builtin_memcpy(&bytes, text, n);
	return bytes;
}

/* `prefix` is a literal of at most eight characters. Without a loop, which the verifier would
 * unroll. */
#define has_prefix(text, prefix) \
	(first_bytes(text, sizeof(prefix) - 1) == first_bytes(prefix, sizeof(prefix) - 1))

/* 5.14 renamed `state` to `__state`. */
static __always_inline bool task_is_dead(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return task->__state & TASK_DEAD;
	return old->state & TASK_DEAD;
}

/* Inside KVM a thread has KVM's notifier in its list, which nobody else uses. */
static __always_inline bool task_is_in_kvm(struct task_struct *task)
{
	return bpf_core_field_exists(task->preempt_notifiers) && task->preempt_notifiers.first;
}

/* 5.16 moved the CPU number from the task into its thread_info, where the architecture has one. */
static __always_inline __u32 task_cpu(struct task_struct *task)
{
	struct task_struct___thread_info *with_info = (void *)task;
	struct task_struct___before_5_16 *old = (void *)task;

	return bpf_core_field_exists(old->cpu) ? old->cpu : with_info->thread_info.cpu;
}

/* Where KVM's record of a vCPU has a total, in bytes from its start; 0: nowhere. */
#define kvm_total_offset(vcpu, field) \
	(bpf_core_field_exists((vcpu)->stat.field) ? bpf_core_field_offset((vcpu)->stat.field) : 0)

/* 5.14 moved what all architectures count of a vCPU into a struct of its own. */
static __always_inline __u32 kvm_poll_success_offset(void)
{
	const struct kvm_vcpu___before_5_14 *old = NULL;
	const struct kvm_vcpu *vcpu = NULL;

	if (bpf_core_field_exists(old->stat.halt_poll_success_ns))
		return bpf_core_field_offset(old->stat.halt_poll_success_ns);
	return kvm_total_offset(vcpu, generic.halt_poll_success_ns);
}

static __always_inline __u32 kvm_poll_fail_offset(void)
{
	const struct kvm_vcpu___before_5_14 *old = NULL;
	const struct kvm_vcpu *vcpu = NULL;

	if (bpf_core_field_exists(old->stat.halt_poll_fail_ns))
		return bpf_core_field_offset(old->stat.halt_poll_fail_ns);
	return kvm_total_offset(vcpu, generic.halt_poll_fail_ns);
}

/* Since 5.15. */
static __always_inline __u32 kvm_halt_wait_offset(void)
{
	const struct kvm_vcpu *vcpu = NULL;

	return kvm_total_offset(vcpu, generic.halt_wait_ns);
}

/* Since 5.16, not 0 during a halt; before, a halt is known once it has ended. */
static __always_inline __u32 kvm_blocking_offset(void)
{
	const struct kvm_vcpu *vcpu = NULL;

	return kvm_total_offset(vcpu, generic.blocking);
}

/* Totals that lie side by side, read at once. */
#define KVM_BLOCK_TOTALS 26
#define KVM_HALT_TOTALS 3 /* from the success of polling to halts */

struct kvm_block {
	const void *vcpu;
	__u32 begin; /* bytes from the start of the record */
	__u32 n;
	__u64 totals[KVM_BLOCK_TOTALS];
};

/*
 * All 0 where the record cannot be read. `n` is at most KVM_BLOCK_TOTALS; what is read for nothing
 * is paid for in cache misses.
 */
static __always_inline void kvm_block_read(
	struct kvm_block *block, const struct kvm_vcpu *vcpu, __u32 begin, __u32 n)
{
	block->vcpu = vcpu;
	block->begin = begin;
	block->n = n;
	bpf_probe_read_kernel(block->totals, n * sizeof(block->totals[0]), block->vcpu + begin);
}

/* VMB_ABSENT where `offset` is nowhere. */
static __always_inline __u64 kvm_block_total(const struct kvm_block *block, __u32 offset)
{
	__u32 index = (offset - block->begin) / sizeof(__u64);
	__u64 total = 0;

	if (!offset)
		return VMB_ABSENT;
	if (index < block->n)
		return block->totals[index];
	bpf_probe_read_kernel(&total, sizeof(total), block->vcpu + offset);
	return total;
}

/*
 * Why a vCPU left the guest last, as Intel's processors say it; false where that cannot be
 * read. 6.16 moved that into a part which trust domains have as well. Until 5.15 the tracepoint
 * itself tells.
 */
static __always_inline bool kvm_vmx_reason(struct kvm_vcpu *vcpu, __u32 *ret)
{
	struct vcpu_vmx___since_6_16 *with_vt;
	struct vcpu_vmx *vmx;

	if (!bpf_core_type_exists(struct vcpu_vmx))
		return false;
	vmx = (void *)vcpu - bpf_core_field_offset(struct vcpu_vmx, vcpu);
	with_vt = (void *)vmx;
	if (bpf_core_field_exists(vmx->exit_reason.full))
		return !BPF_CORE_READ_INTO(ret, vmx, exit_reason.full);
	if (bpf_core_field_exists(with_vt->vt.exit_reason.full))
		return !BPF_CORE_READ_INTO(ret, with_vt, vt.exit_reason.full);
	return false;
}

/* The same as AMD's say it. */
static __always_inline bool kvm_svm_reason(struct kvm_vcpu *vcpu, __u32 *ret)
{
	struct vcpu_svm *svm;

	if (!bpf_core_type_exists(struct vcpu_svm) || !bpf_core_type_exists(struct vmcb))
		return false;
	svm = (void *)vcpu - bpf_core_field_offset(struct vcpu_svm, vcpu);
	return !BPF_CORE_READ_INTO(ret, svm, vmcb, control.exit_code);
}

/* 5.6 renamed `mmu_notifier_mm` to `notifier_subscriptions`. */
static __always_inline bool mm_is_followed(struct mm_struct *mm)
{
	struct mm_struct___before_5_6 *old = (void *)mm;

	if (bpf_core_field_exists(mm->notifier_subscriptions))
		return BPF_CORE_READ(mm, notifier_subscriptions);
	return BPF_CORE_READ(old, mmu_notifier_mm);
}

#endif
