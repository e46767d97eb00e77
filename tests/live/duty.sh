#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that are busy for a known share of the time: what they ran and waited for a CPU is that share, on a
# quiet host and on a crowded one.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

HOGS=()

cleanup() {
	kill "${HOGS[@]}" 2>/dev/null
	tools/lab down >/dev/null 2>&1
}

# The payload spins for a share of each period of wall time, whether or not it has a CPU meanwhile: it never runs
# for more than that, and what it runs less it waits, or waits longer still, into the pause that follows.
# What other users of the same hardware take while it sleeps makes its timer late, and is missing in its share.
# busy VCPU SHARE BELOW: over ten ticks, at most BELOW and what was stolen below.
busy() {
	jq -s -e --argjson vcpu "$1" --argjson share "$2" --argjson below "$3" --argjson stolen "$STOLEN" '
		[.[] | select(.type == "vcpu" and .vm == "lab-kvm" and .vcpu == $vcpu and .cpu_percent != null) |
			{ ran: (.cpu_percent + .overlap_percent), waited: .ready_percent }] |
		(map(.ran) | add / length) as $ran | (map(.waited) | add / length) as $waited |
		"mean of \(length) ticks: ran \($ran), waited \($waited), stolen from the host: \($stolen) %",
		($ran + $waited >= $share - $below - $stolen and $ran <= $share + 2 + $stolen)' "$WORK/duty.jsonl"
}

# waits VCPU AT_LEAST: for a CPU, over ten ticks, so many % of the time.
waits() {
	jq -s -e --argjson vcpu "$1" --argjson least "$2" '
		[.[] | select(.type == "vcpu" and .vm == "lab-kvm" and .vcpu == $vcpu and .ready_percent != null) |
			.ready_percent] |
		(add / length) as $mean | "mean of \(length) ticks: \($mean)", ($mean >= $least)' "$WORK/duty.jsonl"
}

# Ticks of the clock in which the host had no CPU, and all of them.
steal() {
	awk '/^cpu / { print $9; for (i = 2; i <= 9; i++) sum += $i; print sum }' /proc/stat
}

measure() {
	local before after
	mapfile -t before < <(steal)
	"$VMBPF" stream --scope vcpu -n 11 -d 1 >"$WORK/duty.jsonl" 2>/dev/null
	mapfile -t after < <(steal)
	STOLEN=$(((100 * (after[0] - before[0]) + after[1] - before[1] - 1) / (after[1] - before[1])))
}

crowd() {
	for _ in 1 2 3 4 5 6 7 8; do
		bash -c 'while :; do :; done' &
		HOGS+=($!)
	done
}

tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
measure
ok "a vCPU busy 90 % of the time ran or waited that long" busy 0 90 2
ok "a vCPU busy 20 % of the time ran or waited that long, or waited longer" busy 1 20 2
# With five tasks to a CPU each wake-up waits.
crowd
measure
ok "with eight more busy tasks on the host the first ran or waited as long" busy 0 90 4
ok "a tenth of the time and more of it waiting" waits 0 10
ok "and the second, with a wait at each of its wake-ups" busy 1 20 4
ok "as much as a fifth of its work" waits 1 4
