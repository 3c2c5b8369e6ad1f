#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# plan: what it recommends fits the window, as a scan under that policy shows.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/tree
mkdir -p "$D/models"

# make COUNT SIZE NAME
make() {
	local i

	for ((i = 0; i < $1; i++)); do truncate -s "$2" "$D/$3-$i"; done
}
make 300 40K small
make 100 100K middle
make 5 300K some
make 20 1M large
make 10 8M huge
make 3 20M models/weights

STANDING='[rule worth-a-chunk]
size = >= descriptors
dax = yes
[rule models]
path = /models/**
dax = yes'
write_policy "$STANDING"

plan() {
	ctl plan --root "$D" "$@" "$D"
}
get() {
	jq -c "$1" <<<"$OUT"
}

# fits WINDOW [OPTION...]: a scan under the policy that plan recommends takes as many chunks as it said.
fits() {
	local chunks window=$1

	shift
	jq -r .recommended.policy <<<"$OUT" >"$SCRATCH/planned.ini"
	grep -A9 '^\[rule models\]' "$POLICY" >>"$SCRATCH/planned.ini"
	chunks=$("$FSDAX_CTL" scan --policy "$SCRATCH/planned.ini" --root "$D" --json "$D" "$@" |
		jq .yes.chunks)
	is "$chunks" "$(get '.recommended.chunks + ([.fixed[] | select(.fits) | .chunks] | add // 0)')" \
		"$window: a scan under the recommended policy takes what the plan says"
	holds "$window: and that fits ($chunks chunks)" test "$chunks" -le "$(get .usable_chunks)"
}

# ---- A threshold ---------------------------------------------------------------------------

run plan --window 512M --json
exits 0 "plan succeeds"
is "$(get '[.window, .chunk_size, .chunks, .usable_chunks, .window_descriptors]')" \
	'[536870912,2097152,256,205,8388608]' "the window"
is "$(get '[.fixed[] | [.rule, .files, .chunks, .fits]]')" '[["models",3,30,true]]' \
	"a rule that asks for more than the size is fixed"
is "$(get '.recommended | [.from, .below, .files, .chunks]')" '[65536,null,135,165]' \
	"the least round size from which on all fits beside it"
fits 512M
is "$(get '[.curve[] | select(.from <= 1048576) | [.from, .files, .chunks, .together, .fits]]')" \
	'[[32768,435,465,495,false],[40960,435,465,495,false],[65536,135,165,195,true],[102400,135,165,195,true],[294912,35,65,95,true],[1048576,30,60,90,true]]' \
	"the curve"
is "$(get '[.hot_sets[] | [.percent, .from]]')" \
	'[[100,65536],[50,65536],[20,32768],[10,32768],[5,32768],[2,32768],[1,32768]]' \
	"less in use at a time: a lower size"

run plan --window 2G --json
is "$(get .recommended.from)" 32768 "a large window: from the size on that is worth a chunk"
has "$(get .recommended.policy)" ">= descriptors" "which is what the shipped rule says"
fits 2G

run plan --window 128M --json
is "$(get '.recommended | [.from, .below]')" "[524288,8388608]" \
	"a small one: where the largest do not fit, a range"
fits 128M

# ---- Too large a file ------------------------------------------------------------------------

run plan --window 64M --json
is "$(get '.fixed[0].fits')" false "a rule that does not fit says so"
run ctl plan --root "$D" --window 16M --json "$D" --exclude /models
is "$(get '.recommended | [.from, .below, .files]')" "[131072,1048576,5]" "a smaller range"
fits 16M --exclude /models
run ctl plan --root "$D" --window 2M --json "$D"
is "$(get '[.usable_chunks, .recommended]')" '[0,null]' "a window of one chunk: nothing fits"
exits 0 "which is no failure"

# A rule that is taken out leaves its files to the others: to the new one, too.
mkdir "$D/logs"
make 40 300K logs/log
printf '[rule logs]\npath = /logs/**\ndax = %s\n' yes >>"$POLICY"
run plan --window 64M
has "$OUT" "narrow those that do
not fit, or let them say no." "what to do about rules that do not fit"
run plan --window 64M --json
is "$(get '[.fixed[] | [.rule, .fits]]')" '[["models",false],["logs",false]]' "two of them"
jq -r .recommended.policy <<<"$OUT" >"$SCRATCH/planned.ini"
printf '[rule %s]\npath = /%s/**\ndax = no\n' models models logs logs >>"$SCRATCH/planned.ini"
is "$("$FSDAX_CTL" scan --policy "$SCRATCH/planned.ini" --root "$D" --json "$D" | jq .yes.chunks)" \
	"$(get .recommended.chunks)" "once they say no, a scan takes what the plan says"
rm -r "$D/logs"
write_policy "$STANDING"

# ---- For people -----------------------------------------------------------------------------------

run plan --window 512M
exits 0 "plan for people"
has "$OUT" "A window of 512 MiB is 256 chunks of 2 MiB." "the window"
like "$OUT" "models *yes *3 *60 MiB *30 *960 KiB *60 MiB *11.7% *yes *$POLICY:4"$'\n' "a fixed rule"
like "$OUT" $'\n'' 64 KiB *135 *' "the curve has the recommended size"
has "$OUT" "Recommended: files of 64 KiB and more." "the recommendation"
has "$OUT" "in place of rule worth-a-chunk ($POLICY:1)" "what it stands in for"
has "$OUT" $'[rule window-512M]\nsize = >= 64K\ndax = yes\n' "the policy to paste"
has "$OUT" "hot set" "and what the numbers cannot know"
run plan --window 64M
has "$OUT" "Together they take 30 chunks" "rules that are too much together"
write_policy '[rule models]
path = /models/**
dax = yes'
run plan --window 512M
has "$OUT" "Write this before all other rules" "without a rule by size"

# ---- Where other rules come before those that go by size ------------------------------------------------

write_policy '[rule weights]
path = /models/**
dax = no
[rule tiny]
size = < 4K
dax = no'
run plan --window 1G
has "$OUT" "Write this before all other rules, in place of rule tiny ($POLICY:4):" \
	"a rule by size behind another one"
run plan --window 1G --html
like "$OUT" "Write this before all other rules, in place of rule <b>tiny</b> *:</p>" "and in a page"
run plan --window 1G --json
{
	jq -r .recommended.policy <<<"$OUT"
	head -3 "$POLICY"
} >"$SCRATCH/planned.ini"
is "$("$FSDAX_CTL" scan --policy "$SCRATCH/planned.ini" --root "$D" --json "$D" | jq -c '.yes.chunks')" \
	"$(get .recommended.chunks)" "written like that, it takes what the plan says"

# ---- Where the default is yes ---------------------------------------------------------------------------

write_policy '[policy]
default = yes
[rule models]
path = /models/**
dax = yes'
run plan --window 512M --json
is "$(get .recommended.from)" 65536 "a policy whose default is yes: the same size"
has "$(get .recommended.policy)" '[policy]\ndefault = no\n' "and the default is no"
fits 512M
run plan --window 512M
has "$OUT" "Write this before all other rules, and in place of default = yes:" "and what goes"
run plan --window 512M --html
has "$OUT" "before all other rules, and in place of <code>default = yes</code>:" "and in a page"

write_policy ''
mkdir "$MNT/empty"
run ctl plan --window 512M "$MNT/empty"
exits 0 "an empty tree"
run ctl plan --window 512M --json "$MNT/empty"
is "$(get .recommended.files)" 0 "fits any window"

# ---- Tags -------------------------------------------------------------------------------------------

setfattr -n trusted.fsdax -v yes "$D/huge-0"
setfattr -n trusted.fsdax -v no "$D/huge-1"
run plan --window 512M --json
is "$(get '[.fixed[] | [.reason, .dax, .files, .chunks]]')" '[["tag",true,1,4]]' \
	"what is tagged yes is fixed, and what is tagged no is out"
is "$(get '[.curve[] | select(.from == 8388608) | .files] | add')" 11 "neither is in the curve"

# ---- Wrong use -----------------------------------------------------------------------------------------

run ctl plan "$D"
exits 2 "no window"
has "$ERR" "--window" "says what is missing"
run plan --window 1M
exits 2 "a window smaller than a chunk"
run plan --window 0
exits 2 "a window of nothing"
run plan --window lots
exits 2 "no size at all"
run plan --window 300M
exits 0 "a window that is no power of two"
has "$ERR" "power of two" "is warned about"
run ctl plan --window 64M "$D/nothing"
exits 1 "a missing folder"
plan --window 64M >/dev/full 2>"$SCRATCH/err"
is "$?" 1 "a full disk is noticed"

done_testing
