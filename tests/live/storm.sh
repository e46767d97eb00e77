#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 tiny QEMUs start and end, 20 at a time: each is seen, none is left.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

ROUNDS=10
AT_ONCE=20
QEMUS=()

cleanup() {
	kill -9 "${QEMUS[@]}" 2>/dev/null
}

start_round() {
	local i
	QEMUS=()
	for i in $(seq "$AT_ONCE"); do
		qemu-system-x86_64 -name "guest=storm-$1-$i" -accel tcg -M microvm -nodefaults -S -m 4 \
			-display none >/dev/null 2>&1 &
		QEMUS+=($!)
	done
}

end_round() {
	kill -9 "${QEMUS[@]}"
	wait "${QEMUS[@]}" 2>/dev/null
	return 0
}

# How many of a round are in the last tick.
seen_of() {
	last_tick | jq -r --arg round "storm-$1-" 'select(.type == "vm" and (.vm | startswith($round))) | .vm' |
		sort -u | wc -l
}

saw_round() {
	[ "$(seen_of "$1")" = "$AT_ONCE" ]
}

storm() {
	local round
	for round in $(seq "$ROUNDS"); do
		start_round "$round"
		until_true 20 saw_round "$round" || { echo "round $round: $(seen_of "$round") seen"; return 1; }
		end_round
	done
}

none_left() {
	next_ticks 3
	! tick_has '.type == "vm" and (.vm | startswith("storm-"))'
}

start_stream --scope host,vm -d 0.2 -c test:///default
ok "$((ROUNDS * AT_ONCE)) QEMUs, $AT_ONCE at a time, are all seen" storm
ok "none is left" none_left
ok "nothing was lost" tick_has '.type == "host" and .lost_events_total == 0'
ok "no rate was negative or absurd" no_absurd_rate
stop_stream
