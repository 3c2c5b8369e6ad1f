#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every name and every kind of file that the kernel allows: odd names, paths beyond PATH_MAX,
# loops of links, and files that must never be opened.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- Names ---------------------------------------------------------------------------

new_fs ext4
d=$MNT/names
mkdir "$d"
long=$(printf 'n%.0s' {1..255})
names=($'new\nline' $'not \xff\xfe utf-8' "$long" ' ' '-n' '--json' 'a"b\c' "it's" $'\e[31mred' \
	$'\u202e\u200b' 'schön' $'\t' '*' $'\x01')
for name in "${names[@]}"; do
	echo x >"$d/$name"
done
run ctl set -R "$d"
is "$OUT" "$((${#names[@]} + 1)) tagged yes, 0 unchanged" "files of every name are tagged"
is "$(getfattr -R -n trusted.fsdax "$d" 2>/dev/null | grep -c trusted.fsdax=)" \
	$((${#names[@]} + 1)) "getfattr sees them all"
run ctl show -R -0 "$d"
cut -z -f3- "$SCRATCH/out" | sort -z >"$SCRATCH/shown"
find "$d" -print0 | sort -z >"$SCRATCH/found"
holds "show -0 prints the very bytes" cmp "$SCRATCH/shown" "$SCRATCH/found"
run ctl show -R "$d"
is "$(wc -l <<<"$OUT")" $((${#names[@]} + 1)) "show prints one line for each"
unlike "$OUT" $'\e' "no escape sequence reaches the terminal"
has "$OUT" "\$'$d/new\\nline'" "a newline is quoted"
has "$OUT" "\$'$d/not \\377\\376 utf-8'" "bytes that are not UTF-8 are quoted"
like "$OUT" "$d/schön" "letters of any language are not"
eval "args=($(cut -f3 <<<"$OUT" | grep -F "\$'" | tr '\n' ' '))"
# shellcheck disable=SC2154 # set by eval
run ctl clear -- "${args[@]}"
is "$OUT" "${#args[@]} cleared, 0 unchanged" "what is quoted is quoted for the shell"
run ctl show -R --json "$d"
holds "JSON is valid whatever the name" python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"): json.loads(line)' "$SCRATCH/out"
cd "$d" || exit
run ctl set -- -n --json
exits 0 "names that look like options, behind --"
cd / || exit

# ---- Paths beyond PATH_MAX -----------------------------------------------------------

new_fs ext4
depth=60
mkdir "$MNT/copy"
for top in "$MNT" "$MNT/copy"; do
	cd "$top" || exit
	for ((i = 0; i < depth; i++)); do
		mkdir "$long" && cd "$long" || exit
	done
	echo x >deep
	mkfifo pipe
done
cd / || exit
run ctl set -R "$MNT/$long"
is "$OUT" "$((depth + 1)) tagged yes, 0 unchanged" "a path of $((depth * 256)) bytes: set -R"
is "$(cd "$MNT" && for ((i = 0; i < depth; i++)); do cd "$long" || exit; done && tag_of deep)" yes \
	"the file at its end is tagged"
run ctl copy "$MNT/$long" "$MNT/copy/$long"
is "$OUT" "$((depth + 1)) copied, 0 unchanged" "copy to another such path"
run ctl show -R "$MNT/$long"
is "$(tail -c 5 <<<"$OUT" | tr -d '\n')" deep "show prints the whole path"
is "$(tail -n 1 <<<"$OUT" | wc -c)" $((depth * 256 + ${#MNT} + 5 + 1 + 10)) "all of it"
(
	p=$MNT
	for ((i = 0; i < depth; i++)); do p+=/$long; done
	printf '%s\0' "$p/deep"
) >"$SCRATCH/list"
run ctl clear --files0-from="$SCRATCH/list"
exits 0 "such a path from a list"
is "$(cd "$MNT" && for ((i = 0; i < depth; i++)); do cd "$long" || exit; done && tag_of deep)" "" \
	"finds the file"
run ctl clear -R "$MNT"
exits 0 "clear -R down there"
is "$(dump "$MNT" | grep -c trusted.fsdax)" 0 "clears all"

# ---- Files that are never opened, links that lead round ------------------------------

new_fs ext4
d=$MNT/odd
mkdir -p "$d/sub"
ln -s . "$d/self"
ln -s .. "$d/sub/up"
ln -s loop-b "$d/loop-a"
ln -s loop-a "$d/loop-b"
ln -s /nowhere "$d/dangling"
mkfifo "$d/pipe"
mknod "$d/char" c 1 5
mknod "$d/block" b 7 200
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$d/socket"
echo x >"$d/sub/file"
run ctl set -R "$d"
exits 0 "set -R over links, pipes, devices and sockets ends"
is "$OUT" "3 tagged yes, 0 unchanged" "and tags none of them"
for command in scan apply "show -R" "clear -R" "explain -R" "copy $d"; do
	# shellcheck disable=SC2086 # two words
	run ctl $command "$d"
	exits 0 "$command over them ends"
done
if command -v strace >/dev/null; then
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$SCRATCH/trace" "$FSDAX_CTL" set -R -j1 --policy="$POLICY" "$d" >/dev/null
	is "$(grep -cE '"(pipe|char|block|socket|self|up|loop-a|loop-b|dangling)"' "$SCRATCH/trace")" 0 \
		"they cost no system call"
fi
done_testing
