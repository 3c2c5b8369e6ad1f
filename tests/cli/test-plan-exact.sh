#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# plan counts what there will be, and not what there is: under the policy that it says to write,
# a scan finds the very sums that it foretold. Over policies that are drawn at random, the same
# ones in each run: rules by size before, behind and between others, and both defaults.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/tree

# ---- A tree in which each rule below matches some files, and no two the same ones --------

sizes=(0 1K 12K 32767 33K 34K 100K 300K 1M 3M 20M)
for folder in . models models/old cache cache/models tagged; do
	mkdir -p "$D/$folder"
	for size in "${sizes[@]}"; do
		for i in 1 2; do truncate -s "$size" "$D/$folder/$size-$i"; done
	done
done
chmod 755 "$D"/{.,models,cache}/*-1
chown 1234 "$D"/{.,cache,cache/models}/*-2
touch -d '3 weeks ago' "$D"/models/old/*
for size in 33K 1M 20M; do
	setfattr -n user.kind -v hot "$D"/{.,models,cache}/"$size-2"
done
setfattr -n trusted.fsdax -v yes "$D/tagged" "$D/cache/3M-1"
setfattr -n trusted.fsdax -v no "$D/models/20M-1"
# Files that have several names: what they say is merged, and differs in nearly all policies.
for size in 1K 33K 1M 3M; do
	truncate -s "$size" "$D/models/link-$size"
	ln "$D/models/link-$size" "$D/link-$size"
	truncate -s "$size" "$D/cache/link-$size"
	ln "$D/cache/link-$size" "$D/tagged/cached-$size"
	truncate -s "$size" "$D/tagged/link-$size"
	ln "$D/tagged/link-$size" "$D/tagged-$size"
	truncate -s "$size" "$D/models/old/link-$size"
	ln "$D/models/old/link-$size" "$D/cache/models/old-$size"
done

# ---- What plan says to write -------------------------------------------------------------

# edited: the policy, as plan for people says to change it, without the rule that is new.
edited() {
	local line names

	line=$(grep '^Write this before all other rules' <<<"$OUT")
	names=$(grep -oE 'rule [^ ]+ \(' <<<"$line" | cut -d ' ' -f 2 | tr '\n' ' ')
	awk -v names=" $names" '
		/^\[/ { gone = /^\[rule / && index(names, " " substr($2, 1, length($2) - 1) " ") }
		!gone' "$POLICY" |
		if [[ $line == *"in place of default = yes"* ]]; then
			grep -v '^default'
		else
			cat
		fi
}

# shellcheck disable=SC2016 # the dollars are jq's
FORETOLD='.recommended as $new
	| [[.fixed[] | [.rule, .reason, .files, .bytes, .chunks]],
	   [("files", "bytes", "chunks", "descriptors", "page_cache") as $key
	    | $new[$key] + ([.fixed[][$key]] | add // 0)]]'
FOUND='[[.decided_by[] | select(.dax and .files > 0 and .reason != "default"
			        and ((.rule // "") | startswith("window-") | not))
	 | [.rule, .reason, .files, .bytes, .chunks]],
	[.yes | .files, .bytes, .chunks, .descriptors, .page_cache]]'
FITTING=0

# foretells NAME: for two windows, one of which is too small for all.
foretells() {
	local window plan foretold found

	run ctl plan -q --root "$D" --window 4G "$D"
	exits 0 "$1: plan"
	edited >"$SCRATCH/edited.ini"
	for window in 128M 4G; do
		plan=$(ctl plan -q --root "$D" --window "$window" --json "$D")
		if [[ $(jq .recommended <<<"$plan") == null ]]; then
			report yes "$1: nothing more fits $window"
			continue
		fi
		FITTING=$((FITTING + 1))
		foretold=$(jq -c "$FORETOLD" <<<"$plan")
		jq -r .recommended.policy <<<"$plan" | cat - "$SCRATCH/edited.ini" >"$SCRATCH/new.ini"
		found=$(POLICY=$SCRATCH/new.ini ctl scan -q --root "$D" --json "$D" | jq -c "$FOUND")
		is "$foretold" "$found" "$1: what plan says for $window is what a scan finds"
		[[ $foretold == "$found" ]] || sed 's/^/# /' "$POLICY" "$SCRATCH/new.ini"
	done
}

# ---- Some policies that are known for something ------------------------------------------

write_policy '[rule models]
path = /models/**
dax = yes
[rule small]
size = < 32K
dax = no'
foretells "a yes comes back"
is "$(ctl plan --root "$D" --window 4G --json "$D" | jq -c '.fixed[] | select(.rule == "models") | .files')" \
	43 "also for files that the rule by size says no of"

write_policy '[rule models]
path = /models/**
dax = no
[rule large]
size = >= 1M
dax = yes'
foretells "a no comes back"

write_policy '[policy]
default = yes
[rule models]
path = /models/**
dax = yes
[rule old]
path = /models/old/**
size = >= 1M
dax = no
[rule small]
size = < 32K
size = = 3M
dax = no'
foretells "a yes behind a no comes back"

write_policy '[window]
descriptor-size = 65'
foretells "page descriptors of a chunk are of an odd size"

# ---- Policies at random ------------------------------------------------------------------

others=('path = /models/**' 'path = /cache/**' $'path = /**/models/**\npath = !/**/old/**'
	'path = *-1' 'mode = 0111' 'owner = 1234' 'age = > 2w' 'xattr = user.kind=hot'
	$'path = /cache/**\nsize = >= 300K' $'path = !/models/**\nsize = >= descriptors')
by_size=('size = < 32K' 'size = >= 1M' 'size = 12K..100K' 'size = >= descriptors'
	$'size = < 4K\nsize = > 2M')

# any_of ITEM...: in REPLY. Not in a subshell: those have random numbers of their own.
any_of() {
	REPLY=${*:RANDOM % $# + 1:1}
}

# draw: a policy of three to seven rules, in TEXT.
draw() {
	local n=$((RANDOM % 5 + 3)) i

	any_of no yes
	TEXT=$'[policy]\n'"default = $REPLY"
	for ((i = 0; i < n; i++)); do
		if ((RANDOM % 5 < 2)); then
			any_of "${by_size[@]}"
		else
			any_of "${others[@]}"
		fi
		TEXT+=$'\n'"[rule r$i]"$'\n'"$REPLY"
		any_of yes no
		TEXT+=$'\n'"dax = $REPLY"
	done
}

for ((seed = 1; seed <= 12; seed++)); do
	RANDOM=$seed
	draw
	write_policy "$TEXT"
	foretells "policy $seed"
done
holds "in most of them, something more fits ($FITTING)" test "$FITTING" -ge 15

done_testing
