#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Moving about in a recording on the screen of top, and beginning within it. Needs neither root nor VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/terminal.sh
. tests/live/terminal.sh
need_tmux

LONG=$WORK/long.jsonl
readonly LONG

cleanup() {
	close_terminals
}

# Ten minutes from noon on, a tick every five seconds, made of a tick of the golden one, four lines each. At second N the
# VM uses N/10 %, so that a tick with another one before it than its own would show another number.
make_long() {
	jq -c -n '
		[inputs | select(.time == "2026-01-31T12:00:02.123458787Z" and
			(.type == "host" or .vm == "database" and (.type == "vm" or .type == "vcpu")))] as $tick |
		range(0; 601; 5) as $n | $tick[] |
		.time = (1769860800 + $n | strftime("%Y-%m-%dT%H:%M:%S.000000000Z")) |
		.interval_seconds = (if $n == 0 then null else 5 end) |
		if .type == "vm" then .cpu_seconds_total = $n * ($n + 5) / 2000 else . end' \
		tests/golden/recording.jsonl >"$LONG"
}

# play NAME FILE OPTION...
play() {
	local name=$1 file=$2
	shift 2
	open_terminal "$name" 80 24 "$VMBPF" top --fields cpu,ready --replay "$file" "$@"
}

# is_at NAME TIME RATE: the header's time, and the only VM's rate.
is_at() {
	shown "$1" | head -n 1 | grep -q "^$2 kvm1" && shown "$1" | grep -q "^database *$3 "
}

arrives() {
	until_true 10 is_at "$@" || { shown "$1"; return 1; }
}

paused_at() {
	arrives "$@" && shows "$1" PAUSED
}

steps_back() {
	press long Left
	paused_at long 12:04:55 29.5 && press long Left Left Left && paused_at long 12:04:40 28.0
}

steps_on() {
	press long Right Right
	paused_at long 12:04:50 29.0
}

plays_on() {
	press long Space
	lacks long PAUSED && arrives long 12:04:55 29.5
}

pauses() {
	press long Space
	paused_at long 12:04:55 29.5 && sleep 6 && is_at long 12:04:55 29.5
}

minutes_back() {
	press long ,
	paused_at long 12:03:55 23.5 && press long , , && paused_at long 12:01:55 11.5
}

minutes_on() {
	press long . . .
	paused_at long 12:04:55 29.5 && press long . && paused_at long 12:05:55 35.5
}

stays_at_the_end() {
	press long . . . . .
	paused_at long 12:10:00 60.0 && press long Right . && sleep 0.5 && is_at long 12:10:00 60.0 || return 1
	press long Space
	lacks long PAUSED && arrives long 12:10:00 60.0
}

goes_back_from_the_end() {
	press long Left
	paused_at long 12:09:55 59.5 && press long Right && paused_at long 12:10:00 60.0
}

stays_at_the_beginning() {
	press long , , , , , , , , , , ,
	arrives long 12:00:00 - && press long Left && arrives long 12:00:00 - &&
		press long Right && paused_at long 12:00:05 0.5
}

# From 12:00:45 to 12:09:15: less than a minute has passed by the ticks that are there.
over_a_gap() {
	{
		head -n 40 "$LONG"
		tail -n 40 "$LONG" | jq -c 'if .time == "2026-01-31T12:09:15.000000000Z" then .interval_seconds = null else . end'
	} >"$WORK/gap.jsonl"
	play gap "$WORK/gap.jsonl" --at 12:09:15
	shows gap 12:09:15 && press gap , && arrives gap 12:00:45 4.5 && press gap . && shows gap 12:09:15
}

columns_move() {
	press long S-Right
	lacks long 'CPU%' && press long S-Left && shows long 'CPU%'
}

# As of a recording that is unpacked on the way.
pipe_only_goes_on() {
	mkfifo "$WORK/pipe"
	cat "$LONG" >"$WORK/pipe" &
	play pipe "$WORK/pipe" --at +60s
	arrives pipe 12:01:00 6.0 && press pipe Space && press pipe Left && shows pipe 'it only goes on' &&
		is_at pipe 12:01:00 6.0 && press pipe Right && lacks pipe 'it only goes on' &&
		paused_at pipe 12:01:05 6.5 && press pipe . && paused_at pipe 12:02:05 12.5 && press pipe , &&
		shows pipe 'it only goes on' && press pipe q && shows pipe 'ended with 0'
}

damage_is_told() {
	{
		head -n 40 "$LONG"
		echo nonsense
	} >"$WORK/damaged.jsonl"
	play damaged "$WORK/damaged.jsonl" --at +5s
	shows damaged 12:00:05 && press damaged . && shows damaged 'damaged.jsonl:41: the line must be one JSON object' &&
		shows damaged 'ended with 65'
}

make_long
play long "$LONG" --at 12:05:00
ok "--at begins there, with rates" arrives long 12:05:00 30.0
ok "Left goes a tick back, and pauses" steps_back
ok "Right goes on by one" steps_on
ok "Space plays on" plays_on
ok "and pauses" pauses
ok "a comma goes back a minute" minutes_back
ok "a full stop goes on a minute" minutes_on
ok "a recording stays at its end" stays_at_the_end
ok "from which it can go back" goes_back_from_the_end
ok "it stays at its beginning" stays_at_the_beginning
ok "a minute back crosses a gap" over_a_gap
ok "arrows with Shift move the columns" columns_move
ok "of a pipe what cannot be done is said, and the rest goes" pipe_only_goes_on
ok "a damaged line is told" damage_is_told
