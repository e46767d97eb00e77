# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's domains: what they are, their XML, and how one is started, asked and removed.

# shellcheck disable=SC2153 # GUESTS and others come from tools/lab
readonly KVM_ARGS=${LAB_KVM_ARGS:-duty=90,20 period=100 pio=10}

# number|name|type|vCPUs|at most|seconds between balloon statistics|command line|what it does
# The number is the last digit of the domain's UUID, MAC and IP address and of its tap.
readonly DOMAINS="\
1|lab-busy|qemu|2|4|1|lab.spin=90,20|vCPU 0 busy 90 %, vCPU 1 busy 20 %
2|lab-light|qemu|1|1|1|lab.spin=20|busy 20 %
3|lab-idle|qemu|1|1|1||idle
4|lab-sender|qemu|1|1||lab.ping=10.213.7.5|20 pings a second of 1000 bytes to lab-receiver
5|lab-receiver|qemu|1|1|||answers lab-sender
6|lab-disk|qemu|1|1|1|lab.disk=1|writes 256 KiB and reads 128 KiB of its disk each second
7|lab-kvm|kvm|2|2||$KVM_ARGS|no system in it: $KVM_ARGS
8|lab-off|qemu|1|1|||shut off"

# Calls "$@" with the fields of each domain appended.
each_domain()
{
	local number name type vcpus vcpus_max stats args does
	# Not through standard input, which virsh would read.
	while IFS='|' read -r -u 3 number name type vcpus vcpus_max stats args does; do
		"$@" "$number" "$name" "$type" "$vcpus" "$vcpus_max" "$stats" "$args" "$does"
	done 3<<<"$DOMAINS"
}

print_domain_line()
{
	printf '  %-13s %s\n' "$2" "$8"
}

print_domain_name()
{
	echo "$2"
}

check_names()
{
	local name all
	all=$(each_domain print_domain_name)
	for name; do
		if ! grep -qxF -e "$name" <<<"$all"; then
			fail "$EX_USAGE" "no such domain: $name (see tools/lab --help)"
		fi
	done
}

# Prints the names to start: all, or those given and the peer without which the sender is silent.
select_domains()
{
	if (($# == 0)); then
		each_domain print_domain_name
	elif [[ " $* " == *' lab-sender '* ]]; then
		printf '%s\n' "$@" lab-receiver
	else
		printf '%s\n' "$@"
	fi | sort -u | if kvm_is_there; then cat; else grep -vx lab-kvm; fi
}

lab_virsh()
{
	# A hung libvirtd must not hang the lab. 9 is the lock, which no child may keep.
	timeout 60 virsh -q -c qemu:///system "$@" 9>&-
}

domain_uuid()
{
	echo "6c616200-0000-4000-8000-00000000000$1"
}

domain_log()
{
	echo "$GUESTS/$1.log"
}

domain_state()
{
	lab_virsh domstate "$1" 2>/dev/null || echo absent
}

domain_is_ready()
{
	[[ $1 == lab-off ]] || grep -qa 'lab: ready' "$(domain_log "$1")" 2>/dev/null
}

# What OpenStack Nova writes into every domain it makes.
xml_metadata()
{
	cat <<-'END'
	<title>Shop, front end</title>
	<description>Serves the shop; as busy as it gets on Fridays.</description>
	<metadata>
	  <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
	    <nova:package version="26.2.1"/>
	    <nova:name>shop-front-1</nova:name>
	    <nova:creationTime>2024-03-01 09:30:00</nova:creationTime>
	    <nova:flavor name="m1.small">
	      <nova:memory>128</nova:memory>
	      <nova:disk>0</nova:disk>
	      <nova:swap>0</nova:swap>
	      <nova:ephemeral>0</nova:ephemeral>
	      <nova:vcpus>2</nova:vcpus>
	    </nova:flavor>
	    <nova:owner>
	      <nova:user uuid="0f3c6a52d5d94a5cb1f7c2b1f6a0c001">alice</nova:user>
	      <nova:project uuid="7be1d0a4c7e34b0e9a35f1d2c3b4a002">shop</nova:project>
	    </nova:owner>
	  </nova:instance>
	</metadata>
	END
}

xml_linux_boot()
{
	local number=$1 args=$2
	cat <<-END
	<kernel>$GUESTS/vmlinuz</kernel>
	<initrd>$GUESTS/initrd</initrd>
	<cmdline>console=ttyS0 quiet ipv6.disable=1 mitigations=off rdinit=/init panic=-1 lab.number=$number $args</cmdline>
	END
}

xml_duty_boot()
{
	cat <<-END
	<kernel>$GUESTS/duty.elf</kernel>
	<cmdline>$1</cmdline>
	END
}

xml_nic()
{
	cat <<-END
	<interface type='bridge'>
	  <mac address='52:54:00:1a:b0:0$1'/>
	  <source bridge='$BRIDGE'/>
	  <target dev='$TAP_PREFIX$1'/>
	  <model type='virtio'/>
	</interface>
	END
}

xml_disk()
{
	cat <<-END
	<disk type='file' device='disk'>
	  <driver name='qemu' type='raw' cache='none' io='native'/>
	  <source file='$GUESTS/disk.raw'/>
	  <target dev='vda' bus='virtio'/>
	</disk>
	END
}

xml_balloon()
{
	if [[ $1 ]]; then
		echo "<memballoon model='virtio'><stats period='$1'/></memballoon>"
	else
		echo "<memballoon model='virtio'/>"
	fi
}

domain_xml()
{
	local number=$1 name=$2 type=$3 vcpus=$4 vcpus_max=$5 stats=$6 args=$7
	local linux=yes mib=128
	if [[ $type == kvm ]]; then
		linux='' mib=32
	fi
	cat <<-END
	<domain type='$type'>
	<name>$name</name>
	<uuid>$(domain_uuid "$number")</uuid>
	$([[ $name != lab-busy ]] || xml_metadata)
	<memory unit='MiB'>$mib</memory>
	<vcpu current='$vcpus'>$vcpus_max</vcpu>
	<os>
	<type arch='x86_64' machine='pc'>hvm</type>
	$(if [[ $linux ]]; then xml_linux_boot "$number" "$args"; else xml_duty_boot "$args"; fi)
	</os>
	<features><acpi/><apic/></features>
	<on_crash>destroy</on_crash>
	<devices>
	<controller type='usb' model='none'/>
	<serial type='file'><source path='$(domain_log "$name")'/></serial>
	$([[ ! $linux ]] || xml_nic "$number")
	$([[ $name != lab-disk ]] || xml_disk)
	$(if [[ $linux ]]; then xml_balloon "$stats"; else echo "<memballoon model='none'/>"; fi)
	</devices>
	</domain>
	END
}

# A name that somebody else's domain has is not ours to touch.
require_own_name()
{
	local uuid
	uuid=$(lab_virsh domuuid "$2" 2>/dev/null) || return 0
	if [[ $uuid && $uuid != "$(domain_uuid "$1")" ]]; then
		fail "$EX_UNAVAILABLE" "there is a domain $2 that is not the lab's; rename or remove it"
	fi
}

domain_start()
{
	local name=$1
	rm -f "$(domain_log "$name")"
	# Right after many domains were destroyed libvirt can fail once to make the control groups.
	lab_virsh start "$name" >/dev/null 2>&1 || { sleep 1; lab_virsh start "$name" >/dev/null; }
}

domain_up()
{
	local number=$1 name=$2 state
	require_own_name "$@"
	state=$(domain_state "$name")
	case $name:$state in
	lab-off:'shut off' | *:running) return 0 ;;
	*:absent | *:'shut off') ;;
	*) lab_virsh destroy "$name" >/dev/null ;;
	esac
	lab_virsh define /dev/stdin <<<"$(domain_xml "$@")" >/dev/null
	if [[ $name != lab-off ]]; then
		domain_start "$name"
		tap_quiet "$number"
	fi
}

# Arguments: the names to start, then the eight fields of a domain.
bring_up_if_named()
{
	local names=" ${*:1:$#-8} "
	shift $(($# - 8))
	[[ $names != *" $2 "* ]] || domain_up "$@"
}

domain_remove()
{
	local uuid
	uuid=$(domain_uuid "$1")
	lab_virsh destroy "$uuid" >/dev/null 2>&1 || true
	lab_virsh undefine "$uuid" >/dev/null 2>&1 || true
	rm -f "/var/log/libvirt/qemu/$2.log"
}

domain_remove_in_background()
{
	domain_remove "$@" &
}

# All at once: libvirt takes two seconds for each.
domains_remove()
{
	libvirt_answers || return 0
	each_domain domain_remove_in_background
	wait
}

domain_pid()
{
	cat "/run/libvirt/qemu/$1.pid" 2>/dev/null || echo -
}

show_domain()
{
	local number=$1 name=$2 type=$3 does=$8 state tap=-
	state=$(domain_state "$name")
	[[ $state != absent ]] || return 0
	[[ $name:$state == lab-off:* || $state == running ]] || problems=1
	[[ $state != running ]] || running=1
	[[ $type == kvm || $state != running ]] || tap=$TAP_PREFIX$number
	printf '%-13s %-9s %7s  %-10s  %s\n' "$name" "$state" "$(domain_pid "$name")" "$tap" "$does"
}

show_status()
{
	if ! libvirt_answers; then
		echo "lab: not up (libvirt does not answer)"
		exit 3
	fi
	local problems=0 running=0
	printf '%-13s %-9s %7s  %-10s  %s\n' DOMAIN STATE PID TAP DOES
	each_domain show_domain
	if ((problems || !running)); then
		echo "lab: not up"
		exit 3
	fi
}
