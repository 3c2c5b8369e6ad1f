#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What fails is named and counted, the exit status says so, and nothing is left half-written:
# full disks, file systems mounted read-only, immutable files, a full or closed stdout.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- A full disk ------------------------------------------------------------------------

# Inodes of 128 bytes have no room for xattrs: each folder and file needs a block, of which
# there are none.
MNT=$SCRATCH/full
mkdir "$MNT"
truncate -s 8M "$SCRATCH/image-full"
mkfs.ext4 -q -F -I 128 -O ^has_journal -m 0 -b 1024 "$SCRATCH/image-full" >/dev/null 2>&1
mount_image ext4 "$SCRATCH/image-full"
mkdir "$MNT/d"
touch "$MNT/d"/{1..20}
dd if=/dev/zero of="$MNT/fill" bs=64K 2>/dev/null
dd if=/dev/zero of="$MNT/fill" bs=1K oflag=append conv=notrunc 2>/dev/null
run ctl set -R "$MNT/d"
exits 1 "a full disk: set -R fails"
is "$(grep -c 'No space left on device' <<<"$ERR")" 21 "each file is named"
has "$ERR" "make room on the file system, and run it again to finish" "what to do is said"
has "$ERR" "21 failed" "and they are counted"
truncate -s 0 "$MNT/fill"
run ctl set -R "$MNT/d"
exits 0 "with room again, it succeeds"
is "$OUT" "21 tagged yes, 0 unchanged" "and does the rest"

# ---- Read-only --------------------------------------------------------------------------

for fs in ext4 xfs btrfs; do
	new_fs $fs || continue
	mkdir "$MNT/d"
	touch "$MNT/d/f" "$MNT/d/tagged"
	ctl set -q "$MNT/d/tagged"
	mount -o remount,ro "$MNT"
	before=$(dump "$MNT")
	run ctl set -R "$MNT/d"
	exits 1 "$fs, read-only: set fails"
	has "$ERR" "$MNT/d/f: Read-only file system" "$fs: named"
	has "$ERR" "remount" "$fs: with what to do"
	has "$ERR" "2 failed" "$fs: what is tagged already is no failure"
	run ctl clear "$MNT/d/f"
	exits 0 "$fs, read-only: nothing to clear is no failure"
	run ctl clear "$MNT/d/tagged"
	exits 1 "$fs, read-only: clear fails"
	run ctl show -R "$MNT"
	exits 0 "$fs, read-only: show works"
	run ctl scan "$MNT"
	exits 0 "$fs, read-only: scan works"
	is "$(dump "$MNT")" "$before" "$fs: nothing was changed"
done

# ---- Immutable --------------------------------------------------------------------------

new_fs ext4
touch "$MNT/fixed" "$MNT/free"
chattr +i "$MNT/fixed"
run ctl set "$MNT/fixed" "$MNT/free"
exits 1 "an immutable file fails"
has "$ERR" "$MNT/fixed: Operation not permitted" "it is named"
has "$ERR" "chattr -i" "with what to do"
is "$(tag_of "$MNT/free")" yes "the other one is done"
chattr -i "$MNT/fixed"
ctl set -q "$MNT/fixed"
chattr +i "$MNT/fixed"
run ctl clear "$MNT/fixed"
exits 1 "clear: so it does"
has "$ERR" "cannot clear the tag of $MNT/fixed: Operation not permitted" "clear: it is named"
chattr -i "$MNT/fixed"
ctl clear -q "$MNT/fixed"

# ---- File systems without xattrs -----------------------------------------------------------

run ctl set /proc/self/status
exits 1 "proc: set fails"
like "$ERR" "proc cannot carry trusted.fsdax; ext4, xfs, btrfs and tmpfs can" "and the message says who can"
run ctl clear /proc/self/status
exits 0 "there is no tag to clear"

# ---- stdout ------------------------------------------------------------------------------------

if [[ -e /dev/full ]]; then
	ctl show "$MNT/free" >/dev/full 2>"$SCRATCH/err"
	is $? 1 "a full stdout makes it fail"
	like "$(<"$SCRATCH/err")" "No space left" "with a message"
fi
for command in "show $MNT/free" "scan $MNT" --help; do
	# shellcheck disable=SC2086 # words
	timeout 20 "$FSDAX_CTL" $command >&- 2>"$SCRATCH/err"
	is $? 1 "${command%% *}: a closed stdout makes it fail"
	has "$(<"$SCRATCH/err")" "cannot write all of the output" "${command%% *}: with a message"
done
ctl set -q "$MNT/free" >&-
is $? 0 "where nothing is printed, nothing is lost"
ctl set "$MNT/none" <&- >&- 2>&-
is $? 1 "all three of them closed"
(ctl set -R -v "$MNT"; echo $? >"$SCRATCH/status") 2>/dev/null | true
is "$(tag_of "$MNT/fixed")" yes "a reader that goes away does not stop the work"

mkdir "$MNT/many"
(cd "$MNT/many" && seq -f 'a-file-with-a-long-name-so-that-much-is-printed-%.0f' 12000 | xargs touch)
visited() {
	strace -f -o "$SCRATCH/trace" -e trace=statx "$FSDAX_CTL" explain --policy="$POLICY" -j1 -R \
		"$MNT/many" | "$@" >/dev/null
	grep -c 'a-file-with' "$SCRATCH/trace"
}
if command -v strace >/dev/null && ! is_sanitized; then
	is "$(visited cat)" 12000 "explain -R looks at every file"
	holds "but stops when nobody reads on" test "$(visited true)" -lt 9000
fi
# shellcheck disable=SC2016 # for the inner shell
timeout 20 bash -c '"$0" explain --policy="$1" -R "$2"; echo $? >"$3"' "$FSDAX_CTL" "$POLICY" \
	"$MNT/many" "$SCRATCH/status" | true
is "$(<"$SCRATCH/status")" 1 "and says by its status that it did not finish"

# ---- A policy with a mistake ----------------------------------------------------------------

write_policy '[rule x'
run ctl set "$MNT/free"
exits 65 "a policy with a mistake"
like "$ERR" "policy.ini:1:*error" "and where it is"
run ctl set --policy="$SCRATCH/none" "$MNT/free"
isnt "$STATUS" 0 "a policy that does not exist"
write_policy '[policy]'
run ctl set --root="$SCRATCH/none" "$MNT/free"
exits 1 "a root that does not exist"
run ctl set --root="$MNT" "$POLICY"
exits 1 "a path that is not below the root"
has "$ERR" "--root" "and what to do"
done_testing
