# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The VMs are seen, and the kernel says what they are: names prove nothing.

# is_believed NAME PID VCPUS
is_believed() {
	jq -e -s "any(.[]; .type == \"vm\" and .name == \"$1\" and .pid == $2 and .vcpus == $3 and .kvm == \"yes\")" \
		"$WORK/tick"
}

# "TID VCPU" of each thread that QEMU calls by a vCPU.
named_vcpus() {
	ps -eLo tid=,comm= | sed -n 's,^ *\([0-9]*\) CPU \([0-9]*\)/KVM$,\1 \2,p' | sort
}

# The same by vmbpf, of those that the kernel has linked.
linked_vcpus() {
	jq -r 'select(.type == "thread" and .role == "vcpu" and .role_by == "kernel") | "\(.tid) \(.vcpu)"' \
		"$WORK/tick" | sort
}

are_linked() {
	named_vcpus >"$WORK/named"
	linked_vcpus >"$WORK/linked"
	paste "$WORK/named" "$WORK/linked"
	[ "$(wc -l <"$WORK/named")" = 3 ] && cmp "$WORK/named" "$WORK/linked"
}

ok "the guest with a known load starts" until_true 60 duty_is_ready
start_stream --scope host,vm,vcpu,thread,nic,exit -d 1
next_ticks 2
last_tick >"$WORK/tick"
ok "a VM with two vCPUs is seen, and is believed to be KVM's" is_believed duty "$DUTY_PID" 2
ok "a VM without a guest is seen, and is believed to be KVM's" is_believed net "$NET_PID" 1
ok "the kernel says which thread runs which vCPU" are_linked
