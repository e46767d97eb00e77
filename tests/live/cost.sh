#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vmbpf costs with 20 VMs and a tick a second: as itself says, and as the kernel says.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

cleanup() {
	tools/lab down >/dev/null 2>&1
}

# User and system time so far, in hundredths of a second.
cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$STREAM_PID/stat"
}

little_cpu() {
	local before after
	before=$(cpu_ticks)
	next_ticks 10
	after=$(cpu_ticks)
	echo "$((after - before)) hundredths of a second in 10 s"
	[ $((after - before)) -le 10 ]
}

little_memory() {
	grep VmRSS "/proc/$STREAM_PID/status"
	[ "$(awk '/^VmRSS:/ { print $2 }' "/proc/$STREAM_PID/status")" -le $((30 * 1024)) ]
}

says_so_itself() {
	tick_has '.type == "host" and .self_cpu_percent < 1.5 and .self_memory_bytes < 31457280 and
		.self_cpu_percent > 0 and .bpf_programs == 4'
}

tools/lab up lab-idle >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
mkfifo "$WORK/hold"
build/tests/stub_vms 19 4 <"$WORK/hold" >"$WORK/stubs" &
exec 9>"$WORK/hold"
until_true 30 grep -q ready "$WORK/stubs"
start_stream --scope host,vm -d 1
next_ticks 3

ok "20 VMs cost at most 1 % of one CPU" little_cpu
ok "and at most 30 MiB of memory" little_memory
ok "vmbpf says so itself" says_so_itself
stop_stream
exec 9>&-
