#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# threads
#
# Decisions written down.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4
d=$MNT/t
mkdir -p "$d"/{models,logs,hand}/sub
truncate -s 64K "$d"/{models,logs,hand}/{big.bin,sub/other.bin} "$d/hand/said-no"
touch "$d"/{models,logs,hand}/small
ln -s models/big.bin "$d/link"
mkfifo "$d/pipe"
write_policy '[rule big]
size = >= 32K
dax = yes
[rule logs]
path = logs/**
dax = no'

before=$(dump "$d"; ctimes "$d")
run ctl apply -n --root "$d" "$d"
exits 0 "a dry run succeeds"
is "$(dump "$d"; ctimes "$d")" "$before" "and changes nothing"
has "$OUT" $'yes\t'"$d/models/big.bin" "it says what would be written"
is "$(tail -n 1 <<<"$OUT")" "10 would be written, 0 unchanged" "and how much"

ctl set -q "$d/hand/small"
ctl set -q --dax=no "$d/hand/said-no"
run ctl apply --root "$d" "$d"
exits 0 "apply succeeds"
is "$OUT" "8 written, 2 unchanged" "and says how many"
is "$(tag_of "$d/models/big.bin")" "yes policy" "a yes is written down as the policy's"
is "$(tag_of "$d/logs/big.bin")" "no policy" "a no too"
is "$(tag_of "$d/hand/small") $(tag_of "$d/hand/said-no")" "yes no" "tags set by hand are left alone"
is "$(tag_of "$d") $(tag_of "$d/models")" " " "nothing goes on folders"
before=$(ctimes "$d")
run ctl apply --root "$d" "$d"
is "$OUT" "0 written, 10 unchanged" "once more: nothing to write"
is "$(ctimes "$d")" "$before" "and nothing is touched"

write_policy '[rule logs]
path = logs/**
dax = yes'
run ctl apply --root "$d" "$d"
is "$(tag_of "$d/models/big.bin") $(tag_of "$d/logs/big.bin")" "no policy yes policy" \
	"a changed policy is not beaten by its old decisions"
ctl set -q --dax=no "$d/logs"
ctl apply -q --root "$d" "$d"
is "$(tag_of "$d/logs/big.bin")" "no policy" "a tagged folder decides for what lies below"
setfattr -n trusted.fsdax -v garbage "$d/logs/big.bin"
ctl apply -q --root "$d" "$d"
is "$(tag_of "$d/logs/big.bin")" "no policy" "garbage is replaced"
run ctl apply --json --root "$d" "$d"
is "$OUT" '{"changed":0,"unchanged":10,"failed":0,"dry_run":false,"interrupted":false}' "--json"
ctl clear -q -R "$d"

# ---- Inode flags --------------------------------------------------------------------------

write_policy '[tag]
inode-flag = yes
[rule big]
size = >= 32K
dax = yes'
ctl set -q --by=flag "$d/logs/small"
run ctl apply --by=flag --root "$d" "$d"
exits 0 "apply --by=flag succeeds"
is "$(flag_of "$d/models/big.bin")$(flag_of "$d/models/small")" "x-" "flags are set by the decision"
is "$(flag_of "$d/logs/small")" - "and cleared: the flag does not decide for itself"
is "$(dump "$d" | grep -c trusted.fsdax)" 0 "no xattr is written"
run ctl apply --by=flag --root "$d" "$d"
is "$OUT" "0 written, 10 unchanged" "once more: nothing to write"
ctl clear -q -R "$d"

# ---- Files with several names --------------------------------------------------------------

write_policy '[policy]
default = yes
[rule no]
path = no/**
dax = no'
# hard_links A B: a file with these two names.
hard_links() {
	rm -rf "$MNT/h"
	mkdir -p "$MNT/h/yes" "$MNT/h/no"
	for i in {1..20}; do
		echo x >"$MNT/h/$1/$i"
		ln "$MNT/h/$1/$i" "$MNT/h/$2/$i"
	done
	echo x >"$MNT/h/yes/all"
	ln "$MNT/h/yes/all" "$MNT/h/yes/them"
}
for jobs in 1 4; do
	for order in "yes no" "no yes"; do
		# shellcheck disable=SC2086 # two words
		hard_links $order
		run ctl apply -j $jobs --root "$MNT/h" "$MNT/h"
		is "$OUT" "21 written, 0 unchanged" "-j $jobs, $order: each inode is written once"
		is "$(tag_of "$MNT/h/yes/7")" "no policy" "-j $jobs, $order: one no beats a yes"
		is "$(tag_of "$MNT/h/yes/all")" "yes policy" "-j $jobs, $order: yes if all names say so"
		run ctl apply -j $jobs --root "$MNT/h" "$MNT/h"
		is "$OUT" "0 written, 21 unchanged" "-j $jobs, $order: once more, nothing to write"
	done
done
run ctl apply --root "$MNT/h" "$MNT/h/yes" "$MNT/h/no"
is "$OUT" "0 written, 21 unchanged" "folder by folder it is the same"

# Names that go while it works: what is gone is no failure, and the other name will do.
rm -rf "$MNT/h"
mkdir -p "$MNT/h"/{a,b,c}
for i in {1..20}; do
	echo x >"$MNT/h/a/$i"
	ln "$MNT/h/a/$i" "$MNT/h/b/$i"
done
write_policy '[policy]
default = yes'
mkfifo "$SCRATCH/more"
# The walk is over when the list is, so at the end of the list both sorts are known.
ctl apply --files0-from="$SCRATCH/more" --root "$MNT/h" >"$SCRATCH/out" 2>"$SCRATCH/err" &
pid=$!
exec 9>"$SCRATCH/more"
printf '%s\0' "$MNT/h/a" >&9
sleep 1
printf '%s\0' "$MNT/h/b" >&9
sleep 1
rm "$MNT/h/a/"{1..7} "$MNT/h/b/"{6..9}
exec 9>&-
wait $pid
is $? 0 "names that vanish are no failure"
is "$(<"$SCRATCH/err")" "" "and not named"
is "$(<"$SCRATCH/out")" "18 written, 0 unchanged" "each file that is left is written"
is "$(tag_of "$MNT/h/b/3") $(tag_of "$MNT/h/a/8")" "yes policy yes policy" \
	"by whichever name is left"

# ---- What the rules ask for ---------------------------------------------------------------------

mkdir "$MNT/r"
touch "$MNT/r/f"
for tag in none user.fsdax; do
	write_policy "[tag]
xattr = $tag
[rule mark]
xattr = user.mark
dax = yes"
	run ctl apply --xattr=user.mark "$MNT/r"
	exits 2 "tag in $tag: no decision is written where a rule would see it"
	has "$ERR" "the policy has a rule about user.mark" "and it is said"
	is "$(tag_of "$MNT/r/f" user.mark)" "" "nothing is written"
	run ctl apply --xattr=user.other "$MNT/r"
	exits 0 "another xattr will do"
done

# ---- Where it cannot be carried ---------------------------------------------------------------

new_fs btrfs || { echo "# no btrfs in this kernel"; done_testing; }
truncate -s 1M "$MNT/a"
write_policy '[policy]
default = yes'
run ctl apply --by=flag "$MNT"
exits 1 "btrfs cannot carry the flag"
has "$ERR" "ext4 and xfs can. Use --by=xattr" "and the message says who can"
write_policy '[policy]
default = no'
run ctl apply --by=flag "$MNT"
exits 0 "but where no file is to have it, nothing is wrong"
done_testing
