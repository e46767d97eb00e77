# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034
# Two VMs under the machine's own KVM. "duty" uses a known share of each vCPU. "net" has no guest:
# its boot firmware fetches a file by HTTP again and again, through a tap and vhost. Sourced.

DUTY_PID='' NET_PID=''
DUTY=(60 20)	# per cent of vCPU 0 and 1
TAP=tap0
WEB=192.0.2.1	# RFC 5737: for documentation, nobody's
FILE_BYTES=20000

# start_machine NAME ARGUMENT...: its pid is in $!
start_machine() {
	local name=$1
	shift
	qemu-system-x86_64 -name "guest=$name,debug-threads=on" -accel kvm -nodefaults -display none \
		-serial "file:$WORK/$name.serial" "$@" >"$WORK/$name.log" 2>&1 &
}

start_duty() {
	start_machine duty -smp ${#DUTY[@]} -m 32 -no-reboot -kernel build/kernels/duty.elf \
		-append "duty=${DUTY[0]},${DUTY[1]} period=100"
	DUTY_PID=$!
}

serve() {
	mkdir "$WORK/web"
	head -c "$FILE_BYTES" /dev/urandom >"$WORK/web/file"
	cat >"$WORK/web/boot" <<-E
		#!ipxe
		:again
		imgfetch --name file http://$WEB/file
		imgfree file
		sleep 4
		goto again
	E
	cat >"$WORK/udhcpd.conf" <<-E
		start 192.0.2.2
		end 192.0.2.2
		interface $TAP
		max_leases 1
		lease_file $WORK/leases
		pidfile $WORK/udhcpd.pid
		opt subnet 255.255.255.0
		boot_file http://$WEB/boot
	E
	: >"$WORK/leases"
	busybox udhcpd -f "$WORK/udhcpd.conf" >"$WORK/udhcpd.log" 2>&1 &
	busybox httpd -f -p "$WEB:80" -h "$WORK/web" >"$WORK/httpd.log" 2>&1 &
}

start_net() {
	ip tuntap add "$TAP" mode tap
	echo 1 >"/proc/sys/net/ipv6/conf/$TAP/disable_ipv6"
	ip addr add "$WEB/24" dev "$TAP"
	ip link set "$TAP" up
	serve
	start_machine net -smp 1 -m 64 -boot n -device virtio-net-pci,netdev=n0 \
		-netdev "tap,id=n0,ifname=$TAP,script=no,downscript=no,vhost=on"
	NET_PID=$!
}

start_machines() {
	start_duty
	start_net
}

duty_is_ready() {
	grep -qa "vCPUs: ${#DUTY[@]}" "$WORK/duty.serial"
}

# A file or more has been fetched, so that the addresses are known and the rest goes at full speed.
net_is_ready() {
	[ "$(cat "/sys/class/net/$TAP/statistics/tx_bytes")" -gt "$FILE_BYTES" ]
}
