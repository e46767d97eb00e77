# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a CPU limit of cgroup v2 takes, against the cgroup's own account of it.

LIMITED=/sys/fs/cgroup/limited

# 10 ms of each 100, which is less than one vCPU of duty wants.
limit_duty() {
	mkdir "$LIMITED" &&
		echo '10000 100000' >"$LIMITED/cpu.max" && echo "$DUTY_PID" >"$LIMITED/cgroup.procs"
}

group_throttled() {
	awk '$1 == "throttled_usec" { print $2 }' "$LIMITED/cpu.stat"
}

# The tick lies between the two looks at the cgroup.
throttled_as_the_group_says() {
	local before ours after
	next_ticks 3
	before=$(group_throttled)
	next_ticks 2
	ours=$(last_tick | jq 'select(.type == "vm" and .name == "duty") | .throttled_seconds_total * 1e6 | round')
	after=$(group_throttled)
	echo "throttled for $before to $after us: $ours us"
	[ "$before" -gt 0 ] && [ "$ours" -ge "$before" ] && [ "$ours" -le "$after" ]
}

ok "a VM gets a CPU limit" limit_duty
ok "what the limit takes is what the cgroup says" throttled_as_the_group_says
ok "and nothing of it is said of another VM" \
	tick_has '.type == "vm" and .name == "net" and .throttled_seconds_total == 0'
echo max >"$LIMITED/cpu.max"
