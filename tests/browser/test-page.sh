#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The pages of scan --html and plan --html in a real browser: the numbers that it shows are
# those of --json, it asks for nothing, no name in it is run, and it can be read with a
# keyboard, on a phone, in light and in dark.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

command -v chromium-headless-shell chromium >/dev/null ||
	skip_all "no browser: install chromium-headless-shell (scripts/deps.sh browser)"
command -v python3 >/dev/null || skip_all "no python3, which talks to the browser"
new_fs ext4 || skip_all "no ext4"
here=$(dirname "$0")
D=$MNT/tree

write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes
[rule "<script>ran=1</script>]
path = *.so*
dax = yes'
# The first one is two folders, and their path a tag.
for name in '<script>ran=1</script>' '"><img src=http://192.0.2.1/ onerror=ran=1>' $'new\nline' $'\xff' \
	{a..p}-$(printf 'n%.0s' {1..100}); do
	mkdir -p "$D/$name/in"
	for j in {1..8}; do truncate -s $((j * j * j * 99000)) "$D/$name/in/$j"; done
	truncate -s 12K "$D/$name/in/lib.so.1"
done

# look FILE: what the browser sees of it, to $SCRATCH/look.json
look() {
	rm -rf "$SCRATCH/look"
	mkdir "$SCRATCH/look"
	HOME=$SCRATCH/look timeout -k 5 100 python3 "$here/look.py" "$1" "$SCRATCH/look" >"$SCRATCH/look.json" ||
		{ tail -n 5 "$SCRATCH/look/browser.log"; return 1; }
}

# saw JQ-EXPRESSION
saw() {
	jq -c "$1" "$SCRATCH/look.json"
}

# check COMMAND ARG...: a page of that
check() {
	local name=$2

	"$@" --root "$D" "$D" --json >"$SCRATCH/page.json"
	"$@" --root "$D" "$D" --html >"$SCRATCH/page.html"
	holds "$name: the browser shows it" look "$SCRATCH/page.html"
	run python3 "$here/../cli/page.py" "$SCRATCH/look.json" "$SCRATCH/page.json"
	exits 0 "$name: the numbers it shows are those of --json"
	is "$(saw '[.asked_for[] | select(startswith("file:///") and endswith("/page.html") | not)]')" "[]" \
		"$name: it asks for nothing"
	is "$(saw .complaints)" "[]" "$name: the browser has no complaint"
	is "$(saw '[.scripts, .ran]')" '[0,"undefined"]' "$name: no name is run"
	has "$(saw .text)" '/<script>ran=1</script>/**' "$name: but shown as it is"
	is "$(saw '[.images[] | select(length < 20)]')" "[]" "$name: each chart says what it is"
	is "$(saw '.stops | length > 3')" true "$name: the keyboard comes by tables and what opens"
	is "$(saw '[.stops[] | select(.seen and (.name | length > 3) | not)]')" "[]" \
		"$name: each stop has a name, and is seen"
	is "$(saw '.open | length > 0 and all')" true "$name: the enter key opens what opens"
	is "$(saw .too_wide)" "[]" "$name: from a phone to a large screen it is not wider than that"
	is "$(saw '.light.colors > 50 and .dark.colors > 50')" true "$name: there is something to see"
	is "$(saw '.light.brightness > 200 and .dark.brightness < 60')" true \
		"$name: it is light, or dark, as is wished"
}

check ctl scan
check ctl plan --window 4G
is "$(saw '.policy')" "$(jq -c '.recommended.policy' "$SCRATCH/page.json")" "plan: the policy to paste"

# ---- That the browser would say so ----------------------------------------------------------

sed -e 's/<meta http-equiv[^>]*>//' \
	-e 's|</main>|<img src="http://192.0.2.1/"><script>ran = 1; console.log(1)</script><div style="width:2600px">wide</div>|' \
	"$SCRATCH/page.html" >"$SCRATCH/bad.html"
look "$SCRATCH/bad.html"
like "$(saw .asked_for)" "http://192.0.2.1/" "a page that asks for something is noticed"
is "$(saw '[.scripts, .ran, (.too_wide | length), (.complaints | length > 0)]')" '[1,"number",5,true]' \
	"and one that runs something, or is too wide"

done_testing
