#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The host cuts a file that the guest has mapped and believes to be as long as before: the
# guest goes on, and QEMU does.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

share_make
write_policy '[rule all]
dax = yes'

# cut FROM TO NAME: and touch all of it as it was, before the guest has looked again.
cut() {
	local file=$kernel-$1-$2

	make "$file" "$1"
	guest open 1 "/mnt/fs/$file" rw >/dev/null
	is "$(guest sum @1 mmap)" "$("$AGENT" sum "$SHARE/$file")" "$3: whole"
	truncate -s "$2" "$SHARE/$file"
	sleep 0.1 # the daemon has a hundred times as long as it needs
	guest sum @1 mmap >/dev/null
	is "$(guest dax @1)" yes "$3: the guest is alive"
	guest close 1 >/dev/null
	guest sleep 1.1 >/dev/null
	is "$(guest sum "/mnt/fs/$file" mmap)" "$("$AGENT" sum "$SHARE/$file")" "$3: what is left"
}

for kernel in $KERNELS; do
	serve
	holds "$kernel boots" guest_start "$kernel" window="$DAEMON_SOCKET"
	guest mount TAG /mnt/fs virtiofs dax=inode
	cut 100001 5000 "$kernel: within a chunk"
	cut 100001 0 "$kernel: to nothing"
	cut 5000001 2500000 "$kernel: several chunks"
	guest umount /mnt/fs
	holds "$kernel powers off" guest_stop
	daemon_stop
done

done_testing
