#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen of top while a real VM starts, is busy and ends.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/terminal.sh
. tests/live/terminal.sh
need_tmux
need_root
need_kvm

HOGS=()

cleanup() {
	kill "${HOGS[@]}" 2>/dev/null
	close_terminals
	tools/lab down >/dev/null 2>&1
}

programs() {
	bpftool prog show | grep -c ' name on_switch '
}

column() {
	shown top | awk -v title="$1" '$1 == "NAME" { for (i = 1; i <= NF; i++) if ($i ~ "^" title) at = i }
		$1 == "lab-kvm" { print $at + 0 }'
}

# Its vCPUs want 90 and 20 % of a CPU each, and share two with all else here.
is_busy() {
	[ "$(column CPU%)" ] && awk -v cpu="$(column CPU%)" 'BEGIN { exit !(cpu > 30 && cpu < 130) }'
}

has_its_vcpus() {
	press top / l a b Enter
	press top Enter
	shows top 'vcpu 1'
}

crowd() {
	for _ in 1 2 3 4; do
		bash -c 'while :; do :; done' &
		HOGS+=($!)
	done
}

# The sentence goes over as many lines as it needs.
blames_the_host() {
	shown top | tr -s ' \n' ' ' | grep -q "it waits for a CPU .* for the host's bash"
}

has_a_past() {
	shown top | grep -Eq '^CPU % .*[▁▂▃▄▅▆▇█]{5,}'
}

BEFORE=$(programs)
open_terminal top 120 30 "$VMBPF" top -d 0.5
ok "top begins without a VM" shows top 'vmbpf'
tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
ok "a VM that starts comes in" shows top lab-kvm
ok "with what it runs" until_true 20 is_busy
ok "and its vCPUs below it" has_its_vcpus
crowd
press top i
ok "crowded out, it is said to wait, and for whom" until_true 20 blames_the_host
ok "with how it went" until_true 20 has_a_past
kill "${HOGS[@]}"
press top Escape
ok "a program of its own is in the kernel" [ "$(programs)" -gt "$BEFORE" ]
tools/lab down >/dev/null 2>&1
ok "a VM that ends leaves" lacks top lab-kvm
press top q
ok "q ends it" shows top 'ended with 0'
ok "and leaves no program in the kernel" until_true 10 eval "[ \"\$(programs)\" = $BEFORE ]"
open_terminal crash 120 30 "$VMBPF" top -d 0.5
ok "it begins again" shows crash 'vmbpf'
pkill -SEGV -P "$(multiplexer display-message -p -t crash '#{pane_pid}')" vmbpf
ok "a crash gives the terminal back" shows crash 'ended with 139'
ok "and leaves no program in the kernel either" until_true 10 eval "[ \"\$(programs)\" = $BEFORE ]"
