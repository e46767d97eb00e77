# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The program itself thinks that it works here.

# There is no libvirt in the machine.
sources_work() {
	"$VMBPF" doctor >"$WORK/doctor" 2>&1 || { cat "$WORK/doctor"; return 1; }
	grep 'source of data' "$WORK/doctor"
	[ "$(grep 'source of data' "$WORK/doctor" | grep -vc '^ok')" = 1 ] &&
		grep -q '^missing .*source of data: libvirt' "$WORK/doctor"
}

module_tracepoints() {
	grep tracepoint "$WORK/doctor"
	grep -q '^ok .* leaves the guest .*, in the module kvm$' "$WORK/doctor" &&
		grep -q '^ok .* enters the guest .*, in the module kvm$' "$WORK/doctor"
}

ok "doctor finds all that is counted in the kernel working" sources_work
ok "doctor finds KVM's tracepoints in its module" module_tracepoints
