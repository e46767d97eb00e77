#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Exits by reason: as many as the guest made and as KVM has counted itself, in whatever form they are asked for;
# nothing is attached unless they are, and what this host's KVM does not report is absent and said to be.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

PAYLOAD=/var/lib/vmbpf-lab/duty.elf

# An instance of the kernel's own tracing, for us alone.
TRACING=/sys/kernel/tracing/instances/vmbpf-exits

cleanup() {
	[ -n "${QEMU:-}" ] && kill -KILL "$QEMU" 2>/dev/null
	stop_tracing
	tools/lab down >/dev/null 2>&1
}

# A guest that writes to port 0x80 a hundred times in each period, on each of its two vCPUs.
start_vm() {
	qemu-system-x86_64 -name guest=exits-pio,debug-threads=on -accel kvm -smp 2 -m 32 -display none -nic none \
		-monitor none -no-reboot -serial "file:$WORK/serial" -kernel "$PAYLOAD" \
		-append "duty=20,5 period=100 pio=100" >/dev/null 2>&1 &
	QEMU=$!
	until_true 60 grep -qa 'lab: ready' "$WORK/serial"
}

# Traces KVM's events of our VM.
start_tracing() {
	local event
	mkdir "$TRACING" 2>/dev/null || return 1
	echo 8192 >"$TRACING/buffer_size_kb"
	printf '%s\n' "/proc/$QEMU/task"/* | sed 's|.*/||' >"$TRACING/set_event_pid"
	for event in kvm_exit kvm_userspace_exit kvm_pio; do
		echo 1 >"$TRACING/events/kvm/$event/enable" || return 1
	done
}

stop_tracing() {
	[ -d "$TRACING" ] || return
	echo 0 >"$TRACING/events/enable"
	rmdir "$TRACING"
}

# traced EVENT: how often our VM had it; -1 where some were lost.
traced() {
	if cat "$TRACING"/per_cpu/cpu*/stats | grep -E '^(overrun|dropped events): [1-9]' >&2; then
		echo -1
	else
		grep -c ": $1: " "$TRACING/trace"
	fi
}

# The tick before the guest went on, and one after it was stopped again, as BEFORE and AFTER: nothing of what it
# did meanwhile is counted in part.
run_for_a_while() {
	kill -STOP "$QEMU"
	start_stream --scope host,vm,vcpu,exit -d 0.5 -f exits-pio || return 1
	next_ticks 2
	last_tick >"$WORK/before"
	start_tracing && TRACED=1
	kill -CONT "$QEMU"
	next_ticks 6
	kill -STOP "$QEMU"
	next_ticks 2
	last_tick >"$WORK/after"
	[ -z "${TRACED:-}" ] || echo 0 >"$TRACING/tracing_on"
	kill -CONT "$QEMU"
	FIRES=$(jq -r 'select(.type == "host") | .source_exits_up' "$WORK/after")
}

# total SELECTION MEMBER: what the members of the selected lines, added up, grew by meanwhile.
total() {
	local sum="[.[] | select($1) | .$2 // 0] | add // 0"
	echo $(($(jq -s "$sum" "$WORK/after") - $(jq -s "$sum" "$WORK/before")))
}

exits_of() {
	total ".type == \"exit\" and .kind == \"$1\"" exits_total
}

# same WHAT ONE OTHER: two counts of the same, and there was something to count.
same() {
	echo "$1: $2 and $3"
	[ "$2" -gt 0 ] && [ "$2" = "$3" ]
}

# agree EVENT KIND: rows of a kind are as many as the events that the kernel has traced meanwhile.
agree() {
	same "rows of kind $2, events $1" "$(exits_of "$2")" "$(traced "$1")"
}

counts_agree_with_tracing() {
	agree kvm_pio pio && agree kvm_userspace_exit userspace && { [ "$FIRES" != 1 ] || agree kvm_exit guest; }
}

most_are_what_the_guest_wrote() {
	local all
	all=$(exits_of pio)
	echo "to port 0x80: $(total '.type == "exit" and .reason == "0x80:POUT"' exits_total) of $all"
	[ "$(total '.type == "exit" and .reason == "0x80:POUT"' exits_total)" -ge $((all * 9 / 10)) ]
}

io_goes_on_to_qemu() {
	same "exits to QEMU for I/O, accesses to ports" \
		"$(total '.type == "exit" and .kind == "userspace" and .reason == "IO"' exits_total)" \
		"$(exits_of pio)"
}

reasons_are_all_exits() {
	same "exits by reason, exits by KVM's account" "$(exits_of guest)" "$(total '.type == "vm"' exits_total)"
}

# once the tracepoints fire: the time in the guest is part of the time on a CPU, and every exit took some time.
times_are_possible() {
	jq -s -e '
		[.[] | select(.type == "vcpu" and .guest_percent != null and .cpu_percent != null)] as $vcpus |
		($vcpus | length > 0) and
			all($vcpus[]; .guest_by == "events" and .guest_percent <= .cpu_percent + .overlap_percent + 1) and
		all(.[] | select(.type == "exit" and .exit_handling_max_seconds != null);
			.exit_handling_p99_seconds <= .exit_handling_max_seconds and .exit_handling_mean_seconds > 0)' \
		"$STREAM"
}

# Where KVM does not report entries and exits, nothing that follows from them is made up.
silence_is_no_zero() {
	jq -s -e '
		all(.[] | select(.type == "exit"); .kind != "guest" and .exit_handling_seconds_total == null) and
		all(.[] | select(.type == "vm" or .type == "vcpu"); .exit_handling_percent == null and .guest_by != "events") and
		(.[] | select(.type == "host") | .source_exits_reason | test("never fire"))' "$WORK/after"
}

# The line that says it, once, and only where the output itself does not.
said_on_stderr() {
	"$VMBPF" exits exits-pio --csv -n 2 >"$WORK/csv" 2>"$WORK/err"
	"$VMBPF" exits exits-pio >"$WORK/table" 2>"$WORK/err2"
	cat "$WORK/err" "$WORK/err2"
	[ "$(wc -l <"$WORK/err")" = 1 ] && grep -q 'never fire' "$WORK/err" && ! [ -s "$WORK/err2" ] &&
		grep -q '^exits is down' "$WORK/table"
}

# A table of one interval, since this is no terminal: reasons under their VM.
as_a_table() {
	timeout 20 "$VMBPF" exits 'exits-p*' --no-headers 2>/dev/null >"$WORK/table"
	cat "$WORK/table"
	head -n 1 "$WORK/table" | grep -q '^exits-pio' && grep -qE '^  0x80:POUT +pio +[0-9]' "$WORK/table" &&
		! grep -v '^  ' "$WORK/table" | grep -v '^exits-pio'
}

as_csv_by_vcpu() {
	"$VMBPF" exits exits-pio -H --csv --once 2>/dev/null >"$WORK/csv"
	cat "$WORK/csv"
	head -n 1 "$WORK/csv" | grep -q '^time,vm,reason,kind,vcpu,exits_per_second,exit_handling_percent' &&
		[ "$(awk -F, '$3 == "0x80:POUT" { print $5 }' "$WORK/csv" | sort | tr '\n' ' ')" = "0 1 " ]
}

unknown_vm() {
	"$VMBPF" exits no-such-vm -o json -n 9 >"$WORK/out" 2>"$WORK/err"
	[ $? = 66 ] && [ ! -s "$WORK/out" ] && [ "$(wc -l <"$WORK/err")" = 1 ] &&
		grep -q "no VM 'no-such-vm'" "$WORK/err"
}

from_a_recording() {
	"$VMBPF" record --exits -o "$WORK/recording" -d 0.5 -n 4 2>/dev/null &&
		"$VMBPF" exits --replay "$WORK/recording" exits-pio --no-headers >"$WORK/table" &&
		grep -qE '^  0x80:POUT +pio +[0-9]' "$WORK/table"
}

exit_programs() {
	our_programs | grep -E '^on_(exit|entry|userspace|pio|mmio|fast)'
}

attached_only_when_asked_for() {
	start_stream -d 0.5 --scope host,vm,vcpu || return 1
	exit_programs && return 1
	stop_stream
	start_stream -d 0.5 --scope exit,host || return 1
	exit_programs || return 1
	stop_stream
	until_true 5 no_programs
}

# Tables of the instance that runs in which something is counted.
tables_in_use() {
	bpftool -j map dump id "$(bpftool -j map list | jq '[.[] | select(.name == "exit_tables").id] | max')" |
		sed 's/"key":\[[^]]*\]//g; s/},{/\n/g' | grep -cE '0x(0[1-9a-f]|[1-9a-f])'
}

# in_use CONDITION NUMBER
in_use() {
	test "$(tables_in_use)" "$@"
}

# Other VMs may have some as well.
given_back_with_the_vm() {
	local n
	start_stream -d 0.5 --scope host,exit || return 1
	until_true 10 tick_has '.type == "exit" and .vm == "exits-pio"' || return 1
	n=$(tables_in_use)
	kill -KILL "$QEMU"
	until_true 20 in_use -le $((n - 2))
	local result=$?
	echo "$n tables in use, then $(tables_in_use)"
	stop_stream
	return $result
}

[ -e "$PAYLOAD" ] || tools/lab up lab-kvm >/dev/null 2>&1
start_vm || { echo "# the VM does not start"; exit 1; }
run_for_a_while || { echo "# vmbpf does not run: $(cat "$WORK/stream.err")"; exit 1; }
if [ -n "${TRACED:-}" ]; then
	ok "exits are as many as the kernel traces of the same guest at the same time" counts_agree_with_tracing
	stop_tracing
else
	skip "exits are as many as the kernel traces" "no tracing file system at /sys/kernel/tracing"
fi
ok "nearly all of them are what the guest is known to do" most_are_what_the_guest_wrote
ok "each went on to QEMU" io_goes_on_to_qemu
if [ "$FIRES" = 1 ]; then
	ok "the reasons add up to KVM's total" reasons_are_all_exits
	ok "times in the guest and of exits are possible ones" times_are_possible
else
	ok "where KVM reports no exits and entries, reasons and times are absent" silence_is_no_zero
	ok "and that is said once on standard error, unless the table says it" said_on_stderr
fi
stop_stream
ok "a table has the reasons under their VM" as_a_table
ok "CSV has a row for each vCPU" as_csv_by_vcpu
ok "an unknown VM is one line and status 66" unknown_vm
ok "a recording has them as well" from_a_recording
ok "the programs are attached only while exits are asked for" attached_only_when_asked_for
ok "what was counted of a VM is given back when it ends" given_back_with_the_vm
