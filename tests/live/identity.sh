#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is a VM and who only pretends to be one; numbers that are used again are somebody else's.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

PRETENDERS=()

cleanup() {
	kill -9 "${PRETENDERS[@]}" 2>/dev/null
	ip link del idtap0 2>/dev/null
	virsh destroy id-a >/dev/null 2>&1
	tools/lab down >/dev/null 2>&1
}

vm_count() {
	last_tick | jq -s "[.[] | select(.type == \"vm\" and ($1))] | length"
}

uuid_of() {
	virsh domuuid "$1" | head -n 1
}

# QEMU emulating by itself, as the given user.
# start_qemu NAME UID [ARGUMENT...]
start_qemu() {
	local name=$1 uid=$2
	shift 2
	setpriv --reuid "$uid" --regid "$uid" --clear-groups qemu-system-x86_64 \
		-name "guest=$name,debug-threads=on" -accel tcg -m 16 -display none \
		-monitor none -serial none -S "$@" >/dev/null 2>&1 &
	PRETENDERS+=($!)
}

qemu_without_libvirt() {
	start_qemu id-plain 0 -nic none
	next_ticks 2
	tick_has ".type == \"vm\" and .name == \"id-plain\" and .pid == ${PRETENDERS[-1]} and
		.state == \"no libvirt\" and .uuid == null"
}

# A real QEMU of an unprivileged user, with the UUID and the name of a domain.
borrowed_uuid() {
	start_qemu id-a 65534 -nic none -uuid "$(uuid_of id-a)"
	next_ticks 2
	[ "$(vm_count '.uuid == "'"$(uuid_of id-a)"'"')" = 1 ] &&
		tick_has ".name == \"id-a\" and .uuid != null and .pid == $(cat /run/libvirt/qemu/id-a.pid)" &&
		tick_has ".pid == ${PRETENDERS[-1]} and .state == \"no libvirt\""
}

# A script that calls itself and its threads what QEMU does.
mere_name() {
	cp /bin/sleep "$WORK/qemu-system-x86_64"
	chown 65534 "$WORK/qemu-system-x86_64"
	chmod 755 "$WORK"
	(
		cd "$WORK" || exit
		exec -a 'qemu-system-x86_64' ./qemu-system-x86_64 60
	) &
	PRETENDERS+=($!)
	bash -c 'printf "CPU 0/KVM" >/proc/self/comm; sleep 60 & wait' -uuid "$(uuid_of id-a)" &
	PRETENDERS+=($!)
	next_ticks 2
	! tick_has ".pid == ${PRETENDERS[-1]} or .pid == ${PRETENDERS[-2]}"
}

# The next process gets the number that the killed VM had.
reused_pid() {
	local pid
	start_qemu id-reuse 0 -nic none
	pid=${PRETENDERS[-1]}
	next_ticks 2
	tick_has ".pid == $pid" || return 1
	kill -9 "$pid"
	until_true 5 is_gone "$pid"
	for _ in $(seq 50); do
		echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 30 &
		[ $! = "$pid" ] && break
		kill $!
	done
	PRETENDERS+=("$pid")
	[ "$(cat "/proc/$pid/comm")" = sleep ] || { echo "the number was not used again"; return 1; }
	next_ticks 2
	! tick_has ".pid == $pid"
}

bytes_of() {
	last_tick | jq "select(.type == \"nic\" and .vm == \"$1\") | .net_rx_bytes_total"
}

# A VM keeps a tap open that is deleted; another VM gets one of the same name and index at once.
reused_ifindex() {
	local before second
	build/tests/make_tap idtap0 7777 || return 1
	start_qemu id-tap1 0 -nic tap,ifname=idtap0,script=no,downscript=no
	next_ticks 2
	until_true 10 grows id-tap1 0 || { echo "nothing was counted for the first"; return 1; }
	before=$(bytes_of id-tap1)
	ip link del idtap0
	build/tests/make_tap idtap0 7777 || return 1
	start_qemu id-tap2 0 -nic tap,ifname=idtap0,script=no,downscript=no
	send_to_nobody idtap0
	next_ticks 3
	second=$(bytes_of id-tap2)
	until_true 10 grows id-tap2 "$second" || return 1
	echo "the first had $before and has $(bytes_of id-tap1); the second had $second and has $(bytes_of id-tap2)"
	[ -z "$(bytes_of id-tap1)" ] || [ "$(bytes_of id-tap1)" = "$before" ]
}

# Some frames may be lost while the device comes up.
grows() {
	send_to_nobody idtap0
	next_ticks 2
	[ "$(bytes_of "$1")" -gt "$2" ]
}

# An address on the tap, and datagrams to a neighbour that cannot be there.
send_to_nobody() {
	ip link set "$1" up
	ip addr replace 192.0.2.1/24 dev "$1"
	ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev "$1"
	for _ in 1 2 3 4 5; do
		echo hello >/dev/udp/192.0.2.2/9
	done
}

tools/lab up lab-idle >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
tiny_domain id-a >"$WORK/id-a.xml"
virsh create "$WORK/id-a.xml" >/dev/null
start_stream --scope host,vm,nic -d 1
next_ticks 2

ok "a QEMU that libvirt does not know is listed by its own name and pid" qemu_without_libvirt
ok "a QEMU that was given a domain's UUID is not that domain" borrowed_uuid
ok "a process that only has the names of a VM is none" mere_name
ok "a process with the number of a VM that ended is no VM" reused_pid
ok "a tap with the name and index of one that went is charged to its own VM only" reused_ifindex
ok "no rate was negative or absurd" no_absurd_rate
stop_stream
