// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The floor that vmbpf's programs are compared with: programs of the same type on the same events
 * that do nothing.
 */
#include "kernel.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sched_switch")
int empty_switch(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_wakeup")
int empty_wakeup(void *ctx)
{
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int empty_receive(void *ctx)
{
	return 0;
}

SEC("tp_btf/net_dev_xmit")
int empty_xmit(void *ctx)
{
	return 0;
}

/* When the calling process started, as exactly as vmbpf's verdicts on processes need it. */
SEC("syscall")
int tell_start(__u64 *start_ns)
{
	*start_ns = bpf_get_current_task_btf()->group_leader->start_boottime;
	return 0;
}
