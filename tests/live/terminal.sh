# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Terminals that programs run in, driven by tmux. Sourced after lib.sh, not run.

# What somebody has saved for themselves must not change what is tested.
export XDG_CONFIG_HOME=$WORK/config

# A server of its own, that knows nothing of the user's.
multiplexer() {
	TMUX='' tmux -f /dev/null -S "$WORK/tmux" "$@"
}

need_tmux() {
	command -v tmux >/dev/null || skip_all "tmux is not installed"
}

# What a program is told about its terminal is in $TERMINAL_ENV, for env.
# open_terminal NAME COLUMNS LINES COMMAND...: stays when the command has ended, and says how it did.
open_terminal() {
	local name=$1 columns=$2 lines=$3
	shift 3
	multiplexer new-session -d -s "$name" -x "$columns" -y "$lines" \
		"LC_ALL=C.UTF-8 TZ=UTC ${TERMINAL_ENV:-NO_COLOR=1} $*; echo ended with \$?; sleep 1000"
}

close_terminals() {
	multiplexer kill-server 2>/dev/null
}

shown() {
	multiplexer capture-pane -p -t "$1"
}

is_shown() {
	shown "$1" | grep -qF -e "$2"
}

is_not_shown() {
	! is_shown "$1" "$2"
}

# shows NAME TEXT: within some seconds.
shows() {
	until_true 10 is_shown "$1" "$2" || { shown "$1"; return 1; }
}

lacks() {
	until_true 10 is_not_shown "$1" "$2" || { shown "$1"; return 1; }
}

# press NAME KEY...
press() {
	multiplexer send-keys -t "$@"
	sleep 0.2
}

# point NAME BUTTON COLUMN LINE: a click, counted from 1, as xterm tells it; 64 and 65 are the wheel, which has no release.
point() {
	press "$1" -l $'\e'"[<$2;$3;$4M"
	[ "$2" -ge 64 ] || press "$1" -l $'\e'"[<$2;$3;$4m"
}

# Whether the program has asked for the mouse.
has_mouse() {
	[ "$(multiplexer display-message -p -t "$1" '#{mouse_any_flag}')" = 1 ]
}

has_no_mouse() {
	! has_mouse "$1"
}
