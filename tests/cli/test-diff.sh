#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# diff: which files another policy would change, and the rules on either side.
# threads

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/tree
mkdir -p "$D/a/b"
truncate -s 10K "$D/small.bin" "$D/a/small"
truncate -s 3M "$D/large" "$D/a/b/large.bin"

OLD=$SCRATCH/old.ini
NEW=$SCRATCH/new.ini
cat >"$OLD" <<'END'
[rule large]
size = >= 1M
dax = yes
END
cat >"$NEW" <<'END'
[rule bin]
path = *.bin
dax = yes
END

ctl_diff() {
	timeout -k 5 120 "$FSDAX_CTL" diff --root "$D" "$@"
}
get() {
	jq -c "$1" <<<"$OUT" | tail -n 1
}

run ctl_diff "$OLD" "$NEW" "$D"
exits 0 "diff succeeds, whatever it finds"
is "$(grep -a -- '->.*	' <<<"$OUT" | sort)" "$(sort <<END
no->yes	default	$NEW:1:bin	$D/small.bin
yes->no	$OLD:1:large	default	$D/large
END
)" "each change, with the rule on either side"
like "$OUT" "no->yes *1 *10 KiB *1 " "the sums"
like "$OUT" "yes->no *1 *3 MiB *2 " "in both directions"
like "$OUT" "still yes *1 *3 MiB *2 " "and what stays"
run ctl_diff -q "$OLD" "$NEW" "$D"
unlike "$OUT" "$D" "-q: the sums alone"
like "$OUT" "still no *1 *10 KiB" "-q: with all four"
run ctl_diff --json "$OLD" "$NEW" "$D"
is "$(wc -l <<<"$OUT")" 3 "--json: a line a change, and the sums at the end"
is "$(jq -c 'select(.path) | [.path, .size, .old.dax, .old.rule, .new.dax, .new.rule, .new.reason]' \
	<<<"$OUT" | sort | tail -n 1)" "[\"$D/small.bin\",10240,false,null,true,\"bin\",\"rule\"]" \
	"--json: a change"
is "$(get '[.no_to_yes.files, .yes_to_no.files, .still_yes.files, .still_no.files]')" '[1,1,1,1]' \
	"--json: the sums"
run ctl_diff --json -q "$OLD" "$NEW" "$D"
is "$(wc -l <<<"$OUT")" 1 "--json -q: the sums alone"
run ctl_diff --json "$OLD" "$OLD" "$D"
is "$(wc -l <<<"$OUT")" 1 "a policy does not differ from itself"
run ctl_diff --json "$OLD" "$NEW" "$D/a" "$D/large"
is "$(get '[.no_to_yes.files, .yes_to_no.files, .still_yes.files, .still_no.files]')" '[0,1,1,1]' \
	"parts of the tree"

# ---- Each policy has its own tags and its own place in the tree ------------------------------

cat >"$NEW" <<'END'
[tag]
xattr = user.other
[rule deep]
path = /a/**
dax = yes
END
setfattr -n trusted.fsdax -v no "$D/a"
setfattr -n user.other -v yes "$D"
setfattr -n user.other -v no "$D/a/b"
run ctl_diff "$OLD" "$NEW" "$D"
is "$(grep -a -- '->.*	' <<<"$OUT" | sort)" "$(sort <<END
no->yes	default	folder-tag	$D/small.bin
no->yes	folder-tag	folder-tag	$D/a/small
END
)" "tags of folders are read for both, each by its own xattr"
setfattr -x user.other "$D"
setfattr -x user.other "$D/a/b"
run ctl_diff --json "$OLD" "$NEW" "$D/a/b"
is "$(get '[.no_to_yes.files, .still_yes.files]')" '[1,0]' \
	"an operand below the root: both start at the root"
setfattr -x trusted.fsdax "$D/a"

# ---- Hard links ---------------------------------------------------------------------------------

cat >"$OLD" <<'END'
[rule x]
path = x*
dax = yes
END
cat >"$NEW" <<'END'
[rule all]
dax = yes
END
truncate -s 1M "$D/x1"
ln "$D/x1" "$D/a/other"
for jobs in 1 2; do
	run ctl_diff -j $jobs --json "$OLD" "$NEW" "$D" --exclude '*.bin' --exclude large \
		--exclude small
	is "$(get '[.no_to_yes.files, .yes_to_no.files, .still_yes.files, .still_no.files]')" \
		'[1,0,0,0]' "$jobs threads: an inode counts once, and no beats yes under either policy"
	is "$(jq -r 'select(.path) | .path' <<<"$OUT" | sort)" "$D/a/other
$D/x1" "$jobs threads: each of its names is listed"
done
rm "$D/x1" "$D/a/other"

# ---- Names and trouble --------------------------------------------------------------------------

touch "$D/new
line" "$D/"$'\xff'
run ctl_diff "$OLD" "$NEW" "$D"
has "$OUT" "\$'$D/new\\nline'" "a newline is quoted"
run ctl_diff --json "$OLD" "$NEW" "$D"
is "$(jq -s length <<<"$OUT")" 7 "the JSON is valid, whatever the names"
echo '[rule' >"$SCRATCH/bad.ini"
run ctl_diff "$OLD" "$SCRATCH/bad.ini" "$D"
exits 65 "a bad new policy"
has "$ERR" "bad.ini:1:" "is reported"
run ctl_diff "$SCRATCH/bad.ini" "$NEW" "$D"
exits 65 "a bad old policy"
run ctl_diff "$OLD" "$NEW"
exits 2 "no folder to compare"
run ctl_diff "$OLD" "$NEW" "$D/nothing"
exits 1 "a missing folder"
mkdir -p "$D/closed/open"
touch "$D/closed/open/f"
chmod 711 "$D/closed"
echo '[policy]' >"$SCRATCH/none.ini"
for path in "$D/closed/open" "$D/closed/open/f"; do
	run as_nobody timeout 120 "$FSDAX_CTL" diff --json --root "$MNT" "$SCRATCH/none.ini" "$NEW" "$path"
	is "$(get '[.no_to_yes.files, .failed]')" '[1,0]' \
		"${path##*/}: behind a folder that may be passed through, but not read"
done
ctl_diff "$OLD" "$NEW" "$D" >/dev/full 2>"$SCRATCH/err"
is "$?" 1 "a full disk is noticed"

done_testing
