#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many rules, held against a long recording of many VMs: the same each time, in little time, in no more memory the longer
# it is. Needs neither root nor VMs. A tenth of what `make bench` measures: 10,000 ticks of 200 VMs in 10 s of CPU time.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh

TOOLS=$(dirname "$VMBPF")/tests
RULES=tests/live/twenty_rules.yaml
# The windows of the rules are full after 300 ticks, and what has ended is forgotten after 300 more.
readonly TOOLS RULES VMS=200 TICKS=1600 FEWER_TICKS=400 JQ_TICKS=100

# measured FILE TICKS COMMAND...: the command reads a recording of so many ticks; what it took is in FILE.
measured() {
	local file=$1 ticks=$2
	shift 2
	"$TOOLS/make_recording" "$VMS" "$ticks" | "$TOOLS/measure" "$file" "$@"
	[ "${PIPESTATUS[*]}" = "0 0" ]
}

# run_rules NAME TICKS
run_rules() {
	measured "$WORK/$1.took" "$2" "$VMBPF" rules test "$RULES" -o json --replay /dev/stdin >"$WORK/$1.out"
}

# Microseconds of CPU time for each tick.
us_of_tick() {
	awk -v ticks="$2" '{ printf "%d", $1 * 1000 / ticks }' "$WORK/$1.took"
}

memory_of() {
	awk '{ print $2 }' "$WORK/$1.took"
}

# Stale never is so, and Stolen is only while ReadyHigh is, too, which inhibits it.
is_told_by_all_others() {
	local state
	for state in firing resolved; do
		jq -r "select(.state == \"$state\") | .alert" "$WORK/once.out" | sort -u >"$WORK/$state"
	done
	sed -n 's/.*alert: \([A-Za-z]*\),.*/\1/p' "$RULES" | grep -vx 'Stale\|Stolen' | sort >"$WORK/expected"
	[ "$(wc -l <"$WORK/expected")" = 18 ] && diff "$WORK/expected" "$WORK/firing" && cmp "$WORK/firing" "$WORK/resolved"
}

is_the_same_again() {
	run_rules again $TICKS && cmp "$WORK/once.out" "$WORK/again.out"
}

# The better of two, since others use this machine, too.
us_of_long_run() {
	local once again
	once=$(us_of_tick once $TICKS) again=$(us_of_tick again $TICKS)
	echo $((once < again ? once : again))
}

# Where 10,000 ticks take 7 s it is a fifth of jq's time, and a quarter where they take the 10 s that they may.
takes_half_of_jq() {
	local ours theirs
	measured "$WORK/jq.took" $JQ_TICKS jq -c .type >"$WORK/jq.out" || return
	ours=$(us_of_long_run) theirs=$(us_of_tick jq $JQ_TICKS)
	echo "$ours us of CPU time for each tick, and jq alone takes $theirs"
	[ $((ours * 2)) -le "$theirs" ]
}

does_not_slow_down() {
	local few many
	run_rules fewer $FEWER_TICKS || return
	few=$(us_of_tick fewer $FEWER_TICKS) many=$(us_of_long_run)
	echo "$few us for each of $FEWER_TICKS ticks, $many for each of $TICKS"
	[ "$many" -le $((few * 2)) ]
}

needs_no_more_memory() {
	local few many
	few=$(memory_of fewer) many=$(memory_of once)
	echo "$few KiB for $FEWER_TICKS ticks, $many for $TICKS"
	[ "$many" -le $((few * 5 / 4)) ]
}

for tool in make_recording measure; do
	[ -x "$TOOLS/$tool" ] || skip_all "$TOOLS/$tool is not built"
done
ok "20 rules are held against $TICKS ticks of $VMS VMs" run_rules once $TICKS
ok "and fire and end, but those that are inhibited or of what does not happen" is_told_by_all_others
ok "the same recording gives the same bytes" is_the_same_again
ok "that takes at most half of the time in which jq reads it" takes_half_of_jq
ok "a tick late in a recording takes no longer than an early one" does_not_slow_down
ok "a recording four times as long needs no more memory" needs_no_more_memory
