# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the live tests share: TAP, vmbpf in the background, domains of their own. Sourced, not run.

VMBPF=${VMBPF:-build/vmbpf}
WORK=$(mktemp -d)
N_RESULTS=0
N_FAILED=0

# ok SENTENCE COMMAND...: one result; what the command printed is shown when it failed.
ok() {
	local sentence=$1
	shift
	N_RESULTS=$((N_RESULTS + 1))
	if "$@" >"$WORK/said" 2>&1; then
		echo "ok $N_RESULTS - $sentence"
	else
		N_FAILED=$((N_FAILED + 1))
		echo "not ok $N_RESULTS - $sentence"
		head -n 20 "$WORK/said" | sed 's/^/# /'
	fi
}

skip() {
	N_RESULTS=$((N_RESULTS + 1))
	echo "ok $N_RESULTS - $1 # SKIP $2"
}

# Ends a test file as a whole: nothing in it can run here.
skip_all() {
	echo "1..0 # SKIP $1"
	trap - EXIT
	rm -rf "$WORK"
	exit 0
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

need_kvm() {
	[ -e /dev/kvm ] || skip_all "this machine has no /dev/kvm"
}

finish() {
	local status=$?
	trap - EXIT
	jobs -p | xargs -r kill 2>/dev/null
	wait 2>/dev/null
	type cleanup >/dev/null 2>&1 && cleanup
	rm -rf "$WORK"
	[ "$status" = 0 ] || { N_FAILED=$((N_FAILED + 1)); echo "# the test ended with status $status"; }
	echo "1..$N_RESULTS"
	[ "$N_FAILED" = 0 ] || exit 1
	exit 0
}
trap finish EXIT
trap 'exit 130' INT TERM

# until_true SECONDS COMMAND...: waits for a condition, looking ten times a second.
until_true() {
	local tries=$(($1 * 10))
	shift
	while [ "$tries" -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
		tries=$((tries - 1))
	done
	return 1
}

# start_stream ARGUMENT...: vmbpf stream in the background; its lines are in $STREAM, its pid in $STREAM_PID.
start_stream() {
	STREAM=$WORK/stream.jsonl
	: >"$STREAM"
	# A shell without job control has its background jobs ignore SIGINT.
	env --default-signal=INT "$VMBPF" stream "$@" >"$STREAM" 2>"$WORK/stream.err" &
	STREAM_PID=$!
	until_true 10 test -s "$STREAM"
}

stop_stream() {
	kill "$STREAM_PID" 2>/dev/null
	wait "$STREAM_PID" 2>/dev/null
}

# The lines of the last complete tick: a tick begins with the line of the host.
last_tick() {
	tac "$STREAM" | awk '
		/^\{"type":"host"/ { if (whole) { print; exit } whole = 1; next }
		whole' | tac
}

# Waits until N more ticks are complete.
next_ticks() {
	local now
	now=$(grep -c '^{"type":"host"' "$STREAM")
	until_true 30 has_ticks $((now + $1 + 1))
}

has_ticks() {
	[ "$(grep -c '^{"type":"host"' "$STREAM")" -ge "$1" ]
}

# tick_has FILTER: whether a line of the last tick is selected by the jq filter.
tick_has() {
	last_tick | jq -e -s "any(.[]; $1)" >/dev/null
}

# No rate of the whole stream is negative, and no thread had more than its CPU.
no_absurd_rate() {
	jq -e -s '
		[.[] | to_entries[] | select(.key | test("_(percent|per_second)$")) |
			select(.value != null and (.value < 0 or .value > 1e12))] | length == 0' \
		"$STREAM" >/dev/null &&
		jq -e -s 'all(.[] | select(.type == "vcpu" and .cpu_percent != null); .cpu_percent <= 102)' \
			"$STREAM" >/dev/null
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# Names of the BPF programs of vmbpf that have been loaded since the test began.
our_programs() {
	bpftool prog list -j | jq -r --argjson old "$LOADED_BEFORE" '.[] | select(.id > $old) | select(.name | IN(
		"on_switch", "on_newtask", "walk", "walk_tasks", "on_receive", "on_xmit", "list_files",
		"on_exit", "on_exit_with_reason", "on_exit_of_any_form", "on_entry", "on_userspace_exit", "on_pio",
		"on_mmio", "on_fast_mmio")) | .name'
}

LOADED_BEFORE=$(bpftool prog list -j 2>/dev/null | jq '[.[].id, 0] | max' 2>/dev/null || echo 0)

no_programs() {
	[ -z "$(our_programs)" ]
}

# A paused domain of no guest: the smallest real QEMU under libvirt.
# tiny_domain NAME [XML...]: the XML goes into <devices>.
tiny_domain() {
	local name=$1
	shift
	cat <<-E
	<domain type='qemu'><name>$name</name><memory unit='MiB'>16</memory>
	<vcpu current='1'>4</vcpu>
	<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/><apic/></features>
	<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>$*</devices></domain>
	E
}
