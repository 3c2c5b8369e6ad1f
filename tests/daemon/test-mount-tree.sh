#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test-mount-tree.sh - trees through a mount, by the usual tools, on several file systems of the
# host: what arrives is what was sent.
#
# Label: threads

# shellcheck source=tests/daemon/mount.sh
. "$(dirname "$0")/mount.sh"

# A tree with a bit of everything in it.
make_tree() {
	mkdir -p "$1"/{a/b/c,empty}
	cp -r "$FSDAX_SOURCE_DIR/lib" "$FSDAX_SOURCE_DIR/tests/cli" "$1/a"
	ln -s a/b "$1/link"
	ln -s /nowhere "$1/dangling"
	ln "$1/a/lib/policy.c" "$1/hard"
	mkfifo "$1/pipe"
	echo secret >"$1/a/b/mode"
	chmod 4751 "$1/a/b/mode"
	chown 1234:5678 "$1/a/b/mode"
	chmod 1777 "$1/empty"
	truncate -s 3M "$1/hole"
	printf end | dd of="$1/hole" bs=1 seek=1000000 conv=notrunc status=none
	: >"$1/a/name with spaces, \$, * and ünïcode"
	touch -d '1999-12-31 23:59:59.123456789' "$1/a/b/c"
}

# copies NAME: the tree there and back.
copies() {
	local name=$1 tree=$SCRATCH/tree

	cp -a "$tree" "$M/copy"
	same_tree "$name: cp -a, on the mount" "$tree" "$M/copy"
	same_tree "$name: cp -a, on the host" "$tree" "$MNT/copy"
	cp -a "$M/copy" "$SCRATCH/back"
	same_tree "$name: and back" "$tree" "$SCRATCH/back"
	rm -rf "$SCRATCH/back"
	mkdir "$M/tar"
	tar --format=posix -C "$M/copy" -cf - . | tar -C "$M/tar" -xpf -
	same_tree "$name: tar" "$tree" "$MNT/tar"
	rm -rf "$M/tar" "$M/copy"
	is "$(find "$MNT" -mindepth 1 ! -name lost+found)" "" "$name: rm -rf leaves nothing"
}

# git_clone NAME: many renames, links, locks and small writes.
git_clone() {
	local source=$SCRATCH/source

	if [[ ! -d $source ]]; then
		git -c init.defaultBranch=main init -q "$source"
		cp -r "$FSDAX_SOURCE_DIR/lib" "$source"
		git -C "$source" add .
		git -C "$source" -c user.name=t -c user.email=t@example.org commit -qm tree
	fi
	holds "$1: git clone" git clone -q "file://$source" "$M/clone"
	holds "$1: git fsck" git -C "$M/clone" fsck --strict
	is "$(git -C "$M/clone" status --porcelain)" "" "$1: git status"
	git -C "$M/clone" mv lib other
	is "$(git -C "$M/clone" status --porcelain | grep -vc '^R')" 0 "$1: git mv"
	rm -rf "$M/clone"
}

# A folder in which files come and go while it is listed.
large_folder() {
	local i

	mkdir "$M/many"
	(cd "$M/many" && seq -f 'a-name-that-takes-some-room-%g' 10000 | xargs touch)
	is "$(find "$M/many" -type f | wc -l)" 10000 "$1: 10,000 files by find"
	# shellcheck disable=SC2012 # ls is what is meant
	is "$(ls -lU "$M/many" | tail -n +2 | awk '{ print $NF }' | sort -u | wc -l)" 10000 \
		"$1: 10,000 files by ls -l"
	(for ((i = 0; i < 2000; i++)); do echo >"$M/many/new-$i"; rm -f "$M/many/new-$i"; done) &
	for i in 1 2 3 4 5; do
		# shellcheck disable=SC2010 # names without newlines
		ls -U "$M/many" | grep '^a-name' | sort >"$SCRATCH/list"
		is "$(wc -l <"$SCRATCH/list") $(uniq "$SCRATCH/list" | wc -l)" "10000 10000" \
			"$1: while others come and go, $i"
	done
	wait $!
	holds "$1: removed" rm -r "$M/many"
}

make_tree "$SCRATCH/tree"
if is_short; then
	new_fs ext4
	serve "$MNT" --thread-pool-size=8
	copies "threads"
	git_clone "threads"
	stop "threads"
	done_testing
fi
for kind in tmpfs ext4 xfs btrfs; do
	new_fs $kind || { echo "# no $kind here"; continue; }
	serve "$MNT"
	copies $kind
	git_clone $kind
	large_folder $kind
	stop $kind
done
for option in --cache=always --cache=metadata --cache=never --inode-file-handles=mandatory \
	--no-readdirplus --writeback --thread-pool-size=8; do
	new_fs ext4
	serve "$MNT" $option
	copies "$option"
	git_clone "$option"
	stop "$option"
done

done_testing
