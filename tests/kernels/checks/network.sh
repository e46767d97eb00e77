# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packets go through vhost: before Linux 6.4 a kernel thread of its own, since then a thread of QEMU.

# The number of vhost's thread, by its name: it carries QEMU's pid.
vhost_tid() {
	ps -eLo tid=,comm= | awk -v name="vhost-$NET_PID" '$2 == name { print $1; exit }'
}

is_vhost() {
	local tid
	tid=$(vhost_tid)
	echo "vhost is $tid"
	jq -e -s "any(.[]; .type == \"thread\" and .vm == \"net\" and .tid == $tid and .role == \"vhost\" and
		.role_by == \"kernel\" and .cpu_seconds_total > 0)" "$WORK/tick"
}

vhost_is_charged() {
	jq -e -s '(.[] | select(.type == "vm" and .vm == "net") | .cpu_vhost_seconds_total) as $vm |
		([.[] | select(.type == "thread" and .vm == "net" and .role == "vhost") | .cpu_seconds_total] | add) as $threads |
		$vm > 0 and ($vm - $threads | fabs) < 1e-6' "$WORK/tick"
}

# What the VM sends is moved by vhost.
vhost_moves() {
	jq -c 'select(.vm == "net" and (.type == "thread" or .type == "nic")) | [.type, .role, .net_tx_bytes_total]' "$WORK/tick"
	jq -e -s '(.[] | select(.type == "nic" and .nic == "'"$TAP"'") | .net_tx_bytes_total) as $nic |
		(.[] | select(.type == "thread" and .vm == "net" and .role == "vhost") | .net_tx_bytes_total) as $vhost |
		$nic > 0 and $vhost >= 0.9 * $nic' "$WORK/tick"
}

ok "the VM without a guest fetches files" until_true 60 net_is_ready
next_ticks 2
last_tick >"$WORK/tick"
ok "vhost's thread is known, and the kernel says what it is" is_vhost
ok "vhost's time is a part of the VM's" vhost_is_charged
ok "what the VM sends is moved by vhost" vhost_moves
