# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# However it ends, the kernel is as it was.

loaded() {
	bpftool prog list -j | jq length
	bpftool map list -j | jq length
}

nothing_loaded() {
	[ "$(loaded | paste -sd' ')" = "0 0" ]
}

kill_leaves_nothing() {
	echo "programs and maps before: $(loaded | paste -sd' ')"
	! nothing_loaded || return 1
	kill -9 "$STREAM_PID"
	wait "$STREAM_PID"
	until_true 5 nothing_loaded || { bpftool prog list; bpftool map list; return 1; }
}

ok "kill -9 leaves no program and no map" kill_leaves_nothing
