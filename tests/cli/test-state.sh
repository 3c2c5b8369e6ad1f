#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# state: what the kernel says, on file systems that know DAX and on others.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

state() {
	timeout -k 5 120 "$FSDAX_CTL" state "$@"
}

for fs in ext4 xfs btrfs tmpfs; do
	if ! new_fs "$fs"; then
		echo "# skip: no $fs"
		continue
	fi
	file=$MNT/file
	echo data >"$file"
	run state "$file"
	exits 0 "$fs: state succeeds"
	is "$(cut -f 3,4 <<<"$OUT")" "$fs"$'\t'"$file" "$fs: its type and the path"
	case $fs in
	ext4 | xfs)
		is "$(cut -f 1,2 <<<"$OUT")" $'no\tflag=no' "$fs: no DAX, and no flag"
		if [[ $fs == ext4 ]]; then chattr +x "$file"; else xfs_io -c "chattr +x" "$file"; fi
		run state "$file"
		is "$(cut -f 1,2 <<<"$OUT")" $'no\tflag=yes' \
			"$fs: the flag alone does not make it DAX on a loop device"
		run state -v "$file"
		has "$OUT" "the flag asks for DAX" "$fs: -v says why"
		run state --json "$file"
		is "$(jq -c '[.path, .dax, .flag, .type]' <<<"$OUT")" \
			"[\"$file\",false,true,\"$fs\"]" "$fs: --json"
		;;
	*)
		isnt "$(cut -f 2 <<<"$OUT")" flag=yes "$fs: cannot have the flag"
		run state --json "$file"
		is "$(jq -c '[.path, .flag == true, .type]' <<<"$OUT")" \
			"[\"$file\",false,\"$fs\"]" "$fs: --json"
		;;
	esac
	if [[ $fs != ext4 ]]; then continue; fi
	EXT4=$MNT
done

cd "${EXT4:?}" || exit 1
mkfifo pipe
ln -s /nowhere link
mknod device c 1 3
echo x >"new
line"
run state pipe link device . "new
line"
exits 0 "pipes, links, devices and folders"
is "$(cut -f 4 <<<"$OUT" | head -n 4 | tr '\n' ' ')" "pipe link device . " \
	"none is opened or followed; in the order of the operands"
has "$OUT" "\$'new\\nline'" "a newline is quoted"
is "$(state -0 "new
line" | tail -c 10 | od -An -c | tr -d ' ')" '\tnew\nline\0' "-0 writes it as it is"
mkdir -p tree/a/b
touch tree/a/b/file tree/one
run state -R tree
exits 0 "state -R"
is "$(cut -f 4 <<<"$OUT" | sort)" "tree
tree/a
tree/a/b
tree/a/b/file
tree/one" "state -R shows all files and folders"
run state nothing file
exits 1 "a missing file"
has "$ERR" "nothing" "is named"
has "$OUT" "file" "and the others are shown"
run state
exits 2 "no operand"

run state /proc/self/status
exits 0 "a file system without a block device"
is "$(cut -f 3 <<<"$OUT")" proc "has its type, too"
state file >/dev/full 2>"$SCRATCH/err"
is "$?" 1 "a full disk is noticed"

done_testing
