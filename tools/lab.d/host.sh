# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the lab needs of the host: libvirt's daemons, access to /dev/kvm, a bridge. Whatever is
# changed is noted in $STATE first, and host_down undoes exactly that.

readonly BRIDGE=vmblab0
readonly TAP_PREFIX=vmblab-t

kvm_is_there()
{
	[[ -c /dev/kvm ]]
}

# Prints the user and group that libvirt runs QEMU as: Debian's, else Fedora's.
qemu_user()
{
	if id libvirt-qemu >/dev/null 2>&1; then
		echo libvirt-qemu kvm
	else
		echo qemu kvm
	fi
}

kvm_up()
{
	local user group
	if ! kvm_is_there; then
		step "no /dev/kvm here: going without lab-kvm"
		return 0
	fi
	read -r user group < <(qemu_user)
	if setpriv --reuid "$user" --regid "$group" --init-groups test -r /dev/kvm -a -w /dev/kvm; then
		return 0
	fi
	stat -c '%a %g' /dev/kvm >"$STATE/kvm"
	chgrp "$group" /dev/kvm
	chmod 660 /dev/kvm
}

kvm_down()
{
	local mode group
	[[ -e $STATE/kvm ]] || return 0
	read -r mode group <"$STATE/kvm"
	chgrp "$group" /dev/kvm
	chmod "$mode" /dev/kvm
	rm "$STATE/kvm"
}

libvirt_answers()
{
	timeout 10 virsh -q -c qemu:///system uri >/dev/null 2>&1 9>&-
}

# A libvirtd that finds domains running takes up to half a minute on a busy machine.
libvirt_wait()
{
	local i
	for ((i = 0; i < 6; i++)); do
		libvirt_answers && return 0
		sleep 1
	done
	return 1
}

# Whether a process of that name runs here; one in somebody's container does not count.
runs_here()
{
	pgrep -x --ns $$ --nslist mnt "$1" >/dev/null
}

# Starts a daemon the way its own -d does, which returns once it answers. Its pid file is the note
# that the lab started it: the daemon writes it itself, so that no interrupt comes in between.
daemon_start()
{
	local name=$1
	step "starting $name"
	if ! "$name" -d -f "$WORK/$name.conf" -p "$STATE/$name.pid" 9>&-; then
		fail "$EX_SOFTWARE" "$name does not start"
	fi
}

daemon_stop()
{
	local name=$1 pid
	[[ -e $STATE/$name.pid ]] || return 0
	pid=$(<"$STATE/$name.pid")
	# If it died long ago, its number may be somebody else's by now.
	if [[ $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == "$name" ]]; then
		kill "$pid"
		wait_gone "$pid" || kill -KILL "$pid"
	fi
	rm -f "$STATE/$name.pid"
}

wait_gone()
{
	local i
	for ((i = 0; i < 100; i++)); do
		[[ -e /proc/$1 ]] || return 0
		sleep 0.1
	done
	return 1
}

# What both daemons share: logs go to the build folder.
daemon_config()
{
	printf 'log_outputs = "3:file:%s"\n' "$WORK/$1.log"
}

# A machine without a system D-Bus has no polkit to ask, and libvirtd would refuse everybody but
# root; on a test machine every local user may look.
libvirtd_config()
{
	daemon_config libvirtd
	echo 'auth_unix_ro = "none"'
}

daemons_up()
{
	if [[ -d /run/systemd/system ]]; then
		libvirt_answers ||
			fail "$EX_UNAVAILABLE" "libvirt does not answer: systemctl start libvirtd"
		return 0
	fi
	mkdir -p /run/libvirt /run/lock /var/log/libvirt/qemu
	if ! runs_here virtlogd; then
		daemon_config virtlogd >"$WORK/virtlogd.conf"
		daemon_start virtlogd
	fi
	if ! runs_here libvirtd && ! libvirt_answers; then
		libvirtd_config >"$WORK/libvirtd.conf"
		daemon_start libvirtd
	fi
	libvirt_wait || fail "$EX_SOFTWARE" "libvirtd does not answer (see build/lab/libvirtd.log)"
}

# Whether libvirt has anything of the lab, for when it cannot be asked.
domains_left()
{
	compgen -G '/run/libvirt/qemu/lab-*.pid' >/dev/null ||
		compgen -G '/etc/libvirt/qemu/lab-*.xml' >/dev/null
}

# The bridge is in the host's network namespace because libvirtd, which puts the taps into it, is.
# It has no address, and IPv6 is off, so that nothing but the guests' own frames is counted.
bridge_up()
{
	if [[ ! -e /sys/class/net/$BRIDGE ]]; then
		ip link add "$BRIDGE" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	fi
	ipv6_off "$BRIDGE"
	ip link set "$BRIDGE" up
}

ipv6_off()
{
	local file=/proc/sys/net/ipv6/conf/$1/disable_ipv6
	[[ ! -e $file ]] || echo 1 >"$file"
}

# The host would send router solicitations to the guest.
tap_quiet()
{
	ipv6_off "$TAP_PREFIX$1"
}

bridge_down()
{
	local path
	for path in /sys/class/net/"$TAP_PREFIX"* /sys/class/net/"$BRIDGE"; do
		[[ ! -e $path ]] || ip link delete "${path##*/}"
	done
}

host_up()
{
	kvm_up
	daemons_up
	bridge_up
}

host_down()
{
	bridge_down
	daemon_stop libvirtd
	daemon_stop virtlogd
	kvm_down
}
