#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that tenants may choose: every output stays what it is, and nothing reaches the terminal or a shell.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/live/lib.sh
need_root

NAMES=(
	$'line\nbreak'
	$'tab\there'
	'quote "x" \ {a="b"}'
	"it's"
	'a,b=c'
	'x&<y>'
	'.'
	'-rf'
	'$(id)'
	' leading space'
	'=1+1'
	'имя 🦄'
	"$(printf 'n%.0s' $(seq 247))"
)

# Destroyed by these, since names like the above are no safe arguments.
uuid_of() {
	printf '766d6270-0000-4000-8000-%012d' "$1"
}

domain_xml() {
	local escaped
	escaped=$(printf '%s' "${NAMES[$1]}" | jq -Rs -r '@html' | sed ':a;N;$!ba;s/\n/\&#10;/g')
	tiny_domain "$escaped" | sed "s|<memory |<uuid>$(uuid_of "$1")</uuid>&|"
}

cleanup() {
	for i in "${!NAMES[@]}"; do
		virsh destroy "$(uuid_of "$i")" >/dev/null 2>&1
	done
	tools/lab down >/dev/null 2>&1
}

create_all() {
	local i
	for i in "${!NAMES[@]}"; do
		domain_xml "$i" >"$WORK/name.xml"
		virsh create --paused "$WORK/name.xml" >/dev/null || { echo "not created: ${NAMES[$i]}"; return 1; }
	done
}

json_has_every_name() {
	local name
	"$VMBPF" stream -n 2 -d 0.5 --scope vm >"$WORK/names.jsonl" 2>/dev/null || return 1
	jq -e . "$WORK/names.jsonl" >/dev/null || return 1
	for name in "${NAMES[@]}"; do
		jq -e -s --arg name "$name" 'any(.[]; .vm == $name and .uuid != null and .pid != null)' \
			"$WORK/names.jsonl" >/dev/null || { echo "not found: $name"; return 1; }
	done
}

# One line a VM, and no control character in any.
table_is_clean() {
	"$VMBPF" top --once >"$WORK/table" 2>/dev/null || return 1
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/table" &&
		[ "$(grep -c ' paused ' "$WORK/table")" = ${#NAMES[@]} ]
}

csv_has_one_record_a_vm() {
	"$VMBPF" top --once -o csv --fields name,state >"$WORK/names.csv" 2>/dev/null || return 1
	[ "$(grep -c 'paused' "$WORK/names.csv")" = ${#NAMES[@]} ] && ! grep -qE '(^|,)"?=1' "$WORK/names.csv"
}

filter_finds() {
	[ "$("$VMBPF" top --once --no-headers -f "name = '\$(id)'" 2>/dev/null | wc -l)" = 1 ]
}

tools/lab up lab-idle >/dev/null 2>&1 || { echo "# the lab does not start"; exit 1; }
ok "libvirt takes these names" create_all
ok "JSON lines carry every name as it is" json_has_every_name
ok "the table has one clean line a VM" table_is_clean
ok "CSV has one record a VM, and none that a spreadsheet would run" csv_has_one_record_a_vm
ok "a filter compares such a name as text" filter_finds
