/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel-side collector concludes from names, command lines and histograms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collect/kernel/kernel.h"

static void a_name_tells_the_role_as_a_last_resort(void **state)
{
	static const struct {
		const char *comm;
		enum role role;
		int vcpu;
	} cases[] = {
		{ "CPU 0/KVM", ROLE_VCPU, 0 },
		{ "CPU 63/TCG", ROLE_VCPU, 63 },
		{ "CPU -1/KVM", ROLE_OTHER, -1 },
		{ "CPU x/KVM", ROLE_OTHER, -1 },
		{ "CPU 1", ROLE_OTHER, -1 },
		{ "IO iothread1", ROLE_IOTHREAD, -1 },
		{ "IO mon_iothread", ROLE_EMULATOR, -1 },
		{ "worker", ROLE_WORKER, -1 },
		{ "call_rcu", ROLE_EMULATOR, -1 },
		{ "vhost-123", ROLE_OTHER, -1 }, /* only the kernel can say so */
		{ "", ROLE_OTHER, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int vcpu = -1;

		assert_int_equal(role_of_name(cases[i].comm, &vcpu), cases[i].role);
		assert_int_equal(vcpu, cases[i].vcpu);
	}
}

/* Arguments are written with | for the byte that ends each. */
static size_t make_cmdline(const char *text, char *cmdline)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		cmdline[i] = text[i] == '|' ? '\0' : text[i];
	return length;
}

static void the_vm_is_called_as_its_command_line_says(void **state)
{
	static const struct {
		const char *cmdline;
		const char *name;
	} cases[] = {
		{ "qemu|-name|guest=web-1,debug-threads=on|-S|", "web-1" },
		{ "qemu|-name|web-2|", "web-2" },
		{ "qemu|--name|debug-threads=on,guest=web-3|", "web-3" },
		{ "qemu|-name|guest=a,,b=c,process=x|", "a,b=c" },
		{ "qemu|-name|my guest=x|", "my guest=x" },
		{ "qemu|-m|64|", NULL },
		{ "qemu|-name|", NULL },
		{ "qemu|-name|guest=|", NULL },
		{ "qemu|-name|web", NULL }, /* not ended: cut off */
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char cmdline[128], name[VM_NAME_MAX];
		size_t size = make_cmdline(cases[i].cmdline, cmdline);
		bool found = cmdline_name(cmdline, size, name, sizeof(name));

		assert_int_equal(found, cases[i].name != NULL);
		if (found)
			assert_string_equal(name, cases[i].name);
	}
}

static void a_name_longer_than_the_buffer_is_cut(void **state)
{
	static const char cmdline[] = "qemu\0-name\0guest=abcdefgh";
	char name[5];

	(void)state;
	assert_true(cmdline_name(cmdline, sizeof(cmdline), name, sizeof(name)));
	assert_string_equal(name, "abcd");
}

static void a_vm_of_proxmox_has_its_number(void **state)
{
	static const struct {
		const char *cmdline;
		const char *id;
	} cases[] = {
		{ "kvm|-id|104|-name|web,debug-threads=on|", "104" },
		{ "kvm|-id|a4|", NULL },
		{ "kvm|-id||", NULL },
		{ "kvm|-id|1234567890123456|", NULL }, /* longer than any number of a VM */
		{ "kvm|-device|e1000,id=104|", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char cmdline[128], id[16] = "";
		size_t size = make_cmdline(cases[i].cmdline, cmdline);
		bool found = cmdline_proxmox_id(cmdline, size, id, sizeof(id));

		assert_int_equal(found, cases[i].id != NULL);
		assert_string_equal(id, found ? cases[i].id : "");
	}
}

static void qemu_asked_for_its_abilities_is_no_vm(void **state)
{
	static const struct {
		const char *cmdline;
		bool is_probe;
	} cases[] = {
		{ "qemu|-S|-machine|none,accel=kvm:tcg|", true },
		{ "qemu|-M|none|", true },
		{ "qemu|-machine|nonesuch|", false },
		{ "qemu|-machine|pc-i440fx-7.2,usb=off|", false },
		{ "qemu|", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char cmdline[128];
		size_t size = make_cmdline(cases[i].cmdline, cmdline);

		assert_int_equal(cmdline_is_probe(cmdline, size), cases[i].is_probe);
	}
}

static void quantiles_are_the_upper_edges_of_their_buckets(void **state)
{
	uint32_t buckets[VMB_LATENCY_BUCKETS] = { [1] = 98, [11] = 2 };
	struct run_latency latency;

	(void)state;
	latency_summarise(buckets, 1500000, &latency);
	assert_true(latency.p50_s == 2048e-9); /* bucket 1 ends at 2^11 ns */
	assert_true(
		latency.p99_s == 1500000e-9); /* bucket 11 ends at 2^21 ns, beyond the longest */
	assert_true(latency.max_s == 1500000e-9);
}

static void quantiles_of_nothing_are_absent(void **state)
{
	uint32_t buckets[VMB_LATENCY_BUCKETS] = { 0 };
	struct run_latency latency;

	(void)state;
	latency_summarise(buckets, 0, &latency);
	assert_true(isnan(latency.p50_s) && isnan(latency.p99_s) && isnan(latency.max_s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_tells_the_role_as_a_last_resort),
		cmocka_unit_test(the_vm_is_called_as_its_command_line_says),
		cmocka_unit_test(a_name_longer_than_the_buffer_is_cut),
		cmocka_unit_test(a_vm_of_proxmox_has_its_number),
		cmocka_unit_test(qemu_asked_for_its_abilities_is_no_vm),
		cmocka_unit_test(quantiles_are_the_upper_edges_of_their_buckets),
		cmocka_unit_test(quantiles_of_nothing_are_absent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
