#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# threads
#
# How trees are walked: threads, -x, --exclude, --files0-from, folders that cannot be read,
# few open files, a great many entries, entries that vanish.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# tagged DIR: the paths below DIR that have a tag, sorted.
tagged() {
	(cd "$1" && find . -print0 | xargs -0 getfattr -h -n trusted.fsdax 2>/dev/null |
		sed -n 's/^# file: //p' | sort | tr '\n' ' ')
}

# ---- Any number of threads does the same ------------------------------------------------

new_fs ext4
many=$MNT/many
d=$many
mkdir "$d"
(cd "$d" && mkdir -p {a,b,c,d,e}/{1,2,3,4,5,6,7,8}/{x,y,z} &&
	for f in */*/*; do touch "$f"/{1..9}; done && touch {1..500})
total=$(find "$d" | wc -l)
for jobs in 1 2 8 64; do
	run ctl set -R -j $jobs "$d"
	is "$OUT" "$(commas "$total") tagged yes, 0 unchanged" "-j $jobs: every path, once"
	run ctl clear -R -j $jobs "$d"
	is "$OUT" "$(commas "$total") cleared, 0 unchanged" "-j $jobs: and back"
done
is "$(dump "$d" | grep -c trusted.fsdax)" 0 "nothing is left"

# ---- -x ------------------------------------------------------------------------------------

mkdir -p "$MNT/x/in" "$MNT/x/other"
touch "$MNT/x/in/f"
mount -t tmpfs fsdax-test "$MNT/x/other"
MOUNTS+=("$MNT/x/other")
mkdir "$MNT/x/other/deep"
touch "$MNT/x/other/f"
ctl set -q -R -x "$MNT/x"
is "$(tagged "$MNT/x")" ". in in/f " "-x leaves other file systems out"
ctl set -q -R -x "$MNT/x/other"
is "$(tagged "$MNT/x/other")" ". deep f " "but not the one that was named"
ctl clear -q -R "$MNT/x"
is "$(tagged "$MNT/x")" "" "without -x all are walked"
mount --bind "$MNT/x/in" "$MNT/x/other/deep"
MOUNTS+=("$MNT/x/other/deep")
# counted FOLDER... (below x): how many files a scan counts that stays on the file systems of these
counted() {
	local folders=("${@/#/$MNT/}")

	ctl scan -x --json -- "${folders[@]}" | jq .files
}
is "$(counted x)" 1 "-x: a scan leaves them out too"
is "$(counted x/other x)" 2 "an operand on another file system than one above it counts as well"
is "$(counted x x/in x/in/f x/other/f x/other)" 2 "one that is on the same, once"
is "$(counted x x/other/deep)" 2 "so does one behind another file system"
is "$(counted x/other/f x/other/deep/f x)" 3 "or a file"
is "$(counted x/other x/other/deep/f x/other/deep x)" 3 "with the folder that it is in, once"
unmount "$MNT/x/other/deep"
unmount "$MNT/x/other"

# ---- Where the file system does not tell what an entry is ------------------------------------

MNT=$SCRATCH/no-types
mkdir "$MNT"
truncate -s 16M "$SCRATCH/image-no-types"
mkfs.ext4 -q -F -O ^filetype "$SCRATCH/image-no-types"
mount_image ext4 "$SCRATCH/image-no-types"
mkdir -p "$MNT/a/b"
touch "$MNT/a/f" "$MNT/a/b/g"
ln -s b "$MNT/a/link"
mkfifo "$MNT/a/pipe"
run ctl set -R "$MNT/a"
is "$OUT" "4 tagged yes, 0 unchanged" "it is asked, and the same is done"
is "$(tagged "$MNT/a")" ". b b/g f " "to the same files"
new_fs ext4

# ---- --exclude -----------------------------------------------------------------------------

d=$MNT/e
mkdir -p "$d"/{src/.git/objects,src/lib,keep}
touch "$d"/src/{a.c,a.o,b.o} "$d"/src/.git/objects/o "$d"/src/lib/l.o "$d/keep/k.o"
mkdir "$d/we;ird #"
touch "$d/we;ird #/f"
ctl set -q -R --exclude '*.o' --exclude .git "$d"
is "$(tagged "$d")" ". keep src src/a.c src/lib we;ird # we;ird #/f " \
	"--exclude by name leaves out files and folders"
ctl clear -q -R "$d"
ctl set -q -R --root "$d" --exclude '/src/**' --exclude 'we;ird #' "$d"
is "$(tagged "$d")" ". keep keep/k.o src " "--exclude by path starts at the root"
ctl clear -q -R "$d"
ctl set -q -R --root "$d" --exclude src "$d/src" "$d/src/lib/l.o" "$d/keep"
is "$(tagged "$d")" "keep keep/k.o " "paths that are named can be left out too, and what is below"
run ctl set -R --exclude 'a/../b' "$d"
exits 2 "a bad glob is wrong usage"
has "$ERR" "--exclude a/../b: " "and the message says which"
unlike "$ERR" "path =" "in the words of the command line"
run ctl set -R --exclude '*.o' --exclude '!/keep/k.o' "$d"
exits 2 "so is one with a ! in front"
has "$ERR" "--exclude !/keep/k.o: nothing can be taken back in
  = for a name that starts with a !, write \!" "with what to do"
touch "$d/!x"
ctl set -q -R --exclude '\!x' "$d"
is "$(tag_of "$d/!x")$(tag_of "$d/keep/k.o")" "yes" "a name that starts with a !"
ctl clear -q -R "$d"
rm -r "$d"

# ---- --files0-from ---------------------------------------------------------------------------

d=$MNT/l
mkdir -p "$d/sub"
touch "$d"/{a,b,c} "$d/sub/d"
printf '%s\0' "$d/a" "$d/sub" "$d/none" >"$SCRATCH/list"
run ctl set --files0-from="$SCRATCH/list"
exits 1 "a path that does not exist fails"
has "$ERR" "$d/none: No such file or directory" "and is named"
has "$ERR" "1 failed" "and counted"
is "$(tagged "$d")" "a sub " "the others are done"
printf '%s\0%s' "$d/b" "$d/c" | ctl set -q -j2 --files0-from=-
is "$(tagged "$d")" "a b c sub " "from standard input; the last need not end in a NUL"
printf '%s\0' "$d/sub" | ctl set -q -R --files0-from=-
is "$(tagged "$d")" "a b c sub sub/d " "with -R"
ctl clear -q -R "$d"
find "$d" -mindepth 1 -print0 | ctl set -q -R -j8 --files0-from=-
is "$(tagged "$d")" "a b c sub sub/d " "with -R and many threads"
find "$many" -type f -print0 | sort -z >"$SCRATCH/list"
ctl show -0 -j8 --files0-from="$SCRATCH/list" | cut -z -f3- >"$SCRATCH/shown"
holds "without -R, in the order of the list" cmp "$SCRATCH/list" "$SCRATCH/shown"
printf '%s\0' "$d/a" "$d/sub" "$d/none" >"$SCRATCH/list"
printf '' | ctl set -q --files0-from=-
is $? 0 "an empty list is done at once"
run ctl set --files0-from="$SCRATCH/none"
exits 1 "a list that does not exist fails"
has "$ERR" "cannot read $SCRATCH/none: No such file" "and is named"
run ctl set --files0-from=- "$d/a"
exits 2 "a list and a path are wrong usage"
printf '%s\0\0' "$d/a" >"$SCRATCH/list"
run ctl clear --files0-from="$SCRATCH/list"
exits 1 "an empty name in a list fails"
has "$ERR" "'': No such file or directory" "and is shown as such"
# find gives them out slowly, so that the reader waits.
(for f in a b c; do printf '%s\0' "$d/$f"; sleep 0.1; done) | ctl set -q --dax=no --files0-from=-
is "$(tag_of "$d/a") $(tag_of "$d/c")" "no no" "a list that comes slowly"

# ---- Folders that cannot be read -----------------------------------------------------------------

d=$MNT/u
mkdir -p "$d"/{open,shut,nox}
touch "$d"/{open,shut,nox}/f
chown -R 65534:65534 "$d"
chmod 0 "$d/shut"
chmod 644 "$d/nox"
run as_nobody_ctl set --xattr=user.t -R "$d"
exits 1 "an unreadable folder is a failure"
has "$ERR" "$d/shut: Permission denied" "it is named"
has "$ERR" "$d/nox/f: Permission denied" "so is a file in a folder without x"
has "$ERR" "2 failed" "and they are counted"
is "$(tag_of "$d/open/f" user.t)" yes "the rest is done"
chmod 755 "$d/shut" "$d/nox"
run as_nobody_ctl set --xattr=user.t -R "$d"
is "$OUT" "3 tagged yes, 4 unchanged" "once it is readable, the rest is done"

# ---- Few open files ---------------------------------------------------------------------------------

# A comb: in each folder one that leads on, and some beside it that wait for their turn.
d=$MNT/comb
mkdir "$d"
(
	cd "$d" || exit
	for ((i = 0; i < 300; i++)); do
		mkdir a b z && touch a/f z/f && cd b || exit
	done
)
total=$(find "$d" | wc -l)
for jobs in 1 4; do
	run bash -c "ulimit -n 60; exec '$FSDAX_CTL' set --policy='$POLICY' -R -j $jobs '$d'"
	exits 0 "60 open files are enough for a deep tree, -j $jobs"
	is "$OUT" "$(commas "$total") tagged yes, 0 unchanged" "all of it is walked, -j $jobs"
	ctl clear -q -R "$d"
done
rm -r "$d"
run bash -c "ulimit -Sn 20; exec '$FSDAX_CTL' set --policy='$POLICY' -R '$many'"
exits 0 "a low soft limit is raised"

# ---- Many entries -----------------------------------------------------------------------------------

new_fs tmpfs 900M
n=1000000
is_sanitized && n=100000
mkdir "$MNT/flat" "$MNT/folders"
(cd "$MNT/flat" && seq 1 $n | xargs touch)
(cd "$MNT/folders" && seq 1 $((n / 10)) | xargs mkdir)
run ctl scan -j4 "$MNT"
exits 0 "a folder of $n files, and one of $((n / 10)) folders"
if ! is_sanitized; then
	run bash -c "ulimit -v 200000; exec '$FSDAX_CTL' apply -n -q --policy='$POLICY' -j2 '$MNT'"
	exits 0 "take little memory"
fi
run ctl set -R -j4 "$MNT/folders"
is "$OUT" "$(commas $((n / 10 + 1))) tagged yes, 0 unchanged" "no folder is missed, or met twice"
run ctl set -R -j4 "$MNT/flat"
is "$OUT" "$(commas $((n + 1))) tagged yes, 0 unchanged" "nor a file"

# ---- Entries that vanish and change -----------------------------------------------------------------

new_fs tmpfs 200M
d=$MNT/v
mkdir "$d"
touch "$SCRATCH/churn"
(
	while [[ -e $SCRATCH/churn ]]; do
		mkdir -p "$d"/{1..20}/sub
		touch "$d"/{1..20}/sub/{1..5}
		rm -rf "$d"/{1..10}
		for i in {11..20}; do rm -rf "$d/$i/sub"; ln -s / "$d/$i/sub"; rm -rf "${d:?}/$i"; done
	done
) &
bad=
for ((i = 0; i < 40; i++)); do
	run ctl set -R -j4 "$d"
	[[ $STATUS == 0 ]] || bad="$STATUS $ERR"
done
rm "$SCRATCH/churn"
wait
is "$bad" "" "what vanishes or turns into something else while walked is no failure"
is "$(tag_of /)$(tag_of /etc)" "" "and no link is ever followed"
done_testing
