#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# explain: the verdict, where it comes from, and each step of it.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
D=$MNT/share
mkdir -p "$D/models/deep" "$D/db"
truncate -s 20000 "$D/small"
truncate -s 32768 "$D/even"
truncate -s 3000000 "$D/models/deep/net.gguf"
truncate -s 3000000 "$D/db/table"
: >"$D/empty"

write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes

[rule databases]
path = /db/**
dax = no'

# ---- One line ------------------------------------------------------------------------

explain() {
	ctl explain --root "$D" "$@"
}

run explain "$D/even"
exits 0 "explain succeeds"
is "$OUT" $'yes\t'"$POLICY:1:worth-a-chunk"$'\t'"$D/even" "verdict, file:line:rule and path"
run explain "$D/small"
is "$OUT" $'no\tdefault\t'"$D/small" "no rule matched: the default is named"
run explain "$D/db/table"
is "$OUT" $'no\t'"$POLICY:5:databases"$'\t'"$D/db/table" "the last matching rule wins"
run explain "$D/even" "$D/db/table" "$D/small"
is "$(cut -f 1 <<<"$OUT" | tr '\n' ' ')" "yes no no " "answers come in the order of the operands"
run explain "$D"
is "$OUT" $'no\tnot-regular\t'"$D" "the root itself is a folder"
run explain "$D/db/"
is "$OUT" $'no\tnot-regular\t'"$D/db/" "a folder with a slash behind it"

ln -s even "$D/link"
mkfifo "$D/pipe"
run explain "$D/link" "$D/pipe"
exits 0 "a link and a pipe can be explained"
is "$(cut -f 2 <<<"$OUT" | sort -u)" not-regular "and neither is followed nor opened"

run explain -R "$D"
exits 0 "explain -R succeeds"
is "$(grep -c $'^yes\t' <<<"$OUT")" 2 "explain -R: the files that say yes"
is "$(wc -l <<<"$OUT")" 7 "explain -R: every file once, and no folder"

# ---- Where a path is, however it is written ---------------------------------------------

ln -s models/deep "$D/shortcut"
run explain "$D/shortcut/net.gguf"
is "$(cut -f 1 <<<"$OUT")" yes "a link to a folder is followed on the way"
ln -s ../db "$D/models/there"
run explain "$D/models/there/table"
is "$(cut -f 2 <<<"$OUT")" "$POLICY:5:databases" "rules see the real path, not the one typed"
run explain "$D/models/../db/./table"
is "$(cut -f 2 <<<"$OUT")" "$POLICY:5:databases" "with . and .. on the way, too"
run bash -c 'cd "$1" && shift && exec "$@"' - "$D/db" "$FSDAX_CTL" explain --policy "$POLICY" \
	--root "$D" table
is "$OUT" $'no\t'"$POLICY:5:databases"$'\ttable' "a path relative to the current folder"
run bash -c 'cd "$1" && shift && exec "$@"' - "$D/models" "$FSDAX_CTL" explain \
	--policy "$POLICY" --root .. ../db/table
is "$(cut -f 2 <<<"$OUT")" "$POLICY:5:databases" "a relative root"
ln -s "$D" "$SCRATCH/root-link"
run ctl explain --root "$SCRATCH/root-link" "$D/db/table"
is "$(cut -f 2 <<<"$OUT")" "$POLICY:5:databases" "a root that is reached through a link"
ln -s loop "$D/loop"
run explain "$D/loop/x"
exits 1 "a loop of links on the way fails"
run explain /etc/passwd
exits 1 "a path outside of the root fails"
has "$ERR" "It does not lie below the share's root
  = name another root with --root" "and the message says why, and what to do"
run explain "$D/nothing" "$D/even"
exits 1 "a missing file fails"
has "$ERR" "$D/nothing" "and is named"
has "$OUT" "$D/even" "and the others are explained all the same"
run explain ""
exits 1 "an empty path fails"
run ctl explain --root "$D/nothing" "$D/even"
exits 1 "a missing root fails"

deep=$D/$(printf 'd%.0s' {1..250})
(
	cd "$D" || exit
	for _ in {1..20}; do
		mkdir "${deep##*/}" && cd "${deep##*/}" || exit
	done
	truncate -s 100000 leaf
)
path=$D
for _ in {1..20}; do path+=/${deep##*/}; done
run explain "$path/leaf"
is "$(cut -f 1 <<<"$OUT")" yes "a path longer than PATH_MAX"
run explain -v "$path/leaf"
has "$OUT" "100,000 bytes" "and with -v"

# ---- Names ----------------------------------------------------------------------------

truncate -s 100000 "$D/new
line" "$D/"$'\xff'byte "$D/-dash"
run explain "$D/new
line" "$D/"$'\xff'byte
is "$(wc -l <<<"$OUT")" 2 "a newline in a name does not make a line"
has "$OUT" "\$'$D/new\\nline'" "it is quoted as a shell would"
has "$OUT" "\$'$D/\\377byte'" "and so is a byte that is not UTF-8"
explain -0 "$D/new
line" >"$SCRATCH/nul"
is "$(tail -c 10 "$SCRATCH/nul" | od -An -c | tr -d ' ')" '/new\nline\0' "-0 writes it as it is"
run bash -c 'cd "$1" && shift && exec "$@"' - "$D" "$FSDAX_CTL" explain --policy "$POLICY" -- -dash
is "$(cut -f 3 <<<"$OUT")" -dash "a name that starts with a dash"
printf '%s\0' "$D/even" "$D/new
line" | ctl explain --root "$D" --files0-from=- >"$SCRATCH/out"
is "$(cut -f 1 "$SCRATCH/out" | tr '\n' ' ')" "yes yes " "--files0-from"

# ---- Tags -------------------------------------------------------------------------------

setfattr -n trusted.fsdax -v yes "$D/small"
run explain "$D/small"
is "$(cut -f 1,2 <<<"$OUT")" $'yes\ttag' "a tag beats the rules"
setfattr -n trusted.fsdax -v perhaps "$D/small"
run explain "$D/small"
is "$(cut -f 1,2 <<<"$OUT")" $'no\tdefault' "garbage in a tag does not count"
has "$ERR" "neither yes nor no" "and is warned about"
run explain -q "$D/small"
is "$ERR" "" "but not with -q"
run explain -v "$D/small"
has "$OUT" "trusted.fsdax: holds perhaps, which is neither yes nor no" "-v shows the garbage"
setfattr -n trusted.fsdax -v 0x7965730000 "$D/small"
run explain -v "$D/small"
has "$OUT" "trusted.fsdax: holds yes??, which is neither yes nor no" "and what is behind a NUL in it"
setfattr -n trusted.fsdax -v "yes policy" "$D/small"
run explain "$D/small"
is "$(cut -f 1,2 <<<"$OUT")" $'no\tdefault' "a decision written down is no tag"
run explain -v "$D/small"
has "$OUT" "written down by fsdax-ctl apply: does not count" "-v says so"
setfattr -x trusted.fsdax "$D/small"

setfattr -n trusted.fsdax -v no "$D/models"
run explain "$D/models/deep/net.gguf"
is "$(cut -f 1,2 <<<"$OUT")" $'no\tfolder-tag' "a tag on a folder beats the rules"
run explain -v "$D/models/deep/net.gguf"
has "$OUT" "no, from $D/models"$'\n' "-v says which folder"
setfattr -n trusted.fsdax -v yes "$D/models/deep"
run explain -v "$D/models/deep/net.gguf"
has "$OUT" "yes, from $D/models/deep"$'\n' "the nearest tagged folder counts"
run explain -v "$D/models/deep"
has "$OUT" "trusted.fsdax: yes, for the files below" "-v shows a folder's own tag"
has "$OUT"$'\n' "no, from $D/models"$'\n' "and what it has from above"
setfattr -x trusted.fsdax "$D/models" "$D/models/deep"
setfattr -n trusted.fsdax -v no "$D"
run explain -v "$D/even"
has "$OUT" "no, from $D"$'\n' "the root folder can be tagged"
setfattr -x trusted.fsdax "$D"

head -c 60000 /dev/zero | tr '\0' x >"$SCRATCH/long"
if new_fs xfs; then
	truncate -s 100000 "$MNT/file"
	setfattr -n trusted.fsdax -v "$(cat "$SCRATCH/long")" "$MNT/file"
	run ctl explain "$MNT/file"
	is "$(cut -f 1 <<<"$OUT")" yes "a tag of 60,000 bytes is garbage, too"
	has "$ERR" "neither yes nor no" "and is warned about"
	run ctl explain -v "$MNT/file"
	has "$OUT" "xxx..., which is neither yes nor no" "-v shows its start"
fi

# ---- Every step ---------------------------------------------------------------------------

run explain -v "$D/small"
has "$OUT" "20,000 bytes < 32,768 = 1 chunk x 512 pages x 64 bytes of page descriptors;" \
	"-v shows the sum"
has "$OUT" "the page cache would take 20,480" "and what the page cache would take"
like "$OUT" "size    >= descriptors *20000 *failed" "the clause that failed, and the value"
has "$OUT" "rule     worth-a-chunk ($POLICY:1), yes: does not match" "the rule as a whole"
like "$OUT" "path    /db/\*\* *small *failed" "and that of the other rule"
run explain -v "$D/db/table"
has "$OUT" "3,000,000 bytes >= 65,536 = 2 chunks x 512 pages x 64 bytes" "two chunks"
has "$OUT" "databases ($POLICY:5), no: matches, and decides" "the rule that decides"
has "$OUT" "worth-a-chunk ($POLICY:1), yes: matches, but does not decide" "the one that lost"
is "$(grep -o 'databases\|worth-a-chunk' <<<"$OUT" | uniq | tail -n 2 | tr '\n' ' ')" \
	"databases worth-a-chunk " "the last rule comes first"
run explain -v "$D/empty"
has "$OUT" "an empty file takes no chunk: there is nothing to map" "an empty file takes no chunk"

write_policy '[window]
page-size = 64K
chunk-size = 4M
descriptor-size = 128
[rule worth-a-chunk]
size = >= descriptors
dax = yes'
run explain -v "$D/small"
has "$OUT" "20,000 bytes >= 8,192 = 1 chunk x 64 pages x 128 bytes" "the window's own settings"
has "$OUT" "the page cache would take 65,536" "with larger pages"

write_policy '[tag]
xattr = user.fsdax
inode-flag = yes
[rule marked]
xattr = user.hot
xattr = user.kind=model
path = !*.tmp
mode = 0111
owner = 12
age = > 7d
dax = yes'
chown 12 "$D/even"
chmod 755 "$D/even"
touch -d '30 days ago' "$D/even"
setfattr -n user.kind -v model "$D/even"
run explain -v "$D/even"
has "$OUT" "matches, and decides" "all conditions hold"
like "$OUT" "xattr   user.hot *failed" "of alternatives, one may fail"
like "$OUT" "xattr   user.kind=model *matched" "and another match"
like "$OUT" "path    !\*.tmp *even *failed" "an exclusion that did not apply"
like "$OUT" "mode    0111 *0755 *matched" "mode"
like "$OUT" "owner   12 *12 *matched" "owner"
like "$OUT" "age     > 7d *259200[0-9]s *matched" "age"
like "$OUT" "tag      user.fsdax: none" "a tag of another name"
like "$OUT" "flag     not set" "the flag, where it counts"
chattr +x "$D/small"
run explain -v "$D/small"
is "$(head -n 1 <<<"$OUT" | cut -f 1,2)" $'yes\tflag' "the flag decides"
has "$OUT" "flag     set: yes" "and -v says so"

# ---- Hard links -----------------------------------------------------------------------------

write_policy '[rule bin]
path = *.bin
dax = yes'
truncate -s 100000 "$D/a.bin"
ln "$D/a.bin" "$D/a.txt"
run explain "$D/a.bin"
is "$(cut -f 1 <<<"$OUT")" yes "what this name says"
has "$ERR" "has 2 names, and uses DAX only while each of them says yes" "and what counts"
run explain -v "$D/a.bin"
has "$OUT" "links    2 names" "-v says so, too"
has "$OUT" "no beats yes" "and the rule"

# ---- JSON -------------------------------------------------------------------------------------

run explain --json "$D/a.bin" "$D/"$'\xff'byte
is "$(jq -r '[.path, .dax, .reason, .rule, .file, .line, .links] | join(" ")' <<<"$OUT" | head -n 1)" \
	"$D/a.bin true rule bin $POLICY 1 2" "--json: the members"
is "$(jq -r .path_bytes <<<"$OUT" | tail -n 1)" "$(printf '%s' "$D/"$'\xff'byte | od -An -v -tx1 | tr -d ' \n')" \
	"--json: a path that is not UTF-8 has its bytes beside it"
is "$(jq -r '[.rule, .file, .line] | map(. == null) | all' <<<"$OUT" | tail -n 1)" true \
	"--json: null where no rule decided"
run explain --json -v "$D/a.txt"
is "$(jq -c '[.steps[] | [.rule, .key, .wanted, .found, .outcome]]' <<<"$OUT")" \
	'[["bin","path","*.bin","a.txt","failed"],["bin",null,null,null,"failed"]]' \
	"--json -v: the steps"
is "$(jq -c .cost <<<"$OUT")" '{"chunks":1,"descriptors":32768,"page_cache":102400}' \
	"--json -v: the cost"

# ---- Trouble --------------------------------------------------------------------------------------

chmod 711 "$D/db"
run as_nobody_ctl explain --root "$D" "$D/db/table"
exits 0 "a folder that can be passed through, but not read"
is "$(cut -f 2 <<<"$OUT")" default "is enough for an answer"
has "$ERR" "trusted.fsdax needs CAP_SYS_ADMIN" "who cannot see tags is told"
chmod 700 "$D/db"
run as_nobody_ctl explain --root "$D" "$D/db/table" "$D/even"
exits 1 "a folder that cannot be passed fails"
has "$ERR" "$D/db/table" "and the file is named"
has "$OUT" "$D/even" "and the others are explained"
write_policy '[rule]'
run explain "$D/even"
exits 65 "a policy with a mistake is refused"
has "$ERR" "$POLICY:1:" "and the place is shown"
run "$FSDAX_CTL" explain --policy "$SCRATCH/nothing" "$D/even"
exits 65 "so is a policy that is not there"
mkdir "$SCRATCH/none.d"
run "$FSDAX_CTL" explain --policy "$SCRATCH/none.d" "$D/even"
exits 0 "a folder without policy files is no mistake"
is "$(cut -f 1,2 <<<"$OUT")" $'no\tdefault' "the answer is no"
has "$ERR" "warning" "with a warning"
write_policy ''
ctl explain "$D/even" >/dev/full 2>"$SCRATCH/err"
is "$?" 1 "a full disk is noticed"
has "$(cat "$SCRATCH/err")" "No space left" "and named"

done_testing
