#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The machinery itself: each kernel boots, the agent does what it is told, and a share of
# Debian's virtiofsd is the same on both sides.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

share=$SCRATCH/share
mkdir -p "$share/sub/dir with space"
cp -r "$GUEST_SOURCE/agent" "$share/"
for size in 0 1 4095 4096 4097 100001 2097153; do
	"$AGENT" write "$share/sub/$size" "$size" "$size"
done
ln -s 4096 "$share/sub/link"
chown 1000:100 "$share/sub/4097"

for kernel in bookworm bookworm-security trixie; do
	virtiofsd_start trixie "$share" --cache=never
	holds "$kernel boots" guest_start "$kernel" plain="$DAEMON_SOCKET"
	is "$(guest run uname -r)" "$(<"$FSDAX_GUEST_DIR/kernels/$kernel/release")" \
		"it is that kernel"
	holds "virtiofs mounts" guest mount plain /mnt/fs virtiofs
	same_tree "$share" /mnt/fs "the share is the same on both sides"
	guest umount /mnt/fs
	is "$(guest mount plain /mnt/fs virtiofs dax=always)" EINVAL "there is no window"
	holds "it powers off" guest_stop
	daemon_stop "$DAEMON_PID"
done

done_testing
