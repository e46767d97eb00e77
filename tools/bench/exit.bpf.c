// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What vmbpf does when a vCPU leaves the guest and accesses a device, done at each system call
 * instead: on some hosts KVM's own events never come.
 */
#include "../../bpf/kvm.bpf.c"

/* Of the only vCPU there is; 0 is nobody's. */
#define VCPU_SLOT 1
#define VCPU_TABLE 1

/* arch/x86/include/uapi/asm/vmx.h; the port is that of POST codes. */
#define EXIT_REASON_IO_INSTRUCTION 30
#define PORT 0x80

SEC("tp_btf/sys_enter")
int run_empty(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_enter")
int run_exit(void *ctx)
{
	note_exit(guest_key(VMB_ISA_VMX, EXIT_REASON_IO_INSTRUCTION));
	return 0;
}

/* After 5.15 the reason has to be read from KVM's record of the vCPU; the thread's stands in. */
SEC("tp_btf/sys_enter")
int run_exit_read(void *ctx)
{
	struct task_struct *me = bpf_get_current_task_btf();
	__u32 reason = EXIT_REASON_IO_INSTRUCTION;

	if (slot_of(me))
		BPF_CORE_READ_INTO(&reason, me, pid);
	note_exit(guest_key(VMB_ISA_VMX, reason));
	return 0;
}

SEC("tp_btf/sys_enter")
int run_access(void *ctx)
{
	note(pio_key(PORT, true));
	return 0;
}

/* Makes the calling thread a vCPU whose exits have a table, or a thread of no VM. */
SEC("syscall")
int set_vcpu(__u32 *is_vcpu)
{
	struct task_struct *me = bpf_get_current_task_btf();
	__u32 tid = me->pid, row = tid / VMB_CELLS, number = VCPU_SLOT;
	struct vmb_cells *cells = bpf_map_lookup_elem(&tids, &row);
	struct vmb_slot *slot = bpf_map_lookup_elem(&slots, &number);

	if (!cells || !slot)
		return 1;
	slot->start_ns = me->start_boottime;
	slot->cpu.exits = VCPU_TABLE;
	cells->slot[tid % VMB_CELLS] = *is_vcpu ? VCPU_SLOT : 0;
	return *is_vcpu && !my_table(me);
}
