#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# tree.sh LIST SCRATCH TABLE - compares fsdax-ctl with the usual walkers on a tree of
# BENCH_FILES files (500000) on an ext4 image in the folder SCRATCH, which is removed at
# the end. Needs root. Called by run.sh; where there is no fsdax-ctl, the peers alone run.
set -euo pipefail

list=$1 scratch=$2 table=$3
files=${BENCH_FILES:-500000}
rounds=${BENCH_ROUNDS:-5}
# About 20 files a folder; those that only hold folders come on top.
folders=$((files / 25))
here=$(cd "$(dirname "$0")/.." && pwd)
ctl=${FSDAX_CTL:-}
image=$scratch/tree.img
mnt=$scratch/tree
tree=$mnt/all
small=$mnt/part
xattr=trusted.fsdax

cleanup()
{
	mountpoint -q "$mnt" && umount "$mnt"
	rm -rf "$image" "$mnt" "$scratch/tree.policies" "$scratch/tree.calls"
}

make_image()
{
	truncate -s 4G "$image"
	mkfs.ext4 -q -F -N $((files * 3 / 2 + 1000)) \
		-E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$image"
	mkdir -p "$mnt"
	mount -o loop,noatime "$image" "$mnt"
}

make_trees()
{
	mkdir "$tree" "$small"
	read -r files folders < <("$BENCH_BIN/bench-mktree" "$list" "$tree" "$files" "$folders")
	"$BENCH_BIN/bench-mktree" "$list" "$small" $((files / 10)) $((folders / 10)) >/dev/null
	sync
	printf '\n%s files in %s folders, ext4, warm\n' "$files" "$folders"
}

# The shipped policy, and the same without tags, so that no xattr can matter.
make_policies()
{
	mkdir -p "$scratch/tree.policies"
	cp "$here/policy.d/50-default.ini" "$scratch/tree.policies/tags.ini"
	sed 's/^xattr = .*/xattr = none/' "$here/policy.d/50-default.ini" \
		>"$scratch/tree.policies/none.ini"
	grep -q '^xattr = none' "$scratch/tree.policies/none.ini"
}

# Rows of the table that are counted, not timed: WHAT BOUND TARGET VALUE UNIT
row()
{
	printf '%s\t%s\t%s\t%s\t%s\t0\n' "$@" >>"$table"
}

# System calls that a command makes: "COUNT NAME", the most frequent first. Counted from a
# full trace: strace -c leaves out those that are newer than itself, which come by number.
calls()
{
	strace -f -qq -o "$scratch/tree.calls" "$@" >/dev/null 2>&1 || true
	awk '
	BEGIN {
		name["syscall_0x1cf"] = "setxattrat"
		name["syscall_0x1d0"] = "getxattrat"
		name["syscall_0x1d1"] = "listxattrat"
		name["syscall_0x1d2"] = "removexattrat"
		name["syscall_0x1d4"] = "file_getattr"
		name["syscall_0x1d5"] = "file_setattr"
	}
	match($2, /^[a-z0-9_]+\(/) {
		call = substr($2, 1, RLENGTH - 1)
		count[call in name ? name[call] : call]++
	}
	END { for (call in count) print count[call], call }' "$scratch/tree.calls" | sort -rn
}

compare()
{
	"$BENCH_BIN/bench-compare" -n "$files" -o "$table" "$@"
}

# What each walker is called in the tables, and how it is run.
find_walk="find $tree -printf '%s %p\\n'"
getfattr_walk="getfattr -R -h -n $xattr --absolute-names $tree"
getfattr_dump="getfattr -R -h -d -m ^$xattr\$ --absolute-names $tree"
untag="find $mnt -exec setfattr -h -x $xattr {} + ; sync"
unflag="chattr -R -x $mnt; sync"
set_tags="find $tree -exec setfattr -h -n $xattr -v yes {} +"
set_flags="chattr -R +x $tree"
set_flags_xfs="xfs_io -c 'chattr -R +x' $tree"

peers_only()
{
	echo "tree.sh: no fsdax-ctl; the peers alone"
	compare -r "$rounds" -t "reading" \
		"find -printf '%s %p'" "" "$find_walk" \
		"getfattr -R -n" "" "$getfattr_walk" \
		"getfattr -R -d -m" "" "$getfattr_dump"
	compare -r 3 -t "writing" \
		"find -exec setfattr {} +" "$untag" "$set_tags" \
		"chattr -R +x" "$unflag" "$set_flags" \
		"xfs_io chattr -R +x" "$unflag" "$set_flags_xfs"
}

reading()
{
	compare -r "$rounds" -t "reading" \
		-f "scan: faster than find -printf '%s %p'|scan|find -printf '%s %p'|1.5" \
		-f "scan: faster than getfattr -R -n|scan|getfattr -R -n|3" \
		-f "scan: faster than getfattr -R -d -m|scan|getfattr -R -d -m|3" \
		-f "scan without tags: faster than find -printf|scan, no tag xattr|find -printf '%s %p'|2.3" \
		-m "scan: memory, over that for a tenth of the files|scan|scan, a tenth|1.2" \
		"scan" "" "$scan" \
		"find -printf '%s %p'" "" "$find_walk" \
		"scan, no tag xattr" "" "$scan_none" \
		"getfattr -R -n" "" "$getfattr_walk" \
		"scan, a tenth" "" "$scan_small" \
		"getfattr -R -d -m" "" "$getfattr_dump" \
		"scan -j 1" "" "$scan -j 1"
}

# set -R, and set -R again with a scan of the same tagged tree beside it.
tagging()
{
	compare -r 3 -t "tagging by xattr" \
		-f "set -R: faster than find -exec setfattr {} +|set -R|find -exec setfattr {} +|4" \
		"set -R" "$untag" "$set_all" \
		"find -exec setfattr {} +" "$untag" "$set_tags"
	sh -c "$set_all" >/dev/null
	sync
	compare -r "$rounds" -t "tagging what is tagged" \
		-f "set -R with nothing to change: speed of a scan (5% for noise)|set -R again|scan|0.95" \
		"set -R again" "" "$set_all" \
		"scan" "" "$scan"
	bash -c "$untag" 2>/dev/null || true
}

flagging()
{
	compare -r 3 -t "tagging by inode flag" \
		-f "set -R --by=flag: faster than chattr -R|set -R --by=flag|chattr -R +x|2" \
		"set -R --by=flag" "$unflag" "$set_all --by=flag" \
		"chattr -R +x" "$unflag" "$set_flags" \
		"xfs_io chattr -R +x" "$unflag" "$set_flags_xfs"
}

counting()
{
	local counts
	counts=$(calls sh -c "exec $scan")
	printf '\nsystem calls of scan\n'
	head -8 <<<"$counts" | sed 's/^/  /'
	row "scan: system calls a file" "<=" 2.3 \
		"$(awk -v files="$files" '{ n += $1 } END { printf "%.3f", n / files }' \
			<<<"$counts")" calls
	counts=$(calls sh -c "exec $scan_small_none")
	row "scan without tags: system calls about xattrs" "<=" 0 \
		"$(awk '$2 ~ /xattr/ { n += $1 } END { print n + 0 }' <<<"$counts")" calls
}

if [ "$(id -u)" != 0 ]; then
	echo "tree.sh: not root, so no image can be mounted; the trees are left out" >&2
	exit 0
fi
trap cleanup EXIT
trap 'exit 130' INT TERM
cleanup
make_image
make_trees
if ! [ -x "$ctl" ]; then
	peers_only
	exit 0
fi
make_policies
scan="$ctl scan --policy $scratch/tree.policies/tags.ini --root $tree $tree"
scan_none="$ctl scan --policy $scratch/tree.policies/none.ini --root $tree $tree"
scan_small_none="$ctl scan --policy $scratch/tree.policies/none.ini --root $small $small"
scan_small="$ctl scan --policy $scratch/tree.policies/tags.ini --root $small $small"
set_all="$ctl set -R --dax=yes --policy $scratch/tree.policies/tags.ini --root $tree $tree"
reading
counting
tagging
flagging
