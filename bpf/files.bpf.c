// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What a process holds open, which nobody can fake: a KVM VM and its vCPUs are files of the
 * kernel's own, and a tap is known by the driver's device number. Read once for a new process and
 * when its devices change.
 */
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The process of interest; older kernels cannot restrict the iterator to one. */
__u32 wanted_tgid;

static __always_inline void tell(struct bpf_iter__task_file *ctx, struct vmb_file *found)
{
	found->tgid = wanted_tgid;
	bpf_seq_write(ctx->meta->seq, found, sizeof(*found));
}

/*
 * KVM and the tap driver may be modules that were not loaded when this was: then nothing is known
 * of their structures, and the verifier must not come upon an access to one.
 */
#define is_known(structure) bpf_core_type_exists(structure)

/* Files without a directory entry: "kvm-vm" and "kvm-vcpu:<index>". */
static __always_inline void read_anonymous(struct bpf_iter__task_file *ctx, struct file *file)
{
	struct vmb_file found = {};
	struct kvm_vcpu *vcpu;

	bpf_probe_read_kernel_str(
		found.name, sizeof(found.name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (has_prefix(found.name, "kvm-vm")) {
		found.kind = VMB_FILE_KVM_VM;
		tell(ctx, &found);
	} else if (is_known(struct kvm_vcpu) && has_prefix(found.name, "kvm-vcpu")) {
		vcpu = BPF_CORE_READ(file, private_data);
		found.kind = VMB_FILE_KVM_VCPU;
		found.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
		found.tid = BPF_CORE_READ(vcpu, pid, numbers[0].nr);
		tell(ctx, &found);
	}
}

static __always_inline void read_tap(struct bpf_iter__task_file *ctx, struct file *file)
{
	struct tun_file *tun_file = BPF_CORE_READ(file, private_data);
	struct net_device *dev = BPF_CORE_READ(tun_file, tun, dev);
	struct vmb_file found = { .kind = VMB_FILE_TAP };

	if (!dev)
		return;
	found.ifindex = BPF_CORE_READ(dev, ifindex);
	found.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	found.address = (__u32)(__u64)dev;
	bpf_probe_read_kernel_str(found.name, sizeof(found.name), dev->name);
	tell(ctx, &found);
}

SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct inode *inode;

	if (!task || !file || (__u32)task->tgid != wanted_tgid || task->pid != task->tgid)
		return 0;
	inode = file->f_inode;
	if (!inode)
		return 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC)
		read_anonymous(ctx, file);
	else if (is_known(struct tun_file) && inode->i_rdev == TUN_DEVICE)
		read_tap(ctx, file);
	return 0;
}
