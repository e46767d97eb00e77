# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What vmbpf counts is what the kernel counts elsewhere.

# The machine's CPUs are threads of QEMU, which the real host takes away for a while as it likes. A
# wait may last that long, and so much may lie between two looks at a clock that are meant to be one.
WAIT_MS=500 POINTS=5

run_tap "$PROGRAMS/truth" "$VMBPF" 5 "$WAIT_MS" "$POINTS"
