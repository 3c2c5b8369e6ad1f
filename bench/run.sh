#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# run.sh - compare fsdax with its peers, side by side, and print a table of what was
# aimed at and what was measured. Installs what is missing, builds into build/bench, and
# exits with 0 whether the targets were met or not. README.md says how to read it.
#
# From the environment:
#   BENCH_PARTS    which parts to run: "decide load tree daemon policy inodes window"
#   BENCH_ROOT     the Debian root whose /usr gives the paths: /
#   BENCH_FILES    files in the tree for the walkers: 500000
#   BENCH_SCRATCH  where the shares, and the 4 GiB (sparse) image of that tree, go:
#                  build/bench/scratch
#   FSDAX_CTL      the command to measure: the one that is built here
set -euo pipefail
cd "$(dirname "$0")/.."

parts=${BENCH_PARTS:-decide load tree daemon policy inodes window}
root=${BENCH_ROOT:-/}
build=$PWD/build/bench
out=$build/results
scratch=${BENCH_SCRATCH:-$build/scratch} # nothing of the build: each part removes its own
peers="g++ libre2-dev libhyperscan-dev findutils attr e2fsprogs xfsprogs strace util-linux mount jq valgrind"

# The Debian packages of the peers that are not installed.
missing()
{
	local name
	for name in $peers; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' ||
			echo "$name"
	done
}

install_peers()
{
	local list
	mapfile -t list < <(missing)
	[ ${#list[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "run.sh: not root; run: apt-get install --no-install-recommends ${list[*]}" >&2
		exit 1
	fi
	echo "run.sh: installing ${list[*]}"
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${list[@]}"
}

build_all()
{
	cmake --preset release -B "$build" -DFSDAX_BENCH=ON -DFSDAX_TESTS=OFF -DFSDAX_DOCS=OFF \
		-DFSDAX_COMPLETIONS=OFF >"$build/configure.log"
	cmake --build "$build" -- --quiet
}

# "SIZE /path" of each file below /usr, each with a NUL at its end.
list_paths()
{
	find "${root%/}/usr" -xdev -type f -printf '%s /usr/%P\0' >"$out/paths"
}

# The rows of the results, with a verdict each.
print_table()
{
	printf '\nwhat was aimed at, and what was measured (+-%%: half the distance of the quartiles)\n'
	awk -F '\t' '
	function number(value) { return value >= 100 ? sprintf("%.0f", value) : sprintf("%.3g", value) }
	{
		met = $2 == "<=" ? $4 <= $3 + 0 : $4 >= $3 + 0
		met_count += met
		printf "  %-61s %s %5s %8s %-6s +-%2s%%  %s\n", $1, $2, $3, number($4), $5, $6,
			met ? "met" : "NOT MET"
	}
	END { printf "  %d of %d met\n", met_count, NR }' "$out/table"
}

scripts/deps.sh build
install_peers
mkdir -p "$out" "$scratch"
build_all
rm -f "$out/table"
touch "$out/table"
list_paths
for part in $parts; do
	case $part in
	decide) "$build/bench/bench-decide" -p "$out" -o "$out/table" "$out/paths" ;;
	load) "$build/bench/bench-load" "$out/paths" "$out" "$out/table" ;;
	tree) BENCH_BIN=$build/bench FSDAX_CTL=${FSDAX_CTL:-$build/cli/fsdax-ctl} \
		bench/tree.sh "$out/paths" "$scratch" "$out/table" ;;
	daemon) bench/daemon.sh "$build" "$scratch" "$out/table" ;;
	policy) bench/policy.sh "$build" "$scratch" "$out/table" ;;
	inodes) bench/inodes.sh "$build" "$scratch" "$out/table" ;;
	window) FSDAXD=$build/daemon/fsdaxd FSDAX_CTL=$build/cli/fsdax-ctl bench/window.sh ;;
	*) echo "run.sh: there is no part '$part'; there are: decide load tree daemon policy inodes window" >&2; exit 2 ;;
	esac
done
print_table
