#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmbpf ends cleanly however it ends, gives up what it does not need, and leaves nothing in the kernel.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

ends_on() {
	local begin
	start_stream -d 0.2 -c test:///default || return 1
	begin=$(date +%s%N)
	kill "-$1" "$STREAM_PID"
	wait "$STREAM_PID"
	echo "status $?, after $((($(date +%s%N) - begin) / 1000000)) ms"
	[ $((($(date +%s%N) - begin) / 1000000)) -lt 1000 ] && until_true 2 no_programs
}

attached() {
	start_stream -d 0.2 -c test:///default || return 1
	our_programs | grep -q on_switch
}

light_attaches_nothing() {
	start_stream -d 0.2 --light -c test:///default || return 1
	! our_programs | grep -qE '^on_'
	local result=$?
	stop_stream
	return "$result"
}

# Of root's rights only those to use BPF are left, and they are nobody's who could use them otherwise.
few_rights() {
	local status=/proc/$STREAM_PID/status
	grep -E '^(Uid|CapEff|CapPrm|CapBnd|NoNewPrivs):' "$status"
	[ "$(awk '/^Uid:/ { print $2 }' "$status")" != 0 ] &&
		[ "$(awk '/^NoNewPrivs:/ { print $2 }' "$status")" = 1 ] &&
		only_bpf_capabilities "$(awk '/^CapEff:/ { print $2 }' "$status")"
}

# 2 is SECCOMP_MODE_FILTER. Of each thread: some are libvirt's.
all_in_sandbox() {
	local modes
	modes=$(cat /proc/"$STREAM_PID"/task/*/status | awk '/^Seccomp:/ { print $2 }')
	echo "$modes"
	[ "$(wc -l <<<"$modes")" -gt 1 ] && [ "$(sort -u <<<"$modes")" = 2 ]
}

# CAP_PERFMON is 38, CAP_BPF 39.
only_bpf_capabilities() {
	[ $((0x$1 & ~((1 << 38) | (1 << 39)))) = 0 ]
}

two_at_once() {
	"$VMBPF" stream -n 3 -d 0.3 -c test:///default >"$WORK/one" 2>/dev/null &
	local one=$!
	"$VMBPF" stream -n 3 -d 0.3 -c test:///default >"$WORK/two" 2>/dev/null || return 1
	wait "$one" && [ -s "$WORK/one" ] && [ -s "$WORK/two" ]
}

closed_pipe() {
	local output
	output=$({ "$VMBPF" stream -d 0.1 -c test:///default 2>&3 | head -n 1 >/dev/null; } 3>&1)
	echo "$output"
	[ -z "$output" ] && until_true 5 no_programs
}

full_disk() {
	local status
	"$VMBPF" stream -n 3 -d 0.1 -c test:///default >/dev/full 2>"$WORK/full"
	status=$?
	cat "$WORK/full"
	[ "$status" = 74 ] && [ "$(wc -l <"$WORK/full")" = 1 ]
}

ok "the programs are attached while it runs" attached
ok "it runs as nobody, with the capabilities for BPF only" few_rights
ok "each of its threads is refused the system calls that change something" all_in_sandbox
stop_stream
ok "SIGTERM ends it within a second, and nothing is left in the kernel" ends_on TERM
ok "SIGINT ends it within a second, and nothing is left in the kernel" ends_on INT
ok "kill -9 leaves nothing in the kernel" ends_on KILL
ok "--light attaches nothing to any event" light_attaches_nothing
ok "two run side by side" two_at_once
ok "a closed pipe is no error" closed_pipe
ok "a full disk is one clear line and its own exit status" full_disk
