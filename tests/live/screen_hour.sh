#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An hour of a recording, a hundred times as fast, on the screen of top while keys are pressed: what it keeps in
# memory does not grow. Needs neither root nor VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/terminal.sh
. tests/live/terminal.sh
need_tmux

readonly TICKS=3600 GROWTH_KB=1024

cleanup() {
	close_terminals
}

# The last tick of the recording again and again, a second apart by the clock, played a hundred times as fast.
make_hour() {
	grep -E '^\{"type":"(host|vm|vcpu|nic|disk)"' tests/golden/recording.jsonl | grep -F 'T12:00:02' |
		awk -v ticks=$TICKS '
		{ line[NR] = $0 }
		END {
			for (tick = 0; tick < ticks; tick++) {
				time = sprintf("T%02d:%02d:%02d.000000000Z", 12 + int(tick / 3600), tick / 60 % 60, tick % 60)
				for (i = 1; i <= NR; i++) {
					text = line[i]
					sub(/T12:00:02\.[0-9]+Z/, time, text)
					sub(/"interval_seconds":[0-9.]+/, "\"interval_seconds\":0.01", text)
					print text
				}
			}
		}' >"$WORK/hour.jsonl"
}

pid() {
	pgrep -P "$(multiplexer display-message -p -t top '#{pane_pid}')" -f 'vmbpf top'
}

memory_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(pid)/status"
}

is_at() {
	shown top | head -n 1 | grep -q "^12:$1"
}

does_not_grow() {
	local before after
	# By then the lines of all 120 samples are there, and every screen has been seen.
	press_all && until_true 60 is_at '1[0-9]' || return 1
	before=$(memory_kb)
	press_all && until_true 120 is_at '59:59' || return 1
	after=$(memory_kb)
	echo "resident after 10 minutes $before kB, after an hour $after kB"
	[ $((after - before)) -le $GROWTH_KB ]
}

press_all() {
	local key
	for key in c m n d x o e t i Down Down Escape e '?' Escape r N / z Escape; do
		press top "$key"
	done
}

make_hour
open_terminal top 120 40 "$VMBPF" top --replay "$WORK/hour.jsonl"
ok "an hour begins" shows top '12:0'
ok "memory does not grow over it" does_not_grow
press top q
ok "q ends it" shows top 'ended with 0'
