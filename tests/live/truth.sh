#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vmbpf counts on the lab is what the kernel counts.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }

trap 'tools/lab down >/dev/null 2>&1' EXIT
tools/lab up >/dev/null 2>"${TMPDIR:-/tmp}/lab.$$" || {
	sed 's/^/# /' "${TMPDIR:-/tmp}/lab.$$"
	rm -f "${TMPDIR:-/tmp}/lab.$$"
	exit 1
}
rm -f "${TMPDIR:-/tmp}/lab.$$"
build/tests/truth build/vmbpf 10
