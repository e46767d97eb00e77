/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of exit reasons, by what the processors' manuals and the kernel call them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/exit_reason.h"

static void assert_name(const char *name, const char *expected)
{
	if (!expected) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, expected);
}

static void reasons_of_processors_have_the_names_of_the_kernel(void **state)
{
	static const struct {
		unsigned isa;
		uint32_t reason;
		const char *name;
	} cases[] = {
		{ EXIT_ISA_VMX, 0, "EXCEPTION_NMI" },
		{ EXIT_ISA_VMX, 1, "EXTERNAL_INTERRUPT" },
		{ EXIT_ISA_VMX, 12, "HLT" },
		{ EXIT_ISA_VMX, 30, "IO_INSTRUCTION" },
		{ EXIT_ISA_VMX, 48, "EPT_VIOLATION" },
		{ EXIT_ISA_VMX, 75, "NOTIFY" },
		{ EXIT_ISA_VMX, 77, "TDCALL" },
		{ EXIT_ISA_SVM, 0, "read_cr0" },
		{ EXIT_ISA_SVM, 0x60, "interrupt" },
		{ EXIT_ISA_SVM, 0x78, "hlt" },
		{ EXIT_ISA_SVM, 0x7b, "io" },
		{ EXIT_ISA_SVM, 0xa6, "idle-halt" },
		{ EXIT_ISA_SVM, 0x400, "npf" },
		{ EXIT_ISA_SVM, 0xffffffff, "invalid_guest_state" },
	};

	(void)state;
#if !defined(__x86_64__) && !defined(__i386__)
	skip(); /* the lists are in the headers of that architecture */
#endif
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_name(exit_reason_of_guest(cases[i].isa, cases[i].reason), cases[i].name);
}

static void what_is_not_known_has_no_name(void **state)
{
	static const struct {
		unsigned isa;
		uint32_t reason;
	} cases[] = {
		{ EXIT_ISA_VMX, 5 }, /* there is none of that number */
		{ EXIT_ISA_VMX, 0x400 }, /* that is the other's */
		{ EXIT_ISA_SVM, 0xa7 },
		{ 0, 12 },
		{ 3, 12 },
		{ UINT32_MAX, 12 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_null(exit_reason_of_guest(cases[i].isa, cases[i].reason));
}

static void reasons_told_to_user_space_have_the_names_of_the_header(void **state)
{
	static const struct {
		uint32_t reason;
		const char *name;
	} cases[] = {
		{ 0, "UNKNOWN" },
		{ 2, "IO" },
		{ 5, "HLT" },
		{ 6, "MMIO" },
		{ 10, "INTR" },
		{ 39, "MEMORY_FAULT" },
		{ 1000, NULL },
		{ UINT32_MAX, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_name(exit_reason_of_userspace(cases[i].reason), cases[i].name);
}

static void a_guest_without_work_halts(void **state)
{
	(void)state;
	assert_true(exit_reason_is_halt(EXIT_ISA_VMX, 12));
	assert_true(exit_reason_is_halt(EXIT_ISA_SVM, 0x78));
	assert_true(exit_reason_is_halt(EXIT_ISA_SVM, 0xa6));
	assert_false(exit_reason_is_halt(EXIT_ISA_SVM, 12)); /* another reason there */
	assert_false(exit_reason_is_halt(EXIT_ISA_VMX, 0x78));
	assert_false(exit_reason_is_halt(7, 12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_of_processors_have_the_names_of_the_kernel),
		cmocka_unit_test(what_is_not_known_has_no_name),
		cmocka_unit_test(reasons_told_to_user_space_have_the_names_of_the_header),
		cmocka_unit_test(a_guest_without_work_halts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
