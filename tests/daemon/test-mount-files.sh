#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test-mount-files.sh - what programs do with single files, on a mount: as on the host.
#
# Label: threads

# shellcheck source=tests/daemon/mount.sh
. "$(dirname "$0")/mount.sh"

# allocated FILE: bytes that it takes on the disk.
allocated() {
	echo $(($(stat -c '%b * %B' "$1")))
}

holes() {
	truncate -s 10M "$M/hole"
	is "$(allocated "$M/hole")" 0 "$1: a hole takes no room"
	fallocate -o 4M -l 2M "$M/hole"
	is "$(allocated "$MNT/hole")" $((2 << 20)) "$1: fallocate"
	fallocate -p -o 5M -l 1M "$M/hole"
	is "$(allocated "$M/hole") $(stat -c %s "$M/hole")" "$((1 << 20)) $((10 << 20))" \
		"$1: fallocate --punch-hole"
	fallocate -l 12M "$M/hole"
	is "$(stat -c %s "$MNT/hole")" $((12 << 20)) "$1: fallocate grows the file"
	fallocate -n -l 14M "$M/hole"
	is "$(stat -c %s "$MNT/hole")" $((12 << 20)) "$1: unless it is to keep its size"
	run fallocate -c -o 0 -l 4096 "$M/hole"
	exits 1 "$1: what moves data is refused"
	rm "$M/hole"
	truncate -s 8M "$M/sparse"
	echo data | dd of="$M/sparse" bs=1M seek=3 conv=notrunc status=none
	cp --sparse=always "$M/sparse" "$M/copy"
	holds "$1: a copy of a sparse file" cmp "$M/sparse" "$MNT/copy"
	is "$(allocated "$M/copy")" "$(allocated "$MNT/sparse")" "$1: the copy is sparse"
	rm "$M/sparse" "$M/copy"
}

appending() {
	local i pids=()

	for i in 1 2 3 4; do
		(for ((n = 0; n < 200; n++)); do echo "$i-$n" >>"$M/log"; done) &
		pids+=($!)
	done
	wait "${pids[@]}"
	is "$(sort -u "$MNT/log" | wc -l)" 800 "$1: four that append lose no line"
	rm "$M/log"
}

unlinked() {
	echo kept >"$M/gone"
	exec 5<"$M/gone"
	exec 6>>"$M/gone"
	rm "$M/gone"
	echo more >&6
	is "$(cat <&5)" "kept
more" "$1: a file that is unlinked stays while it is open"
	exec 5<&- 6>&-
	is "$(find "$MNT" -name '*gone*')" "" "$1: and leaves nothing behind"
}

xattrs() {
	local value

	echo x >"$M/file"
	ln -s file "$M/link"
	setfattr -n user.a -v one "$M/file"
	setfattr -n trusted.b -v two "$M/file"
	setfattr -h -n trusted.l -v three "$M/link"
	is "$(cd "$MNT" && getfattr -h -d -m - file link)" "$(cd "$M" && getfattr -h -d -m - file link)" \
		"$1: the same on both sides"
	setfattr -n trusted.fsdax -v yes "$MNT/file"
	unlike "$(cd "$M" && getfattr -d -m - file)" fsdax "$1: the tag is not shown"
	run getfattr -n trusted.fsdax "$M/file"
	exits 1 "$1: nor read"
	run setfattr -n trusted.fsdax -v no "$M/file"
	exits 1 "$1: nor written"
	run setfattr -x trusted.fsdax "$M/file"
	exits 1 "$1: nor removed"
	is "$(tag_of "$MNT/file")" yes "$1: it still stands"
	value=$(head -c 700 /dev/zero | tr '\0' v)
	setfattr -n user.large -v "$value" "$M/file"
	is "$(tag_of "$M/file" user.large)" "$value" "$1: a large one"
	setfattr -x user.a "$M/file"
	is "$(tag_of "$MNT/file" user.a)" "" "$1: removed"
	cp -a "$M/file" "$M/file2"
	is "$(tag_of "$MNT/file2" user.large)" "$value" "$1: copied by cp -a"
	rm "$M/file" "$M/file2" "$M/link"
}

# A program that runs is not written to, and what is open for writing does not run.
busy() {
	local pid

	cp "$(command -v sleep)" "$M/program"
	"$M/program" 60 &
	pid=$!
	# Only an end to a hang.
	for ((i = 0; i < 600; i++)); do
		[[ $(readlink "/proc/$pid/exe") == "$M/program" ]] && break
		sleep 0.05
	done
	run bash -c ": >>'$M/program'"
	has "$ERR" "Text file busy" "$1: a program that runs can't be opened for writing"
	run truncate -s 0 "$M/program"
	has "$ERR" "Text file busy" "$1: nor cut"
	kill "$pid"
	wait "$pid" 2>/dev/null
	exec 5>>"$M/program"
	run "$M/program" 0
	has "$ERR" "Text file busy" "$1: nor started while it is open for writing"
	exec 5>&-
	rm "$M/program"
}

direct() {
	head -c 3M /dev/urandom >"$M/file"
	dd if="$M/file" of="$M/copy" bs=512K iflag=direct oflag=direct status=none
	holds "$1: O_DIRECT" cmp "$M/file" "$MNT/copy"
	rm "$M/file" "$M/copy"
}

# within NAME SHARE: what is served lies in what is shared, and is not seen there.
within() {
	local name=$1 share=$2 inner

	serve "$share"
	inner=$M${SCRATCH#"${share%/}"}
	is "$(ls "$inner")" "$(ls "$SCRATCH")" "$name: the rest is there"
	is "$(ls -A "$inner/${M##*/}")" "" "$name: the mount is an empty folder in itself"
	: >"$inner/made"
	holds "$name: and is written to" rm "$SCRATCH/made"
	stop "$name"
}

mkdir -p "$SCRATCH/outer/inner" "$SCRATCH/outer-2"
within "a mount below the share" "$SCRATCH"
within "a mount below the root" /
serve "$SCRATCH/outer"
mkdir "$M/other"
stop "a mount beside the share"

for kind in tmpfs ext4; do
	new_fs $kind
	serve "$MNT" --xattr
	holes $kind
	appending $kind
	unlinked $kind
	xattrs $kind
	busy $kind
	direct $kind
	stop $kind
	serve "$MNT" --allow-direct-io
	direct "$kind, --allow-direct-io"
	stop "$kind, --allow-direct-io"
done

done_testing
