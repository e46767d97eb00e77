# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Where the time of the vCPUs goes, against what their guest wants. The payload is busy for a share of
# wall time: what it does not get shows as ready. The band is wide, since the machine is emulated: to
# wake a vCPU up and to handle its exits takes long, which comes on top; and a timer that fires late,
# while the real host runs something else, makes the busy phase shorter. That the two are the scheduler's
# own is a matter of counters.sh.

MORE=25 TICKS=5

# "VCPU RUN READY GUEST HYPERVISOR POLL", in per cent, of every vCPU of duty in every tick. What is in
# the guest is known once a vCPU has entered and left it. The last line of the stream may not be whole
# yet.
split_rows() {
	sed '$d' "$STREAM" | jq -r 'select(.type == "vcpu" and .vm == "duty" and .guest_percent != null) |
		[.vcpu, .cpu_percent, .ready_percent, .guest_percent, .hypervisor_percent, .halt_poll_percent] |
		map(tostring) | join(" ")'
}

# judge VCPU CONDITION: an awk condition over the means run, ready, guest, hypervisor and poll.
judge() {
	awk -v vcpu="$1" '
		$1 != vcpu { next }
		/null/ { absent = 1 }
		{ n++; run += $2; ready += $3; guest += $4; hypervisor += $5; poll += $6 }
		END {
			if (n < 3 || absent) { print "vCPU " vcpu ": " n + 0 " ticks" (absent ? ", some incomplete" : ""); exit 1 }
			run /= n; ready /= n; guest /= n; hypervisor /= n; poll /= n
			printf "vCPU %d: run %.1f ready %.1f guest %.1f hypervisor %.1f poll %.1f\n",
				vcpu, run, ready, guest, hypervisor, poll
			exit !('"$2"')
		}' "$WORK/split"
}

has_its_duty() {
	local vcpu
	for vcpu in "${!DUTY[@]}"; do
		judge "$vcpu" "run + ready > ${DUTY[vcpu]} / 2 && run + ready < ${DUTY[vcpu]} + $MORE" || return 1
	done
}

parts_add_up() {
	local vcpu
	for vcpu in "${!DUTY[@]}"; do
		judge "$vcpu" 'run - guest - hypervisor - poll < 1 && guest + hypervisor + poll - run < 1' || return 1
	done
}

# "RUN_NS" of each vCPU thread of duty, by the scheduler.
duty_runs() {
	local task
	for task in "/proc/$DUTY_PID/task"/*; do
		if grep -q '^CPU ' "$task/comm"; then
			cut -d' ' -f1 "$task/schedstat"
		fi
	done
}

# In one of many runs a vCPU of the payload stayed in its halt for good, after one busy phase more or
# none, by the scheduler's account as by ours: there is nothing to compare then.
all_wake_up() {
	! paste "$WORK/runs.before" "$WORK/runs.after" | awk -v seconds=$TICKS '$2 - $1 < seconds * 1e7' | grep -q .
}

# ok_if_awake SENTENCE COMMAND...
ok_if_awake() {
	if all_wake_up; then
		ok "$@"
	else
		skip "$1" "a vCPU of the emulated machine's VM does not wake up any more"
	fi
}

duty_runs >"$WORK/runs.before"
next_ticks $TICKS
duty_runs >"$WORK/runs.after"
split_rows >"$WORK/split"
ok_if_awake "run and ready time of a vCPU are what its guest wants" has_its_duty
ok_if_awake "a vCPU that spins is seen inside its guest" judge 0 'guest > run / 4 && guest < run + 1'
ok "guest time is measured by entries and exits" \
	tick_has '.type == "vcpu" and .vm == "duty" and .guest_by == "events"'
ok "guest, hypervisor and polling time are what a vCPU runs" parts_add_up
