/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the rules that are in the program: default_rules.yaml, byte by byte, as it was built. */
#include <stdint.h>

#include "alert/rules_file.h"

extern const char default_rules_begin[], default_rules_end[];

/* The Makefile knows that this file depends on that one. */
__asm__(".pushsection .rodata\n"
	".global default_rules_begin, default_rules_end\n"
	"default_rules_begin:\n"
	".incbin \"user/alert/default_rules.yaml\"\n"
	"default_rules_end:\n"
	".byte 0\n"
	".popsection\n");

const char *rules_default_text(size_t *size)
{
	*size = (uintptr_t)default_rules_end - (uintptr_t)default_rules_begin;
	return default_rules_begin;
}
