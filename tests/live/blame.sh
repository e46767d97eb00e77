#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is blamed when a VM waits for a CPU: another VM, a task of the host, itself, or its CPU limit.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

# Both contenders are bound to this CPU, in a cgroup that outweighs what else runs there.
CPU=$(($(nproc) - 1))
SECONDS_MEASURED=5
ACCEL=tcg
[ -e /dev/kvm ] && ACCEL=kvm
CGROUPS=/sys/fs/cgroup
V2=
[ -e $CGROUPS/cgroup.controllers ] && V2=yes
[ -z "$V2" ] && CGROUPS=/sys/fs/cgroup/cpu
GROUPS_MADE=()
declare -A PIDS=()
readonly CPU SECONDS_MEASURED ACCEL CGROUPS V2

cleanup() {
	local group
	[ ${#PIDS[@]} = 0 ] || kill -9 "${PIDS[@]}" 2>/dev/null
	for group in "${GROUPS_MADE[@]}"; do
		until_true 5 rmdir "$CGROUPS/$group"
	done
}

# A cgroup for CPU time, with more weight than all others.
make_group() {
	[ -z "$V2" ] || echo +cpu >$CGROUPS/cgroup.subtree_control 2>/dev/null
	mkdir "$CGROUPS/$1" 2>/dev/null || return
	GROUPS_MADE+=("$1")
	if [ "$V2" ]; then
		echo 10000 >"$CGROUPS/$1/cpu.weight"
	else
		echo 262144 >"$CGROUPS/$1/cpu.shares"
	fi
}

# 30 ms of each 100.
limit_group() {
	if [ "$V2" ]; then
		echo '30000 100000' >"$CGROUPS/$1/cpu.max"
	else
		echo 30000 >"$CGROUPS/$1/cpu.cfs_quota_us"
	fi
}

# What the cgroup itself says it was held back, in nanoseconds.
group_throttled() {
	awk '/^throttled_time/ { print $2 } /^throttled_usec/ { print $2 "000" }' \
		"$CGROUPS/$1/cpu.stat"
}

# The lab's payload, which spins without an operating system.
make_payload() (
	LAB=tools/lab.d
	# shellcheck source=tools/lab.d/image.sh
	. "$LAB/image.sh"
	duty_make 2>/dev/null
)

# In the group: in_group GROUP COMMAND...
in_group() {
	local group=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	exec bash -c 'echo $$ >"$0" && shift && exec "$@"' "$CGROUPS/$group/cgroup.procs" - "$@"
}

# A guest that spins on all of its vCPUs: start_vm NAME GROUP VCPUS [ARGUMENT...]
start_vm() {
	local name=$1 group=$2 vcpus=$3
	shift 3
	rm -f "$WORK/$name.serial" # one of that name may have been ready before
	in_group "$group" taskset -c "$CPU" qemu-system-x86_64 -name "guest=$name,debug-threads=on" \
		-accel "$ACCEL" -smp "$vcpus" -m 32 -display none -nic none -monitor none -no-reboot \
		-serial "file:$WORK/$name.serial" -kernel "$WORK/duty.elf" \
		-append 'duty=100 period=100' "$@" >"$WORK/$name.log" 2>&1 &
	PIDS[$name]=$!
	case " $* " in
	*' -S '*) return ;;
	esac
	until_true 60 grep -q 'lab: ready' "$WORK/$name.serial" || cat "$WORK/$name.log"
}

# A busy task of the host; its name is that of its program: start_task NAME GROUP
start_task() {
	cp /bin/bash "$WORK/$1"
	in_group "$2" taskset -c "$CPU" "$WORK/$1" -c 'while :; do :; done' >/dev/null 2>&1 &
	PIDS[task]=$!
}

stop() {
	local name
	for name in "$@"; do
		[ "${PIDS[$name]:-}" ] || continue
		kill -9 "${PIDS[$name]}" 2>/dev/null
		wait "${PIDS[$name]}" 2>/dev/null
		unset "PIDS[$name]"
	done
}

# Ticks of the clock: those of the CPU, those in which it was idle, those of what the test has started.
count_ticks() {
	local stat
	awk -v cpu="cpu$CPU" '$1 == cpu { for (i = 2; i <= 9; i++) sum += $i; print sum; print $5 + $6 }' \
		/proc/stat
	for stat in "${PIDS[@]/#//proc/}"; do
		sed 's/.*) //' "$stat/stat"
	done | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

# The rows of one interval. In % of the CPU's time, it was $IDLE, or at work for $OURS or $OTHERS.
measure_once() {
	local before after elsewhere=0
	[ "$CPU" = 0 ] || elsewhere=0-$((CPU - 1))
	mapfile -t before < <(count_ticks)
	taskset -c "$elsewhere" "$VMBPF" stream --scope vm,vcpu,blame -d $SECONDS_MEASURED -n 2 2>/dev/null |
		taskset -c "$elsewhere" jq -c 'select(.interval_seconds != null)' >"$WORK/interval.jsonl"
	mapfile -t after < <(count_ticks)
	IDLE=$((100 * (after[1] - before[1]) / (after[0] - before[0])))
	OURS=$((100 * (after[2] - before[2]) / (after[0] - before[0])))
	OTHERS=$((100 - IDLE - OURS))
}

# On a machine that is not ours alone some other interval may be quiet.
measure() {
	for _ in 1 2 3; do
		measure_once
		[ "$OTHERS" -gt 4 ] || break
	done
}

# ok_alone SENTENCE COMMAND...: a result that says nothing where others had the CPU too.
ok_alone() {
	if [ "$OTHERS" -le 4 ]; then
		ok "$@"
	else
		skip "$1" "others took $OTHERS % of CPU $CPU"
	fi
}

# blames SHARE FILTER: of what blame-victim waited, at least that share is held by the rows chosen.
blames() {
	jq -s -e --argjson share "$1" '
		map(select(.vm == "blame-victim" or (.type == "vm" and .name == "blame-victim"))) |
		(map(select(.type == "vm")) | .[0].ready_percent) as $ready |
		map(select(.type == "blame")) |
		"ready \($ready) %, held by:", (.[] | select(.held_percent > 0) |
			"\(.kind) \(.holder | tojson) \(.held_percent) %"),
		($ready > 20 and ((map(select('"$2"') | .held_percent) | add) >= $share * $ready))' \
		"$WORK/interval.jsonl"
}

# What is ready is held by somebody, but for 5 %.
all_is_attributed() {
	jq -s -e '
		map(select(.type == "vcpu" and .vm == "blame-victim")) |
		(map(.ready_percent) | add) as $ready |
		(map(.stolen_by_vm_percent + .stolen_by_host_percent + .stolen_by_self_percent +
			.uncontended_percent) | add) as $held |
		"ready \($ready) %, held \($held) %", ($held >= 0.95 * $ready and $held <= 1.05 * $ready)' \
		"$WORK/interval.jsonl"
}

report() {
	"$VMBPF" blame -d 2 "$@" >"$WORK/report" 2>"$WORK/err"
	local status=$?
	cat "$WORK/report" "$WORK/err"
	return $status
}

report_says() {
	local pattern=$1
	shift
	report "$@" && grep -qE "$pattern" "$WORK/report"
}

# Somebody ended while it held the CPU; a VM that comes then is not taken for it.
forgets_who_ended() {
	start_stream --scope host,vm,blame -d 1
	next_ticks 2
	tick_has '.type == "blame" and .vm == "blame-victim" and .holder == "blame-hog"' || return
	stop blame-hog
	next_ticks 2
	! tick_has '.type == "blame" and .holder == "blame-hog"' || return
	start_vm blame-late blame-busy 1 -S
	next_ticks 3
	last_tick | jq -c 'select(.type == "blame" and .vm == "blame-victim")'
	tick_has '.type == "vm" and .name == "blame-late"' &&
		! tick_has '.type == "blame" and .holder == "blame-late" and .held_seconds_total > 0.2'
}

name_is_shown_safely() {
	report blame-victim && ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/report" &&
		grep -qF "the host's a \"b'?c?[31mdef" "$WORK/report"
}

unknown_vm() {
	"$VMBPF" blame -d 1 blame-none >"$WORK/out" 2>"$WORK/err"
	[ $? = 66 ] && [ ! -s "$WORK/out" ] && [ "$(wc -l <"$WORK/err")" = 1 ] &&
		grep -q "no VM 'blame-none'" "$WORK/err"
}

# Most of the time, and no more than it waited.
is_throttled() {
	jq -s -e '
		map(select(.type == "vm" and .name == "blame-victim")) | .[0] |
		"ready \(.ready_percent) %, throttled \(.throttled_percent) %",
		(.throttled_percent > 55 and .throttled_percent <= .ready_percent * 1.05)' \
		"$WORK/interval.jsonl"
}

# It waits all the time that the CPU is idle, which the clock of the host has counted as well.
nobody_had_what_was_idle() {
	jq -s -e --argjson idle "$IDLE" '
		map(select(.type == "blame" and .vm == "blame-victim" and .kind == "nobody")) | .[0] |
		"nobody \(.held_percent) %, idle \($idle) %",
		((.held_percent - $idle) | fabs) <= 5' "$WORK/interval.jsonl"
}

# vmbpf reads between the two looks at the cgroup.
throttled_as_the_group_says() {
	local before after ours
	before=$(group_throttled blame-limited)
	ours=$("$VMBPF" stream --scope vm -n 1 2>/dev/null |
		jq -r 'select(.name == "blame-victim") | .throttled_seconds_total')
	after=$(group_throttled blame-limited)
	echo "between $before and $after ns: $ours s"
	awk -v before="$before" -v after="$after" -v ours="$ours" \
		'BEGIN { exit !(ours > 0 && ours * 1e9 >= before - 1 && ours * 1e9 <= after + 1) }'
}

for group in blame-busy blame-limited; do
	make_group $group || skip_all "no cgroup for CPU time can be made under $CGROUPS"
done
limit_group blame-limited
make_payload || skip_all "the guest's payload cannot be built here (see tools/setup)"

start_vm blame-victim blame-busy 1
start_vm blame-hog blame-busy 1
measure
ok_alone "a VM that waits for another blames that one" blames 0.95 '.kind == "vm" and .holder == "blame-hog"'
ok "at most 5 % of what it waited is held against nobody" all_is_attributed
ok_alone "the report says so in a sentence" report_says \
	'^blame-victim waited [0-9.]+ % of the time \(per vCPU\): (9[0-9]|100) % of it for blame-hog' blame-victim
ok "a glob chooses the VMs of the report" report_says '^blame-hog +[0-9]' 'blame-*'
ok "an unknown VM is one line and status 66" unknown_vm
ok "a VM that ended is forgotten, and no later one takes the blame" forgets_who_ended
stop_stream
stop blame-late

start_task blame-task blame-busy
measure
ok_alone "a VM that waits for a task of the host blames that one" \
	blames 0.95 '.kind == "host" and .holder == "blame-task"'
stop task
start_task $'a "b\'\nc\033[31mdefg' blame-busy
measure
ok_alone "whatever the task calls itself" blames 0.95 '.kind == "host" and .holder == "a \"b'\''\nc\u001b[31mdef"'
ok "which the report shows safely" name_is_shown_safely
stop task blame-victim

start_vm blame-victim blame-busy 2
measure
ok_alone "a VM whose vCPUs share a CPU blames itself" blames 0.95 '.kind == "self"'
ok "and at most 5 % is held against nobody" all_is_attributed
stop blame-victim

start_vm blame-victim blame-limited 1
measure
if [ "$OURS" -ge 27 ]; then
	ok "what a CPU limit takes is told apart" is_throttled
else
	skip "what a CPU limit takes is told apart" "others left $OURS % of the 30 % it may use"
fi
ok "and is what the cgroup says itself" throttled_as_the_group_says
ok "the CPU was nobody's while it was idle" nobody_had_what_was_idle
ok_alone "and the report blames the limit" report_says 'held back by its CPU limit' blame-victim
start_task blame-task blame-busy
measure
ok_alone "where a task runs meanwhile, that has the CPU" \
	blames 0.9 '.kind == "host" and .holder == "blame-task"'
ok_alone "and the report tells of the limit too" report_says \
	'for the host.s blame-task.*; its CPU limit held it back' blame-victim
