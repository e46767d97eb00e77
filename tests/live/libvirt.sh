#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libvirtd that hangs, stops or is not there yet: the kernel's numbers go on.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

cleanup() {
	kill -CONT "$(libvirtd_pid)" 2>/dev/null
	tools/lab down >/dev/null 2>&1
}

libvirtd_pid() {
	pgrep -o -x --ns $$ --nslist mnt libvirtd
}

# Thousandths of a second between ticks of the stream: the median and the longest.
intervals() {
	jq -s -r '[.[] | select(.type == "host") | .interval_seconds // empty | . * 1000 | round] | sort |
		"\(.[length / 2 | floor]) \(last)"' "$STREAM"
}

# A busy machine may delay one tick a little; waiting for libvirt would take seconds.
keeps_time() {
	local median longest
	read -r median longest < <(intervals)
	echo "intervals: median $median ms, longest $longest ms"
	[ "$median" -le 1010 ] && [ "$longest" -le 1500 ]
}

hung_libvirtd() {
	kill -STOP "$(libvirtd_pid)"
	next_ticks 5
	tick_has '.type == "vm" and .name == "lab-busy" and .stale == 1 and .cpu_percent > 0'
}

recovers() {
	kill -CONT "$(libvirtd_pid)"
	next_ticks 3
	tick_has '.type == "vm" and .name == "lab-busy" and .stale == 0'
}

hung_qemu() {
	local pid
	pid=$(cat /run/libvirt/qemu/lab-idle.pid)
	kill -STOP "$pid"
	next_ticks 5
	kill -CONT "$pid"
	tick_has '.type == "vm" and .name == "lab-busy" and .stale == 0' &&
		tick_has '.type == "vm" and .name == "lab-idle" and .stale == 1'
}

qemu_recovers() {
	next_ticks 3
	tick_has '.type == "vm" and .name == "lab-idle" and .stale == 0'
}

# What libvirt said last stays, marked as old.
stopped_libvirtd() {
	LIBVIRTD=$(tr '\0' ' ' <"/proc/$(libvirtd_pid)/cmdline")
	kill "$(libvirtd_pid)"
	next_ticks 5
	tick_has '.type == "host" and .sources_down >= 1' &&
		tick_has '.type == "vm" and .name == "lab-busy" and .cpu_percent > 0'
}

started_libvirtd() {
	start_libvirtd || return 1
	next_ticks 3
	tick_has '.type == "vm" and .name == "lab-busy" and .stale == 0'
}

threads() {
	find "/proc/$STREAM_PID/task" -mindepth 1 -maxdepth 1 | wc -l
}

files() {
	find "/proc/$STREAM_PID/fd" -mindepth 1 | wc -l
}

memory_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$STREAM_PID/status"
}

no_libvirtd() {
	[ -z "$(libvirtd_pid)" ]
}

# Its pid file stays locked for a moment longer than it is seen.
start_libvirtd() {
	# shellcheck disable=SC2086 # these are words
	until_true 10 $LIBVIRTD && until_true 30 virsh -r list
}

restart() {
	kill -9 "$(libvirtd_pid)"
	until_true 5 no_libvirtd
	start_libvirtd
}

many_restarts() {
	local files threads memory
	LIBVIRTD=$(tr '\0' ' ' <"/proc/$(libvirtd_pid)/cmdline")
	restart || return 1
	next_ticks 3
	files=$(files) threads=$(threads) memory=$(memory_kb)
	for _ in $(seq 19); do
		restart || return 1
	done
	next_ticks 3
	echo "files $files and $(files), threads $threads and $(threads), memory $memory and $(memory_kb) kB"
	tick_has '.type == "vm" and .name == "lab-busy" and .stale == 0' &&
		[ "$(files)" -le "$files" ] && [ "$(threads)" -le "$threads" ] &&
		[ $(($(memory_kb) - memory)) -lt 2048 ]
}

start_before_libvirtd() {
	kill "$(libvirtd_pid)"
	until_true 5 no_libvirtd
	start_stream --scope host,vm -d 1
	next_ticks 2
	tick_has '.type == "vm" and .state == "no libvirt" and .cpu_percent > 0' || return 1
	started_libvirtd
}

tools/lab up lab-busy lab-idle >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
start_stream --scope host,vm -d 1
next_ticks 2

ok "while libvirtd is stopped the kernel's numbers go on and libvirt's are marked stale" hung_libvirtd
ok "they are fresh within two ticks after it goes on" recovers
ok "a QEMU that hangs makes no other VM stale" hung_qemu
ok "it is fresh within two ticks after it goes on" qemu_recovers
ok "no tick was delayed" keeps_time
ok "without libvirtd its VMs stay, and the source is down" stopped_libvirtd
ok "within two ticks after it is back they are fresh" started_libvirtd
ok "libvirtd killed and started 20 times leaves nothing behind in vmbpf" many_restarts
ok "and no tick was delayed" keeps_time
stop_stream
ok "vmbpf that started before libvirtd finds it" start_before_libvirtd
ok "no rate was negative or absurd" no_absurd_rate
stop_stream
