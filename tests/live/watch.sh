#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Alerts of a real VM that is busy and idle by turns: when they come and go, how true their numbers are, and what
# they say when a neighbour, a restart, a libvirtd that hangs, or the end of the VM comes between.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root
need_kvm

PAYLOAD=/var/lib/vmbpf-lab/duty.elf
SHIFT=8	# seconds that the VM is busy, and then idle
FOR=3		# seconds until an alert fires
HOGS=()

cleanup() {
	kill "${HOGS[@]}" 2>/dev/null
	kill -CONT "$(libvirtd_pid)" 2>/dev/null
	virsh destroy watch-busy >/dev/null 2>&1
	give_weights_back
	tools/lab down >/dev/null 2>&1
}

WEIGHTS=()	# files of cgroups and what was in them

# So that others on this host hardly hold the VM back: its cgroups get all the weight there may be, and what is not the
# domain's own gets its old one back in the end.
favour() {
	local base=/sys/fs/cgroup file=cpu.weight most=10000 path
	path=$(awk -F: '$2 == "cpu" || $2 ~ /^cpu,/ { print $3 }' "$(vcpu_thread)/cgroup")
	if [ "$path" ]; then
		base=/sys/fs/cgroup/cpu file=cpu.shares most=200000
	else
		path=$(awk -F: '$1 == 0 { print $3 }' "$(vcpu_thread)/cgroup")
	fi
	while [ "${path:-/}" != / ]; do
		if [ -w "$base$path/$file" ]; then
			WEIGHTS+=("$base$path/$file" "$(cat "$base$path/$file")")
			echo $most >"$base$path/$file"
		fi
		path=${path%/*}
	done
}

give_weights_back() {
	while [ "${#WEIGHTS[@]}" -gt 0 ]; do
		[ ! -w "${WEIGHTS[0]}" ] || echo "${WEIGHTS[1]}" >"${WEIGHTS[0]}"
		WEIGHTS=("${WEIGHTS[@]:2}")
	done
}

libvirtd_pid() {
	pgrep -o -x --ns $$ --nslist mnt libvirtd
}

domain() {
	cat <<-END
	<domain type='kvm'><name>watch-busy</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
	<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$PAYLOAD</kernel>
	<cmdline>duty=100 period=100 shift=$SHIFT</cmdline></os><features><acpi/><apic/></features>
	<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
	END
}

vcpu_thread() {
	local task
	for task in "/proc/$(cat /run/libvirt/qemu/watch-busy.pid)"/task/*; do
		grep -q '^CPU 0/KVM' "$task/comm" 2>/dev/null && echo "$task"
	done
}

has_thread() {
	[ "$(vcpu_thread)" ]
}

# Whether the vCPU ran for less than a fifth of the last half second.
is_idle() {
	local task before after _
	task=$(vcpu_thread)
	read -r before _ <"$task/schedstat"
	sleep 0.5
	read -r after _ <"$task/schedstat"
	[ $((after - before)) -lt 100000000 ]
}

# What the kernel says elsewhere: a line of time and CPU time, in nanoseconds, ten times a second.
record_schedstat() {
	local task run _
	task=$(vcpu_thread)
	while read -r run _ <"$task/schedstat"; do
		printf '%s000 %s\n' "${EPOCHREALTIME/./}" "$run"
		sleep 0.1
	done 2>/dev/null
}

# start_watch NAME ARGUMENT...: alerts as JSON lines in $WORK/NAME.jsonl, its process in $WATCH.
start_watch() {
	local name=$1
	shift
	env --default-signal=INT "$VMBPF" watch -o json --domain 'watch-*' "$@" \
		>"$WORK/$name.jsonl" 2>"$WORK/$name.err" &
	WATCH=$!
}

stop_watch() {
	kill -INT "$WATCH" 2>/dev/null
	wait "$WATCH"
}

# has NAME STATE COUNT: so many alerts of that state.
has() {
	[ "$(jq -s --arg state "$2" '[.[] | select(.state == $state)] | length' "$WORK/$1.jsonl")" -ge "$3" ]
}

# judge STATE CONDITION: whether it holds for each alert of that state, of which there must be some. What schedstat says
# of its interval is .schedstat, and .changed how long ago the VM became busy or idle: where the CPU time begins to grow,
# or stops, in ten samples a second.
judge() {
	jq -n -r --slurpfile alerts "$WORK/busy.jsonl" --rawfile samples "$WORK/schedstat" '
		def seconds: (.[:19] + "Z" | fromdate) + (.[20:29] | tonumber) / 1e9;
		[$samples | split("\n")[] | select(. != "") | split(" ") | map(tonumber / 1e9)] as $all |
		def run_at($t): ([$all[] | select(.[0] <= $t)] | last) as $a | ([$all[] | select(.[0] > $t)] | first) as $b |
			if $a == null or $b == null then null
			else $a[1] + ($b[1] - $a[1]) * ($t - $a[0]) / ($b[0] - $a[0]) end;
		[range(1; $all | length) | { t: $all[. - 1][0],
			busy: (($all[.][1] - $all[. - 1][1]) / ($all[.][0] - $all[. - 1][0]) > 0.4) }] as $busy |
		[range(1; $busy | length) | select($busy[.].busy != $busy[. - 1].busy) | $busy[.].t] as $changes |
		[$alerts[] | select(.state == "'"$1"'") | (.time | seconds) as $t |
			run_at($t) as $now | run_at($t - .interval_seconds) as $before |
			select($now != null and $before != null) |
			{ value, schedstat: (($now - $before) / .interval_seconds * 100),
			  waited: ((.fired | seconds) - (.since | seconds)),
			  changed: ($t - ([$changes[] | select(. < $t)] | last // 0)) } |
			select(.changed < $t)] |
		(.[] | tojson), (length > 0 and all(.[]; '"$2"'))' >"$WORK/judged"
	cat "$WORK/judged"
	[ "$(tail -n 1 "$WORK/judged")" = true ]
}

# Two points, which are the granularity of ten samples a second at the edges of a tick.
numbers_are_true() {
	judge firing '(.value - .schedstat) | fabs < 2' && judge resolved '(.value - .schedstat) | fabs < 2'
}

# Never sooner than it has been busy for as long as asked, and within two ticks after that.
fires_in_time() {
	judge firing ".waited >= $FOR - 0.1 and .changed >= $FOR - 0.1 and .changed <= $FOR + 2.4"
}

ends_in_time() {
	judge resolved '.changed <= 2.4'
}

says_why() {
	jq -e -s --arg text "$2" 'any(.[]; .state == "firing" and (.cause | test($text)))' "$WORK/$1.jsonl" ||
		{ cat "$WORK/$1.jsonl"; false; }
}

steal() {
	awk '/^cpu / { print $9; for (i = 2; i <= 9; i++) sum += $i; print sum }' /proc/stat
}

# In percent of the CPUs, since $STEAL_BEFORE.
stolen() {
	local after
	mapfile -t after < <(steal)
	echo $(((100 * (after[0] - STEAL_BEFORE[0])) / (after[1] - STEAL_BEFORE[1])))
}

BEFORE=$(pgrep '^vmbpf-' | sort)
tools/lab up lab-light >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
[ -e "$PAYLOAD" ] || { echo "# the lab has no payload"; exit 1; }
domain >"$WORK/domain.xml"
virsh create "$WORK/domain.xml" >/dev/null || { echo "# the domain does not start"; exit 1; }
until_true 10 has_thread || { echo "# the vCPU does not start"; exit 1; }
favour

mapfile -t STEAL_BEFORE < <(steal)
record_schedstat >"$WORK/schedstat" &
HOGS+=($!)
start_watch busy --cpu-threshold 90 --clear 50 --for ${FOR}s
if until_true $((3 * SHIFT)) has busy resolved 1; then
	until_true $((2 * SHIFT)) has busy firing 2
	sleep 0.5 # of samples after it
	ok "a busy VM fires within two ticks after the time that was asked for" fires_in_time
	ok "and it is over within two ticks after the VM has become idle" ends_in_time
	ok "the numbers are within two points of /proc schedstat" numbers_are_true
	ok "it is said which vCPU is busy" says_why busy 'only vCPU'
elif [ "$(stolen)" -gt 5 ]; then
	skip "a busy VM fires, its numbers are true, and it ends" \
		"other users of this hardware take $(stolen) % of its CPUs, so that no VM has 90 %"
else
	sed "s/^/# /" "$WORK/busy.err" "$WORK/busy.jsonl"
	ok "a busy VM fires and is over" false
fi
stop_watch

fires_again_after_restart() {
	start_watch second --cpu-threshold 30 --for 1s --state "$WORK/state.json"
	until_true $((2 * SHIFT + 10)) has second resolved 1
	tail -n +1 "$WORK/first.jsonl" "$WORK/second.jsonl"
	[ "$(jq -s '[.[] | select(.state == "firing")] | length' "$WORK/second.jsonl")" = 0 ]
}

# Begun while the VM is idle, so that it fires early in the time that the VM is busy, and still fires when it is killed.
until_true $((SHIFT + 2)) is_idle
start_watch first --cpu-threshold 30 --for 1s --state "$WORK/state.json"
until_true $((2 * SHIFT + 10)) has first firing 1
sleep 1.5
kill -9 "$WATCH"
wait "$WATCH" 2>/dev/null
ok "killed and started again it does not fire again, and tells of the end" fires_again_after_restart
ok "a state is its owner's alone" [ "$(stat -c %a "$WORK/state.json")" = 600 ]
stop_watch

start_watch gone --cpu-threshold 30
until_true $((2 * SHIFT + 10)) has gone firing 1
virsh destroy watch-busy >/dev/null
ends_with_the_vm() {
	until_true 5 has gone resolved 1
	jq -e -s 'any(.[]; .state == "resolved" and .reason == "it is gone")' "$WORK/gone.jsonl" ||
		{ cat "$WORK/gone.jsonl"; false; }
}
ok "the end of the VM ends its alerts, and is the reason" ends_with_the_vm
stop_watch
give_weights_back

crowd() {
	for _ in 1 2 3 4; do
		bash -c 'while :; do :; done' &
		HOGS+=($!)
	done
}

# The guest of lab-light uses some of its memory, whatever it does.
loses_its_data() {
	kill -STOP "$(libvirtd_pid)"
	until_true 30 has light nodata 1
	kill -CONT "$(libvirtd_pid)"
	jq -e -s 'any(.[]; .state == "nodata" and .alert == "MemoryThreshold" and .fired != null and
		.reason != null and .value == null) and all(.[]; .state != "resolved" or .alert != "MemoryThreshold")' \
		"$WORK/light.jsonl" || { cat "$WORK/light.jsonl"; false; }
}

gets_its_data_back() {
	until_true 15 eval '[ "$(jq -s "[.[] | select(.alert == \"MemoryThreshold\")] | last | .state" \
		"$WORK/light.jsonl")" = "\"firing\"" ]'
	jq -e -s '[.[] | select(.alert == "MemoryThreshold" and .state == "firing") | .fired] | unique | length == 1' \
		"$WORK/light.jsonl" || { cat "$WORK/light.jsonl"; false; }
}

start_watch light --domain lab-light --mem-threshold 2 --ready-threshold 5
ok "the memory of a guest fires" until_true 30 has light firing 1
crowd
ok "a VM that is crowded out says by whom" until_true 20 says_why light "for the host's bash"
kill "${HOGS[@]}" 2>/dev/null
HOGS=()
ok "while libvirtd hangs there is no data, which is no end" loses_its_data
ok "and the alert goes on from where it was when it answers" gets_its_data_back
stop_watch
ok "no program is left in the kernel" until_true 10 no_programs
no_new_process() {
	[ -z "$(comm -13 <(echo "$BEFORE") <(pgrep '^vmbpf-' | sort))" ]
}
ok "nor a process of vmbpf" until_true 5 no_new_process
