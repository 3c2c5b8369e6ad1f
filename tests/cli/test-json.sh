#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --json: every command prints JSON that a strict reader takes, whatever the names are, and
# the bytes of a path can be had back from it.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/tree
mkdir "$D"
write_policy '[rule "odd" \ name]
size = >= 0
dax = yes'

# Names that break one thing or another.
# shellcheck disable=SC2016 # nothing is to be expanded
names=(
	plain
	$'new\nline'
	$'tab\tbell\a'
	'quote"back\slash'
	'$(command) `x` %s %n'
	$'esc\e[31m'
	'slash∕'
	'ümläut ☃ 𝄞'
	$'\xff\xfe'
	$'cut \xe2\x98'
	$'overlong \xc0\xaf'
	$'surrogate \xed\xa0\x80'
	$'too far \xf4\x90\x80\x80'
	$'\x7f'
)
for name in "${names[@]}"; do truncate -s 100K "$D/$name"; done

# The hexadecimal bytes of each path in the JSON that `run` saw, sorted.
paths_in_json() {
	jq -r 'select(.path) | .path_bytes // (.path | @json)' <<<"$OUT" | while IFS= read -r path; do
		if [[ $path == \"* ]]; then
			jq -j . <<<"$path" | od -An -v -tx1 | tr -d ' \n'
			echo
		else
			echo "$path"
		fi
	done | sort
}

wanted() {
	for name in "${names[@]}"; do
		printf '%s' "$D/$name" | od -An -v -tx1 | tr -d ' \n'
		echo
	done | sort
}

# shellcheck disable=SC2317 # it is called by holds
# Strict: jq repairs bytes that are not UTF-8, iconv does not.
valid() {
	printf '%s\n' "$OUT" | iconv -f UTF-8 -t UTF-8 >/dev/null && jq -e . <<<"$OUT" >/dev/null
}

files=("${names[@]/#/$D/}")
printf '[rule none]\ndax = no\n' >"$SCRATCH/none.ini"

run ctl explain --json "${files[@]}"
exits 0 "explain"
holds "explain: valid" valid
is "$(paths_in_json)" "$(wanted)" "explain: every path can be had back"
run ctl explain --json -v "${files[@]}"
holds "explain -v: valid" valid
is "$(paths_in_json)" "$(wanted)" "explain -v: every path can be had back"
run ctl scan --json -v "$D"
holds "scan -v: valid" valid
is "$(paths_in_json)" "$(wanted)" "scan -v: every path can be had back"
run "$FSDAX_CTL" diff --json "$POLICY" "$SCRATCH/none.ini" "$D"
holds "diff: valid" valid
is "$(paths_in_json)" "$(wanted)" "diff: every path can be had back"
run "$FSDAX_CTL" state --json "${files[@]}"
holds "state: valid" valid
is "$(paths_in_json)" "$(wanted)" "state: every path can be had back"
run ctl plan --window 64M --json "$D"
holds "plan: valid" valid

is "$(ctl explain --json "$D/plain" | jq -r .rule)" '"odd" \ name' "a rule's odd name"
is "$(ctl explain --json "$D/plain" | jq -c keys_unsorted)" \
	'["path","dax","reason","rule","file","line","links","bad_tag"]' "the members of a decision"
is "$(ctl explain --json "$D/"$'\xff\xfe' | jq -r .path)" "$D/"$'\xef\xbf\xbd\xef\xbf\xbd' \
	"wrong bytes are shown as U+FFFD"

# ---- A policy file with an odd name -----------------------------------------------------------

odd=$SCRATCH/$'pol\xff\n.ini'
cp "$POLICY" "$odd"
run "$FSDAX_CTL" explain --json --policy "$odd" "$D/plain"
holds "valid with an odd policy file" valid
is "$(jq -r .file_bytes <<<"$OUT")" "$(printf '%s' "$odd" | od -An -v -tx1 | tr -d ' \n')" \
	"whose bytes can be had back"
run "$FSDAX_CTL" explain --policy "$odd" "$D/plain"
is "$(wc -l <<<"$OUT")" 1 "and whose name does not make a line"
run "$FSDAX_CTL" check --json "$odd"
holds "check: valid" valid

# ---- Threads do not mix lines -----------------------------------------------------------------

mkdir "$D/many"
(cd "$D/many" && for i in {1..40}; do mkdir "$i" && touch "$i/"{1..50}; done)
run ctl scan -j 4 --json -v "$D/many"
is "$(wc -l <<<"$OUT")" 2001 "four threads: a line for each file, and the sums"
holds "four threads: every line is whole" valid
for file in explain scan diff; do
	case $file in
	explain) ctl explain -R --json "$D/many" ;;
	scan) ctl scan -v --json "$D/many" ;;
	diff) "$FSDAX_CTL" diff --json "$POLICY" "$SCRATCH/none.ini" "$D/many" ;;
	esac >/dev/full 2>"$SCRATCH/err"
	is "$?" 1 "$file: a full disk is noticed"
	has "$(cat "$SCRATCH/err")" "No space left" "$file: and named"
done

done_testing
