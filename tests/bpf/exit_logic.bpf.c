// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Lets the kernel run the functions that count exits on events of the test's choice. */
#include "../../bpf/kvm.bpf.c"
#include "exit_logic.h"

static __always_inline struct vmb_exit_table *test_table(void)
{
	__u32 number = LOGIC_TABLE;

	return bpf_map_lookup_elem(&exit_tables, &number);
}

SEC("syscall")
int run_leave(struct event_case *test)
{
	struct vmb_exit_table *table = test_table();

	if (table)
		leave_guest(table, test->key, test->now, test->delay_ns);
	return 0;
}

SEC("syscall")
int run_enter(struct event_case *test)
{
	struct vmb_exit_table *table = test_table();

	if (table)
		enter_guest(table, test->now, test->delay_ns);
	return 0;
}

SEC("syscall")
int run_count(struct event_case *test)
{
	struct vmb_exit_table *table = test_table();

	if (table)
		count(table, test->key);
	return 0;
}

SEC("syscall")
int run_guest_key(struct guest_key_case *test)
{
	test->key = guest_key(test->isa, test->reason);
	return 0;
}

SEC("syscall")
int run_userspace_key(struct userspace_key_case *test)
{
	test->key = userspace_key(test->reason, test->error);
	return 0;
}

SEC("syscall")
int run_access_key(struct access_key_case *test)
{
	test->pio = pio_key(test->address, test->write);
	test->mmio = mmio_key(test->address, test->write);
	return 0;
}

/* Gives the calling thread a slot, and asks for its table. */
SEC("syscall")
int run_my_table(struct table_case *test)
{
	struct task_struct *me = bpf_get_current_task_btf();
	__u32 tid = me->pid, row = tid / VMB_CELLS, number = LOGIC_SLOT;
	struct vmb_cells *cells = bpf_map_lookup_elem(&tids, &row);
	struct vmb_slot *slot = bpf_map_lookup_elem(&slots, &number);

	if (!cells || !slot)
		return 1;
	slot->start_ns = me->start_boottime;
	cells->slot[tid % VMB_CELLS] = number;
	test->found = my_table(me) != NULL;
	test->number = slot->cpu.exits;
	return 0;
}
