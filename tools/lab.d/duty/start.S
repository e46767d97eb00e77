/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the payload is entered: by the boot loader on the first vCPU, by a start-up IPI on the
 * others, by the APIC timer on all of them.
 */
#include "machine.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000003	/* page-aligned modules, memory map */

	/* A macro, because the segments must be loaded before there is a stack to call with. */
	.macro	load_data_segments
	mov	$DATA_SEG, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	.endm

	.section .multiboot, "a"
	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32

	/* The boot loader leaves us in protected mode with the multiboot information in %ebx. */
	.globl	_start
_start:
	cli
	lgdt	gdt_pointer
	ljmp	$CODE_SEG, $1f
1:	load_data_segments
	mov	$(stacks + STACK_SIZE), %esp
	push	%ebx
	call	boot_main

	/* Every further vCPU takes the next number, and with it a stack of its own. */
ap_start:
	load_data_segments
	mov	$1, %eax
	lock xadd %eax, aps_started
	inc	%eax
	cmp	$MAX_CPUS, %eax
	jae	park
	mov	%eax, %ebx
	inc	%eax
	shl	$STACK_SHIFT, %eax
	lea	stacks(%eax), %esp
	push	%ebx
	call	ap_main

park:
	cli
	hlt
	jmp	park

	/*
	 * All the timer has to do is to end the HLT: acknowledge it and go back. Where the host's
	 * KVM emulates protected mode it has no IRET, so this returns by RET, dropping CS and
	 * EFLAGS from the stack. Interrupts therefore stay off, which is what the caller wants.
	 */
	.globl	interrupt_entry
interrupt_entry:
	movl	$0, APIC_BASE + APIC_EOI
	ret	$8

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* CODE_SEG: flat 4 GiB, 32 bit */
	.quad	0x00cf92000000ffff	/* DATA_SEG: flat 4 GiB */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	/*
	 * A started vCPU begins in real mode at TRAMPOLINE, below 1 MiB, so this is copied there and
	 * may use only addresses relative to that place until it jumps to ap_start.
	 */
	.code16
	.globl	trampoline, trampoline_end
trampoline:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	TRAMPOLINE + (trampoline_gdt - trampoline)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$CODE_SEG, $ap_start
	.balign	8
trampoline_gdt:
	.word	gdt_pointer - gdt - 1
	.long	gdt
trampoline_end:

	.section .note.GNU-stack, "", @progbits
