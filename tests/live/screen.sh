#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen of top, as a terminal shows it: a recording, keys, and the text that is there then. Needs neither root
# nor VMs. VMBPF_ACCEPT=1 takes what is shown as what is expected (make golden).
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
# shellcheck source=tests/live/terminal.sh
. tests/live/terminal.sh
need_tmux

RECORDING=tests/golden/recording.jsonl
COLOURS_256="[38;5;166m [38;5;196m "
COLOURS_8="[31m [35m "
readonly RECORDING COLOURS_256 COLOURS_8

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

# The same VMs with names that are wide, combine, join, run to the left, and are as long as a file's may be.
rename_vms() {
	local long
	long=$(printf '\U1F469\u200D\U1F469\u200D\U1F467\u200D\U1F466%.0s' {1..10})12345
	sed -e 's/"database"/"資料庫-東京-データベース"/g' -e $'s/"web-1"/"e\u0301a\u0308o\u0302-combined"/g' \
		-e $'s/"archive"/"\u0634\u0628\u0643\u0629-\u05e9\u05dc\u05d5\u05dd"/g' -e "s/\"scratch\"/\"$long\"/g" \
		$RECORDING >"$WORK/names.jsonl"
}

opens_strange_names() {
	open_terminal "$1" "$2" "$3" "$VMBPF" top --replay "$WORK/names.jsonl" ${4:+"$4"} && shows "$1" '12:00:02'
}

# Where the numbers of the last column end, in cells: wc counts these.
is_aligned() {
	shown "$1" | sed -n '5,10p' | while IFS= read -r line; do
		printf '%s\n' "$line" | wc -L
	done | sort -u | wc -l | grep -qx 1
}

draws_ascii() {
	shown plain | grep -q '|||' && ! shown plain | LC_ALL=C grep -q '[^ -~]'
}

fits_any_size() {
	local size
	for size in "20 5" "300 100" "80 24"; do
		multiplexer resize-window -t names -x "${size% *}" -y "${size#* }"
		sleep 0.3
	done
	shows names combined && is_aligned names
}

opens_on() {
	TERMINAL_ENV="$2" opens_at_its_end "$1" 80 24
}

# colours_of TERMINAL: the sequences that set them, one a line.
colours_of() {
	multiplexer capture-pane -p -e -t "$1" | grep -o $'\033\\[[0-9;]*m' | grep -E '\[([0-9;]*;)?(3[0-8]|4[0-8])(;[0-9;]*)?m' | sort -u
}

has_colours() {
	[ "$(colours_of "$1" | tr -d '\033' | tr '\n' ' ')" = "$2" ] || { colours_of "$1" | cat -v; return 1; }
}

is_bold_without_colour() {
	has_colours "$1" "" && multiplexer capture-pane -p -e -t "$1" | grep -F '12.4!' | grep -q $'\033\\[\(0;\)*1m'
}

alerts_are_listed() {
	press small a
	looks_like small alerts && press small Down Down Enter && until_true 10 is_selected web-1 ||
		{ shown small; return 1; }
}

share_of_host() {
	press small I
	shows small '% of host' && shows small ' 33.8 ' && press small I && shows small '135.2'
}

units_cycle() {
	press small u
	shows small '330M' && press small u && shows small 'exact bytes' && press small u && shows small 'in bits' &&
		press small u && shows small '315M'
}

rename_vms
opens_strange_names names 80 24 &
opens_strange_names plain 80 24 --ascii &
opens_on many TERM=xterm-256color &
opens_on eight TERM=xterm &
opens_on mono TERM=vt100 &
opens_on none "TERM=xterm-256color NO_COLOR=1" &
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
ok "names of all scripts" looks_like names names
ok "leave the columns aligned" is_aligned names
ok "at any size of the window" fits_any_size
ok "--ascii draws with letters" draws_ascii
ok "256 colours" has_colours many "$COLOURS_256"
ok "eight of them" has_colours eight "$COLOURS_8"
ok "none on a terminal without" is_bold_without_colour mono
ok "nor where they are not wanted" is_bold_without_colour none
ok "what is beyond a threshold, and the way to it" alerts_are_listed
ok "CPU time is a share of the host if one likes" share_of_host
ok "bytes have the unit one likes" units_cycle
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

# What somebody has chosen, kept for the next time.
CONFIG=$XDG_CONFIG_HOME/vmbpf/top.conf
readonly CONFIG

headings() {
	shown "$1" | grep '^NAME' | tr -s ' ' | cut -d ' ' -f "2-$2" | sed 's/ $//'
}

has_headings() {
	local n
	n=$(wc -w <<<"$2")
	[ "$(headings "$1" $((n + 1)))" = "$2" ]
}

heads() {
	until_true 10 has_headings "$1" "$2" || { shown "$1"; return 1; }
}

# Space hides STATE, then VCPU moves to the right twice; a total is shown, and put first.
chooses_columns() {
	press own Space ']' ']' Escape
	heads own 'CPU%v USED% VCPU RDY%'
}

adds_a_column() {
	press own f / p i d Enter Space '[' q
	heads own 'CPU%v USED% VCPU RDY% CSW/s MEMUSED MEM RSS RX/s TX/s RD/s PID WR/s'
}

sorts_by_choice() {
	press own Home Enter
	heads own 'CPU% USED%' && shows own 'NAME^'
}

saves() {
	press own W
	shows own "saved in $CONFIG" && [ "$(stat -c %a "$CONFIG" "$XDG_CONFIG_HOME/vmbpf" | tr '\n' ' ')" = '600 700 ' ] &&
		[ "$(ls "$XDG_CONFIG_HOME/vmbpf")" = top.conf ]
}

# open_again NAME ARGUMENT...: with what was saved.
open_again() {
	local name=$1
	shift
	open_terminal "$name" 120 40 "$VMBPF" top --replay $RECORDING "$@" && shows "$name" '12:00:02'
}

comes_back() {
	open_again again && heads again 'CPU% USED% VCPU RDY%' && shows again 'NAME^' && is_shown again ' PID '
}

command_line_wins() {
	open_again told --fields ready,cpu -s ready -r && heads told 'RDY%^ CPU%' && is_not_shown told 'NAME^'
}

is_passed_over() {
	printf 'screen = cpu\ncpu.columns = ready,redy\n\001\377 rubbish\n' >"$CONFIG"
	open_again damaged "2>'$WORK/damaged'" && heads damaged RDY% && [ "$(wc -l <"$WORK/damaged")" = 2 ] &&
		grep -q "$CONFIG:2: VMs have no column 'redy'" "$WORK/damaged" && grep -q "$CONFIG:3: " "$WORK/damaged"
}

opens_in_spite_of() {
	rm -rf "$CONFIG" && "$@" "$CONFIG" && open_again "$1" "2>'$WORK/spite'" && heads "$1" 'STATE VCPU' &&
		[ "$(wc -l <"$WORK/spite")" = 1 ] && grep -q "cannot read $CONFIG" "$WORK/spite"
}

says_why_not() {
	open_terminal "$1" 120 40 env -u HOME XDG_CONFIG_HOME="$2" "$VMBPF" top --replay $RECORDING &&
		shows "$1" '12:00:02' && press "$1" W && shows "$1" "not saved: $3"
}

ends_with_its_keeper() {
	local pid keeper
	open_again killed && pid=$(pid_in killed) && keeper=$(pgrep -P "$pid") || return 1
	kill -KILL "$pid"
	until_true 10 is_gone "$keeper"
}

opens_at_its_end own 120 40
press own F2
ok "the columns to choose from" looks_like own columns
ok "columns are hidden and moved" chooses_columns
ok "and shown" adds_a_column
press own F6
ok "what to sort by" looks_like own sort
ok "is chosen" sorts_by_choice
ok "W saves all that" saves
ok "and it comes back" comes_back
ok "but what the command line says counts" command_line_wins
ok "what is damaged is told, and passed over" is_passed_over
ok "a folder in place of the file is told" opens_in_spite_of mkdir
ok "so is a pipe, which nobody waits for" opens_in_spite_of mkfifo
rm -rf "$XDG_CONFIG_HOME"
ok "where it cannot be saved, that is said" says_why_not proc /proc/none /proc/none/vmbpf/top.conf:
ok "and where nobody knows where to" says_why_not nowhere '' neither
ok "what saves ends with it, even when that is killed" ends_with_its_keeper
opens_at_its_end crash 80 24
ok "a crash gives the terminal back" ends_by_signal crash SEGV
ok "it ends when its terminal goes away" ends_with_its_terminal
ok "Ctrl-Z stops it and fg goes on" stops_and_goes_on
