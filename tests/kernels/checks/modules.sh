# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# From here on there is KVM, and VMs start.

load_modules() {
	local lib tree module
	lib=$(echo build/kernels/*/lib/modules/"$(uname -r)")
	tree=${lib%/lib/modules/*}
	for module in kvm_amd tun vhost_net; do
		modprobe -d "$PWD/$tree" "$module" || return 1
	done
	[ -c /dev/kvm ]
}

ok "the kernel has KVM, taps and vhost" load_modules
start_machines
