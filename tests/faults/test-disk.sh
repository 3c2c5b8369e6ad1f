#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# File systems that fail below the daemon: full, over quota, read-only, with a disk that can't be
# read, unmounted, or served by a program that dies; and policies that go away. Who uses the mount
# gets the errno that the host got, and the daemon goes on.

# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

FSDAX_CTL=${FSDAX_CTL:?must name fsdax-ctl}
[[ -w /dev/fuse ]] || {
	echo "1..0 # skip: there is no /dev/fuse"
	exit 77
}
DAEMONS=()

# shellcheck disable=SC2317 # it is called by the trap
end_daemons() {
	local pid mnt

	for pid in "${DAEMONS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for mnt in "$SCRATCH"/mnt-*; do
		mountpoint -q "$mnt" 2>/dev/null || stat "$mnt" >/dev/null 2>&1 || umount -l "$mnt"
		umount -l "$mnt" 2>/dev/null
	done
	cleanup
}
trap end_daemons EXIT

# serve DIR [OPTION]...: sets M, where it is mounted, DAEMON, CONTROL and LOG.
serve() {
	local dir=$1 n=${#DAEMONS[@]} above i

	shift
	M=$SCRATCH/mnt-$n CONTROL=$SCRATCH/control-$n LOG=$SCRATCH/log-$n
	mkdir "$M"
	above=$(stat -c %d "$SCRATCH")
	"$FSDAXD" --shared-dir "$dir" --mount "$M" --control-socket "$CONTROL" --sandbox none \
		--xattr --cache never --log-level warn "$@" 2>"$LOG" &
	DAEMON=$!
	DAEMONS+=("$DAEMON")
	for ((i = 0; i < 400; i++)); do
		[[ $(stat -c %d "$M" 2>/dev/null || echo "$above") != "$above" ]] && return
		sleep 0.05
	done
	echo "Bail out! no mount: $(<"$LOG")"
	exit 1
}

# stop NAME: it was there until now, and ends well.
stop() {
	kill -TERM "$DAEMON"
	wait "$DAEMON"
	is "$?" 0 "$1: the daemon ends well"
	is "$(grep -c Sanitizer "$LOG")" 0 "$1: the sanitizers saw nothing"
}

# fails ERRNO-TEXT NAME COMMAND ARG...
fails() {
	local text=$1 name=$2

	shift 2
	has "$("$@" 2>&1)" "$text" "$name"
}

# image SIZE [MKFS-OPTION]...: an ext4 file system in IMAGE, on LOOP.
image() {
	local size=$1

	shift
	IMAGE=$SCRATCH/disk-$SRANDOM
	truncate -s "$size" "$IMAGE"
	mkfs.ext4 -q -F "$@" "$IMAGE"
}

mount_image() {
	SHARE=$SCRATCH/share-$SRANDOM
	mkdir "$SHARE"
	mount -o "loop${1:+,$1}" "$IMAGE" "$SHARE" || return
	MOUNTS+=("$SHARE")
}

# ---- Full ----------------------------------------------------------------------------

image 8M -N 64
mount_image
echo keep >"$SHARE/kept"
serve "$SHARE" --policy none
fails "No space left" "full: a write" dd if=/dev/zero of="$M/large" bs=64K
is "$(cat "$M/kept")" keep "full: what was there is whole"
# shellcheck disable=SC2016 # it is for the other shell
fails "No space left" "full: too many files" bash -c 'for i in {1..100}; do : >"$0/n$i" || exit; done' "$M"
fails "No space left" "full: fallocate" fallocate -l 20M "$M/large"
rm "$M/large" "$M"/n*
# The kernel tells of a close when nobody waits for it any more.
for ((i = 0; i < 200; i++)); do
	dd if=/dev/zero of="$M/again" bs=64K count=16 status=none 2>/dev/null && break
	sleep 0.05
done
is "$(stat -c %s "$SHARE/again")" 1048576 "full: and when something is removed there is room"
stop full

# ---- Quota ---------------------------------------------------------------------------

image 32M -O quota -E quotatype=usrquota
if command -v setquota >/dev/null && mount_image usrquota 2>/dev/null &&
	setquota -u 1000 0 1000 0 0 "$SHARE"; then
	chmod 777 "$SHARE"
	serve "$SHARE" --policy none
	fails "quota exceeded" "quota: a write" setpriv --reuid 1000 --clear-groups \
		dd if=/dev/zero of="$M/large" bs=64K count=64
	stop quota
else
	echo "# quota: this kernel or machine has none"
fi

# ---- A disk that can't be read ---------------------------------------------------------

image 64M
mount_image
head -c 8M /dev/urandom >"$SHARE/far"
mkdir "$SHARE/dir"
sync -f "$SHARE"
serve "$SHARE" --policy none --inode-file-handles=prefer
sum=$(sha1sum <"$M/far")
echo 3 >/proc/sys/vm/drop_caches
is "$(sha1sum <"$M/far")" "$sum" "disk: it can be read"
# The loop device goes on, without most of what it stands on.
truncate -s 1M "$IMAGE"
echo 3 >/proc/sys/vm/drop_caches
fails "Input/output error" "disk: a file that can't be read" cat "$M/far"
holds "disk: the daemon is still there" kill -0 "$DAEMON"
holds "disk: and answers" "$FSDAX_CTL" status --socket "$CONTROL"
stop disk

# One that is larger than what it stands on.
mkdir "$SCRATCH/small"
mount -t tmpfs -o size=4M fsdax-test "$SCRATCH/small"
MOUNTS+=("$SCRATCH/small")
IMAGE=$SCRATCH/small/disk
truncate -s 64M "$IMAGE"
mkfs.ext4 -q -F -O ^has_journal "$IMAGE"
mount_image errors=continue
serve "$SHARE" --policy none
fails "fsync failed" "disk: a write that does not reach it" \
	dd if=/dev/urandom of="$M/new" bs=1M count=16 conv=fsync
holds "disk: the daemon goes on after that" ls "$M"
stop "disk that can't be written to"

# ---- Read-only -------------------------------------------------------------------------

image 8M
mount_image
echo kept >"$SHARE/file"
serve "$SHARE" --policy none
mount -o remount,ro "$SHARE"
# shellcheck disable=SC2016
fails "Read-only file system" "read-only: a write" bash -c 'echo more >>"$0/file"' "$M"
fails "Read-only file system" "read-only: a folder" mkdir "$M/dir"
fails "Read-only file system" "read-only: an xattr" setfattr -n user.x -v y "$M/file"
is "$(cat "$M/file")" kept "read-only: it can be read"
mount -o remount,rw "$SHARE"
holds "read-only: and be written to again" mkdir "$M/dir"
stop read-only

# ---- Gone --------------------------------------------------------------------------------

image 8M
mount_image
echo kept >"$SHARE/file"
serve "$SHARE" --policy none
exec 5<"$M/file"
umount -l "$SHARE"
unset "MOUNTS[-1]"
is "$(cat <&5)" kept "unmounted: what is open can be read"
is "$(cat "$M/file")" kept "unmounted: the daemon keeps the file system"
exec 5<&-
stop unmounted

# A file system that is a program's: fsdaxd itself.
new_share tmpfs
echo kept >"$SHARE/file"
serve "$SHARE" --policy none
inner=$DAEMON below=$M
serve "$below" --policy none
is "$(cat "$M/file")" kept "a program's: it can be read"
kill -KILL "$inner"
wait "$inner" 2>/dev/null
fails "not connected" "a program that dies: a file" cat "$M/file"
fails "not connected" "a program that dies: the folder" ls "$M"
fails "not connected" "a program that dies: a new file" touch "$M/new"
holds "a program that dies: the daemon is still there" kill -0 "$DAEMON"
umount -l "$below"
stop "a program that dies"

serve "$SHARE" --policy none
inner=$DAEMON below=$M
serve "$below" --policy none
umount -f "$below" 2>/dev/null || umount -l "$below"
fails "" "umount -f: a file" cat "$M/file"
holds "umount -f: the daemon is still there" kill -0 "$DAEMON"
stop "umount -f"
wait "$inner"

# ---- Policies ----------------------------------------------------------------------------

mkdir "$SCRATCH/policy.d"
printf '[rule all]\nsize = >= 1\ndax = yes\n' >"$SCRATCH/policy.d/10-all.ini"
serve "$SHARE" --policy "$SCRATCH/policy.d"

# old_one_stays NAME: a reload fails, says why, and the rule is still in force.
old_one_stays() {
	local out

	out=$("$FSDAX_CTL" reload --socket "$CONTROL" 2>&1)
	isnt "$?" 0 "$1: reload fails"
	has "$out" "stays in force" "$1: and says that nothing changed"
	has "$("$FSDAX_CTL" status --json --socket "$CONTROL" | jq -c .policy)" '"rules":1' \
		"$1: the rule is in force"
}

mv "$SCRATCH/policy.d" "$SCRATCH/elsewhere"
old_one_stays "a policy folder that is gone"
ln -s "$SCRATCH/nowhere" "$SCRATCH/policy.d"
old_one_stays "a policy folder that is a link to nothing"
rm "$SCRATCH/policy.d"
echo nonsense >"$SCRATCH/policy.d"
old_one_stays "a policy folder that is a bad file"
rm "$SCRATCH/policy.d"
mv "$SCRATCH/elsewhere" "$SCRATCH/policy.d"
ln -s "$SCRATCH/nowhere" "$SCRATCH/policy.d/20-broken.ini"
old_one_stays "a policy file that can't be read"
rm "$SCRATCH/policy.d/20-broken.ini"
holds "and when all is there again it is taken" "$FSDAX_CTL" reload --socket "$CONTROL"
stop policies
done_testing
