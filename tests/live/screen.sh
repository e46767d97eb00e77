#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen of top, as a terminal shows it: a recording, keys, and the text that is there then. Needs neither root
# nor VMs. VMBPF_ACCEPT=1 takes what is shown as what is expected (make golden).
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/terminal.sh
. tests/live/terminal.sh
need_tmux

RECORDING=tests/golden/recording.jsonl
readonly RECORDING

cleanup() {
	close_terminals
}

is_like() {
	shown "$1" | cmp -s - "$2"
}

# looks_like NAME FILE: the whole screen, within some seconds.
looks_like() {
	local file=tests/golden/screen-$2.txt
	if [ "${VMBPF_ACCEPT:-}" ]; then
		sleep 1
		shown "$1" >"$file"
	fi
	until_true 10 is_like "$1" "$file" || { shown "$1" | diff "$file" -; return 1; }
}

# A recording is played at its own speed, and stays at its end.
opens_at_its_end() {
	open_terminal "$1" "$2" "$3" "$VMBPF" top --replay $RECORDING && shows "$1" '12:00:02'
}

sorted_by_name() {
	press small N
	until_true 10 rows_begin small "=cm arc dat scr web " || { shown small; return 1; }
}

# The selected row is the only one in reverse below the headings.
selected_row() {
	multiplexer capture-pane -p -e -t "$1" | sed -n '6,$p' | grep -F $'\033[7m' | head -n 1
}

is_selected() {
	selected_row small | grep -q "$1"
}

selection_follows() {
	press small / d a t Enter
	until_true 10 is_selected database || { shown small; return 1; }
	press small r
	until_true 10 eval 'shown small | sed -n 6p | grep -q web' && is_selected database || { shown small; return 1; }
}

survives_all_sizes() {
	local size
	for size in "20 5" "1 1" "300 100" "40 8" "7 60" "80 24"; do
		multiplexer resize-window -t small -x "${size% *}" -y "${size#* }"
		sleep 0.2
	done
	shows small database
}

# The bytes of a name that would move the cursor or set a colour arrive as something else.
names_are_harmless() {
	shown wide | grep -F "=cmd|'/bin/sh'?[2J"
}

ends_with() {
	press "$1" "$2"
	shows "$1" "ended with $3"
}

is_as_before() {
	! shown small | grep -q 'RDY%' && [ "$(multiplexer display-message -p -t small '#{alternate_on}')" = 0 ]
}

pid_in() {
	pgrep -P "$(multiplexer display-message -p -t "$1" '#{pane_pid}')" -f 'vmbpf top'
}

ends_by_signal() {
	kill "-$2" "$(pid_in "$1")" && shows "$1" 'ended with' &&
		[ "$(multiplexer display-message -p -t "$1" '#{alternate_on}')" = 0 ]
}

# As under nohup, where the signal that says so is ignored.
ends_with_its_terminal() {
	local pid
	multiplexer new-session -d -s lost -x 80 -y 24 "trap '' HUP; exec env LC_ALL=C.UTF-8 $VMBPF top --replay $RECORDING"
	shows lost '12:00:02' || return 1
	pid=$(multiplexer display-message -p -t lost '#{pane_pid}')
	multiplexer kill-session -t lost
	until_true 10 is_gone "$pid"
}

stops_and_goes_on() {
	multiplexer new-session -d -s shell -x 80 -y 24 'PS1="ready>" LC_ALL=C.UTF-8 TZ=UTC bash --norc --noprofile -i'
	shows shell 'ready>'
	press shell "NO_COLOR=1 $VMBPF top --replay $RECORDING" Enter
	shows shell 'load' && shows shell '12:00:02' && has_mouse shell && press shell C-z &&
		shows shell 'Stopped' && has_no_mouse shell &&
		press shell 'fg' Enter && lacks shell 'Stopped' && shows shell '12:00:02' && has_mouse shell &&
		press shell q && shows shell 'ready>' && has_no_mouse shell
}

# On a terminal whose mouse curses knows.
opens_with_mouse() {
	TERMINAL_ENV="NO_COLOR=1 TERM=xterm-256color" opens_at_its_end mouse 80 24 && has_mouse mouse
}

# rows_begin TERMINAL PREFIXES: the names of the list, three characters of each.
rows_begin() {
	[ "$(shown "$1" | sed -n '6,10p' | cut -c 1-3 | tr '\n' ' ')" = "$2" ]
}

clicked_heading_sorts() {
	point mouse 0 3 5
	until_true 10 rows_begin mouse "=cm arc dat scr web " && shows mouse 'NAME^' &&
		point mouse 0 3 5 && until_true 10 rows_begin mouse "web scr dat arc =cm " &&
		point mouse 0 48 5 && shows mouse 'RDY%v' || { shown mouse; return 1; }
}

selected_is() {
	selected_row "$1" | grep -qF "$2"
}

clicked_row_is_selected() {
	point mouse 0 10 7
	until_true 10 selected_is mouse web-1 && point mouse 0 10 7 && shows mouse 'vcpu 0' &&
		point mouse 0 10 7 && lacks mouse 'vcpu 0' || { shown mouse; return 1; }
}

wheel_moves() {
	point mouse 65 10 7
	until_true 10 selected_is mouse archive && point mouse 64 10 7 && until_true 10 selected_is mouse web-1
}

gives_mouse_back() {
	kill -SEGV "$(pid_in mouse)"
	shows mouse 'ended with' && has_no_mouse mouse
}

opens_with_mouse &
opens_at_its_end small 80 24 &
opens_at_its_end middle 120 40 &
opens_at_its_end wide 200 50 &
wait
ok "80 columns of 24 lines show the overview" looks_like small overview-80
ok "120 of 40 show it" looks_like middle overview-120
ok "200 of 50 show it" looks_like wide overview-200
ok "a name with control characters is harmless" names_are_harmless
press middle c e
ok "the CPU screen, unfolded" looks_like middle cpu
press middle t
ok "threads by their roles" looks_like middle threads
press middle e n e
ok "the network screen, by interface" looks_like middle network
press middle d
ok "the disk screen, by disk" looks_like middle disk
press middle m
ok "the memory screen" looks_like middle memory
press middle x
ok "the screen of exits" looks_like middle exits
press middle o / d a t Enter i
ok "all about a VM" looks_like middle detail
press small / d a t Enter i
ok "in a small window its first lines" looks_like small detail-80
press small Down Down Down
ok "it is scrolled" lacks small 'database  running'
press small Escape
ok "Esc goes back to the list" shows small 'RDY%'
press middle Escape
press middle '?'
ok "the keys" looks_like middle help
ok "one key sorts by name" sorted_by_name
ok "the selection follows the VM that was searched" selection_follows
press small F4 'ready > 5' Enter
ok "a filter leaves what matches" lacks small archive
press small F4 'redy > 5' Enter
ok "a wrong one says what is wrong" shows small 'no metric is called "redy"'
press small F4 Enter
ok "an empty one shows all" shows small archive
ok "a click on a heading sorts by it" clicked_heading_sorts
ok "a click on a row selects it, another one unfolds it" clicked_row_is_selected
ok "the wheel moves the selection" wheel_moves
ok "a crash gives the mouse back" gives_mouse_back
ok "any size of the window is borne" survives_all_sizes
ok "q ends it" ends_with small q 0
ok "and the terminal is as before" is_as_before
ok "Ctrl-C ends it likewise" ends_with wide C-c 0
ok "so does SIGTERM" ends_by_signal middle TERM
opens_at_its_end crash 80 24
ok "a crash gives the terminal back" ends_by_signal crash SEGV
ok "it ends when its terminal goes away" ends_with_its_terminal
ok "Ctrl-Z stops it and fg goes on" stops_and_goes_on
