/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control group of a thread proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/cgroup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* systemd's scope of domain 1, "t1". */
#define SCOPE "/machine.slice/machine-qemu\\x2d1\\x2dt1.scope"

struct expected {
	const char *text;
	int64_t id;
	const char *name;
	enum cgroup_kind kind;
	int index;
};

static void check(const struct expected *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cgroup_info info = { .domain_id = 99, .kind = CGROUP_EMULATOR };

		cgroup_parse(rows[i].text, &info);
		if (info.domain_id != rows[i].id || info.kind != rows[i].kind ||
			info.index != rows[i].index || strcmp(info.name, rows[i].name) != 0)
			fail_msg("%s: id %d name \"%s\" kind %d index %d", rows[i].text,
				(int)info.domain_id, info.name, (int)info.kind, info.index);
	}
}

static void each_layout_of_libvirt_is_understood(void **state)
{
	static const struct expected rows[] = {
		{ "0::/machine/qemu-2-t1.libvirt-qemu/emulator\n", 2, "t1", CGROUP_EMULATOR, -1 },
		{ "0::/machine/qemu-2-t1.libvirt-qemu/vcpu11\n", 2, "t1", CGROUP_VCPU, 11 },
		{ "0::" SCOPE "/libvirt/vcpu0\n", 1, "t1", CGROUP_VCPU, 0 },
		{ "0::" SCOPE "/libvirt/iothread3\n", 1, "t1", CGROUP_IOTHREAD, 3 },
		{ "0::" SCOPE "/libvirt\n", 1, "t1", CGROUP_NONE, -1 },
		{ "0::" SCOPE "\n", 1, "t1", CGROUP_NONE, -1 },
		{ "3:cpuset:" SCOPE "/emulator\n", 1, "t1", CGROUP_EMULATOR, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void other_partitions_are_understood(void **state)
{
	static const struct expected rows[] = {
		{ "0::/machine/prod.partition/qemu-12-db.libvirt-qemu/vcpu1\n", 12, "db",
			CGROUP_VCPU, 1 },
		{ "0::/prod.partition/qemu-12-db.libvirt-qemu\n", 12, "db", CGROUP_NONE, -1 },
		{ "0::/machine.slice/machine-prod.slice/machine-qemu\\x2d5\\x2da.scope\n", 5, "a",
			CGROUP_NONE, -1 },
		{ "0::/docker/0a1b/machine/qemu-3-x.libvirt-qemu/emulator\n", 3, "x",
			CGROUP_EMULATOR, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void the_parts_are_found_in_whatever_controller_has_them(void **state)
{
	static const struct expected rows[] = {
		{ "9:name=systemd:/\n"
		  "8:pids:/\n"
		  "7:blkio:/machine/qemu-2-t1.libvirt-qemu\n"
		  "3:cpuset:/machine/qemu-2-t1.libvirt-qemu/vcpu0\n"
		  "2:cpuacct:/\n"
		  "1:cpu:/machine/qemu-2-t1.libvirt-qemu/vcpu0\n"
		  "0::/\n",
			2, "t1", CGROUP_VCPU, 0 },
		{ "4:memory:/machine/qemu-2-t1.libvirt-qemu", 2, "t1", CGROUP_NONE, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void a_domain_may_have_no_or_a_long_name(void **state)
{
	static const struct expected rows[] = {
		{ "0::/machine/qemu-34.libvirt-qemu/emulator\n", 34, "", CGROUP_EMULATOR, -1 },
		{ "0::/machine/qemu-34-.libvirt-qemu\n", 34, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-8-a-b.c-9.libvirt-qemu\n", 8, "a-b.c-9", CGROUP_NONE, -1 },
		/* Longer than libvirt makes them: not libvirt's. */
		{ "0::/machine/qemu-8-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.libvirt-qemu\n",
			-1, "", CGROUP_NONE, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void a_group_that_a_user_may_have_made_proves_nothing(void **state)
{
	static const struct expected rows[] = {
		{ "0::/user.slice/user-1000.slice/user@1000.service/qemu-2-t1.libvirt-qemu/vcpu0\n",
			-1, "", CGROUP_NONE, -1 },
		{ "0::/user.slice/user-1000.slice/session-3.scope/machine-qemu\\x2d1\\x2dt1.scope\n",
			-1, "", CGROUP_NONE, -1 },
		{ "0::/system.slice/runner.service/machine/qemu-2-t1.libvirt-qemu\n", -1, "",
			CGROUP_NONE, -1 },
		{ "0::/lxc.payload.c1/machine/qemu-2-t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		{ "5:cpu:/lxc/c1/machine/qemu-2-t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void what_is_only_similar_is_no_domain(void **state)
{
	static const struct expected rows[] = {
		{ "", -1, "", CGROUP_NONE, -1 },
		{ "\n\n::::\n:", -1, "", CGROUP_NONE, -1 },
		{ "0::/\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu--t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-x-t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-2t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-9999999999-t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-2-t1.libvirt-lxc\n", -1, "", CGROUP_NONE, -1 },
		{ "0::/machine.slice/machine-lxc\\x2d1\\x2dt1.scope\n", -1, "", CGROUP_NONE, -1 },
		{ "qemu-2-t1.libvirt-qemu\n", -1, "", CGROUP_NONE, -1 },
		/* A domain, but no part of one that libvirt makes. */
		{ "0::/machine/qemu-2-t1.libvirt-qemu/vcpu\n", 2, "t1", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-2-t1.libvirt-qemu/vcpu1x\n", 2, "t1", CGROUP_NONE, -1 },
		{ "0::/machine/qemu-2-t1.libvirt-qemu/emulator2\n", 2, "t1", CGROUP_NONE, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void lines_that_contradict_each_other_prove_nothing(void **state)
{
	static const struct expected rows[] = {
		{ "2:cpu:/machine/qemu-2-t1.libvirt-qemu/vcpu0\n"
		  "1:cpuset:/machine/qemu-3-t2.libvirt-qemu/vcpu0\n",
			-1, "", CGROUP_NONE, -1 },
		{ "2:cpu:/machine/qemu-2-t1.libvirt-qemu/vcpu0\n"
		  "1:cpuset:/machine/qemu-2-t1.libvirt-qemu/vcpu1\n",
			-1, "", CGROUP_NONE, -1 },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void this_test_is_in_no_domain(void **state)
{
	struct cgroup_info info = { .domain_id = 99 };

	(void)state;
	assert_int_equal(cgroup_read(getpid(), getpid(), &info), 0);
	assert_int_equal(info.domain_id, -1);
	assert_true(cgroup_read(getpid(), 1, &info) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_layout_of_libvirt_is_understood),
		cmocka_unit_test(other_partitions_are_understood),
		cmocka_unit_test(the_parts_are_found_in_whatever_controller_has_them),
		cmocka_unit_test(a_domain_may_have_no_or_a_long_name),
		cmocka_unit_test(a_group_that_a_user_may_have_made_proves_nothing),
		cmocka_unit_test(what_is_only_similar_is_no_domain),
		cmocka_unit_test(lines_that_contradict_each_other_prove_nothing),
		cmocka_unit_test(this_test_is_in_no_domain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
