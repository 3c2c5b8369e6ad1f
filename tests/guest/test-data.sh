#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a guest reads through the window is what stands on the host: for files of any size,
# that grow and shrink on either side, that are written through a mapping, and for more of
# them than the window has room for.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

share_make 1G
MiB=1048576
sizes="0 1 4095 4096 4097 $((2 * MiB - 1)) $((2 * MiB + 1)) 100001 $((3 * MiB + 777))"
write_policy '[rule all]
dax = yes'

# The guest's and the host's sum of a file.
same() {
	is "$(guest sum "/mnt/fs/$1" "$2")" "$("$AGENT" sum "$SHARE/$1")" "$3"
}

all_sizes() {
	local size

	for size in $sizes; do
		same "size/$size" read "$1: $size bytes by read"
		same "size/$size" mmap "$1: $size bytes by mmap"
	done
}

growth() {
	make grows 5000
	guest open 1 /mnt/fs/grows rw >/dev/null
	guest sum @1 mmap >/dev/null
	"$AGENT" append "$SHARE/grows" 100000 2 >/dev/null
	guest sleep 2 >/dev/null
	is "$(guest sum /mnt/fs/grows mmap)" "$("$AGENT" sum "$SHARE/grows")" "$1: grown on the host"
	guest append @1 70001 3 >/dev/null
	same grows mmap "$1: grown in the guest, by mmap"
	same grows read "$1: ... and by read"
	guest truncate /mnt/fs/grows 12345 >/dev/null
	is "$(stat -c %s "$SHARE/grows")" 12345 "$1: truncated in the guest"
	same grows mmap "$1: ... what is left"
	guest truncate /mnt/fs/grows 3000000 >/dev/null
	same grows mmap "$1: made longer in the guest: a hole of zeros"
	guest close 1 >/dev/null
}

writes() {
	make written 300000
	guest open 1 /mnt/fs/written rw >/dev/null
	is "$(guest dax @1)" yes "$1: the file is DAX"
	guest mwrite @1 1000 200000 7 >/dev/null
	is "$("$AGENT" check "$SHARE/written" 1000 200000 7)" same \
		"$1: written through a mapping, seen on the host at once"
	"$AGENT" pwrite "$SHARE/written" 5000 9000 8 >/dev/null
	is "$(guest check @1 5000 9000 8 mmap)" same "$1: written on the host, seen through a mapping"
	guest pwrite @1 100 50 9 >/dev/null
	is "$("$AGENT" check "$SHARE/written" 100 50 9)" same "$1: written by write"
	same written mmap "$1: all of it"
	guest close 1 >/dev/null
}

# More files than the window has chunks, again and again.
reclaim() {
	local i sums='' wanted=''

	for i in 1 2 3; do
		sums=$(guest tree /mnt/fs/many mmap)
		wanted=$("$AGENT" tree "$SHARE/many" read)
		is "$sums" "$wanted" "$1: many files in a small window, pass $i"
	done
}

mkdir -p "$SHARE/size" "$SHARE/many"
for size in $sizes; do
	make "size/$size" "$size" "$size"
done
for i in {1..40}; do
	make "many/$i" $((40000 + i * 1001)) "$i"
done

for kernel in $KERNELS; do
	WINDOW=32M serve
	holds "$kernel boots" guest_start "$kernel" window="$DAEMON_SOCKET" cpus=2
	guest mount TAG /mnt/fs virtiofs dax=inode
	is "$(dax size/1)" yes "$kernel: a file of one byte is DAX"
	all_sizes "$kernel"
	growth "$kernel"
	writes "$kernel"
	reclaim "$kernel"
	is "$(stat -c %s "$SHARE/size/0")" 0 "$kernel: the empty file did not grow"
	guest umount /mnt/fs
	holds "$kernel powers off" guest_stop
	daemon_stop
done

done_testing
