#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scan: the sums are right, by rule and by size; what is odd in a tree does no harm.
# threads

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/tree
mkdir -p "$D/a/b" "$D/db"
truncate -s 0 "$D/empty"
truncate -s 1 "$D/one"
truncate -s 4096 "$D/page"
truncate -s 32767 "$D/a/below"
truncate -s 32768 "$D/a/even"
truncate -s 2M "$D/a/b/chunk"
truncate -s 2097153 "$D/a/b/more"
truncate -s 10M "$D/db/table"

write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes
[rule idle]
path = *.none
dax = yes
[rule db]
path = /db/**
dax = no'

scan() {
	ctl scan --root "$D" "$@"
}

# sums JQ-EXPRESSION: of the JSON that `run` saw
sums() {
	jq -c "$1" <<<"$OUT"
}

# ---- Sums -------------------------------------------------------------------------------

run scan --json "$D"
exits 0 "scan succeeds"
is "$(wc -l <<<"$OUT")" 1 "--json is one object"
is "$(sums '[.files, .folders, .others, .hard_linked, .failed, .vanished, .interrupted]')" \
	'[8,4,0,0,0,0,false]' "files and folders"
is "$(sums '.yes | [.files, .bytes, .chunks, .descriptors, .page_cache]')" \
	'[3,4227073,4,131072,4231168]' "what is yes, and what it costs"
is "$(sums '.no | [.files, .bytes, .chunks, .descriptors, .page_cache]')" \
	'[5,10522624,8,262144,10526720]' "what is no"
is "$(sums .guest_memory)" "$(jq -c . <<<'{"policy": 10657792, "dax_for_all": 393216,
	"dax_for_none": 14757888, "saved_against_all": -10264576, "saved_against_none": 4100096}')" \
	"guest memory under the policy, with DAX for all, and for none"
is "$(sums '[.decided_by[] | [.reason, .rule, .line, .dax, .files, .chunks]]')" \
	'[["rule","worth-a-chunk",1,true,3,4],["rule","idle",4,true,0,0],["rule","db",7,false,1,5],["default",null,null,false,4,3]]' \
	"by what decided, idle rules included"
is "$(sums '[.sizes[] | [.from, .below, .yes.files, .no.files]]')" \
	'[[0,1,0,1],[1,4096,0,1],[4096,32768,0,2],[32768,262144,1,0],[262144,2097152,0,0],[2097152,16777216,2,1],[16777216,134217728,0,0],[134217728,1073741824,0,0],[1073741824,8589934592,0,0],[8589934592,null,0,0]]' \
	"by size"
for jobs in 1 2 7; do
	run scan -j $jobs --json "$D"
	is "$(sums '[.yes.bytes, .no.bytes]')" '[4227073,10522624]' "the same with $jobs threads"
done

run scan "$D"
exits 0 "scan for people"
has "$OUT" "8 files in 4 folders, 14.1 MiB" "the first line"
like "$OUT" $'\n''yes *3 *4.03 MiB *4 *128 KiB *4.04 MiB'$'\n' "a row of sums"
like "$OUT" "worth-a-chunk *yes *3 *4.03 MiB*$POLICY:1"$'\n' "a row of a rule"
like "$OUT" "2 MiB to 16 MiB *2 *3 *14 MiB *9 " "a row of a size"
like "$OUT"$'\n' "DAX for no file *0 *14.1 MiB *3.91 MiB"$'\n' "what the policy saves"
like "$OUT" "DAX for every file *12 *384 KiB *-9.79 MiB"$'\n' "or does not"
has "$OUT" "1 rule decided nothing here" "idle rules are counted"
for args in "$D $D" "$D $D/" "$D/a $D" "$D $D/a/even $D/db" "$D/a/../../${D##*/} $D"; do
	# shellcheck disable=SC2086 # words
	run scan $args
	has "$OUT" "8 files in 4 folders, 14.1 MiB" "${args//"$D"/DIR}: each counts once"
	# shellcheck disable=SC2086 # words
	run scan -x $args
	has "$OUT" "8 files in 4 folders, 14.1 MiB" "${args//"$D"/DIR}: and with -x"
done
run scan "$D/a/even" "$D/a/even"
has "$OUT" "1 file in 0 folders, 32 KiB" "a file that is named twice counts once"
run scan "$D/a" "$D/db"
like "$OUT" "[2-7] files in " "folders side by side both count"
run scan "$D" "$D/none"
exits 1 "what is not there fails, though it would lie below another operand"
ln -s a/even "$D/to-file"
ln -s a "$D/to-folder"
ln -s none "$D/to-none"
run scan "$D/to-file"
has "$ERR" "name the file it leads to" "a link to a file: what to do"
run scan "$D/to-folder"
has "$ERR" "put a slash behind the name" "a link to a folder: what to do"
run scan "$D/to-none"
has "$ERR" "leads nowhere" "a link to nothing"
rm "$D"/to-*
unlike "$OUT" "idle " "and not shown"
run scan -v "$D"
like "$OUT" "idle *yes *0 " "but for -v"
is "$(grep -c $'^\\(yes\\|no\\)\t' <<<"$OUT")" 8 "-v lists every file"
has "$OUT" $'no\t'"$POLICY:7:db"$'\t'"$D/db/table"$'\n' "with what decided"
run scan -v --json "$D"
is "$(wc -l <<<"$OUT")" 9 "-v --json: a line a file, and the sums at the end"
is "$(jq -r 'select(.path == "'"$D"'/a/even") | [.dax, .reason, .rule, .file, .line, .size] |
	join(" ")' <<<"$OUT")" "true rule worth-a-chunk $POLICY 1 32768" "-v --json: a file"
run scan -q "$D"
unlike "$OUT" "worth-a-chunk" "-q shows the sums alone"

# ---- Tags, and explain says the same ------------------------------------------------------

setfattr -n trusted.fsdax -v yes "$D/one"
setfattr -n trusted.fsdax -v no "$D/a/even"
setfattr -n trusted.fsdax -v yes "$D/db"
run scan --json "$D"
is "$(sums '[.decided_by[] | select(.rule == null) | [.reason, .dax, .files]]')" \
	'[["default",false,3],["tag",false,1],["tag",true,1],["folder-tag",true,1]]' \
	"tags on files and folders count"
scan -v --json -j 2 "$D" | jq -c 'select(.path) | [.path, .dax, .reason, .rule]' | sort >"$SCRATCH/a"
ctl explain --root "$D" --json -R "$D" | jq -c '[.path, .dax, .reason, .rule]' | sort >"$SCRATCH/b"
is "$(cat "$SCRATCH/a")" "$(cat "$SCRATCH/b")" "scan and explain say the same of each file"
find "$D" -exec setfattr -h -x trusted.fsdax {} + 2>/dev/null

# ---- Other roots, parts, exclusions ----------------------------------------------------------

run scan --json "$D/a" "$D/db"
is "$(sums '[.files, .no.files]')" '[5,2]' "two operands; rules still start at the root"
run scan --json "$D/a/even"
is "$(sums '[.files, .yes.files]')" '[1,1]' "a file as operand"
run scan --json --exclude /a "$D"
is "$(sums .files)" 4 "an excluded folder is not entered"
run scan --json --exclude '*e' "$D"
is "$(sums .files)" 4 "an exclusion by name"
printf '%s\0' "$D/a" "$D/one" >"$SCRATCH/list"
run scan --json --files0-from "$SCRATCH/list"
is "$(sums .files)" 5 "--files0-from"

# ---- Hard links -------------------------------------------------------------------------------

write_policy '[rule bin]
path = *.bin
dax = yes
[rule here]
path = /links/**
dax = no'
mkdir "$D/links" "$D/more"
truncate -s 64K "$D/x.bin"
ln "$D/x.bin" "$D/more/y.bin"
truncate -s 128K "$D/z.bin"
ln "$D/z.bin" "$D/links/z"
for jobs in 1 2; do
	run scan -j $jobs --json "$D"
	is "$(sums '[.files, .hard_linked, .yes.files, .yes.bytes]')" '[10,2,1,65536]' \
		"$jobs threads: an inode counts once, and no beats yes"
done
is "$(sums '[.decided_by[] | select(.rule == "here") | .files, .bytes]')" '[1,131072]' \
	"the rule that said no has it"
run scan -v --json "$D"
is "$(jq -rc 'select(.path // "" | test("/z(.bin)?$")) | [.dax, .rule]' <<<"$OUT" | sort -u)" \
	'[false,"here"]' "-v: each name has what all names say"
is "$(jq -r 'select(.path) | .path' <<<"$OUT" | wc -l)" 12 "-v: each name is listed"
rm -r "$D/links" "$D/more" "$D/x.bin" "$D/z.bin"

# ---- Odd trees -------------------------------------------------------------------------------------

write_policy '[rule all]
dax = yes'
mkfifo "$D/pipe"
ln -s . "$D/loop"
ln -s /nowhere "$D/dangling"
mknod "$D/device" c 1 3
truncate -s 1 "$D/new
line" "$D/"$'\xff\xfe' "$D/$(printf 'n%.0s' {1..255})"
run scan --json "$D"
exits 0 "pipes, devices, loops of links, and odd names"
is "$(sums '[.files, .others, .yes.files]')" '[11,4,11]' "none is followed, opened or left out"
run scan -v --json "$D"
is "$(jq -r 'select(.path_bytes) | .path_bytes[-4:]' <<<"$OUT")" fffe "bytes that are not UTF-8"
run scan -v "$D"
has "$OUT" "\$'$D/new\\nline'" "a name with a newline is quoted"

(
	cd "$D" || exit
	name=$(printf 'd%.0s' {1..250})
	for _ in {1..30}; do mkdir "$name" && cd "$name" || exit; done
	truncate -s 5 leaf
)
run scan --json "$D"
exits 0 "folders deeper than PATH_MAX"
is "$(sums '[.files, .folders]')" '[12,34]' "are entered"

chmod 700 "$D/db"
run as_nobody_ctl scan --root "$D" --json "$D"
exits 1 "a folder that cannot be read"
has "$ERR" "$D/db: Permission denied" "is named"
is "$(sums '[.failed, .files]')" '[1,11]' "and counted, and the rest is done"
run scan "$D/nothing" "$D/a"
exits 1 "a missing operand"
has "$ERR" "$D/nothing" "is named"

mkdir "$D/busy"
(
	while :; do
		touch "$D/busy/"f{1..200}
		rm -f "$D/busy/"f*
		mkdir "$D/busy/f1" && rmdir "$D/busy/f1"
	done 2>/dev/null
) &
busy=$!
for _ in {1..20}; do
	run scan --json "$D"
	[[ $STATUS == 0 ]] || break
done
exits 0 "files that vanish while they are scanned are no failure"
kill "$busy"
wait "$busy" 2>/dev/null
rm -rf "$D/busy"

# ---- Interrupted --------------------------------------------------------------------------------------

# The list never ends, so the scan waits for more of it until the signal comes.
mkfifo "$SCRATCH/list-pipe"
for signal in INT TERM; do
	exec 9<>"$SCRATCH/list-pipe"
	printf '%s\0' "$D/a" >&9
	# A shell's background jobs ignore SIGINT, unless told otherwise.
	env --default-signal=INT "$FSDAX_CTL" scan --policy "$POLICY" --root "$D" --json \
		--files0-from="$SCRATCH/list-pipe" >"$SCRATCH/out" 2>"$SCRATCH/err" &
	pid=$!
	# Until it has blocked both, and waits for them otherwise, either kills it.
	for _ in {1..600}; do
		[[ $(<"/proc/$pid/comm") == fsdax-ctl ]] &&
			grep -q '^SigBlk:.*[4-7c-f]..[2367abef]$' "/proc/$pid/status" && break
		sleep 0.1
	done
	sleep 1
	kill "-$signal" $pid
	wait $pid
	is "$?" 130 "SIG$signal ends a scan in good order"
	is "$(jq -c '[.interrupted, .files]' "$SCRATCH/out")" '[true,4]' \
		"and what was seen until then is marked as such"
	exec 9>&-
done

# ---- What it asks the kernel -------------------------------------------------------------------------

mkdir "$MNT/many"
(cd "$MNT/many" && touch file-{1..2000})
if command -v strace >/dev/null; then
	# calls POLICY PATTERN: how many system calls of a scan match
	calls() {
		write_policy "$1"
		ASAN_OPTIONS=detect_leaks=0 strace -f -o "$SCRATCH/trace" -- "$FSDAX_CTL" scan \
			--policy "$POLICY" "$MNT/many" >/dev/null
		grep -cE "$2" "$SCRATCH/trace"
	}
	size='[rule a]
size = > 1
dax = yes'
	n=$(calls "$size" '^[0-9]+ +(statx|newfstatat)\(')
	holds "one statx a file ($n for 2,000)" test "$n" -ge 2000 -a "$n" -le 2050
	n=$(calls "$size" '^[0-9]+ +[a-z]+getxattr|syscall_0x1d0\(|getxattrat\(')
	holds "one getxattr a file with tags ($n for 2,000)" test "$n" -ge 2000 -a "$n" -le 2050
	n=$(calls "[tag]
xattr = none
$size" '^[0-9]+ +[a-z]*getxattr|syscall_0x1d0\(|getxattrat\(')
	is "$n" 0 "no getxattr where no xattr can count"
	n=$(calls "$size" "open[a-z0-9]*\(.*file-")
	is "$n" 0 "no file is opened"
else
	echo "# skip: system calls are not counted without strace"
fi

# ---- Trees as patterns ------------------------------------------------------------------------------------

# Each can be pasted into a policy, and means the tree that it was printed for.
odd=$MNT/odd-trees
for name in 'a[1]' 'a*' 'a?' '{a1,aa}' 'a\1' 'a ;1' 'a #1' a1 aa; do
	mkdir -p "$odd/$name/in"
	touch "$odd/$name/in/f"
done
run ctl scan --root "$odd" "$odd"
patterns=$(sed -n 's:^\(/.*/in/\*\*\) .*:\1:p' <<<"$OUT")
is "$(wc -l <<<"$patterns")" 9 "a tree for each folder"
while read -r pattern; do
	write_policy "[rule tree]
path = $pattern
dax = yes"
	ctl scan --root "$odd" --json "$odd" | jq -r '.trees[] | select(.yes.files > 0).path'
done <<<"$patterns" >"$SCRATCH/trees"
is "$(sort "$SCRATCH/trees")" "$(cd "$odd" && printf '/%s\n' */in | sort)" \
	"a tree is written as a pattern that means itself"

# ---- Output that cannot be written ----------------------------------------------------------------------

write_policy '[rule all]
dax = yes'
for option in "" -v --json "-v --json"; do
	# shellcheck disable=SC2086
	ctl scan $option "$MNT/many" >/dev/full 2>"$SCRATCH/err"
	is "$?" 1 "a full disk: scan $option"
	has "$(cat "$SCRATCH/err")" "No space left" "is noticed"
done
run ctl scan --policy "$SCRATCH/nothing.ini" "$D"
exits 65 "a policy that is not there"

done_testing
