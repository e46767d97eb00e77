#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 500 VMs of 8 vCPUs each: nobody is lost, and a tick stays cheap.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

TICKS=8

start_stubs() {
	mkfifo "$WORK/hold"
	build/tests/stub_vms 500 8 <"$WORK/hold" >"$WORK/stubs" &
	exec 9>"$WORK/hold"
	until_true 60 grep -q ready "$WORK/stubs"
}

# User CPU of the whole program, load time taken off by a run of two ticks.
user_ms() {
	local before after
	before=$(user_clock_of 3) || return 1
	after=$(user_clock_of $((TICKS + 3))) || return 1
	echo "user CPU of $TICKS ticks: $((after - before)) ms" >&2
	[ $(((after - before) / TICKS)) -lt 20 ]
}

user_clock_of() {
	local TIMEFORMAT=%U
	{ time "$VMBPF" stream -n "$1" -d 0.5 --scope host,vm -c test:///default >"$WORK/scale.jsonl" 2>/dev/null; } 2>&1 |
		awk '{ printf "%d\n", $1 * 1000 }'
}

all_there() {
	"$VMBPF" stream -n 2 -d 1 --scope host,vm,vcpu -c test:///default 2>/dev/null >"$WORK/all.jsonl"
	tail -n 5000 "$WORK/all.jsonl" | jq -s '[.[] | select(.type == "vcpu")] | length' | grep -qx '4000\|450[0-9]\|4[1-9][0-9][0-9]'
}

start_stubs
ok "every vCPU of 500 VMs is listed" all_there
ok "a tick with 500 VMs of 8 vCPUs takes under 20 ms of user CPU" user_ms
exec 9>&-
