#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VMs that start, stop, crash, grow and are renamed while vmbpf watches.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

cleanup() {
	for name in live-a live-b live-kill $(seq -f 'live-loop-%g' 1 20); do
		virsh destroy "$name" >/dev/null 2>&1
		virsh undefine "$name" >/dev/null 2>&1
	done
	tools/lab down >/dev/null 2>&1
}

create() {
	tiny_domain "$1" >"$WORK/$1.xml"
	virsh create "$WORK/$1.xml" >/dev/null || virsh create "$WORK/$1.xml" >/dev/null
}

pid_of() {
	cat "/run/libvirt/qemu/$1.pid"
}

vm_is() {
	tick_has ".type == \"vm\" and .name == \"$1\" and ($2)"
}

# Right within one tick after the fact: the tick in progress may have begun before it.
seen_as() {
	next_ticks 2
	vm_is "$1" "$2"
}

not_listed() {
	next_ticks 2
	! tick_has ".type == \"vm\" and .name == \"$1\""
}

hot_plug() {
	virsh setvcpus live-a 3 --live >/dev/null || return 1
	seen_as live-a '.vcpus == 3' &&
		tick_has '.type == "vcpu" and .vm == "live-a" and .vcpu == 2'
}

crash() {
	create live-kill || return 1
	seen_as live-kill '.pid != null' || return 1
	kill -9 "$(pid_of live-kill)"
	sleep 0.1
	not_listed live-kill
}

files() {
	find "/proc/$STREAM_PID/fd" -mindepth 1 | wc -l
}

memory_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$STREAM_PID/status"
}

# libvirt's library settles within the first domains, hence those are not measured.
nothing_leaked() {
	next_ticks 2
	echo "files: $FILES_BEFORE and $(files); memory: $MEMORY_BEFORE and $(memory_kb) kB"
	[ "$(files)" -le "$FILES_BEFORE" ] && [ $(($(memory_kb) - MEMORY_BEFORE)) -lt 2048 ]
}

loop() {
	for name in $(seq -f 'live-loop-%g' 1 20); do
		create "$name" || return 1
		[ "$name" = live-loop-1 ] && { seen_as "$name" '.state == "running"' || return 1; }
		virsh destroy "$name" >/dev/null || return 1
	done
	next_ticks 2
	! tick_has '.type == "vm" and (.name | startswith("live-loop"))'
}

rename_domain() {
	tiny_domain live-b >"$WORK/b.xml"
	virsh define "$WORK/b.xml" >/dev/null || return 1
	seen_as live-b '.state == "shutoff"' || return 1
	virsh domrename live-b live-c >/dev/null || return 1
	seen_as live-c '.state == "shutoff"' && ! tick_has '.name == "live-b"' || return 1
	virsh undefine live-c >/dev/null
}

tools/lab up lab-idle >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
create live-a
start_stream --scope host,vm,vcpu,thread -d 1

ok "a VM that ran before is listed as libvirt knows it" seen_as live-a \
	'.state == "running" and .uuid != null and .vcpus == 1 and .cpu_percent != null'
ok "vCPUs plugged in are there within a tick" hot_plug
ok "a domain shut off is listed, and renamed within a tick" rename_domain
ok "a QEMU killed with -9 is gone within a tick" crash
FILES_BEFORE=$(files)
MEMORY_BEFORE=$(memory_kb)
ok "of 20 domains started and destroyed none is left" loop
ok "nor any file or memory" nothing_leaked
ok "no rate was negative or absurd" no_absurd_rate
stop_stream
