#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A real tree, of this machine's /usr/share, as a guest sees it: every name, attribute and byte,
# by mmap, so that large files come through a small window and the others through the
# guest's page cache; with more files than the daemon may have descriptors, and two
# processors.
#
#	TREE_ENTRIES   whole folders are taken as long as they have fewer together: 12,000

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

share_make 4G
entries=0
for from in /usr/share/*; do
	n=$(find "$from" | wc -l)
	if [ $((entries + n)) -lt "${TREE_ENTRIES:-12000}" ]; then
		entries=$((entries + n))
		cp -a --reflink=auto "$from" "$SHARE/"
	fi
done
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
