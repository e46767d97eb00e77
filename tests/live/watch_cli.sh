#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmbpf watch and vmbpf rules as somebody types them: what fires, what is refused and how, and what is answered. From
# recordings: needs neither root nor VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/watching.sh
. tests/live/watching.sh

DEFAULTS=user/alert/default_rules.yaml
LEVELS=$WORK/levels.jsonl
readonly DEFAULTS LEVELS

# Three VMs that have a little less than a half of everything, just that, and a little more; one that only sends; and one
# whose guest does not tell of its memory.
make_levels() {
	record 3 '
		({below: 49, at: 50, above: 51, sender: 49, silent: 49}[.vm]) as $level |
		(if .vm == "sender" then 0 else $level end) as $received |
		(if .vm == "sender" then 51 else 1 end) as $sent |
		if .type == "vm" then
			.cpu_vcpu_seconds_total = $level * $n / 100 | .cpu_seconds_total = $level |
			.memory_available_bytes = 1000000000 | .memory_used_bytes = $level * 10000000 |
			.memory_usable_bytes = (100 - $level) * 10000000 |
			if .vm == "silent" then with_entries(if .key | startswith("memory_") then .value = null else . end) else . end
		elif .type == "vcpu" then .ready_seconds_total = $level * $n / 100
		elif .type == "disk" then
			.storage_capacity_bytes = 100000000000 | .storage_allocated_bytes = $level * 1000000000
		else . end |
		if .type == "vm" or .type == "nic" then
			.net_rx_bytes_total = $received * 1000 * $n | .net_tx_bytes_total = $sent * 1000 * $n
		else . end' below at above sender silent >"$LEVELS"
}

make_rules() {
	cat >"$WORK/ready.yaml" <<-'E'
	rules:
	  - alert: Ready
	    scope: vcpu
	    expr: ready > 50%
	    severity: critical
	    labels: { team: storage }
	    annotations: { suggestion: wait }
	E
	sed 's/critical/info/' "$WORK/ready.yaml" >"$WORK/info.yaml"
	sed 's/Ready/CpuThreshold/' "$WORK/ready.yaml" >"$WORK/clash.yaml"
	cat >"$WORK/metric.yaml" <<-'E'
	rules:
	  - alert: Busy
	    expr: cpu_usd > 50%
	E
	cat >"$WORK/key.yaml" <<-'E'
	rules:
	  - alert: Busy
	    expr: cpu_used > 50%
	    sevrity: info
	E
}

# --- thresholds

each_threshold_fires() {
	fires CpuThreshold/above --cpu-threshold 50 --replay "$LEVELS" &&
		fires MemoryThreshold/above --mem-threshold 50% --replay "$LEVELS" &&
		fires ReadyThreshold/above --ready-threshold 50 --replay "$LEVELS" &&
		fires StorageThreshold/above --storage-threshold 50.0 --replay "$LEVELS" &&
		fires 'NetThreshold/above NetThreshold/sender' --net-threshold 50k --replay "$LEVELS" &&
		fires CpuTimeThreshold/above --cpu-time-threshold 50 --replay "$LEVELS" &&
		fires CpuTimeThreshold/above --cpu-time-threshold 50000000000ns --replay "$LEVELS"
}

nothing_fires_above() {
	fires '' --cpu-threshold 51 --mem-threshold 51 --ready-threshold 51 --storage-threshold 51 --net-threshold 51k \
		--cpu-time-threshold 51s --replay "$LEVELS"
}

two_fire_together() {
	fires 'CpuThreshold/above ReadyThreshold/above' --cpu-threshold 50 --ready-threshold 50 --replay "$LEVELS"
}

rules_stand_alone_or_beside() {
	fires Ready/above --rules "$WORK/ready.yaml" --replay "$LEVELS" &&
		fires 'CpuThreshold/above Ready/above' --rules "$WORK/ready.yaml" --cpu-threshold 50 --replay "$LEVELS"
}

# The first rate is that of the first second.
for_is_waited_for() {
	[ "$(times firing --cpu-threshold 60 --for 0s --replay "$BUSY")" = 12:00:01 ] &&
		[ "$(times firing --cpu-threshold 60 --for 5s --replay "$BUSY")" = 12:00:06 ] &&
		[ "$(times firing --cpu-threshold 60 --for 10s --replay "$BUSY")" = '' ] &&
		[ "$(times firing --cpu-threshold 90 --for 4s --replay "$BUSY")" = '' ]
}

clear_is_where_it_ends() {
	[ "$(times resolved --cpu-threshold 90 --replay "$BUSY")" = 12:00:05 ] &&
		[ "$(times resolved --cpu-threshold 90 --clear 85.1 --replay "$BUSY")" = 12:00:05 ] &&
		[ "$(times resolved --cpu-threshold 90 --clear 84.9% --replay "$BUSY")" = 12:00:08 ] &&
		[ "$(times resolved --cpu-threshold 90 --clear 50 --replay "$BUSY")" = 12:00:08 ] &&
		[ "$(times resolved --cpu-threshold 90 --clear 49.9 --replay "$BUSY")" = '' ]
}

domains_are_chosen() {
	fires 'CpuThreshold/one CpuThreshold/two' --cpu-threshold 90 --domain 'on[e]' --domain tw\* --replay "$BUSY" &&
		[ ! -s "$WORK/err" ] && fires '' --cpu-threshold 90 --domain o --replay "$BUSY" &&
		[ "$(lines_of "$WORK/err")" = 1 ] && grep -qF -e 'no VM is called as --domain says' "$WORK/err" &&
		refuses 66 'no VM is called as --domain says' watch --once --cpu-threshold 90 --domain o --replay "$BUSY" &&
		nagios 3 UNKNOWN --cpu-threshold 90 --domain o --replay "$BUSY"
}

ticks_are_counted() {
	fires '' --cpu-threshold 90 --for 1s -n 1 --replay "$BUSY" &&
		fires 'CpuThreshold/one CpuThreshold/three CpuThreshold/two' --cpu-threshold 90 --for 1s -n 2 \
			--replay "$BUSY" &&
		ends_with 0 "$VMBPF" watch --cpu-threshold 90 -n 3 --replay "$BUSY" && grep -qF '(3 ticks)' "$WORK/out"
}

# --- what is refused

refuses_numbers() {
	local option
	for option in cpu mem ready storage; do
		refuses 64 "--$option-threshold: '101' is not a percentage" watch --$option-threshold 101 &&
			refuses 64 "'-1' is not a percentage" watch --$option-threshold -1 &&
			refuses 64 "'abc' is not a percentage" watch --$option-threshold abc &&
			refuses 64 "'nan' is not a percentage" watch --$option-threshold nan &&
			refuses 64 "'' is not a percentage" watch --$option-threshold= || return
	done
	refuses 64 "'abc' is not a number of bytes" watch --net-threshold abc &&
		refuses 64 "'-5' is not a number of bytes" watch --net-threshold -5 &&
		refuses 64 "'0' is not a time" watch --cpu-time-threshold 0 &&
		refuses 64 "'25h' is not a time up to 24 hours" watch --cpu-threshold 5 --for 25h &&
		refuses 64 "'0' is not a number of ticks" watch -n 0
}

refuses_what_does_not_apply() {
	refuses 64 '--clear 60 is above --cpu-threshold 50' watch --cpu-threshold 50 --clear 60 &&
		refuses 64 '--clear 60 is above --ready-threshold 5' watch --cpu-threshold 90 --ready-threshold 5 --clear 60 &&
		refuses 64 '--clear is of thresholds in percent, and there is none' watch --clear 60 &&
		refuses 64 '--clear is of thresholds in percent, and there is none' watch --net-threshold 1M --clear 60 &&
		refuses 64 '--for is of thresholds given as options, and there is none' watch --for 1m &&
		refuses 64 '--for is of thresholds given as options' watch --rules "$WORK/ready.yaml" --for 1m &&
		refuses 64 '--state is of this host' watch --state "$WORK/state" --replay "$BUSY" && [ ! -e "$WORK/state" ] &&
		refuses 64 '--at is a time in a recording' watch --at 12:00
}

refuses_words() {
	refuses 64 'unknown option --cpu-treshold, did you mean --cpu-threshold?' watch --cpu-treshold 5 &&
		refuses 64 "unexpected argument 'extra'" watch extra &&
		refuses 64 'option --rules needs an argument' watch --rules &&
		refuses 64 "'xml' is not text or json" watch -o xml &&
		refuses 64 "'blue' is not auto, always or never" watch --color blue
}

refuses_rules() {
	local command
	for command in 'rules check' 'watch --rules'; do
		# shellcheck disable=SC2086
		refuses 78 "metric.yaml:3:11: expr: at character 1: no metric is called \"cpu_usd\" (did you mean cpu_used?)" \
			$command "$WORK/metric.yaml" &&
			refuses 78 "key.yaml:4:5: unknown key 'sevrity', did you mean 'severity'?" $command "$WORK/key.yaml" &&
			refuses 66 "none.yaml: cannot read it: No such file" $command "$WORK/none.yaml" &&
			refuses 66 "$WORK: cannot read it: it is not a file" $command "$WORK" || return
	done
}

refuses_names_that_are_taken() {
	refuses 64 'has the name of one that an option makes, CpuThreshold' \
		watch --rules "$WORK/clash.yaml" --cpu-threshold 50 --replay "$LEVELS"
}

refuses_unreadable_rules() {
	cp "$WORK/ready.yaml" "$WORK/secret.yaml" && chmod 0 "$WORK/secret.yaml" &&
		refuses 77 'secret.yaml: cannot read it: Permission denied' watch --rules "$WORK/secret.yaml" &&
		refuses 77 'secret.yaml: cannot read it: Permission denied' rules check "$WORK/secret.yaml"
}

refuses_recordings() {
	refuses 66 'cannot open the recording /none/x: No such file' watch --replay /none/x &&
		refuses 65 'Makefile:1: the line must be one JSON object' watch --replay Makefile &&
		refuses 64 'nothing at 2026-01-31T13:00:00Z or later' watch --replay "$BUSY" --at 13:00 || return
	LC_ALL=C sed $'s/"one"/"on\xff\xfe"/g' "$BUSY" >"$WORK/raw.jsonl"
	refuses 65 'raw.jsonl:2: the line must be one JSON object' watch --replay "$WORK/raw.jsonl"
}

refuses_outputs() {
	printf '#!/bin/sh\n' >"$WORK/hook"
	chmod 777 "$WORK/hook"
	refuses 64 '--exec: ./hook is not an absolute path' watch --replay "$BUSY" --exec ./hook &&
		refuses 77 "--exec: $WORK/hook can be written to by others" watch --replay "$BUSY" --exec "$WORK/hook" &&
		refuses 73 '--exec: /none/hook cannot be found' watch --replay "$BUSY" --exec /none/hook &&
		refuses 64 "--webhook: 'ftp://' is not supported" watch --replay "$BUSY" --webhook ftp://x &&
		refuses 64 '--alertmanager: http:// or https:// is missing' watch --replay "$BUSY" --alertmanager x:9093 &&
		refuses 73 '--log: cannot open /none/log: No such file or directory (make its folder first)' \
			watch --replay "$BUSY" --log /none/log &&
		refuses 73 "--log: cannot open $WORK: Is a directory" watch --replay "$BUSY" --log "$WORK"
}

refuses_actions() {
	refuses 64 'rules: what about them?' rules &&
		refuses 64 "'frobnicate' is none of show, check FILE and test FILE" rules frobnicate &&
		refuses 64 'rules check: which file?' rules check &&
		refuses 64 "unexpected argument 'extra'" rules check $DEFAULTS extra &&
		refuses 64 "unexpected argument 'x'" rules show x &&
		refuses 64 'rules test: which file?' rules test --replay "$BUSY" &&
		refuses 64 'rules test: which recording?' rules test $DEFAULTS &&
		refuses 66 'cannot open the recording /none/x' rules test $DEFAULTS --replay /none/x &&
		refuses 66 'nothing in /dev/null to hold them against' rules test $DEFAULTS --replay /dev/null
}

# --- one look

once_answers() {
	ends_with 1 "$VMBPF" watch --once --cpu-threshold 50 --for 1h --replay "$LEVELS" &&
		[ "$(lines_of "$WORK/out")" = 1 ] && grep -q 'FIRING *warning *above: CpuThreshold' "$WORK/out" &&
		ends_with 0 "$VMBPF" watch --once --cpu-threshold 51 --replay "$LEVELS" &&
		[ "$(cat "$WORK/out")" = 'nothing fires: 5 VMs, 1 rule' ] && [ ! -s "$WORK/err" ] &&
		ends_with 0 "$VMBPF" watch --once --cpu-threshold 90 --domain above --replay "$LEVELS" &&
		[ "$(cat "$WORK/out")" = 'nothing fires: 1 VM, 1 rule' ]
}

# A minute is not waited for: the windows of the defaults are the one interval there is.
one_look_needs_no_minute() {
	record 2 . quiet >"$WORK/quiet.jsonl"
	ends_with 0 "$VMBPF" watch --once --replay "$WORK/quiet.jsonl" && [ ! -s "$WORK/err" ] &&
		grep -q '^nothing fires: 1 VM, [0-9]* rules$' "$WORK/out" && nagios 0 OK --replay "$WORK/quiet.jsonl"
}

once_says_what_it_cannot_tell() {
	ends_with 0 "$VMBPF" watch --once --mem-threshold 90 --replay "$LEVELS" &&
		[ "$(lines_of "$WORK/err")" = 1 ] && grep -q 'MemoryThreshold cannot be told of silent: ' "$WORK/err"
}

# No answer is another one than that all is well.
once_needs_something_to_see() {
	refuses 66 'before there was anything to look at' watch --once --replay /dev/null &&
		refuses 66 'cannot open the recording' watch --once --replay /none/x
}

once_with_json() {
	ends_with 1 "$VMBPF" watch --once -o json --cpu-threshold 50 --replay "$LEVELS" &&
		[ "$(jq -r .vm "$WORK/out")" = above ] &&
		ends_with 0 "$VMBPF" watch --once -o json --cpu-threshold 51 --replay "$LEVELS" && [ ! -s "$WORK/out" ]
}

nagios_answers() {
	nagios 0 OK --cpu-threshold 51 --replay "$LEVELS" && grep -qF '| firing=0;;;0 vms=5;;;0' "$WORK/out" &&
		nagios 0 OK --rules "$WORK/info.yaml" --replay "$LEVELS" && grep -q 'above vcpu 0 Ready' "$WORK/out" &&
		nagios 1 WARNING --cpu-threshold 50 --replay "$LEVELS" && grep -qF 'above CpuThreshold 51.0 % > 50.0 %' "$WORK/out" &&
		nagios 2 CRITICAL --cpu-threshold 50 --rules "$WORK/ready.yaml" --replay "$LEVELS" &&
		grep -qF '| firing=2;;;0 vms=5;;;0' "$WORK/out" &&
		nagios 3 UNKNOWN --mem-threshold 50 --domain silent --replay "$LEVELS" && grep -qF '(MemoryThreshold)' "$WORK/out"
}

nagios_cannot_look() {
	local arguments
	for arguments in '--replay /none/x' '--replay Makefile' '--replay /dev/null' '--rules /none/x' '--log /none/x'; do
		# shellcheck disable=SC2086
		ends_with 3 "$VMBPF" watch --nagios --replay "$LEVELS" $arguments && [ "$(lines_of "$WORK/out")" = 1 ] &&
			grep -q '^VMBPF UNKNOWN - ' "$WORK/out" && [ "$(lines_of "$WORK/err")" = 1 ] || return
	done
}

# --- vmbpf rules

shown_rules_are_right() {
	"$VMBPF" rules show >"$WORK/shown.yaml" && cmp "$WORK/shown.yaml" $DEFAULTS &&
		ends_with 0 "$VMBPF" rules check "$WORK/shown.yaml" &&
		grep -q 'shown.yaml: [0-9]* rules, nothing is wrong$' "$WORK/out" &&
		ends_with 0 "$VMBPF" rules check "$WORK/ready.yaml" && grep -q ': 1 rule, nothing is wrong$' "$WORK/out"
}

test_tells_what_would_have_fired() {
	ends_with 0 "$VMBPF" rules test "$WORK/ready.yaml" --replay "$LEVELS" && [ "$(lines_of "$WORK/out")" = 1 ] &&
		grep -q '^12:00:01 FIRING *critical above vcpu 0: Ready: .*; wait$' "$WORK/out" &&
		ends_with 0 "$VMBPF" rules test "$WORK/ready.yaml" --replay "$LEVELS" --at 12:00:02 &&
		grep -q '^12:00:02 FIRING' "$WORK/out" &&
		ends_with 0 "$VMBPF" rules test "$WORK/ready.yaml" --replay "$LEVELS" --domain below &&
		[ "$(cat "$WORK/out")" = 'nothing would have fired' ]
}

tests_in_json() {
	ends_with 0 "$VMBPF" rules test "$WORK/ready.yaml" -o json --replay "$LEVELS" && is_alerts "$WORK/out" &&
		jq -e '.vm == "above" and .vcpu == 0 and .metric == "vcpu.ready_percent" and .value == 51 and .threshold == 50 and
			.severity == "critical" and .labels == "team=storage" and .suggestion == "wait"' "$WORK/out" &&
		ends_with 0 "$VMBPF" rules test "$WORK/ready.yaml" -o json --replay "$LEVELS" --domain below && [ ! -s "$WORK/out" ]
}

watches_in_json() {
	ends_with 0 "$VMBPF" watch -o json --cpu-threshold 90 --replay "$BUSY" && [ "$(lines_of "$WORK/out")" = 6 ] &&
		is_alerts "$WORK/out" && ends_with 0 "$VMBPF" watch -o json --cpu-threshold 1 --replay $GOLDEN && is_alerts "$WORK/out"
}

make_levels
make_busy
make_rules
ok "each threshold fires above it, and neither at it nor below" each_threshold_fires
ok "and none of them where all is at it" nothing_fires_above
ok "two thresholds are two rules" two_fire_together
ok "--rules is instead of the defaults, and beside thresholds" rules_stand_alone_or_beside
ok "--for is waited for" for_is_waited_for
ok "--clear is where an alert ends" clear_is_where_it_ends
ok "--domain chooses VMs, several times, and it is said when there is none" domains_are_chosen
ok "-n counts the ticks" ticks_are_counted

ok "numbers that are none are refused in one line" refuses_numbers
ok "so are options that have nothing to apply to" refuses_what_does_not_apply
ok "and words that are none" refuses_words
ok "what is wrong in a file of rules is told with its place, and what is meant" refuses_rules
ok "two rules of one name are refused" refuses_names_that_are_taken
if [ "$(id -u)" = 0 ]; then
	skip "a file of rules that may not be read is told" "root may"
else
	ok "a file of rules that may not be read is told" refuses_unreadable_rules
fi
ok "recordings that are none are refused in one line" refuses_recordings
ok "outputs that cannot be are refused in one line" refuses_outputs
ok "vmbpf rules says what it can do" refuses_actions

ok "--once ends with 1 if something fires, and says when nothing does" once_answers
ok "it does not wait for windows of time" one_look_needs_no_minute
ok "it says what it cannot tell" once_says_what_it_cannot_tell
ok "it does not say that all is well when it saw nothing" once_needs_something_to_see
ok "it speaks JSON" once_with_json
ok "--nagios has one line, and the four statuses" nagios_answers
ok "one of them is that it cannot look" nagios_cannot_look

ok "the rules that are shown are right" shown_rules_are_right
ok "rules test tells what would have fired, and when" test_tells_what_would_have_fired
ok "it does in JSON" tests_in_json
ok "alerts in JSON have all members" watches_in_json
