/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drops and errors of the VMs' interfaces, with --light their bytes and packets too, as the host's
 * network devices count them: one RTM_GETLINK dump a tick, about 3 microseconds an interface.
 *
 * RTM_GETSTATS would be ten times faster, but tells neither the name nor the kind of an interface,
 * and the kind decides which way round its counters are.
 *
 * Only interfaces of vmbpf's own network namespace are seen; others stay absent. The socket does
 * not wait for data, but the dump itself waits for the kernel's lock of all interfaces (RTNL).
 */
#include "collect/netdev.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/table.h"
#include "collect/registry.h"

/* The kernel fills datagrams of at most 32 KiB for a reader that offers as much. */
#define DATAGRAM_MAX 32768

/* Later kernels append counters to those vmbpf reads. */
#define MIN_STATS_SIZE offsetof(struct rtnl_link_stats64, multicast)

struct span {
	const char *data;
	size_t size;
};

struct state {
	int fd; /* -1 after a failure, until the next tick */
	bool light;
	uint32_t netns; /* that the dump shows */
	uint64_t lost; /* dumps that did not come to their end */
	alignas(NLMSG_ALIGNTO) char datagram[DATAGRAM_MAX];
};

struct target {
	struct table nics; /* by hash of their device */
	bool light;
};

/* A guest behind these is a port of its own and sees what they see; behind a tap, the reverse. */
static const char *const host_view_kinds[] = { "macvtap", "macvlan", "ipvtap", "ipvlan" };

static void advance(struct span *span, size_t size)
{
	if (size > span->size)
		size = span->size;
	span->data += size;
	span->size -= size;
}

/* Copies a header, as nothing in a datagram is sure to be aligned. */
static bool peek(const struct span *span, void *header, size_t size)
{
	if (span->size < size)
		return false;
	memcpy(header, span->data, size);
	return true;
}

static bool next_attr(struct span *rest, unsigned *type, struct span *payload)
{
	struct nlattr attr;

	if (!peek(rest, &attr, sizeof(attr)) || attr.nla_len < NLA_HDRLEN ||
		attr.nla_len > rest->size)
		return false;
	*type = attr.nla_type & NLA_TYPE_MASK;
	*payload = (struct span){ rest->data + NLA_HDRLEN, attr.nla_len - NLA_HDRLEN };
	advance(rest, NLA_ALIGN(attr.nla_len));
	return true;
}

/* Empty where there is none. */
static struct span find_attr(struct span attrs, unsigned wanted)
{
	struct span payload;
	unsigned type;

	while (next_attr(&attrs, &type, &payload)) {
		if (type == wanted)
			return payload;
	}
	return (struct span){ 0 };
}

static bool has_host_view(struct span attrs)
{
	struct span kind = find_attr(find_attr(attrs, IFLA_LINKINFO), IFLA_INFO_KIND);
	size_t n = sizeof(host_view_kinds) / sizeof(host_view_kinds[0]);

	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(host_view_kinds[i]) + 1;

		if (kind.size == size && memcmp(kind.data, host_view_kinds[i], size) == 0)
			return true;
	}
	return false;
}

static struct net_counters host_view(const struct rtnl_link_stats64 *stats)
{
	return (struct net_counters){
		.rx_bytes = stats->rx_bytes,
		.tx_bytes = stats->tx_bytes,
		.rx_packets = stats->rx_packets,
		.tx_packets = stats->tx_packets,
		.rx_drops = stats->rx_dropped,
		.tx_drops = stats->tx_dropped,
		.rx_errors = stats->rx_errors,
		.tx_errors = stats->tx_errors,
	};
}

static struct net_counters mirror(struct net_counters net)
{
	return (struct net_counters){
		.rx_bytes = net.tx_bytes,
		.tx_bytes = net.rx_bytes,
		.rx_packets = net.tx_packets,
		.tx_packets = net.rx_packets,
		.rx_drops = net.tx_drops,
		.tx_drops = net.rx_drops,
		.rx_errors = net.tx_errors,
		.tx_errors = net.rx_errors,
	};
}

/* False for what has no name or no counters. */
static bool parse_link(struct span body, struct netdev_link *ret)
{
	struct rtnl_link_stats64 stats = { 0 };
	struct span name, counters;

	advance(&body, NLMSG_ALIGN(sizeof(struct ifinfomsg)));
	name = find_attr(body, IFLA_IFNAME);
	counters = find_attr(body, IFLA_STATS64);
	if (name.size == 0 || name.size > sizeof(ret->name) || name.data[name.size - 1] != '\0' ||
		counters.size < MIN_STATS_SIZE)
		return false;
	memcpy(ret->name, name.data, name.size);
	memcpy(&stats, counters.data,
		counters.size < sizeof(stats) ? counters.size : sizeof(stats));
	ret->net = host_view(&stats);
	if (!has_host_view(body))
		ret->net = mirror(ret->net);
	return true;
}

static bool next_message(struct span *rest, unsigned *type, struct span *body)
{
	struct nlmsghdr header;

	if (!peek(rest, &header, sizeof(header)) || header.nlmsg_len < NLMSG_HDRLEN ||
		header.nlmsg_len > rest->size)
		return false;
	*type = header.nlmsg_type;
	*body = (struct span){ rest->data + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN };
	advance(rest, NLMSG_ALIGN((size_t)header.nlmsg_len));
	return true;
}

/* Both messages begin with 0 or -errno; of them only the end of a dump may say 0. */
static int parse_end(unsigned type, const struct span *body)
{
	int32_t error;

	if (!peek(body, &error, sizeof(error)) || error > 0 || error < -4095)
		return -EBADMSG;
	if (error == 0)
		return type == NLMSG_DONE ? 1 : -EBADMSG;
	return error;
}

int netdev_parse(const void *data, size_t size, netdev_link_fn *fn, void *context)
{
	struct span rest = { data, size }, body;
	struct netdev_link link;
	unsigned type;

	while (next_message(&rest, &type, &body)) {
		if (type == NLMSG_DONE || type == NLMSG_ERROR)
			return parse_end(type, &body);
		if (type == RTM_NEWLINK && parse_link(body, &link))
			fn(&link, context);
	}
	return rest.size ? -EBADMSG : 0;
}

static struct nic *find_nic(const struct table *nics, const char *device, const struct nic *after)
{
	uint64_t hash = table_hash(device);
	struct nic *nic = table_find(nics, hash, after);

	while (nic && strcmp(nic->device, device) != 0)
		nic = table_find(nics, hash, nic);
	return nic;
}

/*
 * Of two nics of one name at most one is in this network namespace. Which cannot be told here, so
 * neither gets numbers that may be the other's.
 */
static void fill_nic(const struct netdev_link *link, void *context)
{
	const struct target *target = context;
	struct nic *nic = find_nic(&target->nics, link->name, NULL);

	if (!nic || find_nic(&target->nics, link->name, nic))
		return;
	nic->net.rx_drops = link->net.rx_drops;
	nic->net.tx_drops = link->net.tx_drops;
	nic->net.rx_errors = link->net.rx_errors;
	nic->net.tx_errors = link->net.tx_errors;
	nic->e.have |= SRC_NET_DEVICE;
	if (!target->light)
		return;
	nic->net.rx_bytes = link->net.rx_bytes;
	nic->net.tx_bytes = link->net.tx_bytes;
	nic->net.rx_packets = link->net.rx_packets;
	nic->net.tx_packets = link->net.tx_packets;
	nic->e.have |= SRC_NET;
}

/* Connected to the kernel, so that nobody else can send to it. */
static int open_socket(void)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static int request_dump(int fd)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETLINK,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* As netdev_parse(); the kernel writes the next datagram of a dump while this one is read. */
static int receive(struct state *state, struct target *target)
{
	ssize_t size;

	do {
		size = recv(state->fd, state->datagram, sizeof(state->datagram), MSG_TRUNC);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	if (size == 0 || (size_t)size > sizeof(state->datagram))
		return -EBADMSG;
	return netdev_parse(state->datagram, (size_t)size, fill_nic, target);
}

static int dump(struct state *state, struct target *target)
{
	int r;

	if (state->fd < 0)
		state->fd = open_socket();
	if (state->fd < 0)
		return state->fd;
	r = request_dump(state->fd);
	while (r == 0)
		r = receive(state, target);
	return r < 0 ? r : 0;
}

/* The rest of a dump that failed (ENOBUFS: the socket overran) goes away with its socket. */
static void give_up(struct state *state)
{
	if (state->fd >= 0)
		close(state->fd);
	state->fd = -1;
	state->lost++;
}

/* Inode number of the network namespace that the dump shows, 0: unknown. */
static uint32_t own_netns(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

static void list_nics(const struct snapshot *snap, uint32_t netns, struct table *ret)
{
	for (const struct vm *vm = snap->vms; vm; vm = vm->next) {
		for (struct nic *nic = vm->pid ? vm->nics : NULL; nic; nic = nic->next) {
			bool elsewhere = nic->netns && netns && nic->netns != netns;

			if (nic->device && !elsewhere)
				table_add(ret, table_hash(nic->device), nic);
		}
	}
}

static void netdev_collect(void *data, struct snapshot *snap)
{
	struct state *state = data;
	struct target target = { .light = state->light };
	char reason[160] = "";
	int r = 0;

	list_nics(snap, state->netns, &target.nics);
	if (target.nics.used)
		r = dump(state, &target);
	if (r < 0) {
		give_up(state);
		snprintf(reason, sizeof(reason),
			"cannot list the host's interfaces (%s); asked again at the next tick",
			strerror(-r));
	}
	snapshot_source(snap, "netdev", r == 0, reason);
	snap->host.lost_events += state->lost;
	table_done(&target.nics);
}

static int netdev_open(const struct config *config, void **ret, const char **why)
{
	struct state *state = calloc(1, sizeof(*state));

	*why = "cannot open a route netlink socket; drops and errors of interfaces will be absent "
	       "(allow AF_NETLINK where a sandbox forbids it)";
	if (!state)
		return -ENOMEM;
	state->light = config->light;
	state->netns = own_netns();
	state->fd = open_socket();
	if (state->fd < 0) {
		int r = state->fd;

		free(state);
		return r;
	}
	*ret = state;
	return 0;
}

static void netdev_close(void *data)
{
	struct state *state = data;

	if (state->fd >= 0)
		close(state->fd);
	free(state);
}

const struct collector netdev_collector = {
	.name = "netdev",
	.open = netdev_open,
	.collect = netdev_collect,
	.close = netdev_close,
};
