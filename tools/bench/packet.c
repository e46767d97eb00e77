/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a frame costs while vmbpf is there, beside empty programs on the same events: each turn is a
 * frame from a tap, as a VM sends it, and one to the tap. All in a network namespace of its own.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>

#include "base/clock.h"
#include "lib/compare.h"
#include "lib/load.h"

#define TAP_NAME "bench-tap"
#define FRAME_SIZE 200
#define BATCH 32
#define BATCHES 10 /* of a chunk, about 1 ms */
#define CHUNKS 100
#define QUICK_CHUNK 0.2

/* IEEE 802, local experimental: nobody in the kernel wants such a frame. */
#define ETHERTYPE 0x88b5

struct wire {
	int tap; /* the VM's end */
	int host; /* a socket that sends to the tap */
	unsigned ifindex;
	unsigned char frame[FRAME_SIZE];
};

/* An interface that IPv6 does not send anything to on its own account. */
static void disable_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		warn("IPv6");
	close(fd);
}

static void open_tap(struct wire *wire)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	strcpy(request.ifr_name, TAP_NAME);
	wire->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (wire->tap < 0 || ioctl(wire->tap, TUNSETIFF, &request))
		err(EX_UNAVAILABLE, "/dev/net/tun");
	wire->ifindex = if_nametoindex(TAP_NAME);
	wire->host = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (wire->host < 0)
		err(EX_NOPERM, "packet socket");
	request.ifr_flags = IFF_UP;
	if (ioctl(wire->host, SIOCSIFFLAGS, &request))
		err(EX_UNAVAILABLE, TAP_NAME);
}

static void connect_host(struct wire *wire)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)wire->ifindex,
	};
	struct ethhdr *header = (struct ethhdr *)wire->frame;

	memset(header->h_dest, 0xff, sizeof(header->h_dest));
	memset(header->h_source, 0x02, sizeof(header->h_source));
	header->h_proto = htons(ETHERTYPE);
	if (bind(wire->host, (struct sockaddr *)&address, sizeof(address)))
		err(EX_UNAVAILABLE, "packet socket");
}

/* As many frames as there are in a batch, there and back. */
static int exchange(struct wire *wire)
{
	unsigned char buffer[2 * FRAME_SIZE];

	for (int i = 0; i < BATCH; i++) {
		if (write(wire->tap, wire->frame, FRAME_SIZE) != FRAME_SIZE)
			return -errno;
	}
	for (int i = 0; i < BATCH; i++) {
		if (send(wire->host, wire->frame, FRAME_SIZE, 0) != FRAME_SIZE)
			return -errno;
	}
	for (int i = 0; i < BATCH; i++) {
		if (read(wire->tap, buffer, sizeof(buffer)) != FRAME_SIZE)
			return -EIO;
	}
	return 0;
}

/* Nanoseconds for a frame in each direction together. */
static int measure(void *state, double *ret)
{
	double chunks[CHUNKS];
	int err = 0;

	for (int chunk = 0; chunk < CHUNKS && !err; chunk++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC);

		for (int i = 0; i < BATCHES && !err; i++)
			err = exchange(state);
		chunks[chunk] = (double)(clock_ns(CLOCK_MONOTONIC) - start) / (BATCHES * BATCH);
	}
	*ret = stats_percentile(chunks, CHUNKS, QUICK_CHUNK);
	return err;
}

int main(void)
{
	static const char *const empty[] = { "empty_receive", "empty_xmit", NULL };
	static const char *const ours[] = { "on_receive", "on_xmit", NULL };
	struct wire wire = { 0 };
	struct comparison comparison = {
		.title = "one frame from a tap and one to it",
		.events = ON_NETWORK,
		.measure = measure,
		.state = &wire,
		.empty_programs = empty,
		.our_programs = ours,
		.by_clock = {
			[NOTHING] = { .what = "nothing attached", .unit = "ns" },
			[EMPTY] = { .what = "two empty programs, added", .unit = "ns" },
			[OF_NO_VM] = { .what = "vmbpf, a tap of no VM, added", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.3 },
			[OF_VM] = { .what = "vmbpf, a VM's tap, added", .unit = "ns" },
		},
		.by_statistics = {
			[EMPTY] = { .what = "inside an empty program", .unit = "ns" },
			[OF_NO_VM] = { .what = "inside vmbpf's, a tap of no VM", .unit = "ns" },
			[OF_VM] = { .what = "inside vmbpf's, a VM's tap", .unit = "ns" },
		},
	};
	int status;

	cpus_divide();
	if (unshare(CLONE_NEWNET))
		err(EX_NOPERM, "network namespace");
	disable_ipv6();
	open_tap(&wire);
	connect_host(&wire);
	comparison.tap = (int)wire.ifindex;
	status = measure_repeatedly(compare, &comparison);
	comparison_print(&comparison);
	return status;
}
