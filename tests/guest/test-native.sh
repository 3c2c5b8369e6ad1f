#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# DAX per file on ext4 and xfs themselves, on an NVDIMM: the inode flag that fsdax-ctl writes
# takes effect when the file was closed by all.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

ctl() {
	guest run fsdax-ctl "$@"
}

# states FILE...: "yes/flag=yes" of each, by fsdax-ctl.
states() {
	ctl state "$@" | cut -f 1,2 --output-delimiter=/ | paste -s -d ' '
}

# policy TEXT: in the guest.
policy() {
	guest run "cat >/policy.ini <<-'END'
$1
END"
}

# Everything on one file system that is mounted on /mnt/fs.
try() {
	local f=/mnt/fs/models/big

	guest mkdir /mnt/fs/models
	guest mkdir /mnt/fs/logs
	guest write $f 100001 1
	guest write /mnt/fs/models/small 100 2
	guest write /mnt/fs/logs/big 100001 3
	is "$(states $f /mnt/fs/models/small /mnt/fs/logs/big)" \
		"no/flag=no no/flag=no no/flag=no" "$1: at first nothing is DAX"

	policy '[tag]
inode-flag = yes
[rule big]
size = >= 32K
dax = yes
[rule logs]
path = logs/**
dax = no'
	is "$(ctl apply --by=flag --policy=/policy.ini --root=/mnt/fs /mnt/fs)" \
		"1 written, 2 unchanged" "$1: apply writes the flag"
	is "$(states $f /mnt/fs/models/small /mnt/fs/logs/big)" \
		"yes/flag=yes no/flag=no no/flag=no" "$1: what nobody has open is DAX at once"
	is "$(guest dax $f) $(guest dax /mnt/fs/logs/big)" "yes no" "$1: so says statx"
	is "$(guest check $f 0 100001 1 mmap) $(guest check $f 0 100001 1 read)" "same same" \
		"$1: the data stays"
	is "$(ctl apply --by=flag --policy=/policy.ini --root=/mnt/fs /mnt/fs)" \
		"0 written, 3 unchanged" "$1: applied again: nothing to do"

	# Off, while it is open and mapped.
	guest open 1 $f rw
	guest map 1 @1 0 100001 rw
	is "$(ctl set --by=flag --dax=no --policy=/policy.ini --root=/mnt/fs $f)" "" "$1: set --dax=no"
	is "$(states $f)" "yes/flag=no" "$1: open: it stays DAX"
	guest open 2 $f ro
	is "$(guest dax @1) $(guest dax @2)" "yes yes" "$1: for who opens it now, too"
	guest close 2
	guest poke 1 5000 100 9
	guest msync 1
	guest unmap 1
	is "$(states $f)" "yes/flag=no" "$1: one still has it open"
	guest close 1
	is "$(states $f)" "no/flag=no" "$1: closed by all: it is not DAX any more"
	is "$(guest check $f 5000 100 9 mmap), $(guest check $f 0 6000 1)" \
		"same, differs at=5000" "$1: what was written through the mapping is there"

	# And on.
	guest open 1 $f ro
	ctl set --by=flag --policy=/policy.ini --root=/mnt/fs $f
	is "$(states $f)" "no/flag=yes" "$1: open: it stays without DAX"
	has "$(ctl state -v $f)" "once all who have the file open have closed it" "$1: -v says why"
	guest close 1
	is "$(states $f)" "yes/flag=yes" "$1: closed by all: it is DAX"

	# One that is cached, and not open.
	guest sum /mnt/fs/logs/big >"$SCRATCH/sum"
	ctl set --by=flag --policy=/policy.ini --root=/mnt/fs /mnt/fs/logs/big
	is "$(states /mnt/fs/logs/big)" "yes/flag=yes" "$1: a cached file changes at once"
	is "$(guest check /mnt/fs/logs/big 0 100001 3 mmap)" same "$1: and keeps its data"
}

# modes DEVICE TYPE: what the mount option does to the flag.
modes() {
	local f=/mnt/fs/models/big small=/mnt/fs/models/small mode wanted

	for mode in "dax=inode yes no" "dax=always yes yes" "dax=never no no"; do
		wanted=${mode#* }
		mode=${mode%% *}
		guest umount /mnt/fs
		guest mount "$1" /mnt/fs "$2" "$mode"
		is "$(guest dax $f) $(guest dax $small)" "$wanted" "$3: mounted with $mode"
	done
	guest umount /mnt/fs
}

for kernel in bookworm-security trixie; do
	rm -f "$SCRATCH"/*.img
	truncate -s 128M "$SCRATCH/ext4.img"
	truncate -s 512M "$SCRATCH/xfs.img"
	holds "$kernel boots" guest_start "$kernel" nvdimm="$SCRATCH/ext4.img" \
		nvdimm="$SCRATCH/xfs.img" program="$FSDAX_CTL" program="$(command -v mkfs.ext4)" \
		program="$(command -v mkfs.xfs)"
	guest modules xfs
	guest modules nvdimm
	# The kernel numbers them as it likes.
	small=0 large=1
	[[ $(guest run cat /sys/bus/nd/devices/region0/size) == $((128 << 20)) ]] || small=1 large=0
	for fs in "ext4 $small -b 4096" "xfs $large"; do
		read -r fs n options <<<"$fs"
		device=/dev/pmem$n
		holds "$kernel: $device" guest_pmem "$n"
		# shellcheck disable=SC2086 # one or more words
		holds "$kernel: mkfs.$fs" guest run "mkfs.$fs" -q $options "$device"
		holds "$kernel: $fs mounts" guest mount "$device" /mnt/fs "$fs" dax=inode || continue
		try "$kernel, $fs"
		modes "$device" "$fs" "$kernel, $fs"
	done
	holds "$kernel powers off" guest_stop
done

done_testing
