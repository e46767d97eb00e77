/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel calls the reasons for which a vCPU leaves the guest. */
#ifndef MODEL_EXIT_REASON_H
#define MODEL_EXIT_REASON_H

#include <stdbool.h>
#include <stdint.h>

/* Whose reasons they are, as KVM numbers it (arch/x86/kvm/trace.h). */
enum exit_isa { EXIT_ISA_VMX = 1, EXIT_ISA_SVM = 2 };

/* Of the processor, as KVM's tracepoints call it: "HLT", "npf". NULL for one that is not known. */
const char *exit_reason_of_guest(unsigned isa, uint32_t reason);

/* Told to user space: KVM_EXIT_IO is "IO". NULL for one that is not known. */
const char *exit_reason_of_userspace(uint32_t reason);

/* Whether the guest left because it had nothing to do: what follows is idleness, not handling. */
bool exit_reason_is_halt(unsigned isa, uint32_t reason);

#endif
