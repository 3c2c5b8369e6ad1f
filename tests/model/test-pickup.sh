#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The model of how a changed decision is picked up, pickup.pml, searched exhaustively by spin: no
# order of steps lets the daemon say that a change was picked up when it was not, or has a file used
# both ways, or stops. Then mutants of it, each of which must be found wrong; and the names
# of functions in it must be those of the code.
#
#	FSDAX_MODEL_LONG=1	the larger parts, too: many minutes, and up to 6 GB

set -uo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

MODEL=$(cd "$(dirname "$0")" && pwd)/pickup.pml
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
CC=${CC:-cc}
NAMES_MIN=50 # of functions: so that the search for them finds them
MEMORY="-DMEMLIM=1900" # of a search

command -v spin >/dev/null || {
	echo "1..0 # skip: spin is not installed"
	exit 77
}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/fsdax-model.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP
cd "$WORK" || exit 1

# make_pan CFLAGS DEFINITION...: the verifier of one part of the model.
make_pan() {
	local flags=$1

	shift
	rm -f pan* ./*.trail
	# shellcheck disable=SC2086
	spin -a "$@" "$MODEL" >spin.log 2>&1 &&
		"$CC" -w $flags $MEMORY -DVECTORSZ=1024 -o pan pan.c 2>>spin.log || {
		sed 's/^/# /' spin.log
		return 1
	}
}

errors() {
	sed -nE 's/.*errors: ([0-9]+)$/\1/p' pan.log
}

# Whether all of it was searched.
is_whole() {
	! grep -q 'Search not completed\|max search depth too small\|out of memory' pan.log
}

tell_search() {
	sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1 states/p; s/^ *([0-9.]+)\ttotal actual memory.*/\1 MB/p;
		s/^pan: elapsed time ([0-9.]+) seconds/\1 s/p' pan.log | paste -sd, | sed 's/^/# /'
}

# holds NAME DEFINITION...: no assertion fails, and nothing is stuck.
holds() {
	local name=$1

	shift
	make_pan "-O1 -DSAFETY -DNOCLAIM" "$@"
	./pan -m1000000 >pan.log 2>&1
	is "$(errors)" 0 "$name: nothing goes wrong"
	is "$(is_whole && echo yes)" yes "$name: all of it was searched"
	tell_search
}

# comes NAME DEFINITION...: what is asked is answered in the end, if each process goes on that can.
comes() {
	local name=$1

	shift
	make_pan "-O1 -DNFAIR=3" "$@"
	./pan -a -f -m1000000 -N picked_up >pan.log 2>&1
	is "$(errors)" 0 "$name: each change is picked up in the end"
	is "$(is_whole && echo yes)" yes "$name: all of it was searched"
	tell_search
}

# is_found MUTANT DEFINITION...: an assertion fails.
is_found() {
	local mutant=$1

	shift
	make_pan "-O0 -DSAFETY -DNOCLAIM" "-DMUTANT_$mutant" "$@"
	./pan -m1000000 >pan.log 2>&1
	is "$(errors)" 1 "mutant $mutant is found: $(sed -nE 's/^pan:[0-9]*: (.*) \(at depth.*/\1/p' pan.log)"
}

# never_comes MUTANT DEFINITION...: what is asked may never be answered.
never_comes() {
	local mutant=$1

	shift
	make_pan "-O0 -DNFAIR=3" "-DMUTANT_$mutant" "$@"
	./pan -a -f -m1000000 -N picked_up >pan.log 2>&1
	is "$(errors)" 1 "mutant $mutant is found: an answer that never comes"
}

# Each "code: FILE FUNCTION, FILE FUNCTION" of the model, a line each.
named() {
	sed -nE 's/.*code: ([^*]*).*/\1/p' "$MODEL" | tr ',' '\n' |
		sed -E 's/^ +//; s/ +$//; /^$/d' | sort -u
}

exists() {
	local file

	for file in "$SOURCE/daemon/$1" "$SOURCE/lib/$1"; do
		[[ -e $file ]] && grep -qE "^[a-z].*[ *]$2\(" "$file" && return
	done
	return 1
}

missing() {
	local file function

	while read -r file function; do
		exists "$file" "$function" || echo "$file $function"
	done < <(named)
}

is "$(missing)" "" "all functions that the model names are in the code"
is "$(($(named | wc -l) >= NAMES_MIN))" 1 "they are at least $NAMES_MIN"

two="-DTHREADS=2 -DNAMES=1 -DFORGETS=0 -DINODES=4"
one="-DTHREADS=1 -DNAMES=1"
twice="$one -DFORGETS=0 -DINODES=4 -DFLIPS=2 -DLOOKERS=0"

# shellcheck disable=SC2086
{
	holds "two threads open" $two -DLOOKERS=0
	holds "one opens, one looks" $two -DOPENERS=1 -DLOOKERS=2
	holds "two names, and FORGET" -DTHREADS=1 -DNAMES=2
	holds "a crash" $one -DCRASHES=1
	holds "a reload" $one -DFORGETS=0 -DINODES=4 -DRELOADS=1 -DLOOKERS=0
	holds "FORGET before RELEASE" $one -DEARLY_FORGET -DLOOKERS=0
	holds "sent away twice" $twice
	holds "sent away, and killed" $twice -DQUITS=1
	comes "one thread opens" $one -DFORGETS=0 -DINODES=4 -DLOOKERS=0
	comes "sent away, and killed" $twice -DQUITS=1

	is_found LOOK_LATER $one
	is_found REPORTS_BEFORE_RETIRING $one
	is_found SAME_NODEID $one
	is_found FLAG_WHILE_OPEN $one
	is_found RETIRE_WHILE_OPEN $two
	is_found OPENS_RETIRED $one
	is_found OPEN_DOES_NOT_ASK $one
	is_found NOT_COUNTED $one
	is_found FORGETS_ALL $one
	is_found ASKS_ONLY_KNOWN $one -DEARLY_FORGET -DLOOKERS=0
	is_found GENERATION_OF_LATER $one -DFORGETS=0 -DINODES=4 -DRELOADS=1
	is_found NOT_AWAITED $twice
	is_found NOT_SURE $twice

	never_comes WAITS_FOR_EVER $one -DFORGETS=0 -DINODES=4 -DLOOKERS=0
	never_comes AWAITED_FOR_EVER $twice -DQUITS=1

	if [[ ${FSDAX_MODEL_LONG:-} ]]; then
		MEMORY="-DMEMLIM=6000 -DCOLLAPSE"
		holds "two threads do all" $two
		holds "two flips" $one -DFLIPS=2 -DINODES=4 -DSTALE=2
		holds "a reload, with FORGET" $one -DINODES=4 -DRELOADS=1
		holds "a crash, two threads" $two -DCRASHES=1 -DLOOKERS=0
		is_found ANOTHER_CAME $two -DFLIPS=2 -DLOOKERS=0
	fi
}

done_testing
