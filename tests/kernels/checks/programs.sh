# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The programs as the shipped binary has them loaded.

MAX_INSTRUCTIONS=50000	# of the million at which the verifier gives up

# "NAME INSTRUCTIONS" of each program that the stream holds.
held_programs() {
	cat "/proc/$STREAM_PID"/fdinfo/* 2>/dev/null | awk '
		/^prog_id:/ { id = $2 }
		/^verified_insns:/ { print id, $2 }' | sort -u >"$WORK/held"
	bpftool prog list -j | jq -r '.[] | "\(.id) \(.name)"' | sort | join -o 1.2,2.2 - "$WORK/held"
}

few_instructions() {
	held_programs >"$WORK/programs"
	awk -v most="$MAX_INSTRUCTIONS" '$2 > most { bad = 1; print } END { exit bad || NR == 0 }' "$WORK/programs"
}

# There is no libvirt in the machine.
sources_up() {
	tick_has '.type == "host" and (to_entries | all(.[] |
		select((.key | test("^source_.*_up$")) and .key != "source_libvirt_up"); .value == 1))'
}

ok "all sources are up while it streams" sources_up
ok "the verifier goes through no more than $MAX_INSTRUCTIONS instructions of each program" few_instructions
sed 's/^/# program, instructions: /' "$WORK/programs"
