#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# threads
#
# Tags from one tree to the same paths of another.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4
ext4=$MNT
new_fs xfs || skip_all "no xfs in this kernel"
src=$ext4/src
dst=$MNT/dst
for d in "$src" "$dst"; do
	mkdir -p "$d"/{tagged,plain}/sub
	touch "$d"/{tagged,plain}/{yes,no,none} "$d"/plain/sub/$'odd\nname'
	ln -s plain "$d/link"
	mkfifo "$d/pipe"
done
ctl set -q "$src"/{tagged,plain}/yes "$src"/plain/sub/$'odd\nname'
ctl set -q --dax=no "$src/tagged" "$src"/{tagged,plain}/no
setfattr -n user.mine -v 1 "$src/tagged/yes"
ctl set -q "$dst/plain/none" "$dst/plain/no"

before=$(dump "$MNT"; ctimes "$MNT")
run ctl copy -n "$src" "$dst"
exits 0 "a dry run succeeds"
is "$(dump "$MNT"; ctimes "$MNT")" "$before" "and changes nothing"
is "$(tail -n 1 <<<"$OUT")" "6 would be copied, 6 unchanged" "it says what would change"
has "$OUT" $'no\t'"$dst/tagged" "with the tag and the path in DST"

run ctl copy "$src" "$dst"
exits 0 "copy succeeds"
is "$OUT" "6 copied, 6 unchanged" "and says how many"
is "$(tag_of "$dst/tagged") $(tag_of "$dst/tagged/yes") $(tag_of "$dst/plain/no")" "no yes no" \
	"tags are the same as in SRC"
is "$(tag_of "$dst/plain/sub/"$'odd\nname')" yes "also under odd names"
is "$(tag_of "$dst/tagged/yes" user.mine)" "" "no other xattr is copied"
is "$(tag_of "$dst/plain/none")" yes "a tag that SRC does not have stays"
before=$(ctimes "$MNT")
run ctl copy "$src" "$dst"
is "$OUT" "0 copied, 12 unchanged" "once more: nothing to copy"
is "$(ctimes "$MNT")" "$before" "and nothing is touched"

run ctl copy --delete "$src" "$dst"
is "$OUT" "1 copied, 11 unchanged" "--delete takes it away"
is "$(tag_of "$dst/plain/none")" "" "indeed"

# ---- Decisions that were written down keep their word ------------------------------------

setfattr -n trusted.fsdax -v 'yes policy' "$src/plain/none"
ctl copy -q "$src" "$dst"
is "$(tag_of "$dst/plain/none")" "yes policy" "a written-down decision stays one"

# ---- What does not fit -------------------------------------------------------------------

rm -r "$dst/plain/yes" "$dst/tagged/yes"
mkdir "$dst/tagged/yes.d"
mkfifo "$dst/plain/yes"
ctl clear -q "$dst/tagged/no"
run ctl copy -n "$src" "$dst"
dry=$ERR
is "$STATUS $(tail -n 1 <<<"$OUT")" "1 1 would be copied, 9 unchanged" "-n: what does not fit is not counted"
run ctl copy "$src" "$dst"
exits 1 "a file that DST lacks is a failure"
is "$(sort <<<"$dry")" "$(sort <<<"$ERR")" "-n: and is named as without"
has "$ERR" "cannot copy the tag to $dst/tagged/yes: No such file or directory" "it is named"
has "$ERR" "copy the file itself first" "with what to do"
has "$ERR" "cannot copy the tag to $dst/plain/yes: Invalid argument
  = only regular files and folders have tags" "so is one that is a pipe there"
has "$ERR" "2 failed" "and counted"
is "$(tag_of "$dst/tagged/no")" no "the rest is copied"
rm "$dst/plain/yes"
mv "$dst/plain" "$dst/moved"
ln -s moved "$dst/plain"
run ctl copy "$src" "$dst"
exits 1 "a folder that is a link in DST is not followed"
is "$(tag_of "$dst/moved/yes")" "" "what it leads to is not touched"
rm "$dst/plain"
setfattr -n trusted.fsdax -v maybe "$src/tagged/none"
run ctl copy "$src" "$dst"
has "$ERR" "$src/tagged/none" "garbage in SRC is named"
is "$(tag_of "$dst/tagged/none")" "" "and not copied"

# ---- Deep folders, and many beside each other ------------------------------------------------

deep=$(printf 'deep/%.0s' {1..200})
mkdir -p "$MNT"/{from,to}/"$deep"{a,b}/{c,d} "$MNT"/{from,to}/e
for side in from to; do
	find "$MNT/$side" -type d -exec touch {}/f \;
done
find "$MNT/from" -name f -print0 | ctl set -q --files0-from=-
ctl set -q --dax=no "$MNT/from/${deep}a/d" "$MNT/from/${deep}b/c/f"
for jobs in 1 3; do
	run ctl copy -j $jobs "$MNT/from" "$MNT/to"
	is "$OUT" "209 copied, 207 unchanged" "-j $jobs: each goes to its own place"
	is "$(dump "$MNT/to")" "$(dump "$MNT/from")" "-j $jobs: and says the same"
	ctl clear -q -R "$MNT/to"
done

# ---- Two files ------------------------------------------------------------------------------

touch "$dst/single"
run ctl copy "$src/tagged/no" "$dst/single"
exits 0 "a file to a file"
is "$(tag_of "$dst/single")" no "its tag is copied"
cd "$dst" || exit
run ctl copy "$src/plain/yes" single
is "$(tag_of "$dst/single")" yes "also to a name without a folder"
cd / || exit
run ctl copy "$src/plain/yes" "$dst"
exits 1 "a file to a folder fails"
run ctl copy "$src" "$dst/single"
exits 1 "a folder to a file fails"
run ctl copy "$src" "$dst/none"
exits 1 "to nothing fails"

# ---- Inode flags --------------------------------------------------------------------------------

ctl set -q --by=flag "$src/tagged/none" 2>/dev/null
ctl copy -q --by=flag "$src" "$dst" 2>/dev/null
is "$(flag_of "$dst/tagged/none")" x "--by=flag copies the inode flag"
is "$(tag_of "$dst/tagged/none")" "" "and no xattr"
ctl set -q --by=flag --dax=no "$src/tagged/none" 2>/dev/null
ctl copy -q --by=flag --delete "$src" "$dst" 2>/dev/null
is "$(flag_of "$dst/tagged/none")" - "--delete clears it"
done_testing
