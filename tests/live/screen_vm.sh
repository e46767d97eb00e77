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

cleanup() {
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

BEFORE=$(programs)
open_terminal top 120 30 "$VMBPF" top -d 0.5
ok "top begins without a VM" shows top 'vmbpf'
tools/lab up lab-kvm >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
ok "a VM that starts comes in" shows top lab-kvm
ok "with what it runs" until_true 20 is_busy
ok "and its vCPUs below it" has_its_vcpus
ok "a program of its own is in the kernel" [ "$(programs)" -gt "$BEFORE" ]
tools/lab down >/dev/null 2>&1
ok "a VM that ends leaves" lacks top lab-kvm
press top q
ok "q ends it" shows top 'ended with 0'
ok "and leaves no program in the kernel" until_true 10 eval "[ \"\$(programs)\" = $BEFORE ]"
