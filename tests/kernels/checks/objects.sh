# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every BPF program of the shipped objects is accepted by this kernel.

objects() {
	local source
	for source in bpf/*.bpf.c; do
		echo "$PROGRAMS/$(basename "$source" .c).o"
	done
}

mapfile -t OBJECTS < <(objects)
run_tap "$PROGRAMS/load_programs" "${OBJECTS[@]}"
