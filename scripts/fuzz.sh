#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fuzz.sh SECONDS [TARGET]... - build the libFuzzer targets and run each, or those that are
# named, for its share of the time. Starts from tests/fuzz/corpus/NAME; what it finds that is
# new goes to build/fuzz/found/NAME, an input that fails to build/fuzz/NAME-*, and how many were
# executed, all runs together, to build/fuzz/totals.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/fuzz-lib.sh

# Targets that make a mount namespace can't in a plain chroot.
if [ "$(id -u)" -eq 0 ] && ! mountpoint -q /; then
	exec scripts/mounted-root.sh scripts/fuzz.sh "$@"
fi
seconds=${1:?usage: fuzz.sh SECONDS [TARGET]...}
shift
mapfile -t targets < <(fuzz_targets "$@")
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -- --quiet

share=$((seconds / ${#targets[@]}))
[ "$share" -gt 0 ] || share=1
touch build/fuzz/totals

# Add to what has been executed of a target before, and print the sum.
add_total()
{
	local name=$1 runs=$2
	awk -v name="$name" -v runs="$runs" '
		$1 == name { $2 += runs; seen = 1 }
		{ print $1, $2 }
		END { if (!seen) print name, runs }' build/fuzz/totals >build/fuzz/totals.new
	mv build/fuzz/totals.new build/fuzz/totals
	awk -v name="$name" '$1 == name { print $2 }' build/fuzz/totals
}

for name in "${targets[@]}"; do
	found=$PWD/build/fuzz/found/$name
	log=build/fuzz/$name.log
	mkdir -p "$found"
	echo "fuzz.sh: $name for $share s"
	status=0
	fuzz_run build/fuzz "$name" -max_total_time="$share" -print_final_stats=1 -verbosity=0 \
		"$found" "$PWD/tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	total=$(add_total "$name" "${runs:-0}")
	if [ "$status" -ne 0 ]; then
		grep -v -e NEW_FUNC -e '^INFO:' "$log" | head -n 60
		echo "fuzz.sh: $name: failed; the input is the newest of build/fuzz/$name-*"
		exit 1
	fi
	echo "fuzz.sh: $name: nothing found in $runs inputs, $total with those before; corpus" \
		"$(find "$found" -type f | wc -l) new inputs"
done
