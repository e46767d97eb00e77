/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns the names of exit reasons. Those of processors come from the kernel's own lists, where the
 * architecture of this build has them; reasons that are newer than these headers follow below.
 */
#include "model/exit_reason.h"

#include <stddef.h>

#include <linux/kvm.h>

#if __has_include(<asm/vmx.h>)
#include <asm/vmx.h>
#endif
#if __has_include(<asm/svm.h>)
#include <asm/svm.h>
#endif

struct reason {
	uint32_t number;
	const char *name;
};

/* arch/x86/include/uapi/asm/vmx.h */
static const struct reason vmx_reasons[] = {
#ifdef VMX_EXIT_REASONS
	VMX_EXIT_REASONS,
#endif
	{ 74, "BUS_LOCK" },
	{ 75, "NOTIFY" },
	{ 76, "SEAMCALL" },
	{ 77, "TDCALL" },
	{ 84, "MSR_READ_IMM" },
	{ 85, "MSR_WRITE_IMM" },
	{ 0, NULL },
};

/* arch/x86/include/uapi/asm/svm.h */
static const struct reason svm_reasons[] = {
#ifdef SVM_EXIT_REASONS
	SVM_EXIT_REASONS,
#endif
	{ 0x0a5, "buslock" },
	{ 0x0a6, "idle-halt" },
	{ 0x403, "vmgexit" },
	{ 0, NULL },
};

/* include/uapi/linux/kvm.h; by number where the header of this build may lack it. */
static const char *const userspace_reasons[] = {
	[KVM_EXIT_UNKNOWN] = "UNKNOWN",
	[KVM_EXIT_EXCEPTION] = "EXCEPTION",
	[KVM_EXIT_IO] = "IO",
	[KVM_EXIT_HYPERCALL] = "HYPERCALL",
	[KVM_EXIT_DEBUG] = "DEBUG",
	[KVM_EXIT_HLT] = "HLT",
	[KVM_EXIT_MMIO] = "MMIO",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "IRQ_WINDOW_OPEN",
	[KVM_EXIT_SHUTDOWN] = "SHUTDOWN",
	[KVM_EXIT_FAIL_ENTRY] = "FAIL_ENTRY",
	[KVM_EXIT_INTR] = "INTR",
	[KVM_EXIT_SET_TPR] = "SET_TPR",
	[KVM_EXIT_TPR_ACCESS] = "TPR_ACCESS",
	[KVM_EXIT_S390_SIEIC] = "S390_SIEIC",
	[KVM_EXIT_S390_RESET] = "S390_RESET",
	[KVM_EXIT_DCR] = "DCR",
	[KVM_EXIT_NMI] = "NMI",
	[KVM_EXIT_INTERNAL_ERROR] = "INTERNAL_ERROR",
	[KVM_EXIT_OSI] = "OSI",
	[KVM_EXIT_PAPR_HCALL] = "PAPR_HCALL",
	[KVM_EXIT_S390_UCONTROL] = "S390_UCONTROL",
	[KVM_EXIT_WATCHDOG] = "WATCHDOG",
	[KVM_EXIT_S390_TSCH] = "S390_TSCH",
	[KVM_EXIT_EPR] = "EPR",
	[KVM_EXIT_SYSTEM_EVENT] = "SYSTEM_EVENT",
	[KVM_EXIT_S390_STSI] = "S390_STSI",
	[KVM_EXIT_IOAPIC_EOI] = "IOAPIC_EOI",
	[KVM_EXIT_HYPERV] = "HYPERV",
	[28] = "ARM_NISV",
	[29] = "X86_RDMSR",
	[30] = "X86_WRMSR",
	[31] = "DIRTY_RING_FULL",
	[32] = "AP_RESET_HOLD",
	[33] = "X86_BUS_LOCK",
	[34] = "XEN",
	[35] = "RISCV_SBI",
	[36] = "RISCV_CSR",
	[37] = "NOTIFY",
	[38] = "LOONGARCH_IOCSR",
	[39] = "MEMORY_FAULT",
	[40] = "TDX",
	[41] = "ARM_SEA",
};

#define N_USERSPACE_REASONS (sizeof(userspace_reasons) / sizeof(userspace_reasons[0]))

static const char *find(const struct reason *reasons, uint32_t number)
{
	for (; reasons->name; reasons++)
		if (reasons->number == number)
			return reasons->name;
	return NULL;
}

const char *exit_reason_of_guest(unsigned isa, uint32_t reason)
{
	static const struct reason *const lists[] = {
		[EXIT_ISA_VMX] = vmx_reasons,
		[EXIT_ISA_SVM] = svm_reasons,
	};

	if (isa >= sizeof(lists) / sizeof(lists[0]) || !lists[isa])
		return NULL;
	return find(lists[isa], reason);
}

const char *exit_reason_of_userspace(uint32_t reason)
{
	return reason < N_USERSPACE_REASONS ? userspace_reasons[reason] : NULL;
}

bool exit_reason_is_halt(unsigned isa, uint32_t reason)
{
	static const struct {
		unsigned isa;
		uint32_t reason;
	} halts[] = {
		{ EXIT_ISA_VMX, 12 }, /* HLT */
		{ EXIT_ISA_SVM, 0x078 }, /* hlt */
		{ EXIT_ISA_SVM, 0x0a6 }, /* idle-halt */
	};

	for (size_t i = 0; i < sizeof(halts) / sizeof(halts[0]); i++)
		if (halts[i].isa == isa && halts[i].reason == reason)
			return true;
	return false;
}
