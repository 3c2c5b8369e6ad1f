#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test-churn.sh - one file on a mount, read, written, mapped, cut, punched, copied within itself
# and opened again, thousands of times: it always has the bytes that it must have; the file below
# has them, too, in the end.
# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/truth/lib.sh
. "$(dirname "$0")/../truth/lib.sh"

# churned NAME OPTION...
churned() {
	local name=$1

	shift
	served "$@" -- "$CHURN" --ops 2500 --seed "$SEED" --twin "$FS/share/file" "$SERVED/file"
	is "$STATUS" 0 "$name"
	sed 's/^/# /' <<<"$OUT" | tail -n 70
}

SEED=1
for kind in ext4 xfs tmpfs; do
	truth_fs $kind
	# What is right on the file system itself.
	holds "$kind: without a daemon" confine_two "$CHURN" --ops 1500 --moves "$FS/share/file"
	churned "$kind"
	SEED=$((SEED + 1))
done
churned "direct" --allow-direct-io
churned "no cache" --cache=never --allow-mmap
churned "as much cache as there is" --cache=always
churned "written back" --writeback

# Larger than 4 GiB, and sparse: nothing is cut to 32 bits on the way.
truth_fs xfs
for size in 5000000000 1000000000000; do
	served -- "$CHURN" --sparse "$size" "$SERVED/file"
	is "$STATUS" 0 "a sparse file of $size bytes"
	sed 's/^/# /' <<<"$OUT"
done

done_testing
