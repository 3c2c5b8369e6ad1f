#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scan --html and plan --html: one page with the numbers that --json has, whatever the names are
# in it. tests/browser looks at it in a browser.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
command -v python3 >/dev/null || skip_all "no python3, which reads the pages"
D=$MNT/tree
POLICY=$SCRATCH/"pol<i>'&.ini"

# As a folder, so that each is a tree of its own; a slash makes it two, and their path the name.
names=(
	plain
	'<script>ran=1</script>'
	'"><img src=x onerror=ran=1>'
	"it's &amp; &lt;b&gt;"
	$'new\nline'
	$'\xff\xfe'
	$'turned \xe2\x80\xae round'
	$'esc\e[31m'
	'</title></style></code>'
	"$(printf 'n%.0s' {1..250})"
)
write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes
[rule odd"<b>&name]
path = *.so*
dax = yes
[rule idle]
path = *.none
dax = yes'
for i in "${!names[@]}"; do
	mkdir -p "$D/${names[i]}/in"
	for j in {1..8}; do truncate -s $((i * j * 70000)) "$D/${names[i]}/in/$j"; done
	truncate -s $((i * 3))K "$D/${names[i]}/lib.so.$i"
done
truncate -s 100M "$D/plain/large"
ln "$D/plain/large" "$D/plain/in/linked"
mkfifo "$D/pipe"

scan() {
	ctl scan --root "$D" "$@"
}

# shellcheck disable=SC2317 # it is called by both
plan() {
	ctl plan --root "$D" "$@"
}

# page NAME: that $SCRATCH/page.html and $SCRATCH/page.json say the same
page() {
	run python3 "$(dirname "$0")/page.py" "$SCRATCH/page.html" "$SCRATCH/page.json"
	exits 0 "$1"
}

# both COMMAND ARG...: writes them
both() {
	"$@" --json >"$SCRATCH/page.json"
	"$@" --html >"$SCRATCH/page.html"
}

# ---- The same numbers -------------------------------------------------------------------

both scan "$D"
page "scan: what --json says is on the page, and nothing that could ask for more"
like "$OUT" "[1-9][0-9][0-9] numbers are right" "scan: that is more than a hundred numbers"
html=$(<"$SCRATCH/page.html")
has "$html" "<code>/&lt;script&gt;ran=1&lt;/script&gt;/**</code>" "a name that is a tag is text"
has "$html" "/&quot;&gt;&lt;img src=x onerror=ran=1&gt;/in/**" "and one that would end an attribute"
has "$html" "/it&#39;s &amp;amp; &amp;lt;b&amp;gt;/in/**" "and one that has entities"
has "$html" "\$&#39;/new\\nline/in/**&#39;" "a newline is quoted"
has "$html" "\$&#39;/\\377\\376/in/**&#39;" "bytes that are not UTF-8 are"
has "$html" "\$&#39;/turned \\342\\200\\256 round/in/**&#39;" "and what turns the text around"
has "$html" "odd&quot;&lt;b&gt;&amp;name" "a rule's name is text"
has "$html" "pol&lt;i&gt;&#39;&amp;.ini:1" "a policy file's name too"
has "$html" ">idle</th>" "rules that decided nothing are there"
if command -v xmllint >/dev/null; then
	# It knows no element that is newer than HTML 4.
	is "$(xmllint --html --noout "$SCRATCH/page.html" 2>&1 | grep -i error |
		grep -v 'Tag [a-z]* invalid')" "" "xmllint finds no mistake"
fi

both plan --window 64M "$D"
page "plan: what --json says is on the page"
has "$(<"$SCRATCH/page.html")" "<h1>Files of <data" "plan: the title is what fits"
both plan --window 16M "$D"
page "plan: of a range of sizes"
both plan --window 2M "$D"
page "plan: when nothing fits"
has "$(<"$SCRATCH/page.html")" "<h1>No range of sizes fits" "and it says so"

mkdir "$MNT/empty"
for command in scan "plan --window 1G"; do
	# shellcheck disable=SC2086 # words
	both ctl $command "$MNT/empty"
	page "$command: of an empty folder"
done
has "$(ctl scan --html "$MNT/empty")" "<h1>There are no files</h1>" "scan: and it says so"
truncate -s 1T "$MNT/empty/huge"
truncate -s 1 "$MNT/empty/one"
both ctl scan "$MNT/empty"
page "scan: of a very large file and a very small one"

# The scale of the chart would end above what a number of bytes can be.
new_fs tmpfs
for size in 5E 7E; do
	truncate -s "$size" "$MNT/one" "$MNT/two"
	holds "scan: a page of two files of $size has an end" \
		eval '(ulimit -f 10240 && both ctl scan "$MNT")'
	page "scan: of two files of $size"
	is "$(grep -cE '="-?(inf|nan)' "$SCRATCH/page.html")" 0 "and their columns have a height"
done

# ---- Parts, and trees with holes -----------------------------------------------------------

find "$D" -type f -print0 | split -t '\0' -n r/2 - "$SCRATCH/list-"
for list in "$SCRATCH"/list-a?; do scan --json --files0-from="$list" >"$list.json"; done
find "$D" -type f -print0 | scan --html --files0-from=- >"$SCRATCH/page.html"
ctl scan --merge --html "$SCRATCH"/list-a?.json >"$SCRATCH/merged.html"
holds "--merge --html: the page of the whole, to the byte" cmp "$SCRATCH/merged.html" "$SCRATCH/page.html"
both scan "$D" "$D/nothing" 2>/dev/null
page "scan: what failed"
has "$(<"$SCRATCH/page.html")" "<b>Not all:</b> " "is said on the page"
jq -c '.interrupted = true' "$SCRATCH/list-aa.json" >"$SCRATCH/part.json"
has "$(ctl scan --merge --html "$SCRATCH/part.json" 2>/dev/null)" "<b>Interrupted:</b>" \
	"and that it was interrupted"

# ---- Wrong use --------------------------------------------------------------------------------

run scan --html --json "$D"
exits 2 "--html and --json"
has "$ERR" "--html and --json do not go together" "are two things"
run plan --window 1G --html -v "$D"
exits 2 "--html and -v"
has "$ERR" "the page has all the sums" "says why"
run "$FSDAX_CTL" diff --html a b c
has "$ERR" "it belongs to: scan, plan" "others have no page"
scan --html "$D" >/dev/full 2>"$SCRATCH/err"
is "$?" 1 "a full disk is noticed"

done_testing
