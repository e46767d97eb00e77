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

# The payload spins for a share of each period of wall time, whether or not it has a CPU meanwhile.
# busy VCPU SHARE ABOVE: over ten ticks, at most 1 below and ABOVE above.
busy() {
	jq -s -e --argjson vcpu "$1" --argjson share "$2" --argjson above "$3" '
		[.[] | select(.type == "vcpu" and .vm == "lab-kvm" and .vcpu == $vcpu and .cpu_percent != null) |
			.cpu_percent + .overlap_percent + .ready_percent] |
		(add / length) as $mean | "mean of \(length) ticks: \($mean)",
		($mean >= $share - 1 and $mean <= $share + $above)' "$WORK/duty.jsonl"
}

measure() {
	"$VMBPF" stream --scope vcpu -n 11 -d 1 >"$WORK/duty.jsonl" 2>/dev/null
}

crowd() {
	for _ in 1 2 3 4 5 6 7 8; do
		bash -c 'while :; do :; done' &
		HOGS+=($!)
	done
}

tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
measure
ok "a vCPU busy 90 % of the time ran or waited 89 to 95 %" busy 0 90 5
ok "a vCPU busy 20 % of the time ran or waited 19 to 25 %" busy 1 20 5
# It halts and wakes up ten times a second, and now waits for a CPU each time.
crowd
measure
ok "with eight more busy tasks on the host the first still did" busy 0 90 5
ok "and the second, with a wait at each of its wake-ups" busy 1 20 15
