#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fuzz-merge.sh TARGET... - take into tests/fuzz/corpus/TARGET what build/fuzz/found/TARGET has
# that reaches something new, and leave out what adds nothing. Inputs with names of their own stay:
# those are of bugs.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/fuzz-lib.sh

[ $# -gt 0 ] || { echo "usage: fuzz-merge.sh TARGET..." >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in "$@"; do
	corpus=$PWD/tests/fuzz/corpus/$name
	found=$PWD/build/fuzz/found/$name
	mkdir -p "$corpus" "$found" "$work/kept" "$work/$name"
	find "$corpus" -type f ! -name 'found-*' -exec cp -t "$work/kept" {} +
	TMPDIR=$work FSDAX_FUZZ_WRITABLE=$work fuzz_run build/fuzz "$name" -set_cover_merge=1 -verbosity=0 \
		"$work/$name" "$corpus" "$found" >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
	rm -f "$corpus"/*
	for input in "$work/$name"/*; do
		hash=${input##*/}
		cp "$input" "$corpus/found-${hash:0:10}"
	done
	find "$work/kept" -type f -exec cp -t "$corpus" {} +
	rm -rf "$work/kept"
	echo "$name: $(find "$corpus" -type f | wc -l) inputs, $(du -sk --apparent-size "$corpus" | cut -f1) KiB"
done
