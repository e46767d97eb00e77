#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmbpf watch where something is wrong: names that want to be more than names, files that are moved and disks that are
# full, readers that leave, signals, and what is left then. From recordings: needs neither root nor VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/watching.sh
. tests/live/watching.sh

HOSTILE=$WORK/hostile.jsonl
readonly HOSTILE

cleanup() {
	exec 7>&-
	[ -z "${PLACE:-}" ] || rm -rf "$PLACE"
}

# A recording is UTF-8; what none of it can be written as, half a surrogate pair, is put in as JSON escapes it.
make_hostile() {
	NAMES=($'new\nline' $'\e[2J\e]0;x\a' '"quoted" \back' "\$(touch $WORK/pwned)" "\`touch $WORK/pwned\`; touch $WORK/pwned"
		'pipe|pipe=1;;;0' "$(printf 'é%.0s' {1..127})x" $'\u202egnp\u2028' $'\x7f\u009b31m' '%s%n%999999d' "';-- &" half)
	record 5 'if .type == "vm" then .cpu_vcpu_seconds_total = 97 * ([$n, 3] | min) / 100 else . end' "${NAMES[@]}" |
		sed 's/"half"/"half\\ud800"/g' >"$HOSTILE"
}

# One that fires for each VM of the hostile recording, which is more than standard output keeps back.
make_rule() {
	printf 'rules: [ { alert: Any, expr: cpu_used > 90%% } ]\n' >"$WORK/any.yaml"
}

# --- the same each time

# same_twice COMMAND...
same_twice() {
	"$@" --log "$WORK/log.1" >"$WORK/once" && "$@" --log "$WORK/log.2" >"$WORK/twice" && [ -s "$WORK/log.1" ] &&
		cmp "$WORK/once" "$WORK/twice" && cmp "$WORK/log.1" "$WORK/log.2" && rm "$WORK/log.1" "$WORK/log.2"
}

says_the_same_twice() {
	local file
	for file in $GOLDEN "$BUSY" "$HOSTILE"; do
		same_twice "$VMBPF" watch --cpu-threshold 10 --ready-threshold 5 --replay "$file" &&
			same_twice "$VMBPF" watch -o json --cpu-threshold 10 --ready-threshold 5 --replay "$file" || return
	done
}

# --- names that want to be more than names

watch_hostile() {
	ends_with 0 "$VMBPF" watch --cpu-threshold 90 --log "$WORK/hostile.log" --replay "$HOSTILE" || return
	cp "$WORK/out" "$WORK/hostile.out"
}

names_steer_no_terminal() {
	has_no_control_byte "$WORK/hostile.out" "$WORK/err" "$WORK/hostile.log" &&
		! grep -P '[\x{80}-\x{9f}\x{202a}-\x{202e}\x{2028}]' "$WORK/hostile.out" &&
		[ "$(grep -c '^12:00:0[0-9] ' "$WORK/hostile.out")" = $((2 * ${#NAMES[@]})) ]
}

names_stay_on_their_lines() {
	[ "$(lines_of "$WORK/hostile.log")" = $((2 * ${#NAMES[@]})) ] &&
		[ "$(grep -c '^ts=2026-01-31T12:00:0[0-9.]*Z level=[a-z]* event=alert state=[a-z]* alert=CpuThreshold host=kvm1 vm=' \
			"$WORK/hostile.log")" = $((2 * ${#NAMES[@]})) ]
}

names_are_whole_in_json() {
	ends_with 0 "$VMBPF" watch -o json --cpu-threshold 90 --replay "$HOSTILE" && is_alerts "$WORK/out" &&
		has_no_control_byte "$WORK/out" && [ "$(lines_of "$WORK/out")" = $((2 * ${#NAMES[@]})) ] &&
		jq -e -n '[inputs.vm] | unique == ($ARGS.positional | map(if . == "half" then "half\ufffd" else . end) | unique)' \
			"$WORK/out" --args "${NAMES[@]}"
}

names_have_no_bar() {
	nagios 1 WARNING --cpu-threshold 90 --replay "$HOSTILE" && has_no_control_byte "$WORK/out" &&
		nagios 1 WARNING --cpu-threshold 90 --domain 'pipe*' --replay "$HOSTILE" && grep -qF 'pipe?pipe=1' "$WORK/out"
}

names_in_ascii() {
	ends_with 0 "$VMBPF" watch --ascii --cpu-threshold 90 --replay "$HOSTILE" && [ -s "$WORK/out" ] &&
		! LC_ALL=C grep -nP '[^\x20-\x7e]' "$WORK/out" && grep -q é "$WORK/hostile.out"
}

# A folder that only its owner and root can change, all the way up.
make_place() {
	local parent=${HOME:-/}
	[ "$(id -u)" != 0 ] || parent=/var/lib
	PLACE=$(mktemp -d "$parent/vmbpf-test.XXXXXX") || return
	chmod 755 "$PLACE"
	: >"$PLACE/ran"
	chmod 666 "$PLACE/ran"
	cat >"$PLACE/hook" <<-E
	#!/bin/sh
	printf '%s %s <%s>\n' \$# "\$VMBPF_ALERT_STATE" "\$VMBPF_ALERT_VM" >>$PLACE/ran
	E
	chmod 755 "$PLACE/hook"
	ends_with 0 "$VMBPF" watch --cpu-threshold 99 --replay "$BUSY" --exec "$PLACE/hook"
}

names_run_nothing() {
	local n=$((2 * ${#NAMES[@]}))
	ends_with 0 "$VMBPF" watch --cpu-threshold 90 --replay "$HOSTILE" --exec "$PLACE/hook" || return
	cat "$PLACE/ran" "$WORK/err"
	[ "$(grep -cE '^0 (firing|resolved) <.*>$' "$PLACE/ran")" = $n ] && [ "$(lines_of "$PLACE/ran")" = $n ] &&
		has_no_control_byte "$PLACE/ran" && grep -qF "<\$(touch $WORK/pwned)>" "$PLACE/ran" && [ ! -e "$WORK/pwned" ]
}

# --- outputs that are moved away, full or gone

# start_watch ARGUMENT...: what it watches is a pipe, so that what happens next is this test's choice: play sends it.
start_watch() {
	exec 7>&-
	rm -f "$WORK/pipe"
	mkfifo "$WORK/pipe"
	# A shell without job control has its background jobs ignore SIGINT.
	env --default-signal=INT "$VMBPF" watch --cpu-threshold 90 --replay "$WORK/pipe" "$@" \
		>"$WORK/watch.out" 2>"$WORK/watch.err" &
	WATCH=$!
	exec 7>"$WORK/pipe"
}

# play FIRST LAST: these ticks of the busy recording. A tick is over when the next one begins.
play() {
	jq -c --arg first "12:00:$1" --arg last "12:00:$2" 'select(.time[11:19] >= $first and .time[11:19] <= $last)' "$BUSY" >&7
}

# ends_in_time STATUS
ends_in_time() {
	until_true 10 is_gone "$WATCH" || kill -KILL "$WATCH"
	wait "$WATCH"
	local status=$?
	echo "status $status: $(cat "$WORK/watch.err")"
	[ $status = "$1" ]
}

has_lines() {
	[ "$(lines_of "$2" 2>/dev/null)" = "$1" ]
}

log_is_appended_to() {
	echo before >"$WORK/kept.log"
	ends_with 0 "$VMBPF" watch --cpu-threshold 90 --replay "$BUSY" --log "$WORK/kept.log" && has_lines 7 "$WORK/kept.log" &&
		[ "$(head -n 1 "$WORK/kept.log")" = before ] &&
		(vmbpf=$(realpath "$VMBPF") && cd "$WORK" &&
			"$vmbpf" watch --cpu-threshold 90 --replay "$BUSY" --log kept.log >/dev/null) && has_lines 13 "$WORK/kept.log"
}

log_is_opened_anew() {
	start_watch --log "$WORK/moved.log"
	play 00 03
	until_true 5 has_lines 3 "$WORK/moved.log" || { exec 7>&-; return 1; }
	mv "$WORK/moved.log" "$WORK/moved.log.1"
	kill -HUP "$WATCH"
	play 04 10
	exec 7>&-
	ends_in_time 0 && has_lines 3 "$WORK/moved.log.1" && has_lines 3 "$WORK/moved.log" &&
		[ "$(grep -c state=firing "$WORK/moved.log.1")" = 3 ] && [ "$(grep -c state=resolved "$WORK/moved.log")" = 3 ]
}

full_log_is_told() {
	ends_with 0 "$VMBPF" watch --cpu-threshold 90 --replay "$BUSY" --log /dev/full &&
		[ "$(grep -cE 'FIRING|RESOLVED' "$WORK/out")" = 6 ] && grep -qF '3 alerts fired' "$WORK/out" &&
		grep -q 'log /dev/full: 0 alerts were delivered, 6 dropped .*No space left on device' "$WORK/err"
}

# to_full_disk COMMAND...
to_full_disk() {
	"$@" >/dev/full 2>"$WORK/err"
	local status=$?
	echo "status $status of $*: $(cat "$WORK/err")"
	[ $status = 74 ] && [ "$(lines_of "$WORK/err")" = 1 ] && grep -q 'standard output: No space left on device' "$WORK/err"
}

full_disk_is_one_line() {
	to_full_disk "$VMBPF" watch --cpu-threshold 90 --replay "$BUSY" &&
		to_full_disk "$VMBPF" watch -o json --cpu-threshold 90 --replay "$HOSTILE" &&
		to_full_disk "$VMBPF" watch --once --cpu-threshold 90 --replay "$BUSY" &&
		to_full_disk "$VMBPF" watch --once -o json --cpu-threshold 90 --replay "$BUSY" &&
		to_full_disk "$VMBPF" watch --once --cpu-threshold 99 --replay "$BUSY" &&
		to_full_disk "$VMBPF" watch --nagios --cpu-threshold 90 --replay "$BUSY" &&
		to_full_disk "$VMBPF" rules show && to_full_disk "$VMBPF" rules check "$WORK/any.yaml" &&
		to_full_disk "$VMBPF" rules test "$WORK/any.yaml" --replay "$HOSTILE"
}

# without_reader COMMAND...: ends as SIGPIPE would end it.
without_reader() {
	local status
	exec 8> >(true)
	wait $!
	"$@" >&8 2>"$WORK/err"
	status=$?
	exec 8>&-
	echo "status $status of $*: $(cat "$WORK/err")"
	[ $status = 141 ] && [ ! -s "$WORK/err" ]
}

broken_pipe_is_quiet() {
	local arguments
	for arguments in 'watch' 'watch -o json' 'watch --once' 'watch --once -o json' 'watch --nagios'; do
		# shellcheck disable=SC2086
		without_reader "$VMBPF" $arguments --cpu-threshold 90 --replay "$HOSTILE" || return
	done
	without_reader "$VMBPF" rules show && without_reader "$VMBPF" rules test "$WORK/any.yaml" --replay "$HOSTILE"
}

closed_output_is_an_error() {
	local arguments status
	for arguments in 'watch' 'watch --once -o json' 'watch --nagios'; do
		# shellcheck disable=SC2086
		"$VMBPF" $arguments --cpu-threshold 90 --replay "$BUSY" 2>"$WORK/err" >&-
		status=$?
		echo "status $status of $arguments: $(cat "$WORK/err")"
		[ $status = 74 ] && [ "$(lines_of "$WORK/err")" = 1 ] || return
	done
}

# --- signals, and what is left

signals_end_it() {
	local signal
	for signal in INT TERM HUP; do
		start_watch
		play 00 03
		until_true 5 has_lines 3 "$WORK/watch.out" || return
		kill -$signal "$WATCH"
		ends_in_time 0 && grep -q '^In .* 3 VMs were watched, and 3 alerts fired' "$WORK/watch.out" &&
			[ ! -s "$WORK/watch.err" ] || { cat "$WORK/watch.out"; return 1; }
		exec 7>&-
	done
}

json_has_no_summary() {
	local option
	for option in '' --summary; do
		# shellcheck disable=SC2086
		start_watch -o json $option
		play 00 03
		until_true 5 has_lines 3 "$WORK/watch.out" || return
		kill -INT "$WATCH"
		ends_in_time 0 && has_lines 3 "$WORK/watch.out" && is_alerts "$WORK/watch.out" || return
		exec 7>&-
		grep -q '3 alerts fired' "$WORK/watch.err"
		[ $? = "$([ "$option" ]; echo $?)" ] || return
	done
}

are_gone() {
	local pid
	for pid; do
		# What nobody has waited for yet is gone, too.
		case $(ps -o stat= -p "$pid") in '' | Z*) ;; *) return 1 ;; esac
	done
}

# leaves_nothing SIGNAL: as helpers of it are meant to end with it, whatever ended it.
leaves_nothing() {
	local helpers outlets=(--log "$WORK/helped.log")
	[ -z "${EXECS:-}" ] || outlets+=(--exec "$PLACE/hook")
	start_watch "${outlets[@]}"
	play 00 03
	until_true 5 has_lines 3 "$WORK/watch.out" || return
	mapfile -t helpers < <(pgrep -P "$WATCH")
	ps -o pid=,comm= -p "${helpers[@]}"
	[ "${#helpers[@]}" -ge $((${#outlets[@]} / 2)) ] || return
	[ "$(ps -o comm= -p "${helpers[@]}" | grep -c '^vmbpf-')" -ge 1 ] || return
	case $1 in
	EOF) exec 7>&- ;;
	*) kill -"$1" "$WATCH" ;;
	esac
	until_true 10 is_gone "$WATCH" || return
	exec 7>&-
	until_true 5 are_gone "${helpers[@]}"
}

nothing_is_left() {
	leaves_nothing EOF && leaves_nothing TERM && leaves_nothing KILL
}

# --- colours

on_terminal() {
	script -qec "stty rows 24 cols 80; exec $*" /dev/null </dev/null
}

colours() {
	local watch=("$VMBPF" watch --once --cpu-threshold 90 --replay "$BUSY")
	! "${watch[@]}" | grep -q $'\033' && "${watch[@]}" --color always | grep -q $'\033\\[33mFIRING' &&
		on_terminal "${watch[@]}" | grep -q $'\033\\[33mFIRING' &&
		! on_terminal "${watch[@]}" --color never | grep -q $'\033' &&
		! NO_COLOR=1 on_terminal "${watch[@]}" | grep -q $'\033' &&
		! TERM=dumb on_terminal "${watch[@]}" | grep -q $'\033' &&
		NO_COLOR=1 "${watch[@]}" --color always | grep -q $'\033' &&
		! "${watch[@]}" -o json --color always | grep -q $'\033'
}

make_busy
make_hostile
make_rule
ok "the same recording says the same twice" says_the_same_twice

ok "hostile names can be watched" watch_hostile
ok "they steer no terminal" names_steer_no_terminal
ok "they stay on their lines in the log" names_stay_on_their_lines
ok "they are what they are in JSON" names_are_whole_in_json
ok "they have no bar for Nagios" names_have_no_bar
ok "they are ASCII where that is asked for" names_in_ascii
if make_place >"$WORK/place" 2>&1; then
	EXECS=yes
	ok "they run nothing" names_run_nothing
else
	skip "they run nothing" "$(tail -n 1 "$WORK/place")"
fi

ok "a log is appended to" log_is_appended_to
ok "SIGHUP opens it anew" log_is_opened_anew
ok "a log on a full disk is told and counted, and holds nothing up" full_log_is_told
ok "a reader that leaves ends it without a word" broken_pipe_is_quiet
ok "a full disk is one line and status 74" full_disk_is_one_line
ok "so is a closed standard output" closed_output_is_an_error
ok "signals end it with a summary" signals_end_it
ok "JSON has none, or on standard error" json_has_no_summary
ok "nothing is left behind, whatever ends it" nothing_is_left
ok "colour is for terminals, unless something else is asked for" colours
