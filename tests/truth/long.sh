#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# long.sh SECONDS - truth and churn over several file systems and options, each for its share of
# the time. SEED: the first sequence.
. "$(dirname "$0")/../daemon/lib.sh"
. "$(dirname "$0")/lib.sh"

# One thread: what is told of a close in the background comes before what is asked next.
ALL=(--xattr --posix-acl --posix-lock --flock --thread-pool-size=1)
N_PARTS=21
part=$(($1 / N_PARTS + 1))
SEED=${SEED:-1}

# random NAME DAEMON-OPTION... -- TRUTH-OPTION...
random() {
	same "$@" --ops 300 --seed "$SEED" --seconds "$part" --keep-going
	tail -n 1 <<<"$OUT"
}

# locks NAME DAEMON-OPTION... --
locks() {
	random "$@" --locks
}

# matrix NAME DAEMON-OPTION... --: each 97th of all, from another place each time.
matrix() {
	same "$@" --matrix --stride 97 --seed $((1 + SEED % 97)) --seconds "$part" --keep-going
	tail -n 1 <<<"$OUT"
}

churned() {
	served "${@:2}" -- "$CHURN" --seed "$SEED" --seconds "$part" --twin "$FS/share/file" \
		"$SERVED/file"
	is "$STATUS" 0 "churn: $1"
	sed 's/^/# /' <<<"$OUT" | tail -n 70
}

truth_fs tmpfs
random "tmpfs" "${ALL[@]}" -- --also no-zero-range
matrix "tmpfs, matrix" "${ALL[@]}" --
churned tmpfs
locks "tmpfs, locks" "${ALL[@]}" --
truth_fs ext4
random "ext4" "${ALL[@]}" --
random "ext4, no options" -- --also no-xattr --also no-acl
random "ext4, cache=always" "${ALL[@]}" --killpriv-v2 --allow-direct-io --cache=always --
matrix "ext4, matrix" --xattr --posix-acl --
matrix "ext4, matrix, killpriv" --xattr --posix-acl --killpriv-v2 --cache=never --allow-mmap --
churned "ext4, written back" --writeback
churned "ext4, direct" --allow-direct-io
locks "ext4, locks, several threads" --xattr --posix-acl --posix-lock --flock --
truth_fs xfs
random "xfs" "${ALL[@]}" --
random "xfs, handles for none" --xattr --posix-acl --inode-file-handles=never --
random "xfs, killpriv" "${ALL[@]}" --killpriv-v2 --
churned "xfs"
for atime in relatime strictatime; do
	truth_fs ext4 $atime
	random "ext4, $atime" "${ALL[@]}" --cache=never -- --atime --also no-map
done
truth_fs ext4 relatime
random "ext4, relatime, and cached" "${ALL[@]}" -- --atime --also cached-atime
truth_fs overlay
random "overlay" "${ALL[@]}" -- "${ON_OVERLAY[@]}"
truth_fs overlay
random "overlay, killpriv" "${ALL[@]}" --killpriv-v2 --cache=always -- "${ON_OVERLAY[@]}"

done_testing
