#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vmbpf calls ready is what the guest itself calls steal. For hosts on which a stock Linux guest boots under KVM.
# STEAL_KERNEL, STEAL_BOOT_SECONDS: another kernel than the lab's, which then is not started, and how long it may take.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

KERNEL=${STEAL_KERNEL:-/var/lib/vmbpf-lab/vmlinuz}
ACCELERATOR=kvm
BOOT_SECONDS=${STEAL_BOOT_SECONDS:-45}
SECONDS_MEASURED=10
CPU=0
PEERS=()

cleanup() {
	kill "${PEERS[@]}" 2>/dev/null
	[ "${STEAL_KERNEL:-}" ] || tools/lab down >/dev/null 2>&1
}

# The guest keeps its vCPU busy and tells ten times a second how long it has been up and what was stolen from it, in
# hundredths of a second.
make_initrd() {
	mkdir -p "$WORK/tree/bin" "$WORK/tree/dev" "$WORK/tree/proc"
	cp "$(command -v busybox)" "$WORK/tree/bin/busybox"
	cat >"$WORK/tree/init" <<-'END'
	#!/bin/busybox sh
	export PATH=/bin
	busybox mount -t proc proc /proc
	busybox mount -t devtmpfs dev /dev
	while :; do :; done &
	while busybox sleep 0.1; do
		echo "steal: $(busybox awk '{ print $1 * 100 }' /proc/uptime) $(busybox awk '/^cpu / { print $9 }' /proc/stat)"
	done
	END
	chmod 755 "$WORK/tree/init"
	(cd "$WORK/tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$WORK/initrd"
}

start_guest() {
	taskset -c $CPU qemu-system-x86_64 -name guest=steal,debug-threads=on -accel $ACCELERATOR -cpu max -smp 1 \
		-m 128 -display none -nic none -monitor none -no-reboot -serial "file:$WORK/serial" -kernel "$KERNEL" \
		-initrd "$WORK/initrd" -append 'console=ttyS0 quiet rdinit=/init panic=-1' >/dev/null 2>&1 &
	PEERS+=($!)
	disown
}

start_hog() {
	taskset -c $CPU bash -c 'while :; do :; done' &
	PEERS+=($!)
}

# Hundredths of a second up, and stolen: the last whole line of the guest.
guest_says() {
	tr -d '\r' <"$WORK/serial" | sed -n 's/^steal: \([0-9]*\) \([0-9]*\)$/\1 \2/p' | tail -n 1
}

boot_has_ended() {
	[ "$(guest_says)" ] || is_gone "${PEERS[0]}"
}

# Of the time between two things the guest said, in per cent.
stolen_percent() {
	awk -v before="$1" -v after="$2" 'BEGIN {
		split(before, b); split(after, a)
		printf "%.2f\n", 100 * (a[2] - b[2]) / (a[1] - b[1]) }'
}

ready_percent() {
	jq -s -r '[.[] | select(.type == "vcpu" and .vm == "steal" and .ready_percent != null) | .ready_percent] |
		add / length' "$WORK/ticks.jsonl"
}

agree() {
	echo "stolen by the guest's account $STOLEN %, ready $READY %"
	awk -v a="$STOLEN" -v b="$READY" 'BEGIN { exit !(a - b <= 3 && b - a <= 3) }'
}

is_much() {
	awk -v percent="$READY" 'BEGIN { exit !(percent >= 30) }'
}

[ -e "$KERNEL" ] || tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
make_initrd
start_guest
until_true "$BOOT_SECONDS" boot_has_ended
if [ ! "$(guest_says)" ]; then
	skip "a vCPU is ready as long as its guest is stolen from" \
		"no Linux guest boots under the KVM of this host"
	exit 0
fi
start_hog
sleep 1
before=$(guest_says)
"$VMBPF" stream -n $((SECONDS_MEASURED + 1)) -d 1 --scope vcpu >"$WORK/ticks.jsonl" 2>/dev/null
after=$(guest_says)
STOLEN=$(stolen_percent "$before" "$after")
READY=$(ready_percent)
ok "a vCPU that shares its CPU with a busy task is ready for much of the time" is_much
if [ "${after#* }" = 0 ]; then
	skip "as long as its guest is stolen from" "this KVM does not tell guests what is stolen"
else
	ok "as long as its guest is stolen from" agree
fi
