// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Bytes and packets of the interfaces of VMs, by interface and by the thread that moved them. The
 * point of view is the VM's: what its tap receives from it, it has sent.
 */
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ETH_HLEN 14

/* Power of two; larger than the number of interfaces, so that searches are short. */
const volatile __u32 nic_mask;
const volatile __u32 n_cpus;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vmb_nic);
} nics SEC(".maps");

/*
 * [slot * n_cpus + cpu]. The kernel raises both events with softirqs off, so each element has one
 * writer.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vmb_net);
} traffic SEC(".maps");

/* The counters of an interface on this CPU, or NULL: an interface of no VM. */
static __always_inline struct vmb_net *traffic_of(struct net_device *dev)
{
	__u32 ifindex = dev->ifindex;
	__u32 netns = dev->nd_net.net->ns.inum;
	__u32 address = (__u32)(__u64)dev;
	__u32 at = vmb_nic_hash(ifindex, netns);
	struct vmb_nic *nic;
	__u32 place;

	for (int i = 0; i < VMB_NIC_PROBES; i++) {
		place = (at + i) & nic_mask;
		nic = bpf_map_lookup_elem(&nics, &place);
		if (!nic || !nic->ifindex)
			return NULL;
		if (nic->ifindex == ifindex && nic->netns == netns && nic->address == address) {
			place = nic->slot * n_cpus + bpf_get_smp_processor_id();
			return bpf_map_lookup_elem(&traffic, &place);
		}
	}
	return NULL;
}

/* A frame that the VM sent. At this point the Ethernet header is no longer counted in the length.
 */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_receive, struct sk_buff *skb)
{
	struct vmb_net *net = traffic_of(skb->dev);
	struct vmb_slot *slot;
	__u64 bytes;

	if (!net)
		return 0;
	bytes = skb->len + ETH_HLEN;
	net->tx_bytes += bytes;
	net->tx_packets++;
	slot = slot_of(bpf_get_current_task_btf());
	if (slot)
		slot->cpu.tx_bytes += bytes;
	return 0;
}

/* A frame for the VM, once the tap has taken it (rc is 0; else it was dropped). */
SEC("tp_btf/net_dev_xmit")
int BPF_PROG(on_xmit, struct sk_buff *skb, int rc, struct net_device *dev, unsigned int bytes)
{
	struct vmb_net *net;
	struct vmb_slot *slot;

	if (rc)
		return 0;
	net = traffic_of(dev);
	if (!net)
		return 0;
	net->rx_bytes += bytes;
	net->rx_packets++;
	slot = slot_of(bpf_get_current_task_btf());
	if (slot)
		slot->cpu.rx_bytes += bytes;
	return 0;
}
