# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# KVM and the tap driver are modules, and not loaded before somebody needs them.

works_without_modules() {
	! [ -e /sys/module/kvm ] && ! [ -e /sys/module/tun ] && "$VMBPF" doctor
}

ok "it works before the modules of KVM and taps are loaded" works_without_modules
