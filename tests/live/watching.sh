# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Recordings in which VMs cross thresholds, and what vmbpf watch is to say of them. Sourced after lib.sh, not run.

GOLDEN=tests/golden/recording.jsonl
BUSY=$WORK/busy.jsonl
readonly GOLDEN BUSY
# Colours are asked for, and times are those of the recordings.
unset NO_COLOR
export TZ=UTC LC_ALL=C.UTF-8

# record LAST FILTER NAME...: the ticks 0 to LAST, a second apart from noon on, of VMs of those names with one vCPU, NIC
# and disk each. They are what the golden recording began with, and idle, but for what the jq filter makes of each of
# their rows at tick $n.
record() {
	local last=$1 filter=$2
	shift 2
	jq -c -n --argjson last "$last" '
		[inputs | select(.time < "2026-01-31T12:00:01" and (.type == "host" or .vm == "database" and
			(.type == "vm" or .type == "nic" or .type == "disk" or .type == "vcpu" and .vcpu == 0)))] as $rows |
		range($last + 1) as $n | $rows[] |
		.time = (1769860800 + $n | strftime("%Y-%m-%dT%H:%M:%S.000000000Z")) |
		.interval_seconds = (if $n == 0 then null else 1 end) |
		if .type == "host" then .uptime_seconds += $n else
			. as $row | range($ARGS.positional | length) as $i | $row |
			.vm = $ARGS.positional[$i] | .uuid = "00000000-0000-0000-0000-\(100000000000 + $i)" |
			if .type == "vm" then .name = .vm | .vcpus = 1 | .pid = 1000 + $i else .vm_pid = 1000 + $i end |
			'"$filter"'
		end' $GOLDEN --args "$@"
}

# 97 % up to the fourth second, 85 % up to the seventh, then 50 %.
make_busy() {
	record 10 '
		if .type == "vm" then .cpu_vcpu_seconds_total =
			(97 * ([$n, 4] | min) + 85 * ([[$n - 4, 0] | max, 3] | min) + 50 * ([$n - 7, 0] | max)) / 100
		else . end' one two three >"$BUSY"
}

lines_of() {
	wc -l <"$1"
}

# ends_with STATUS COMMAND...: its output is in $WORK/out, its errors in $WORK/err.
ends_with() {
	local expected=$1 status
	shift
	timeout 10 "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
	status=$?
	echo "status $status of $*"
	head -n 5 "$WORK/out" "$WORK/err"
	[ "$status" = "$expected" ]
}

# refuses STATUS TEXT ARGUMENT...: one line on standard error with that text, and nothing else.
refuses() {
	local status=$1 text=$2
	shift 2
	ends_with "$status" "$VMBPF" "$@" && [ ! -s "$WORK/out" ] && [ "$(lines_of "$WORK/err")" = 1 ] &&
		grep -qF -e "$text" "$WORK/err"
}

# fires SUBJECTS ARGUMENT...: just these fire, each once, as "CpuThreshold/one CpuThreshold/two".
fires() {
	local expected=$1 got
	shift
	ends_with 0 "$VMBPF" watch -o json "$@" || return
	got=$(jq -r 'select(.state == "firing") | "\(.alert)/\(.vm)"' "$WORK/out" | sort | xargs)
	echo "got '$got'"
	[ "$got" = "$expected" ]
}

# times STATE ARGUMENT...: when the first VM had alerts of that state, as "12:00:01".
times() {
	local state=$1
	shift
	"$VMBPF" watch -o json --domain one "$@" |
		jq -r --arg state "$state" 'select(.state == $state) | .time[11:19]' | xargs
}

has_no_control_byte() {
	! LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]' "$@"
}

# nagios STATUS WORD ARGUMENT...: one line as a plug-in prints it, with a single bar.
nagios() {
	local status=$1 word=$2
	shift 2
	ends_with "$status" "$VMBPF" watch --nagios "$@" && [ "$(lines_of "$WORK/out")" = 1 ] &&
		grep -qE "^VMBPF $word - [^|]* \| firing=[0-9]+;;;0 vms=[0-9]+;;;0$" "$WORK/out"
}

# is_alerts FILE: JSON lines of alerts, with all that an alert has.
is_alerts() {
	[ -s "$1" ] && jq -e -s 'all(.[]; .type == "alert" and .schema == 1 and (.interval_seconds | type == "number") and
		([.time, .host, .alert, .metric, .since, .cause, .suggestion] | map(type) | unique == ["string"]) and
		(.state | IN("pending", "firing", "resolved", "nodata")) and (.severity | IN("info", "warning", "critical")) and
		([.value, .threshold, .for_seconds] | map(type) | unique == ["number"]) and
		has("vm") and has("uuid") and has("labels"))' "$1"
}
