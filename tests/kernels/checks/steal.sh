# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is ready for us is stolen for the guest. That takes a guest with the same stock kernel, a minute
# and a half of booting in here, and tells nothing of one kernel that it does not tell of another.

kernel=$(echo build/kernels/*/boot/vmlinuz-"$(uname -r)")
case $kernel in
*/6.12/*)
	kill "$DUTY_PID" "$NET_PID"
	VMBPF=$VMBPF STEAL_KERNEL=$kernel STEAL_BOOT_SECONDS=300 run_tap bash tests/live/steal.sh
	;;
esac
