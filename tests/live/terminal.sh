# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Terminals that programs run in, driven by tmux. Sourced after lib.sh, not run.

# A server of its own, that knows nothing of the user's.
multiplexer() {
	TMUX='' tmux -f /dev/null -S "$WORK/tmux" "$@"
}

need_tmux() {
	command -v tmux >/dev/null || skip_all "tmux is not installed"
}

# open_terminal NAME COLUMNS LINES COMMAND...: stays when the command has ended, and says how it did.
open_terminal() {
	local name=$1 columns=$2 lines=$3
	shift 3
	multiplexer new-session -d -s "$name" -x "$columns" -y "$lines" \
		"LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1 $*; echo ended with \$?; sleep 1000"
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
