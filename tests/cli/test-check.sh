#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# check: all mistakes at once, with their places; the merged policy; the list of keys.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

check() {
	timeout -k 5 120 "$FSDAX_CTL" check "$@"
}

cd "$SCRATCH" || exit 1
mkdir good.d bad.d empty.d

cat >good.d/10-size.ini <<'END'
[rule large]
size = >= 1M
dax = yes
END
cat >good.d/50-models.ini <<'END'
[window]
chunk-size = 4M

[rule models]
path = /models/**/*.gguf ; the weights
path = !*.tmp
dax = yes
[rule db]
path = /var/lib/{postgresql,mysql}/**
owner = 0..999
dax = no
END

# ---- Good policies -----------------------------------------------------------------------

run check good.d
exits 0 "a good folder"
is "$OUT" "good.d: 3 rules in 2 files, no mistakes" "says what was read"
is "$ERR" "" "and nothing else"
run check good.d/10-size.ini good.d
exits 0 "several paths"
is "$OUT" "good.d/10-size.ini: 1 rule in 1 file, no mistakes
good.d: 3 rules in 2 files, no mistakes" "each has its line"
run check -q good.d
exits 0 "-q"
is "$OUT$ERR" "" "-q is silent when all is well"
run check --policy good.d
is "$OUT" "good.d: 3 rules in 2 files, no mistakes" "--policy in place of the search path"
run check --policy good.d good.d
exits 2 "not both"
run check empty.d
exits 0 "a folder without files is no mistake"
has "$ERR" "warning" "but is warned about"
has "$OUT" "0 rules in 0 files, no mistakes, 1 warning" "and counted"
run check --json good.d
is "$(jq -c '[.path, .valid, .rules, .files, .errors, .warnings, .remarks]' <<<"$OUT")" \
	'["good.d",true,3,2,0,0,[]]' "--json of a good one"

# ---- Mistakes -----------------------------------------------------------------------------

cat >bad.d/10-first.ini <<'END'
[rule a]
size = >= lots
dax = yes
colour = red
[rule b]
path = /models/[ab
END
cat >bad.d/20-second.ini <<'END'
[rule a]
dax = perhaps
END
run check bad.d
exits 65 "mistakes"
is "$OUT" "" "nothing on stdout"
has "$ERR" "bad.d/10-first.ini:2:" "the bad size"
has "$ERR" "bad.d/10-first.ini:4:1: error" "the unknown key"
has "$ERR" "bad.d/10-first.ini:6:16: error" "the bad glob, with its column"
has "$ERR" "bad.d/10-first.ini:5:" "the rule without a verdict"
has "$ERR" "bad.d/20-second.ini:1:" "the name that is there already"
has "$ERR" "bad.d/20-second.ini:2:" "the bad value in the second file"
has "$ERR" $' 6 | path = /models/[ab\n' "the line is shown"
has "$ERR" "      |                ^" "with a caret below"
like "$ERR" "bad.d: [0-9]* mistakes: this policy would be refused" "and they are counted"
run check -q bad.d
exits 65 "-q with mistakes"
has "$ERR" "10-first.ini:6:16: error" "-q shows mistakes"
run check good.d bad.d
exits 65 "a bad one among good ones"
has "$OUT" "good.d: 3 rules" "the good one is reported as such"
run check nothing.ini
exits 65 "a missing file"
has "$ERR" "nothing.ini" "is named"
run check --json bad.d
exits 65 "--json with mistakes"
is "$(jq -r '.valid, (.errors == (.remarks | map(select(.severity == "error")) | length))' <<<"$OUT")" \
	$'false\ntrue' "--json counts them"
is "$(jq -c '.remarks[] | select(.line == 6 and .file == "bad.d/10-first.ini") |
	[.severity, .column, .text]' <<<"$OUT" | head -n 1)" '["error",16,"path = /models/[ab"]' \
	"--json has each with its place"
is "$ERR" "" "--json leaves stderr alone"

printf '[rule x]\npath = /a\xff\ndax = yes\n' >bytes.ini
run check bytes.ini
exits 65 "a byte that is not UTF-8"
has "$ERR" "bytes.ini:2:10: error" "has its place"
run check --json bytes.ini
is "$(jq .errors <<<"$OUT")" 1 "and the JSON is valid"
printf '\xef\xbb\xbf[rule x]\r\nsize = < 1K\r\ndax = yes\r\n' >dos.ini
run check dos.ini
exits 0 "a BOM and CRLF"
: >zero.ini
run check zero.ini
exits 0 "an empty file"
mkfifo pipe.ini
run check pipe.ini
exits 65 "a pipe is refused, not waited for"
run check "$SCRATCH"
exits 65 "and so it is in a folder"
rm pipe.ini

# ---- The merged policy -------------------------------------------------------------------------

# The lines of a policy without comments and white space at the end.
bare() {
	sed 's/[[:space:]]*;.*//' "$1"
}

run check --effective good.d
exits 0 "--effective"
like "$OUT" "chunk-size = 4M *; good.d/50-models.ini:2"$'\n' "a setting with its origin"
like "$OUT" "page-size = 4K *; built in"$'\n' "a default is built in"
like "$OUT" "\[rule models\] *; good.d/50-models.ini:4"$'\n' "a rule with its origin"
like "$OUT" "path = !\*.tmp *; good.d/50-models.ini:6"$'\n' "and each line of it"
is "$(grep '^\[rule' <<<"$OUT" | cut -d ' ' -f 2)" $'large]\nmodels]\ndb]' "rules in their order"

check --effective good.d >effective.ini
run check effective.ini
exits 0 "the output is a policy"
is "$OUT" "effective.ini: 3 rules in 1 file, no mistakes" "with all rules in it"
check --effective effective.ini >again.ini
is "$(bare again.ini)" "$(bare effective.ini)" "which is the same policy"

mkdir -p tree/models/x tree/var/lib/mysql
truncate -s 2M tree/{large,models/x/w.gguf,models/x/w.tmp,var/lib/mysql/t}
truncate -s 1K tree/models/x/small.gguf tree/var/lib/mysql/s
chown 500 tree/var/lib/mysql/t
run "$FSDAX_CTL" diff -q --json good.d effective.ini --root tree tree
is "$(jq -c '[.no_to_yes.files, .yes_to_no.files, .still_yes.files, .still_no.files]' <<<"$OUT")" \
	'[0,0,4,2]' "and decides the same about every file"

evil=$'evil\n[rule injected]\ndax = yes ; .ini'
mkdir evil.d
cp good.d/10-size.ini "evil.d/$evil"
check --effective evil.d >evil.ini
run check evil.ini
is "$OUT" "evil.ini: 1 rule in 1 file, no mistakes" "a file's name cannot add a rule"
printf '[rule x]\ndax = yes\n' >"evil.d/"$'\xff.ini'
check -q --effective evil.d >evil.ini
run check evil.ini
exits 0 "and a file whose name is not UTF-8 can be in it"
has "$OUT" "evil.ini: 2 rules in 1 file, no mistakes" "and does not make it bad UTF-8"

long="/$(printf 'x%.0s' {1..250})/{$(printf 'alternative%03d,' {1..200})end}/**"
printf '[rule long]\npath = %s\ndax = yes\n' "$long" >long.ini
check --effective long.ini >long-again.ini
is "$(bare long-again.ini | grep '^path')" "path = $long" "a long glob is not cut"

run check --effective bad.d
exits 65 "--effective of a bad policy"
is "$OUT" "" "prints nothing of it"
run check --effective good.d bad.d
exits 2 "--effective of two"
run check --effective --json good.d
is "$(jq -c 'select(.key == "chunk-size") | [.section, .value, .file, .line]' <<<"$OUT")" \
	'["window","4M","good.d/50-models.ini",2]' "--effective --json"

# ---- The keys ------------------------------------------------------------------------------------

run check --keys
exits 0 "--keys"
for key in default xattr inode-flag page-size chunk-size descriptor-size dax size path owner group \
	mode age; do
	like "$OUT"$'\n' $'\n'"  $key = " "--keys lists $key"
done
is "$(awk 'length > 80' <<<"$OUT")" "" "--keys fits a terminal"
run check --keys --json
is "$(jq -c 'select(.section == "window" and .key == "page-size") | [.value, .default, .repeats]' \
	<<<"$OUT")" '["SIZE","4K",false]' "--keys --json"

check good.d >/dev/full 2>err
is "$?" 1 "a full disk"
has "$(cat err)" "No space left" "is noticed"

done_testing
