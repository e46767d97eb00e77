# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Exits, against the kernel's own histogram of them in the tracing file system. While QEMU is stopped
# there are none, so that both sides can be read at leisure and must agree to the last one.

TRACE=/sys/kernel/tracing/events/kvm/kvm_exit
HISTOGRAM='hist:keys=exit_reason,common_pid'

freeze() {
	kill -STOP "$DUTY_PID"
	next_ticks 2
}

# Totals by vCPU thread and by reason, as of the last tick.
# take_totals NAME
take_totals() {
	last_tick >"$WORK/tick"
	jq -r 'select(.type == "vcpu" and .vm == "duty") | "\(.tid) \(.exits_total)"' "$WORK/tick" >"$WORK/$1.tid"
	jq -r 'select(.type == "exit" and .vm == "duty" and .kind == "guest" and .vcpu == null) |
		"\(.reason) \(.exits_total)"' "$WORK/tick" >"$WORK/$1.reason"
}

# "NUMBER NAME" of each reason on this processor, AMD's: the second list in the event's format.
reason_names() {
	local number name
	sed -n 's/^print fmt:.*: __print_symbolic(REC->exit_reason, //p' "$TRACE/format" | grep -o '{ [^}]*}' |
		tr -d '{},"' | while read -r number name; do
		echo "$((number)) $name"
	done
}

# "NAME TID EXITS" of duty's vCPUs, from the histogram.
take_trace() {
	reason_names >"$WORK/names"
	sed -n 's/^{ exit_reason: *\([0-9]*\), common_pid: *\([0-9]*\) } hitcount: *\([0-9]*\).*/\1 \2 \3/p' "$TRACE/hist" |
		awk -v tids="$(cut -d' ' -f1 "$WORK/after.tid" | paste -sd' ')" '
			BEGIN { split(tids, list, " "); for (i in list) ours[list[i]] = 1 }
			FILENAME != "-" { name[$1] = $2; next }
			$2 in ours { print ($1 in name ? name[$1] : $1), $2, $3 }' "$WORK/names" - >"$WORK/trace"
}

record_exits() {
	freeze
	take_totals before
	echo "$HISTOGRAM" >"$TRACE/trigger" || return 1
	kill -CONT "$DUTY_PID"
	next_ticks 2
	freeze
	take_totals after
	take_trace
	echo "!$HISTOGRAM" >"$TRACE/trigger"
	kill -CONT "$DUTY_PID"
}

# counts_agree tid|reason COLUMN: that column of the trace tells the same.
counts_agree() {
	awk 'NR == FNR { before[$1] = $2; next } $2 > before[$1] { print $1, $2 - before[$1] }' \
		"$WORK/before.$1" "$WORK/after.$1" | sort >"$WORK/counted"
	awk -v column="$2" '{ sum[$column] += $3 } END { for (key in sum) print key, sum[key] }' "$WORK/trace" |
		sort >"$WORK/traced"
	paste "$WORK/counted" "$WORK/traced"
	[ -s "$WORK/counted" ] && cmp "$WORK/counted" "$WORK/traced"
}

command_shows_them() {
	"$VMBPF" exits duty -n 3 -d 1 -o json >"$WORK/command" 2>&1
	jq -e -s 'any(.[]; .vm == "duty" and .reason == "hlt" and .exits_per_second > 0 and .exit_handling_mean_seconds > 0)' \
		"$WORK/command" || { tail -n 3 "$WORK/command"; return 1; }
}

ok "exits of a VM can be recorded in the tracing file system" record_exits
ok "a vCPU has as many exits as are traced" counts_agree tid 2
ok "for each reason there are as many exits as are traced" counts_agree reason 1
sed 's/^/# reason, exits: /' "$WORK/traced"
ok "the command exits shows the halts of the guest, and their time" command_shows_them
