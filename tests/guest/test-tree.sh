#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A whole tree, this machine's /usr/share, as a guest sees it: every name, attribute and byte,
# by mmap, so that large files come through a small window and the others through the
# guest's page cache; with more files than the daemon may have descriptors, and two
# processors.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

share_make 4G
cp -a --reflink=auto /usr/share/. "$SHARE/"
write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes'
export GUEST_TIMEOUT=1700

WINDOW=64M serve --rlimit-nofile=2000
holds "the guest boots" guest_start trixie window="$DAEMON_SOCKET" cpus=2
guest mount TAG /mnt/fs virtiofs dax=inode
same_tree "$SHARE" /mnt/fs "the tree is the same" mmap
holds "files were DAX" test "$("$FSDAX_CTL" status --json --socket "$DAEMON_CONTROL" |
	jq .window.maps)" -gt 10
guest umount /mnt/fs
holds "it powers off" guest_stop

done_testing
