#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is missing costs only what it was needed for, and is said in words.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

chmod 755 "$WORK"

# says STATUS PATTERN COMMAND...: one line that matches, never a bare errno, and that exit status.
says() {
	local expected=$1 pattern=$2 status
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err"
	status=$?
	echo "status $status: $(cat "$WORK/err")"
	[ "$status" = "$expected" ] && grep -qE "$pattern" "$WORK/err" &&
		! grep -qE 'errno|error -?[0-9]+' "$WORK/err"
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}

with_bpf_only() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+bpf,+perfmon \
		--ambient-caps=-all,+bpf,+perfmon --bounding-set=-all,+bpf,+perfmon "$@"
}

# without PATH COMMAND...: as on a machine that has no such file.
without() {
	local path=$1
	shift
	unshare -m bash -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$WORK/empty" "$path" "$@"
}

mkdir "$WORK/empty"
cp "$VMBPF" "$WORK/vmbpf"
PROGRAM=$WORK/vmbpf

one_tick() {
	"$@" stream -n 1 -d 0.2 --scope host -c test:///default
}

works() {
	one_tick "$@" 2>"$WORK/err" | jq -e 'select(.type == "host")' >/dev/null
}

no_libvirt() {
	"$PROGRAM" stream -n 2 -d 0.5 --scope host -c "qemu+unix:///system?socket=$WORK/none" \
		>"$WORK/out" 2>"$WORK/err"
	[ $? = 0 ] && tail -n 1 "$WORK/out" | jq -e '.sources_down >= 1' >/dev/null
}

low_memlock() {
	(
		ulimit -l 64
		setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource "$PROGRAM" \
			stream -n 1 -d 0.2 --scope host -c test:///default
	) | jq -e 'select(.type == "host")' >/dev/null
}

no_kvm() {
	unshare -m bash -c '[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm; exec "$@"' _ \
		"$PROGRAM" stream -n 1 -d 0.2 --scope host -c test:///default |
		jq -e 'select(.type == "host")' >/dev/null
}


ok "without privilege it says what to do" says 77 'CAP_BPF|root' as_nobody "$PROGRAM" top -b -n 1
ok "with CAP_BPF and CAP_PERFMON alone it works" works with_bpf_only "$PROGRAM"
ok "without type information of the kernel it says what is missing" \
	says 69 'type information|BTF' without /sys/kernel/btf "$PROGRAM" top -b -n 1
ok "without libvirt the kernel's numbers are there, and the source is down" no_libvirt
ok "without KVM it works" no_kvm
ok "without tracefs it works" works without /sys/kernel/tracing "$PROGRAM"
ok "with little lockable memory it works" low_memlock
# A QEMU in a light run: what the walk finds is there, and what needs events is null, not zero.
light_has_nulls() {
	qemu-system-x86_64 -name guest=light,debug-threads=on -accel tcg -m 16 -display none -nic none \
		-monitor none -serial none -S >/dev/null 2>&1 &
	local qemu=$!
	sleep 1
	"$PROGRAM" stream --light -n 2 -d 0.5 --scope vcpu -c test:///default 2>/dev/null >"$WORK/light"
	kill "$qemu"
	tail -n 1 "$WORK/light" |
		jq -e '.cpu_percent != null and .ready_percent != null and .wait_percent == null and
			.wakeups_total == null and .net_rx_bytes_total == null'
}

ok "with --light what needs events is null" light_has_nulls
# Room for two threads only.
counts_loss() {
	qemu-system-x86_64 -name guest=many,debug-threads=on -accel tcg -m 16 -display none -nic none \
		-monitor none -serial none -S >/dev/null 2>&1 &
	local qemu=$!
	sleep 1
	"$PROGRAM" stream --max-threads 2 -n 2 -d 0.5 --scope host -c test:///default 2>/dev/null |
		tail -n 1 >"$WORK/lost"
	kill "$qemu"
	jq -e '.lost_events_total > 0' "$WORK/lost"
}

ok "threads beyond the room there is are counted as lost" counts_loss
ok "doctor tells that the main job works" "$PROGRAM" doctor
ok "doctor tells that it does not without privilege" says 77 '' as_nobody "$PROGRAM" doctor
