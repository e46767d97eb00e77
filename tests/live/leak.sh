#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand VMs that came and went leave nothing behind: no map entry, no file, no memory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

files() {
	find "/proc/$STREAM_PID/fd" -mindepth 1 | wc -l
}

memory_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$STREAM_PID/status"
}

# map_id NAME: of the map of that name that vmbpf holds.
map_id() {
	local held
	held=$(sed -n 's/^map_id:[[:space:]]*//p' "/proc/$STREAM_PID"/fdinfo/* | jq -s .)
	bpftool map list -j | jq --argjson held "$held" \
		"first(.[] | select(.name == \"$1\" and (.id | IN(\$held[])))) | .id"
}

# All numbers on standard input are of processes or threads that exist.
all_alive() {
	local number dead=0
	while read -r number; do
		[ -e "/proc/$number" ] || { echo "$number has ended"; dead=1; }
	done
	[ "$dead" = 0 ]
}

no_process_left() {
	bpftool map dump id "$(map_id processes)" -j | jq '.[].formatted.key' | all_alive
}

no_slot_left() {
	bpftool map dump id "$(map_id slots)" -j |
		jq '.[].formatted.value | select(.state != 0) | .tid' | all_alive
}

stubs() {
	build/tests/stub_vms "$1" 2 "$2" >/dev/null
}

thousand_vms() {
	stubs 10 100 || return 1
	next_ticks 4
}

start_stream --scope host,vm -d 0.2 -c test:///default
next_ticks 3
stubs 10 20
next_ticks 3
FILES_BEFORE=$(files)
MEMORY_BEFORE=$(memory_kb)

ok "1,000 VMs start and end" thousand_vms
ok "no process is left in the map" no_process_left
ok "no thread is left in a slot" no_slot_left
ok "as many files are open as before ($FILES_BEFORE)" test "$(files)" -le "$FILES_BEFORE"
ok "memory grew by less than 1 MiB" test "$(($(memory_kb) - MEMORY_BEFORE))" -lt 1024
ok "nothing was lost" tick_has '.type == "host" and .lost_events_per_second == 0'
ok "no rate was negative or absurd" no_absurd_rate
stop_stream
