#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fuzz.sh SECONDS - build the libFuzzer targets and run each for its share of the time.
# Starts from tests/fuzz/corpus/NAME; what it finds that is new goes to
# build/fuzz/found/NAME, and an input that fails to build/fuzz/.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: fuzz.sh SECONDS}
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -- --quiet

targets=()
for source in tests/fuzz/fuzz-*.c; do
	name=${source##*/}
	targets+=("${name%.c}")
done
share=$((seconds / ${#targets[@]}))
[ "$share" -gt 0 ] || share=1

for target in "${targets[@]}"; do
	name=${target#fuzz-}
	found=build/fuzz/found/$name
	mkdir -p "$found"
	options=(-max_total_time="$share" -timeout=10 -rss_limit_mb=2048
		-artifact_prefix="build/fuzz/$name-" -print_final_stats=0 -verbosity=0)
	dict=tests/fuzz/$name.dict
	[ ! -e "$dict" ] || options+=("-dict=$dict")
	echo "fuzz.sh: $target for $share s"
	# Without randomized addresses: see FSDAX_RUN in cmake/compiler.cmake.
	setarch "$(uname -m)" -R "build/fuzz/tests/fuzz/$target" "${options[@]}" \
		"$found" "tests/fuzz/corpus/$name"
	echo "fuzz.sh: $target: nothing found; corpus $(find "$found" -type f | wc -l) new inputs"
done
