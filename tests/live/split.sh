#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the time of a vCPU goes: the parts add up at every tick, each measured on its own, and KVM's totals are
# those that KVM gives others. What a VM without KVM cannot have is absent, not zero.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

PAYLOAD=/var/lib/vmbpf-lab/duty.elf
QEMUS=()

cleanup() {
	kill "${QEMUS[@]}" 2>/dev/null
	virsh destroy split-libvirt >/dev/null 2>&1
	tools/lab down >/dev/null 2>&1
}

# start_vm NAME ACCELERATOR VCPUS COMMAND-LINE: a QEMU that runs the payload, without libvirt.
start_vm() {
	qemu-system-x86_64 -name "guest=$1,debug-threads=on" -accel "$2" -smp "$3" -m 32 -display none \
		-nic none -monitor none -no-reboot -serial "file:$WORK/$1.log" -kernel "$PAYLOAD" \
		-append "$4" >/dev/null 2>&1 &
	QEMUS+=($!)
}

is_ready() {
	grep -qa 'lab: ready' "$WORK/$1.log"
}

domain() {
	cat <<-END
	<domain type='kvm'><name>split-libvirt</name><memory unit='MiB'>32</memory><vcpu>2</vcpu>
	<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$PAYLOAD</kernel>
	<cmdline>duty=40,10 period=20 pio=10</cmdline></os><features><acpi/><apic/></features>
	<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
	END
}

# judge FILTER: the filter makes of all lines a list of lines of which each should hold, and .holds says whether
# it does. Prints those that do not; there must be some that do.
judge() {
	jq -s -r --arg ready "$READY" "$1"' | [.[] | select(.holds | not)] as $wrong |
		"\(length) in all, \($wrong | length) of them wrong", ($wrong[:3][] | tojson),
		(length > 0 and $wrong == [])' "$STREAM" >"$WORK/judged"
	head -n -1 "$WORK/judged"
	[ "$(tail -n 1 "$WORK/judged")" = true ]
}

# holds SELECTION CONDITION: once the guests are up, the condition is true of every line of our VMs that is selected.
holds() {
	judge '[.[] | select((.vm // "" | startswith("split-")) and .time > $ready and ('"$1"')) | .holds = ('"$2"') |
		with_entries(select(.key | test("^(time|vm|vcpu|holds)$|_percent$")))]'
}

# Of what a vCPU waited, so much had a name. All of its life has been watched.
STOLEN='.stolen_by_vm_seconds_total + .stolen_by_host_seconds_total + .stolen_by_self_seconds_total +
	.uncontended_seconds_total'

never_more_stolen_than_waited() {
	judge '[.[] | select(.type == "vcpu" and (.vm | startswith("split-")) and .ready_seconds_total != null) |
		{ time, vm, vcpu, ready: .ready_seconds_total, stolen: ('"$STOLEN"') } |
		.holds = (.stolen <= .ready + 0.01)]'
}

# What is in progress at the end has no name yet; no wait is longer than the longest.
nearly_all_stolen_has_a_name() {
	judge '[.[] | select(.type == "vcpu" and (.vm | startswith("split-")) and .time > $ready) |
		.stolen = ('"$STOLEN"')] | group_by([.vm, .vcpu]) |
		[.[] | { vm: .[0].vm, vcpu: .[0].vcpu, longest: (map(.run_latency_max_seconds // 0) | max),
			ready: (.[-1].ready_seconds_total - .[0].ready_seconds_total),
			stolen: (.[-1].stolen - .[0].stolen) } |
			.holds = (.stolen + .longest >= 0.95 * .ready)]'
}

# The host has no more and no less than the VMs that it lists.
host_adds_up() {
	STREAM=$WORK/all.jsonl judge '[group_by(.time)[] | (.[] | select(.type == "host")) as $host | [.[] | select(.type == "vm")] as $vms | {
			time: $host.time,
			total: (($vms | map(.cpu_seconds_total // 0) | add) - $host.cpu_attributed_seconds_total),
			share: $host.cpu_vms_percent,
			sum: ($vms | map(.cpu_percent // 0) | add), busy: $host.cpu_percent
		} | .holds = (.total > -0.001 and .total < 0.001 and (.share == null or
			(.share - ([100 * .sum / .busy, 100] | min) | -2 <= . and . <= 2)))]'
}

# QEMU asks KVM for these: one line each, "vCPU name value".
of_libvirt() {
	virsh domstats --vcpu split-libvirt |
		sed -nE 's/^ *vcpu\.([0-9]+)\.(exits|halt_exits|insn_emulation|halt_poll_success_ns|halt_poll_fail_ns)\.sum=([0-9]+)$/\1 \2 \3/p'
}

# The same from vmbpf; totals need no second tick.
of_vmbpf() {
	"$VMBPF" stream -n 1 --scope vcpu 2>/dev/null | jq -r '
		select(.vm == "split-libvirt") | .vcpu as $vcpu |
		["exits", .exits_total], ["halt_exits", .exits_halt_total], ["insn_emulation", .emulated_total],
		["halt_poll_success_ns", (.halt_poll_seconds_total - .halt_poll_failed_seconds_total) * 1e9],
		["halt_poll_fail_ns", .halt_poll_failed_seconds_total * 1e9] |
		"\($vcpu) \(.[0]) \(.[1] | round)"'
}

# libvirt is asked before and after; what vmbpf says lies between the two.
lies_between() {
	of_libvirt >"$WORK/before"
	of_vmbpf >"$WORK/ours"
	of_libvirt >"$WORK/after"
	awk '
		{ key = $1 " " $2; file = FILENAME; sub(/.*\//, "", file); value[file, key] = $3; seen[key] = 1 }
		END {
			for (key in seen) {
				n++
				print key, value["before", key], value["ours", key], value["after", key]
				wrong += value["ours", key] == "" || value["before", key] == "" ||
					value["ours", key] + 1 < value["before", key] ||
					value["ours", key] > value["after", key] + 1
			}
			exit wrong || n != 10
		}' "$WORK/before" "$WORK/ours" "$WORK/after"
}

# On a crowded host one of the three may be told too late, or without what QEMU was asked for.
equals_libvirt() {
	local attempt
	for attempt in 1 2 3; do
		echo "attempt $attempt:"
		lies_between && return
		sleep 1
	done
	return 1
}

tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
start_stream -d 1 --scope host,vm,vcpu -f 'split-*'
start_vm split-kvm kvm 2 "duty=80,30 period=20"
start_vm split-tcg tcg 1 "duty=60 period=20"
domain >"$WORK/domain.xml"
virsh create "$WORK/domain.xml" >/dev/null || { echo "# the domain does not start"; exit 1; }
until_true 60 is_ready split-kvm || { echo "# the payload does not start under KVM"; exit 1; }
until_true 60 is_ready split-tcg || { echo "# the payload does not start without KVM"; exit 1; }
next_ticks 1
READY=$(date -u +%FT%T)
next_ticks 12
stop_stream

VCPU='.type == "vcpu" and .cpu_percent != null'
KVM="$VCPU and .vm != \"split-tcg\""
ok "run, overlap, ready and wait of each vCPU are 100 % of each tick" holds "$VCPU" \
	'.cpu_percent + .overlap_percent + .ready_percent + .wait_percent | 99 <= . and . <= 101'
# What the clock sampled is off by chance.
ok "guest, halt polling and hypervisor are what it ran" holds "$KVM" \
	'(if .guest_by == "events" then 1 else 15 end) as $most |
		.guest_percent + .halt_poll_percent + .hypervisor_percent - .cpu_percent | -1 <= . and . <= $most'
ok "it was not idle for longer than it slept" holds "$KVM" '.idle_percent <= .wait_percent + 1'
ok "idle and blocked are the time it slept" holds "$KVM" \
	'.idle_percent + .blocked_percent - .wait_percent | -1 <= . and . <= 1'
ok "and a guest that sleeps in halts alone was idle all that time" \
	holds "$KVM and .vm == \"split-kvm\"" '.blocked_percent <= 2'
ok "never was more stolen from it than it waited" never_more_stolen_than_waited
ok "95 % of what it waited has a name" nearly_all_stolen_has_a_name
ok "its exits and halts are counted in each tick" holds "$KVM and .vm == \"split-kvm\"" \
	'.exits_per_second > 0 and .exits_halt_per_second > 0'
ok "KVM's totals are those that libvirt has from QEMU" equals_libvirt
ok "the CPU time of a VM is that of its roles" holds '.type == "vm"' \
	'.cpu_vcpu_seconds_total + .cpu_emulator_seconds_total + .cpu_iothread_seconds_total +
		.cpu_worker_seconds_total + .cpu_vhost_seconds_total + .cpu_other_seconds_total -
		.cpu_seconds_total | -0.001 <= . and . <= 0.001'
"$VMBPF" stream -n 3 -d 1 --scope host,vm >"$WORK/all.jsonl" 2>/dev/null
ok "that of all VMs is what the host has attributed" host_adds_up
ok "without KVM there is no guest time, no idle time and no exit, not even zero" \
	holds '.vm == "split-tcg" and (.type == "vm" or .type == "vcpu")' \
	'[.guest_percent, .guest_by, .halt_poll_percent, .hypervisor_percent, .idle_percent, .blocked_percent,
		.exits_total, .exits_halt_total, .emulated_total] | all(. == null)'
ok "but there is what the scheduler knows" holds "$VCPU and .vm == \"split-tcg\"" \
	'.cpu_percent > 1 and .ready_percent != null and .stolen_by_host_percent != null'
ok "no rate was negative or absurd" no_absurd_rate
