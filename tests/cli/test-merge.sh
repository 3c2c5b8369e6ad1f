#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scan --merge: parts that are scanned apart, by several processes, are put together to what a
# scan of the whole prints, to the byte; and what is no part, or not of this whole, is refused.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 || skip_all "no ext4"
command -v python3 >/dev/null || skip_all "no python3, which makes the files"
D=$MNT/tree
P=$SCRATCH/parts
mkdir -p "$P" "$D"/models/{a,b,c/deep/er} "$D"/home/{ann,bob} "$D/odd"$'\xff\n' "$D/empty"

write_policy '[rule worth-a-chunk]
size = >= descriptors
dax = yes
[rule idle]
path = *.none
dax = yes
[rule home]
path = /home/**
dax = no'

python3 -c '
import os, sys
def make(folder, n, size):
    for i in range(1, n + 1):
        with open(f"{sys.argv[1]}/{folder}/{i}", "wb") as file: file.truncate(size(i))
make("home/ann", 400, lambda i: i * i * 300)
make("models/a", 300, lambda i: i * 7001)
make("models/c/deep/er", 40, lambda i: i * 3 << 20)' "$D"
touch "$D/readme" "$D/odd"$'\xff\n'"/na"$'\xfe\n'"me" "$D/models/<script>"
setfattr -n trusted.fsdax -v yes "$D/home/ann/7"
mkfifo "$D/pipe"
# One in one tree; one in two, where the rules see it differently; one that also lies elsewhere.
truncate -s 5M "$D/models/b/twice"
ln "$D/models/b/twice" "$D/models/b/twice.2"
truncate -s 6M "$D/models/b/both"
ln "$D/models/b/both" "$D/home/bob/both"
truncate -s 7M "$D/models/b/out"
ln "$D/models/b/out" "$MNT/out"

scan() {
	ctl scan --root "$D" "$@"
}

merge() {
	ctl scan --merge "$@"
}

# same JQ-EXPRESSION A B: what it makes of both files
# shellcheck disable=SC2317 # it is called by holds
same() {
	cmp <(jq -c "$1" "$2") <(jq -c "$1" "$3")
}

# refused WANTED PART...: with a message that has WANTED in it.
refused() {
	local wanted=$1

	shift
	run merge --json "$@"
	exits 1 "refused: $wanted"
	has "$ERR" "$wanted" "and it says so"
	is "$OUT" "" "and prints nothing"
}

# ---- The whole, to the byte ------------------------------------------------------------

find "$D" -type f -print0 | sort -z >"$P/all"
scan --files0-from="$P/all" --json >"$P/whole.json"
scan --files0-from="$P/all" >"$P/whole.txt"
is "$(jq -c '[.files, .hard_linked, (.links | length)]' "$P/whole.json")" '[746,3,1]' \
	"the whole carries only those whose names it has not all met"

split -t '\0' -n r/5 "$P/all" "$P/list-"
for list in "$P"/list-*; do
	scan -j 1 --files0-from="$list" --json >"$P/part-${list##*-}.json" &
done
wait
run merge --json "$P"/part-*.json
exits 0 "five processes, each with a part"
is "$(jq -s 'map(.links | length) | add >= 3' "$P"/part-*.json)" true "hard links are in several parts"
cp "$SCRATCH/out" "$P/merged.json"
holds "the JSON is that of the whole" cmp "$P/merged.json" "$P/whole.json"
merge "$P"/part-*.json >"$P/merged.txt"
holds "the tables are those of the whole" cmp "$P/merged.txt" "$P/whole.txt"
merge --json "$P"/part-a[edcba].json >"$P/merged.json"
holds "in whatever order" cmp "$P/merged.json" "$P/whole.json"
merge --json "$P"/part-a[ab].json >"$P/some.json"
merge --json "$P/part-ae.json" "$P/some.json" "$P"/part-a[cd].json >"$P/merged.json"
holds "also by way of what was merged before" cmp "$P/merged.json" "$P/whole.json"
merge --json "$P/whole.json" >"$P/merged.json"
holds "one part alone is the whole" cmp "$P/merged.json" "$P/whole.json"

scan --json "$D" >"$P/tree.json"
for folder in models home odd$'\xff\n' empty; do scan --json "$D/$folder"; done | split -l 1 - "$P/folder-"
find "$D" -maxdepth 1 -type f -print0 | scan --json --files0-from=- >"$P/folder-rest"
merge --json "$P"/folder-* >"$P/merged.json"
holds "folder by folder: all but the folder above them, and the pipe in it" \
	same 'del(.folders, .others)' "$P/merged.json" "$P/tree.json"
is "$(jq -c '[.trees_below, (.trees | length)]' "$P/folder-aa")" '["/models",4]' \
	"a part looks two levels below what it has"
is "$(jq -c '[.trees_below, (.trees | map(.path))]' "$P/merged.json")" \
	'["/",["/models/c","/models/a","/models/b","/home/ann","/home/bob","/","/models","/odd�\n"]]' \
	"and the whole below all of it"

find "$D/models" -type f -print0 >"$P/models"
scan -j 1 --files0-from="$P/models" --json >"$P/models.json"
for folder in c/deep a b; do
	find "$D/models/${folder%/*}" -type f -print0 | scan -j 1 --files0-from=- --json
done | split -l 1 - "$P/deep-"
find "$D/models" -maxdepth 1 -type f -print0 | scan --json --files0-from=- >"$P/deep-rest"
is "$(jq -c .trees_below "$P/deep-aa")" '"/models/c/deep/er"' "all files in one folder: it is that"
merge --json "$P"/deep-* >"$P/merged.json"
holds "and with others it is the one above, step by step" cmp "$P/merged.json" "$P/models.json"
is "$(jq -c '[.trees_below, (.trees | map([.path, .deep]))]' "$P/merged.json")" \
	'["/models",[["/models/c/deep",true],["/models/a",false],["/models/b",false],["/models",false]]]' \
	"and the trees are those below that"

# ---- Another machine: a device has another number --------------------------------------

# mount_again N: the same files at the same place, on another device.
mount_again() {
	mkdir "$MNT/upper$1" "$MNT/work$1"
	mount -t overlay fsdax-test "$D" \
		-o "lowerdir=$MNT/lower,upperdir=$MNT/upper$1,workdir=$MNT/work$1" || return
	MOUNTS+=("$D")
}
mv "$D" "$MNT/lower"
mkdir "$D" "$SCRATCH/first"
if mount_again 1; then
	one=$(stat -c %d "$D/readme")
	scan --files0-from="$P/all" --json >"$P/whole.json"
	grep -az /models/ "$P/all" | scan --files0-from=- --json >"$P/one.json"
	mount --bind "$D" "$SCRATCH/first" # its number stays in use
	MOUNTS+=("$SCRATCH/first")
	unmount "$D"
	mount_again 2
	isnt "$(stat -c %d "$D/readme")" "$one" "the device has another number there"
	grep -azv /models/ "$P/all" | scan --files0-from=- --json >"$P/two.json"
	is "$(jq -c '[.links[].dev]' "$P/two.json")" "[null]" "that of the share is not kept"
	merge --json "$P/one.json" "$P/two.json" >"$P/merged.json"
	holds "a file in both parts is still one" cmp "$P/merged.json" "$P/whole.json"
	unmount "$D"
else
	echo "# skip: no overlay here"
fi
rmdir "$D"
mv "$MNT/lower" "$D"

# ---- What went wrong in a part ------------------------------------------------------------

printf '%s\0' "$D/readme" "$D/none" >"$P/list"
scan --files0-from="$P/list" --json >"$P/failed.json" 2>/dev/null
is "$?" 1 "a part that failed for a file"
run merge --json "$P/failed.json"
exits 1 "makes the whole fail"
has "$ERR" "failed.json lacks what could not be scanned: 1 failed" "and is named"
is "$(jq -c '[.files, .failed]' <<<"$OUT")" '[1,1]' "the rest is there"
jq -c '.interrupted = true' "$P/failed.json" >"$P/interrupted.json"
run merge "$P/interrupted.json"
exits 130 "a part that was interrupted"
has "$ERR" "interrupted.json was interrupted" "is named"
has "$OUT" "Interrupted: this is what was seen" "and shown as such"
scan --json "$D/empty" >"$P/empty.json"
merge --json "$P/whole.json" "$P/empty.json" >"$P/merged.json"
holds "a part without a file adds none" same 'del(.folders)' "$P/merged.json" "$P/whole.json"

# ---- What is no part ------------------------------------------------------------------------

A=$P/part-aa.json B=$P/part-ab.json
refused "part-aa.json: this is named twice" "$A" "$B" "$A"
cp "$A" "$P/copy.json"
refused "copy.json: this has files that $A has, too" "$A" "$B" "$P/copy.json"
head -z -n 20 "$P/list-ab" | cat "$P/list-aa" - | scan --files0-from=- --json >"$P/over.json"
refused "over.json: this has files that $B has, too" "$B" "$P/over.json"
refused "all: this is not JSON" "$A" "$P/all"
refused "No such file" "$A" "$P/nothing"
refused "Is a directory" "$P"
head -c 2000 "$A" >"$P/cut.json"
refused "cut.json: this is not JSON, or was cut" "$P/cut.json"
cat "$A" "$B" >"$P/two.json"
refused "two.json: this has more in it than one JSON object" "$P/two.json"
ctl plan --window 1G --json "$MNT" >"$P/plan.json"
refused "plan.json: this is not what scan --json prints" "$P/plan.json"
sed 's/"scan-1"/"scan-2"/' "$A" >"$P/version.json"
refused "made by another version of fsdax-ctl" "$P/version.json"
ctl scan --root "$MNT" --json "$D/home" >"$P/root.json"
refused "root.json: this was scanned with another --root" "$A" "$P/root.json"
changes=('del(.sample)' 'del(.histogram[0])' '.trees[0].yes.files += 1' '.files += 1'
	'.decided_by[0].files += 1' '.decided_by[0].reason = "magic"' 'del(.decided_by[1])'
	'.histogram[0].from = -1' '.histogram[0].from = 33' '.trees[0].path = "models"'
	'.links[0].size += 4096' '.links[0].rule_number = 9' '.links[0].folder = 1' '.failed = "no"'
	'.trees_below_bytes = "2f0"' '.hard_linked = 0' 'del(.root)' '.trees = {}' '[.]')
for i in "${!changes[@]}"; do jq -c "${changes[i]}" "$A" >"$P/changed-$i.json"; done
refused "${#changes[@]} parts cannot be used" "$P"/changed-*.json
for i in "${!changes[@]}"; do has "$ERR" "changed-$i.json: " "${changes[i]}"; done
unlike "$ERR" "Sanitizer" "nothing else went wrong"
write_policy '[rule another]
size = > 1M
dax = yes'
refused "part-aa.json: this was scanned under another policy" "$A"
run merge --json --exclude x "$A"
exits 2 "an option of a walk"
has "$ERR" "--merge scans nothing, and --exclude has no meaning for it" "is refused"
run ctl plan --window 1G --merge "$A"
has "$ERR" "it belongs to: scan" "plan has no parts"
merge --policy "$SCRATCH/none" "$A" >/dev/null 2>&1
is "$?" 65 "a policy that is not there"

done_testing
