#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pipes, full disks, terminals and recordings, on a recorded host: needs neither root nor VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh

RECORDING=tests/golden/recording.jsonl
ALL=host,vm,vcpu,thread,nic,disk,exit,blame
readonly RECORDING ALL

# status_of EXPECTED COMMAND...: that exit status; standard error is in $WORK/err.
status_of() {
	local expected=$1 status
	shift
	"$@" 2>"$WORK/err"
	status=$?
	echo "status $status: $(cat "$WORK/err")"
	[ "$status" = "$expected" ]
}

# On a pseudo terminal of 24 lines of 80 columns.
on_terminal() {
	script -qec "stty rows 24 cols 80; exec $*" /dev/null </dev/null
}

to_full_disk() {
	status_of 74 "$@" >/dev/full && [ "$(wc -l <"$WORK/err")" = 1 ] &&
		grep -q 'No space left on device' "$WORK/err"
}

every_command_reports_a_full_disk() {
	to_full_disk "$VMBPF" top -b --replay $RECORDING &&
		to_full_disk "$VMBPF" top --once -o csv --replay $RECORDING &&
		to_full_disk "$VMBPF" stream --replay $RECORDING &&
		to_full_disk "$VMBPF" list --replay $RECORDING &&
		to_full_disk "$VMBPF" help &&
		to_full_disk "$VMBPF" version
}

closed_output() {
	status_of 74 "$VMBPF" version >&-
}

broken_pipe() {
	local statuses
	"$VMBPF" stream --scope $ALL --replay $RECORDING 2>"$WORK/err" | head -n 1 >"$WORK/out"
	statuses="${PIPESTATUS[*]}"
	echo "statuses $statuses: $(cat "$WORK/err")"
	[ "$statuses" = "141 0" ] && [ ! -s "$WORK/err" ]
}

same_as_recorded() {
	"$VMBPF" stream --scope $ALL --replay $RECORDING >"$WORK/again" &&
		"$VMBPF" record --replay $RECORDING -o "$WORK/copy" &&
		cmp "$WORK/again" "$WORK/copy"
}

keeps_what_is_there() {
	echo precious >"$WORK/precious"
	status_of 64 "$VMBPF" record --replay $RECORDING -o "$WORK/precious" &&
		[ "$(cat "$WORK/precious")" = precious ] &&
		status_of 65 "$VMBPF" record --force --replay Makefile -o "$WORK/precious" &&
		[ "$(cat "$WORK/precious")" = precious ] &&
		status_of 0 "$VMBPF" record --force --replay $RECORDING -o "$WORK/precious" &&
		cmp "$WORK/precious" "$WORK/again"
}

leaves_no_empty_file() {
	status_of 66 "$VMBPF" record --replay "$WORK/none" -o "$WORK/new" && [ ! -e "$WORK/new" ]
}

fills_a_disk() {
	mkdir -p "$WORK/small" && mount -t tmpfs -o size=128k none "$WORK/small" || return
	status_of 74 "$VMBPF" record --replay $RECORDING -o "$WORK/small/file"
	local result=$?
	cp "$WORK/small/file" "$WORK/short"
	umount "$WORK/small"
	# Whole ticks only: the file can be replayed, and nothing is said about its end.
	[ "$result" = 0 ] && [ -s "$WORK/short" ] &&
		status_of 0 "$VMBPF" stream --replay "$WORK/short" >/dev/null && [ ! -s "$WORK/err" ]
}

first_has_rates() {
	"$VMBPF" top --once -o json --replay $RECORDING | head -n 1 |
		jq -e '.interval_seconds > 0' >/dev/null &&
		"$VMBPF" stream -n 1 --replay $RECORDING | head -n 1 |
		jq -e '.interval_seconds == null' >/dev/null
}

# times_at TIME: of all ticks that are written then.
times_at() {
	TZ=UTC "$VMBPF" stream --scope host --replay $RECORDING --at "$1" | jq -r .time | cut -c 12-19 | tr '\n' ' '
}

begins_within() {
	[ "$(times_at +0)" = "12:00:00 12:00:01 12:00:02 " ] && [ "$(times_at 12:00)" = "$(times_at +0)" ] &&
		[ "$(times_at 12:00:01)" = "12:00:01 12:00:02 " ] &&
		[ "$(times_at 2026-01-31T12:00:01.5Z)" = "12:00:02 " ] && [ "$(times_at +1s)" = "$(times_at 12:00:01)" ]
}

# What is written from there on is what is written there otherwise, rates too.
begins_with_rates() {
	"$VMBPF" stream --scope $ALL --replay $RECORDING | grep -F T12:00:02 >"$WORK/rest" &&
		"$VMBPF" stream --scope $ALL --replay $RECORDING --at +1.5s | cmp - "$WORK/rest" &&
		cat $RECORDING | "$VMBPF" stream --scope $ALL --replay /dev/stdin --at +1.5s | cmp - "$WORK/rest" &&
		"$VMBPF" top -b --at +1.5s --replay $RECORDING >"$WORK/out" && grep -q '12:00:02' "$WORK/out" &&
		! grep -q '12:00:01' "$WORK/out"
}

lists_at() {
	[ "$("$VMBPF" list -o json --replay $RECORDING --at +1s | jq -r .time | uniq | cut -c 12-19)" = 12:00:01 ]
}

# at_is_refused TIME TEXT: one line with that text.
at_is_refused() {
	status_of 64 "$VMBPF" top -b --replay $RECORDING --at "$1" && [ "$(wc -l <"$WORK/err")" = 1 ] &&
		grep -qF -e "$2" "$WORK/err"
}

refuses_times() {
	at_is_refused noon "'noon' is not a time like 2026-01-31T12:00:00Z, 12:00" &&
		at_is_refused 2026-01-31T13:00:00Z 'nothing at 2026-01-31T13:00:00Z or later' &&
		at_is_refused +1h 'it is from 2026-01-31T12:00:00Z to 2026-01-31T12:00:02Z' &&
		status_of 64 "$VMBPF" top --at 12:00 && [ "$(wc -l <"$WORK/err")" = 1 ] && grep -q -e --replay "$WORK/err"
}

counts_ticks() {
	[ "$("$VMBPF" stream --scope host -n 2 --replay $RECORDING | wc -l)" = 2 ]
}

draws_in_place() {
	on_terminal "$VMBPF" top -n 1 --replay $RECORDING '</dev/null' >"$WORK/screen"
	grep -q $'\033\\[H' "$WORK/screen" && grep -q $'\033\\[J' "$WORK/screen" &&
		[ "$(wc -l <"$WORK/screen")" -lt 24 ] &&
		[ "$(sed 's/\x1b\[[0-9;]*[A-Za-z]//g' "$WORK/screen" | tr -d '\r' | wc -L)" -le 80 ]
}

unknown_terminal() {
	TERM=no-such on_terminal "$VMBPF" top -n 1 --replay $RECORDING | grep -q database
}

dumb_terminal() {
	TERM=dumb on_terminal "$VMBPF" top --once --replay $RECORDING >"$WORK/screen"
	[ -s "$WORK/screen" ] && ! grep -q $'\033' "$WORK/screen"
}

colours() {
	! "$VMBPF" top --once --replay $RECORDING | grep -q $'\033' &&
		"$VMBPF" top --once --color always --replay $RECORDING | grep -q $'\033' &&
		! NO_COLOR=1 on_terminal "$VMBPF" top --once --replay $RECORDING | grep -q $'\033'
}

# As many as a list of fields may have.
shows_many_columns() {
	[ "$(timeout 10 "$VMBPF" top --once --fields "cpu$(printf ',cpu%.0s' {2..256})" --replay $RECORDING |
		grep '^database' | wc -w)" = 257 ]
}

csv_is_rectangular() {
	"$VMBPF" top -o csv --fields cpu,ready --replay $RECORDING |
		awk -F, 'NR > 1 && NF != n { bad = 1 } { n = NF } END { exit bad || NR < 2 }'
}

vcpus_have_rows() {
	"$VMBPF" top --once -H -o csv --replay $RECORDING | head -n 1 | grep -q '^time,vm,vcpu,' &&
		"$VMBPF" top --once -H -o json --fields cpu --replay $RECORDING |
		jq -se 'map(.type) | unique == ["vcpu", "vm"]' >/dev/null &&
		"$VMBPF" top --once -H --replay $RECORDING | grep -q '^  vcpu 0 '
}

names() {
	"$VMBPF" top --once -o csv --fields cpu "$@" --replay $RECORDING | sed 1d | cut -d, -f2
}

reverses() {
	names -s vm.name >"$WORK/up" && names -s vm.name -r >"$WORK/down"
	[ -s "$WORK/up" ] && sort "$WORK/up" | cmp - "$WORK/up" && tac "$WORK/up" | cmp - "$WORK/down"
}

ok "a full disk is one line and status 74, for every command" every_command_reports_a_full_disk
ok "a closed standard output is an error" closed_output
ok "a reader that leaves ends it without a word, as SIGPIPE would" broken_pipe
ok "a recording of a recording is the recording" same_as_recorded
ok "an existing file is kept unless --force, and until there is something to write" \
	keeps_what_is_there
ok "a recording that never began leaves no file" leaves_no_empty_file
if [ "$(id -u)" = 0 ]; then
	ok "a recording on a disk that fills up ends with a whole tick" fills_a_disk
else
	skip "a recording on a disk that fills up ends with a whole tick" "needs root to mount one"
fi
ok "the first table has rates, the first line of a stream has none" first_has_rates
ok "--at begins at the first tick at a time or later" begins_within
ok "and that one has rates, of a file and of a pipe" begins_with_rates
ok "list shows the tick that --at tells" lists_at
ok "a time that is none, or not in the recording, is refused in one line" refuses_times
ok "-n counts the ticks that are shown" counts_ticks
ok "on a terminal without keys the table is drawn in place and fits" draws_in_place
ok "so it is on one that nobody knows" unknown_terminal
ok "a dumb terminal gets no control sequences" dumb_terminal
ok "colour is for terminals, unless NO_COLOR is set" colours
ok "a table has as many columns as are asked for" shows_many_columns
ok "every row of CSV has all columns" csv_is_rectangular
ok "-H shows the vCPUs in every format" vcpus_have_rows
ok "-r turns the order around" reverses
