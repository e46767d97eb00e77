#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where alerts go: a real Alertmanager, and servers that hang, refuse, fail and trickle. From recordings: needs no VMs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh

ALERTMANAGER=${ALERTMANAGER:-$(command -v prometheus-alertmanager)}
SERVER=$PWD/build/tests/rude_server
BEGIN=$(($(date +%s) - 300))
readonly ALERTMANAGER SERVER BEGIN
# The servers are on this machine, whatever proxy it has.
export no_proxy='*'

# ticks FIRST LAST BUSY_UNTIL NAME...: a recording's ticks, a second apart. VMs of those names use 97 % of their only
# vCPU up to a tick, and 10 % from then on. The host's and the VMs' other numbers are those of the golden recording.
ticks() {
	local first=$1 last=$2 busy_until=$3
	shift 3
	jq -c -n --argjson begin "$BEGIN" --argjson first "$first" --argjson last "$last" \
		--argjson busy "$busy_until" '
		[limit(2; inputs | select(.type == "host" or .type == "vm" and .vm == "database"))] as $rows |
		range($first; $last + 1) as $n |
		($begin + $n | strftime("%Y-%m-%dT%H:%M:%S.000000000Z")) as $time |
		(if $n < $busy then 0.97 * $n else 0.97 * $busy + 0.1 * ($n - $busy) end) as $cpu |
		$rows[] | .time = $time | .interval_seconds = (if $n == 0 then null else 1 end) |
		if .type == "host" then .uptime_seconds += $n else
			. as $vm | range($ARGS.positional | length) as $i | $vm |
			.vm = $ARGS.positional[$i] | .name = .vm | .pid = 1000 + $i | .vcpus = 1 |
			.uuid = "00000000-0000-0000-0000-" + ("\(100000000000 + $i)") |
			.cpu_seconds_total = $cpu | .cpu_vcpu_seconds_total = $cpu
		end' tests/golden/recording.jsonl --args "$@"
}

# start_server NAME MODE: a server; $WORK/NAME.port is where it is, $WORK/NAME.log what it was sent.
start_server() {
	"$SERVER" "$2" "$WORK/$1.port" "$WORK/$1.log" 2>"$WORK/$1.err" &
	until_true 10 test -s "$WORK/$1.port"
}

port_of() {
	cat "$WORK/$1.port"
}

# watch ARGUMENT...: of each VM that uses more than 90 % of its vCPUs, at once.
watch() {
	"$VMBPF" watch --cpu-threshold 90 --for 0s "$@"
}

lines_of() {
	wc -l <"$1"
}

# has_lines N FILE...: each of them.
has_lines() {
	local n=$1 file
	shift
	for file; do
		[ "$(lines_of "$file")" = "$n" ] || { echo "$file has $(lines_of "$file") lines"; return 1; }
	done
}

cleanup() {
	exec 7>&-
}

# --- Alertmanager

# A port that nothing listens on.
free_port() {
	start_server free refuse
	kill $!
	wait $! 2>/dev/null
	port_of free
}

start_alertmanager() {
	local port
	port=$(free_port)
	AM=http://127.0.0.1:$port
	cat >"$WORK/alertmanager.yml" <<-'E'
	route: { receiver: nobody, group_by: [alertname], group_wait: 0s, group_interval: 1s }
	receivers: [ { name: nobody } ]
	E
	"$ALERTMANAGER" --config.file="$WORK/alertmanager.yml" --storage.path="$WORK/alertmanager" \
		--web.listen-address="127.0.0.1:$port" --cluster.listen-address= >"$WORK/alertmanager.log" 2>&1 &
	until_true 20 curl -sf "$AM/-/ready"
}

# am_has PATH FILTER: whether what its API says there is as jq says.
am_has() {
	curl -sf "$AM/api/v2/$1" | jq -e "$2"
}

# The recording is a pipe, so that what happens next is this test's choice.
watch_from_pipe() {
	mkfifo "$WORK/pipe" || return
	watch --replay "$WORK/pipe" --alertmanager "$AM/" --alertmanager "http://127.0.0.1:$(port_of down)" \
		>"$WORK/am.out" 2>"$WORK/am.err" &
	WATCH=$!
	exec 7>"$WORK/pipe"
	ticks 0 5 6 web-1 'a"b' >&7
}

fires_there() {
	until_true 20 am_has alerts 'length == 2' || { am_has alerts .; return 1; }
	am_has alerts 'map(.labels.vm) | sort == ["a\"b", "web-1"]' &&
		am_has alerts 'all(.[]; .labels | .alertname == "CpuThreshold" and .host == "kvm1" and .scope == "vm" and
			(.severity | IN("info", "warning", "critical")) and (.uuid | startswith("00000000-")))' &&
		am_has alerts 'all(.[]; .annotations | .value == "97.0 %" and .threshold == "90.0 %" and
			.metric == "vm.cpu_used_percent" and .cause != "" and
			.summary == "vm.cpu_used_percent 97.0 % > 90.0 %")' &&
		am_has alerts 'all(.[]; .labels | has("value") or has("cause") | not)' &&
		am_has alerts 'all(.[]; .endsAt > .updatedAt)'
}

is_one_group() {
	until_true 10 am_has alerts/groups \
		'length == 1 and .[0].labels == {alertname: "CpuThreshold"} and (.[0].alerts | length == 2)' ||
		{ am_has alerts/groups .; return 1; }
}

resolves_there() {
	ticks 6 9 6 web-1 'a"b' >&7
	until_true 20 am_has alerts 'length == 0' || { am_has alerts .; return 1; }
}

ends_by_itself() {
	exec 7>&-
	wait "$WATCH"
	[ $? = 0 ] && grep -q "alertmanager http://127.0.0.1:$(port_of down): .*connection refused" "$WORK/am.err"
}

# --- servers that behave badly

readonly N_VMS=20
readonly BAD='hang refuse trickle 500 garbage'

make_many() {
	local names=() i
	for i in $(seq $N_VMS); do
		names+=("vm-$i")
	done
	ticks 0 8 5 "${names[@]}" >"$WORK/many.jsonl"
}

start_servers() {
	local mode
	for mode in good $BAD; do
		start_server "$mode" "${mode/good/ok}" || return
	done
}

start_watch_with_bad_ones() {
	local mode urls=()
	for mode in $BAD good; do
		urls+=(--webhook "http://127.0.0.1:$(port_of "$mode")/")
	done
	WATCH_BEGUN=$SECONDS
	watch --replay "$WORK/many.jsonl" --log "$WORK/many.log" "${urls[@]}" >"$WORK/many.out" 2>"$WORK/many.err" &
	WATCH=$!
}

# All lines are there while the others are still being waited for.
nothing_waits_for_the_bad_ones() {
	until_true 10 has_lines $((2 * N_VMS)) "$WORK/many.log" "$WORK/good.log" || {
		has_lines $((2 * N_VMS)) "$WORK/many.log" "$WORK/good.log"
		cat "$WORK/many.err"
		return 1
	}
	kill -0 "$WATCH"
}

ends_within_its_time() {
	wait "$WATCH"
	local status=$? took=$((SECONDS - WATCH_BEGUN))
	echo "status $status after $took s: $(cat "$WORK/many.err")"
	[ $status = 0 ] && [ $took -le 10 ]
}

# loss_is_told MODE WHY
loss_is_told() {
	grep "webhook http://127.0.0.1:$(port_of "$1"): " "$WORK/many.err" | grep "$((2 * N_VMS)) dropped" | grep -q "$2"
}

losses_are_told() {
	cat "$WORK/many.err"
	loss_is_told hang 'no answer before vmbpf ended' && loss_is_told refuse 'connection refused' &&
		loss_is_told trickle 'no answer before vmbpf ended' && loss_is_told 500 'answered 500' &&
		loss_is_told garbage 'what answers is not HTTP' &&
		! grep "127.0.0.1:$(port_of good)" "$WORK/many.err" | grep -q dropped
}

refused_for_good() {
	start_server strict 400 || return
	watch --replay "$WORK/many.jsonl" --webhook "http://127.0.0.1:$(port_of strict)/" >/dev/null 2>"$WORK/err"
	cat "$WORK/err"
	# Each was tried once.
	has_lines $((2 * N_VMS)) "$WORK/strict.log" && grep 'answered 400' "$WORK/err" | grep -q "$((2 * N_VMS)) dropped"
}

# --- names that want to be more than names

make_hostile() {
	local newline=$'\n'
	HOSTILE=("a${newline}b" '","severity":"none","x":"' "\$(touch $WORK/pwned)" "\`touch $WORK/pwned\`" $'\e[2J\e]0;x\a'
		$'\u202egnp' "$(printf 'x%.0s' {1..255})" '%s%n' "';--" "../../etc")
	ticks 0 8 5 "${HOSTILE[@]}" >"$WORK/hostile.jsonl"
}

watch_hostile() {
	start_server names ok || return
	watch --replay "$WORK/hostile.jsonl" --webhook "http://127.0.0.1:$(port_of names)/" --log "$WORK/hostile.log" \
		>"$WORK/hostile.out" 2>"$WORK/hostile.err"
}

names_arrive() {
	has_lines $((2 * ${#HOSTILE[@]})) "$WORK/names.log" &&
		jq -e -n '[inputs] | all(.[]; .type == "alert" and (.state | IN("firing", "resolved")) and
			.alert == "CpuThreshold" and .severity != "none") and
			(map(.vm) | unique == ($ARGS.positional | unique))' "$WORK/names.log" --args "${HOSTILE[@]}"
}

names_stay_on_their_lines() {
	has_lines $((2 * ${#HOSTILE[@]})) "$WORK/hostile.log" && [ ! -e "$WORK/pwned" ] &&
		! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/hostile.log" "$WORK/hostile.out" "$WORK/hostile.err"
}

# --- addresses

# refuses_address OPTION URL TEXT: one line with that text, and nothing is watched.
refuses_address() {
	watch --replay "$WORK/many.jsonl" "$1" "$2" >"$WORK/out" 2>"$WORK/err"
	local status=$?
	echo "status $status: $(cat "$WORK/err")"
	[ $status = 64 ] && [ ! -s "$WORK/out" ] && [ "$(lines_of "$WORK/err")" = 1 ] && grep -qF -e "$3" "$WORK/err" &&
		! grep -q secret "$WORK/err"
}

refuses_addresses() {
	refuses_address --webhook ftp://x "--webhook: 'ftp://' is not supported" &&
		refuses_address --alertmanager localhost:9093 '--alertmanager: http:// or https:// is missing' &&
		refuses_address --webhook http://jane:secret@host:99999/ '--webhook: it is not a URL'
}

keeps_secrets() {
	watch --replay "$WORK/many.jsonl" --webhook "http://jane:secret@127.0.0.1:$(port_of strict)/services/T0/sesame?a=sesame" \
		>"$WORK/out" 2>"$WORK/err"
	cat "$WORK/err"
	grep -qF "http://***@127.0.0.1:$(port_of strict)/services/..." "$WORK/err" &&
		! grep -qE 'jane|secret|sesame|T0' "$WORK/out" "$WORK/err"
}

# A network in which every packet gets lost, and a name server in it.
in_nowhere() {
	# shellcheck disable=SC2016
	unshare -nm sh -c '
		ip link set lo up && ip link add nowhere type bridge && ip addr add 192.0.2.2/24 dev nowhere &&
		ip link set nowhere up && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev nowhere &&
		echo nameserver 192.0.2.1 >"$1" && mount --bind "$1" /etc/resolv.conf || exit 77
		shift
		exec "$@"' sh "$WORK/resolv.conf" "$@"
}

name_is_not_waited_for() {
	local begun=$SECONDS
	in_nowhere "$VMBPF" watch --cpu-threshold 90 --for 0s --replay "$WORK/many.jsonl" --log "$WORK/nowhere.log" \
		--webhook http://some.example/ >/dev/null 2>"$WORK/err"
	local status=$? took=$((SECONDS - begun))
	echo "status $status after $took s: $(cat "$WORK/err")"
	[ $status = 0 ] && [ $took -le 8 ] && has_lines $((2 * N_VMS)) "$WORK/nowhere.log" &&
		grep "webhook http://some.example: " "$WORK/err" | grep -q "$((2 * N_VMS)) dropped"
}

[ -x "$SERVER" ] || skip_all "$SERVER is not built"
start_server down refuse
if [ -z "$ALERTMANAGER" ] || ! command -v curl >/dev/null; then
	skip "what fires appears in a real Alertmanager" "needs prometheus-alertmanager and curl (tools/setup test)"
elif ! start_alertmanager; then
	ok "an Alertmanager starts" cat "$WORK/alertmanager.log" "$WORK/no-alertmanager"
else
	watch_from_pipe
	ok "what fires appears in a real Alertmanager, with labels that say who it is" fires_there
	ok "where two alerts of a rule are one group" is_one_group
	ok "and they end there when they do" resolves_there
	ok "another Alertmanager that is down is told, and holds nothing up" ends_by_itself
fi

make_many
start_servers
start_watch_with_bad_ones
ok "neither the log nor a webhook waits for others that hang, refuse, fail or trickle" nothing_waits_for_the_bad_ones
ok "nor does the end, for long" ends_within_its_time
ok "what did not arrive is counted at the end, with the reason" losses_are_told
ok "what is refused for good is not tried again" refused_for_good

make_hostile
watch_hostile
ok "a webhook gets names that look like JSON or commands as what they are" names_arrive
ok "and in the log they stay on their lines" names_stay_on_their_lines

ok "an address that is none is refused in one line" refuses_addresses
ok "what is secret in an address is told nobody" keeps_secrets
if [ "$(id -u)" = 0 ] && in_nowhere true 2>/dev/null; then
	ok "a name server that does not answer holds nothing up" name_is_not_waited_for
else
	skip "a name server that does not answer holds nothing up" "needs root, and a network namespace with a bridge"
fi
