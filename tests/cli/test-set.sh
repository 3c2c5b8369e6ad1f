#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tags by xattr and by inode flag, on every file system there is: what we write others see,
# and what others write we see.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

make_tree() {
	mkdir -p "$1/a/b"
	echo 1 >"$1/a/one"
	echo 2 >"$1/a/b/two"
	ln -s one "$1/a/link"
	mkfifo "$1/a/pipe"
}

xattr_tests() {
	local fs=$1 d=$2/t before

	make_tree "$d"
	run ctl set "$d/a/one"
	exits 0 "$fs: set succeeds"
	is "$OUT" "" "$fs: set of one file says nothing"
	is "$(tag_of "$d/a/one")" yes "$fs: getfattr sees the tag"
	run ctl set --dax=no "$d/a/one"
	is "$(tag_of "$d/a/one")" no "$fs: a tag is replaced"
	run ctl show "$d/a/one"
	is "$OUT" $'no\txattr\t'"$d/a/one" "$fs: show prints it"

	setfattr -n trusted.fsdax -v on "$d/a/b/two"
	run ctl show "$d/a/b/two"
	is "$OUT" $'yes\txattr\t'"$d/a/b/two" "$fs: what setfattr wrote is seen"
	before=$(stat -c %z "$d/a/b/two")
	run ctl set "$d/a/b/two"
	is "$(stat -c %z "$d/a/b/two")" "$before" "$fs: a tag that says so already is left alone"

	run ctl clear "$d/a/one" "$d/a/b/two"
	exits 0 "$fs: clear succeeds"
	is "$(dump "$d" | grep -c trusted.fsdax)" 0 "$fs: clear removes tags"
	run ctl clear "$d/a/one"
	exits 0 "$fs: clear without a tag succeeds"

	before=$(dump "$d"; ctimes "$d")
	run ctl set -R -n "$d"
	exits 0 "$fs: a dry run succeeds"
	is "$(dump "$d"; ctimes "$d")" "$before" "$fs: a dry run changes nothing"
	is "$(sort <<<"$OUT")" "$(sort <<<"5 would be tagged yes, 0 unchanged
yes	$d
yes	$d/a
yes	$d/a/b
yes	$d/a/b/two
yes	$d/a/one")" "$fs: a dry run says what would change"

	run ctl set -R "$d"
	is "$OUT" "5 tagged yes, 0 unchanged" "$fs: set -R counts folders and files"
	is "$(dump "$d" | grep -c trusted.fsdax)" 5 "$fs: set -R tags them, and nothing else"
	before=$(ctimes "$d")
	run ctl set -R "$d"
	is "$OUT" "0 tagged yes, 5 unchanged" "$fs: set -R again changes nothing"
	is "$(ctimes "$d")" "$before" "$fs: and touches nothing"
	run ctl clear -R "$d"
	is "$OUT" "5 cleared, 0 unchanged" "$fs: clear -R"
	is "$(dump "$d" | grep -c trusted.fsdax)" 0 "$fs: clear -R removes every tag"

	run ctl set --dax=no "$d/a"
	is "$(dump "$d" | grep -c trusted.fsdax)" 1 "$fs: set without -R tags the folder alone"
	run ctl show "$d/a/b/two"
	is "$OUT" $'no\tfolder '"$d/a"$'\t'"$d/a/b/two" "$fs: what lies below inherits it"
	run ctl show --json "$d/a/b/two"
	is "$(sed -E 's/"flag":(false|null),//' <<<"$OUT")" \
		"$(tr "'" '"' <<<"{'path':'$d/a/b/two','tag':'no','xattr':null,'by_policy':false,'garbage':false,'inherited':'no','folder':'$d/a'}")" \
		"$fs: show --json tells all"
	run ctl set --json -v -R "$d/a/b"
	is "$(sort <<<"$OUT")" '{"changed":2,"unchanged":0,"failed":0,"dry_run":false,"interrupted":false}
{"path":"'"$d/a/b"'","tag":"yes","dry_run":false}
{"path":"'"$d/a/b/two"'","tag":"yes","dry_run":false}' "$fs: set --json -v tells what changed"
	run ctl show -R "$d"
	is "$(sort <<<"$OUT")" "no	xattr	$d/a
none	-	$d
yes	xattr	$d/a/b
yes	xattr	$d/a/b/two" "$fs: show -R shows what has a tag of its own, and what was named"
	run ctl clear -R "$d/a"
}

flag_tests() {
	local fs=$1 d=$2/f

	make_tree "$d"
	run ctl set --by=flag "$d/a/one"
	exits 0 "$fs: set --by=flag succeeds"
	is "$(flag_of "$d/a/one")" x "$fs: lsattr sees the flag"
	like "$(xfs_io -r -c lsattr "$d/a/one")" "-*x*-*$d/a/one" "$fs: xfs_io sees the flag"
	like "$ERR" "does not count inode flags" "$fs: a flag that the policy does not count is warned about"
	run ctl set --by=flag --dax=no "$d/a/one"
	is "$(flag_of "$d/a/one")" - "$fs: the flag is cleared"

	xfs_io -c 'chattr +x' "$d/a/one"
	run ctl show "$d/a/one"
	is "$OUT" $'none\tflag (not counted)\t'"$d/a/one" "$fs: show sees what xfs_io set"
	write_policy '[tag]
inode-flag = yes'
	run ctl show "$d/a/one"
	is "$OUT" $'yes\tflag\t'"$d/a/one" "$fs: and counts it if the policy does"
	run ctl show --json "$d/a/one" "$d/a/b/two"
	like "$OUT" '"tag":"yes"*"flag":true*"flag":false' "$fs: show --json tells of flags"
	run ctl set --by=flag -R "$d"
	unlike "$ERR" "warning" "$fs: no warning where the policy counts flags"
	is "$(lsattr -d "$d" "$d/a" "$d/a/one" "$d/a/b" "$d/a/b/two" | awk '$1 ~ /x/' | wc -l)" 5 \
		"$fs: set -R --by=flag sets all"
	run ctl clear -R "$d"
	is "$OUT" "5 cleared, 0 unchanged" "$fs: clear takes flags away where the policy counts them"
	is "$(lsattr -d "$d" "$d/a" "$d/a/one" "$d/a/b" "$d/a/b/two" | awk '$1 ~ /x/' | wc -l)" 0 \
		"$fs: all of them"
	chattr +A "$d/a/one"
	run ctl set --by=flag "$d/a/one"
	like "$(lsattr -d "$d/a/one")" "A*x" "$fs: other flags are left alone"
	write_policy '[policy]'
}

no_flag_tests() {
	local fs=$1 d=$2/f before

	make_tree "$d"
	before=$(dump "$d")
	run ctl set --by=flag "$d/a/one"
	exits 1 "$fs: set --by=flag fails"
	like "$ERR" "$fs* cannot carry the inode flag; ext4 and xfs can. Use --by=xattr" \
		"$fs: and the message says who can"
	is "$(dump "$d")" "$before" "$fs: and nothing was changed"
	run ctl set -R --by=flag "$d"
	like "$ERR" "5 failed" "$fs: all failures are counted"
	is "$(grep -c 'cannot set the inode flag of' <<<"$ERR")" 5 "$fs: and named"
	is "$(grep -c 'cannot carry' <<<"$ERR")" 1 "$fs: but the advice is given once"
	run ctl clear -R --by=flag "$d"
	exits 0 "$fs: there is no flag to clear"
}

for fs in ext4 xfs btrfs tmpfs overlay; do
	new_fs $fs || { echo "# no $fs in this kernel"; continue; }
	xattr_tests $fs "$MNT"
	case $fs in
	ext4 | xfs) flag_tests $fs "$MNT" ;;
	btrfs | tmpfs) no_flag_tests $fs "$MNT" ;;
	esac
done

# ---- Names of the xattr -----------------------------------------------------------------

new_fs ext4
echo x >"$MNT/f"
run ctl set --xattr=user.fsdax "$MNT/f"
is "$(tag_of "$MNT/f" user.fsdax)" yes "--xattr names the xattr"
is "$(tag_of "$MNT/f")" "" "and the other one is not written"
write_policy '[tag]
xattr = user.other'
run ctl set "$MNT/f"
is "$(tag_of "$MNT/f" user.other)" yes "the policy names the xattr"
write_policy '[tag]
xattr = none'
run ctl set "$MNT/f"
exits 2 "a policy without an xattr: set does not know what to write"
like "$ERR" "--xattr=NAME, or use --by=flag" "and says what to do"
write_policy '[policy]'

run as_nobody_ctl set "$MNT/f"
exits 1 "trusted.* without privilege fails"
like "$ERR" "trusted.* needs CAP_SYS_ADMIN; run as root, or use user.fsdax with [[]tag] xattr = user.fsdax" \
	"and says what to do"
chown 65534 "$MNT/f"
run as_nobody_ctl set --xattr=user.fsdax --dax=no "$MNT/f"
exits 0 "user.* needs no privilege"
is "$(tag_of "$MNT/f" user.fsdax)" no "and is written"

# What cannot be read is asked for by those who need it only.
mkdir -p "$MNT/closed/mine"
chmod 711 "$MNT/closed"
touch "$MNT/closed/mine/f"
chown -R 65534 "$MNT/closed/mine"
write_policy '[tag]
xattr = user.fsdax'
run as_nobody_ctl set "$MNT/closed/mine/f"
exits 0 "set: a tag of a folder above that cannot be read is in nobody's way"
run as_nobody_ctl copy "$MNT/closed/mine" "$MNT/closed/mine"
exits 0 "copy: nor here"
run as_nobody_ctl clear "$MNT/closed/mine/f"
is "$STATUS$(tag_of "$MNT/closed/mine/f" user.fsdax)" 0 "clear: nor here"
run as_nobody_ctl show "$MNT/closed/mine/f"
exits 1 "show: what a file has from there is not known"
write_policy '[policy]'

# Of several xattrs, the one that is named is meant, for what is inherited, too.
mkdir -p "$MNT/named/a/b"
touch "$MNT/named/a/b/f"
ctl set --xattr=user.fsdax "$MNT/named/a"
run ctl show --xattr=user.fsdax "$MNT/named/a/b/f"
is "$OUT" $'yes\tfolder '"$MNT/named/a"$'\t'"$MNT/named/a/b/f" "show --xattr: by a folder's tag of that name"
run ctl show "$MNT/named/a/b/f"
is "$OUT" $'none\t-\t'"$MNT/named/a/b/f" "show: not by one of another"
ctl set --dax=no "$MNT/named"
ctl set --dax=no "$MNT/named/a/b"
run ctl show -R -v --xattr=user.fsdax "$MNT/named"
is "$(cut -f 1,3 <<<"$OUT" | sort)" $'none\t'"$MNT/named
yes	$MNT/named/a
yes	$MNT/named/a/b
yes	$MNT/named/a/b/f" "show -R --xattr: the same in a walk"
setfattr -n user.fsdax -v 'no policy' "$MNT/named/a/b"
chattr +x "$MNT/named/a/b"
write_policy '[tag]
inode-flag = yes'
setfattr -x user.fsdax "$MNT/named/a"
run ctl show --xattr=user.fsdax "$MNT/named/a/b/f"
is "$OUT" $'yes\tfolder '"$MNT/named/a/b"$'\t'"$MNT/named/a/b/f" \
	"show --xattr: where the flag counts, by a folder's flag"
write_policy '[policy]'

# ---- What cannot have a tag -------------------------------------------------------------------

mkfifo "$MNT/pipe"
ln -s f "$MNT/link"
mknod "$MNT/device" c 1 3
for name in pipe link device; do
	run ctl set "$MNT/$name"
	exits 1 "a $name that is named is refused"
	run ctl clear "$MNT/$name"
	exits 1 "clear: so it is"
	has "$ERR" "cannot clear the tag of $MNT/$name: Invalid argument" "clear: a $name is named"
	run ctl show "$MNT/$name"
	is "$OUT" $'none\t-\t'"$MNT/$name" "show: a $name has none"
done
run ctl set "$MNT/link"
like "$ERR" "links are not followed: name the file it leads to" "for a link, the message tells what to do"
run ctl set -R "$MNT/link"
exits 1 "nor is a link followed with -R"
run ctl set "$MNT/nothing"
exits 1 "what does not exist fails"
like "$ERR" "$MNT/nothing: No such file or directory" "and is named"

# ---- Values that are not ours --------------------------------------------------------------

setfattr -n trusted.fsdax -v 0x610062ff "$MNT/f"
run ctl show "$MNT/f"
is "$OUT" $'none\txattr is neither yes nor no\t'"$MNT/f" "show: garbage is called that"
run ctl set "$MNT/f"
is "$(tag_of "$MNT/f")" yes "set replaces garbage"
new_fs xfs
echo x >"$MNT/f"
setfattr -n trusted.fsdax -v "0s$(head -c 65536 /dev/zero | base64 -w0)" "$MNT/f"
is "$(getfattr --only-values -n trusted.fsdax --absolute-names "$MNT/f" 2>/dev/null | wc -c)" 65536 \
	"an xattr of 64 KiB is there"
run ctl show "$MNT/f"
is "$OUT" $'none\txattr is neither yes nor no\t'"$MNT/f" "show: so is one of 64 KiB"
run ctl set --dax=no "$MNT/f"
is "$(tag_of "$MNT/f")" no "set replaces it"
done_testing
