/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The netlink parser on datagrams built here, the collector on this machine's interfaces. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "collect/netdev.h"
#include "collect/registry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SKIPPED 77

struct datagram {
	char data[4096];
	size_t size;
	size_t message; /* where the message being written begins */
};

struct found {
	unsigned n;
	struct netdev_link last;
};

static void note_link(const struct netdev_link *link, void *context)
{
	struct found *found = context;

	found->n++;
	found->last = *link;
}

static void append(struct datagram *datagram, const void *data, size_t size)
{
	assert_true(datagram->size + size <= sizeof(datagram->data));
	memcpy(datagram->data + datagram->size, data, size);
	datagram->size = NLMSG_ALIGN(datagram->size + size);
}

static void begin_message(struct datagram *datagram, uint16_t type)
{
	const struct nlmsghdr header = { .nlmsg_type = type };

	datagram->message = datagram->size;
	append(datagram, &header, sizeof(header));
}

static void end_message(struct datagram *datagram)
{
	uint32_t size = (uint32_t)(datagram->size - datagram->message);

	memcpy(datagram->data + datagram->message, &size, sizeof(size));
}

static void append_attr(struct datagram *datagram, uint16_t type, const void *data, size_t size)
{
	const struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size) };

	append(datagram, &attr, sizeof(attr));
	append(datagram, data, size);
}

static void begin_link(struct datagram *datagram, const char *name)
{
	const struct ifinfomsg body = { .ifi_index = 7 };

	begin_message(datagram, RTM_NEWLINK);
	append(datagram, &body, sizeof(body));
	append_attr(datagram, IFLA_IFNAME, name, strlen(name) + 1);
}

/* Counters that tell from their value what they are. */
static void append_stats(struct datagram *datagram, size_t size)
{
	const struct rtnl_link_stats64 stats = {
		.rx_packets = 1,
		.tx_packets = 2,
		.rx_bytes = 3,
		.tx_bytes = 4,
		.rx_errors = 5,
		.tx_errors = 6,
		.rx_dropped = 7,
		.tx_dropped = 8,
	};

	append_attr(datagram, IFLA_STATS64, &stats, size);
}

static void append_kind(struct datagram *datagram, const char *kind)
{
	struct datagram nested = { 0 };

	append_attr(&nested, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	append_attr(datagram, IFLA_LINKINFO | NLA_F_NESTED, nested.data, nested.size);
}

static void append_end(struct datagram *datagram, uint16_t type, int32_t error)
{
	begin_message(datagram, type);
	append(datagram, &error, sizeof(error));
	end_message(datagram);
}

static int parse(const struct datagram *datagram, struct found *ret)
{
	*ret = (struct found){ 0 };
	return netdev_parse(datagram->data, datagram->size, note_link, ret);
}

static void what_a_tap_receives_is_what_the_guest_sent(void **state)
{
	struct datagram datagram = { 0 };
	struct found found;

	(void)state;
	begin_link(&datagram, "vnet0");
	append_stats(&datagram, sizeof(struct rtnl_link_stats64));
	append_kind(&datagram, "tun");
	end_message(&datagram);
	assert_int_equal(parse(&datagram, &found), 0);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.last.name, "vnet0");
	assert_int_equal(found.last.net.tx_packets, 1);
	assert_int_equal(found.last.net.rx_packets, 2);
	assert_int_equal(found.last.net.tx_bytes, 3);
	assert_int_equal(found.last.net.rx_bytes, 4);
	assert_int_equal(found.last.net.tx_errors, 5);
	assert_int_equal(found.last.net.rx_errors, 6);
	assert_int_equal(found.last.net.tx_drops, 7);
	assert_int_equal(found.last.net.rx_drops, 8);
}

static void what_a_macvtap_receives_is_what_the_guest_receives(void **state)
{
	static const struct {
		const char *kind;
		uint64_t rx_bytes;
	} cases[] = {
		{ "macvtap", 3 },
		{ "ipvtap", 3 },
		{ "macvtap2", 4 },
		{ "macv", 4 },
		{ "veth", 4 },
		{ "", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct datagram datagram = { 0 };
		struct found found;

		begin_link(&datagram, "macvtap0");
		append_kind(&datagram, cases[i].kind);
		append_stats(&datagram, sizeof(struct rtnl_link_stats64));
		end_message(&datagram);
		assert_int_equal(parse(&datagram, &found), 0);
		assert_int_equal(found.last.net.rx_bytes, cases[i].rx_bytes);
		assert_int_equal(found.last.net.tx_bytes, 7 - cases[i].rx_bytes);
	}
}

static void counters_of_another_kernel_are_read_as_far_as_known(void **state)
{
	static const struct {
		size_t size;
		unsigned n;
	} cases[] = {
		{ sizeof(struct rtnl_link_stats64), 1 },
		{ offsetof(struct rtnl_link_stats64, multicast), 1 },
		{ offsetof(struct rtnl_link_stats64, tx_dropped), 0 },
		{ 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct datagram datagram = { 0 };
		struct found found;

		begin_link(&datagram, "vnet0");
		append_stats(&datagram, cases[i].size);
		end_message(&datagram);
		assert_int_equal(parse(&datagram, &found), 0);
		assert_int_equal(found.n, cases[i].n);
	}
}

static void link_without_a_proper_name_is_passed_over(void **state)
{
	static const struct {
		const char *name;
		size_t size;
	} cases[] = {
		{ "", 0 },
		{ "vnet0", 5 }, /* no NUL */
		{ "sixteen-letters-", 17 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ifinfomsg body = { 0 };
		struct datagram datagram = { 0 };
		struct found found;

		begin_message(&datagram, RTM_NEWLINK);
		append(&datagram, &body, sizeof(body));
		append_attr(&datagram, IFLA_IFNAME, cases[i].name, cases[i].size);
		append_stats(&datagram, sizeof(struct rtnl_link_stats64));
		end_message(&datagram);
		assert_int_equal(parse(&datagram, &found), 0);
		assert_int_equal(found.n, 0);
	}
}

static void dump_ends_as_the_kernel_says(void **state)
{
	static const struct {
		uint16_t type;
		int32_t error;
		int result;
	} cases[] = {
		{ NLMSG_DONE, 0, 1 },
		{ NLMSG_DONE, -ENOMEM, -ENOMEM },
		{ NLMSG_ERROR, -EPERM, -EPERM },
		{ NLMSG_ERROR, 0, -EBADMSG }, /* an acknowledgement nobody asked for */
		{ NLMSG_ERROR, 5, -EBADMSG },
		{ NLMSG_ERROR, INT32_MIN, -EBADMSG },
		{ NLMSG_NOOP, 0, 0 },
		{ RTM_DELLINK, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct datagram datagram = { 0 };
		struct found found;

		begin_link(&datagram, "vnet0");
		append_stats(&datagram, sizeof(struct rtnl_link_stats64));
		end_message(&datagram);
		append_end(&datagram, cases[i].type, cases[i].error);
		assert_int_equal(parse(&datagram, &found), cases[i].result);
		assert_int_equal(found.n, 1);
	}
}

static void datagram_cut_anywhere_is_refused_without_reading_beyond(void **state)
{
	struct datagram datagram = { 0 };
	struct found found;

	(void)state;
	begin_link(&datagram, "vnet0");
	append_kind(&datagram, "tun");
	append_stats(&datagram, sizeof(struct rtnl_link_stats64));
	end_message(&datagram);
	for (size_t size = 1; size < datagram.size; size++) {
		/* Of its own size, so that a sanitizer sees a byte too far. */
		AUTO_FREE char *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, datagram.data, size);
		found = (struct found){ 0 };
		assert_int_equal(netdev_parse(copy, size, note_link, &found), -EBADMSG);
		assert_int_equal(found.n, 0);
	}
	assert_int_equal(netdev_parse(datagram.data, 0, note_link, &found), 0);
}

static void length_that_lies_is_refused(void **state)
{
	static const uint32_t lengths[] = { 0, 1, NLMSG_HDRLEN - 1, 4096, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct datagram datagram = { 0 };
		struct found found;

		begin_link(&datagram, "vnet0");
		append_stats(&datagram, sizeof(struct rtnl_link_stats64));
		memcpy(datagram.data, &lengths[i], sizeof(lengths[i]));
		assert_int_equal(parse(&datagram, &found), -EBADMSG);
		assert_int_equal(found.n, 0);
	}
}

static void *open_collector(bool light)
{
	const struct config config = { .light = light };
	const char *why = NULL;
	void *collector = NULL;

	assert_int_equal(netdev_collector.open(&config, &collector, &why), 0);
	return collector;
}

/* A snapshot with a VM for each name, and its nic. */
static struct snapshot *snapshot_with_nics(const char *const *names, unsigned n)
{
	struct snapshot *snap = snapshot_new();

	assert_non_null(snap);
	for (unsigned i = 0; i < n; i++) {
		struct vm *vm = snapshot_add_vm(snap);

		vm->pid = (pid_t)i + 1;
		snapshot_nic(snap, vm, names[i]);
	}
	return snap;
}

static uint64_t counter_of(const char *device, const char *counter)
{
	char path[128], text[32];
	const char *at = text;
	uint64_t value = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", device, counter);
	assert_int_equal(buf_read(AT_FDCWD, path, text, sizeof(text)), 0);
	assert_int_equal(buf_u64(&at, &value), 0);
	return value;
}

static void interface_of_this_machine_is_read(void **state)
{
	static const char *const names[] = { "lo", "no-such-device" };
	struct snapshot *snap = snapshot_with_nics(names, 2);
	void *collector = open_collector(true);
	uint64_t rx_bytes = counter_of("lo", "rx_bytes");
	const struct nic *nic = snap->vms->nics;

	(void)state;
	netdev_collector.collect(collector, snap);
	assert_true(nic->e.have & SRC_NET);
	assert_true(nic->e.have & SRC_NET_DEVICE);
	assert_true(nic->net.tx_bytes >= rx_bytes);
	assert_true(nic->net.tx_bytes <= counter_of("lo", "rx_bytes"));
	assert_false(snap->vms->next->nics->e.have & (SRC_NET | SRC_NET_DEVICE));
	assert_int_equal(snap->host.lost_events, 0);
	netdev_collector.close(collector);
	snapshot_free(snap);
}

static void bytes_are_left_to_others_unless_light(void **state)
{
	static const char *const names[] = { "lo" };
	struct snapshot *snap = snapshot_with_nics(names, 1);
	void *collector = open_collector(false);
	struct nic *nic = snap->vms->nics;

	(void)state;
	nic->net.rx_bytes = 123;
	netdev_collector.collect(collector, snap);
	assert_false(nic->e.have & SRC_NET);
	assert_true(nic->e.have & SRC_NET_DEVICE);
	assert_int_equal(nic->net.rx_bytes, 123);
	netdev_collector.close(collector);
	snapshot_free(snap);
}

static void name_that_two_vms_use_is_nobodys(void **state)
{
	static const char *const names[] = { "lo", "lo" };
	struct snapshot *snap = snapshot_with_nics(names, 2);
	void *collector = open_collector(true);

	(void)state;
	netdev_collector.collect(collector, snap);
	assert_false(snap->vms->nics->e.have & SRC_NET_DEVICE);
	assert_false(snap->vms->next->nics->e.have & SRC_NET_DEVICE);
	netdev_collector.close(collector);
	snapshot_free(snap);
}

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	AUTO_FD int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return -1;
	request.ifr_flags = IFF_UP;
	return ioctl(control, SIOCSIFFLAGS, &request) < 0 ? -1 : fd;
}

/* Sends five frames out of a tap as a guest does, and compares. Runs in a namespace of its own. */
static int send_from_guest(void)
{
	static const char *const names[] = { "tap0" };
	const char frame[100] = "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\1\x88\xb5";
	struct snapshot *snap;
	void *collector;
	int fd, wrong;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return SKIPPED;
	fd = open_tap(names[0]);
	if (fd < 0)
		return SKIPPED;
	for (unsigned i = 0; i < 5; i++) {
		if (write(fd, frame, sizeof(frame)) != sizeof(frame))
			return 1;
	}
	snap = snapshot_with_nics(names, 1);
	collector = open_collector(true);
	netdev_collector.collect(collector, snap);
	wrong = snap->vms->nics->net.tx_packets != 5 ||
		snap->vms->nics->net.tx_bytes != 5 * sizeof(frame);
	netdev_collector.close(collector);
	snapshot_free(snap);
	close(fd);
	return wrong;
}

static void frames_of_a_guest_are_counted_exactly(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(send_from_guest());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		print_message("# no network namespace or tap could be made\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_tap_receives_is_what_the_guest_sent),
		cmocka_unit_test(what_a_macvtap_receives_is_what_the_guest_receives),
		cmocka_unit_test(counters_of_another_kernel_are_read_as_far_as_known),
		cmocka_unit_test(link_without_a_proper_name_is_passed_over),
		cmocka_unit_test(dump_ends_as_the_kernel_says),
		cmocka_unit_test(datagram_cut_anywhere_is_refused_without_reading_beyond),
		cmocka_unit_test(length_that_lies_is_refused),
		cmocka_unit_test(interface_of_this_machine_is_read),
		cmocka_unit_test(bytes_are_left_to_others_unless_light),
		cmocka_unit_test(name_that_two_vms_use_is_nobodys),
		cmocka_unit_test(frames_of_a_guest_are_counted_exactly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
