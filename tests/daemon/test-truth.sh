#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test-truth.sh - file system operations at random, on a mount and on the file system below: the
# same results, and the same tree. scripts/truth.sh does that for as long as one likes. What was
# found once is in tests/truth/found.
# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"
GIVEN=100 # folders to begin with, each for a run
# shellcheck source=tests/truth/lib.sh
. "$(dirname "$0")/../truth/lib.sh"

# One thread: what is told of a close in the background comes before what is asked next.
ALL=(--xattr --posix-acl --posix-lock --flock --thread-pool-size=1)

# found_before NAME DAEMON-OPTION...: one daemon for all.
found_before() {
	local name=$1

	shift
	# shellcheck disable=SC2016 # for the inner shell
	served "$@" -- bash -c 'status=0
		for file in "$3"/found/*.truth; do
			"$TRUTH" --oracle "$1" --subject "$2" --replay "$file" || status=1
		done
		exit $status' found "$FS/oracle" "$SERVED" "$TRUTH_DIR"
	is "$STATUS" 0 "$name: nothing that was found before"
	[[ $STATUS == 0 ]] || sed 's/^/# /' <<<"$OUT"
}

CAUGHT=("${ALL[@]}")

# caught FAULT [MOST [OPTION...]]: a difference that truth must find, and cut down to few operations.
caught() {
	local fault=$1 most=${2:-8} seed

	shift $(($# < 2 ? $# : 2))

	TRUTH_FAULT=$fault TRUTH_PRELOAD=$TRUTH_FAULTS \
		served "${CAUGHT[@]}" -- "$TRUTH" --oracle "$FS/oracle" --subject "$SERVED" \
		--runs 60 --ops 250 "$@"
	is "$STATUS" 1 "a daemon with a mistake is caught: $fault"
	seed=$(sed -n 's/^# seed \(.*\): different/\1/p' <<<"$OUT")
	holds "$fault: the sequence is short" \
		test "$(grep -c '^[a-z]' <<<"$OUT")" -le "$most"
	echo "# $fault: seed $seed: $(grep '^[a-z]' <<<"$OUT" | sed 's/.*# //' | tr '\n' ';')"
}

truth_fs tmpfs
found_before "all options" "${ALL[@]}"
found_before "killpriv" "${ALL[@]}" --killpriv-v2
same "tmpfs" "${ALL[@]}" -- --runs 8 --ops 200 --also no-zero-range
same "tmpfs, every call on every kind of object" "${ALL[@]}" -- \
	--matrix --stride 997 --seed $((1 + RANDOM % 997))
for fault in append nanoseconds suid short; do
	caught $fault
done
# Locks need files that several have open.
caught given 12 --locks --every 1000
same "tmpfs, locks" "${ALL[@]}" -- --locks --runs 4 --ops 200
truth_fs ext4
found_before "direct" "${ALL[@]}" --allow-direct-io
same "ext4, locks by several threads" --posix-lock --flock -- \
	--locks --runs 4 --ops 200 --seed 300 --also no-xattr --also no-acl
same "ext4, few options" -- --runs 5 --also no-xattr --also no-acl
same "ext4, no cache" --xattr --posix-acl --cache=never --allow-mmap -- --runs 3 --seed 100
same "ext4, as much cache as there is" "${ALL[@]}" --cache=always --killpriv-v2 \
	--allow-direct-io -- --runs 3 --seed 200
truth_fs ext4 relatime
CAUGHT=("${ALL[@]}" --cache=never)
caught noatime 8 --atime --also no-map
same "ext4, relatime" "${ALL[@]}" --cache=never -- --atime --also no-map --runs 2 --ops 150
same "ext4, relatime, and cached" "${ALL[@]}" -- --atime --also cached-atime --runs 1 --ops 150
truth_fs overlay
same "overlay" "${ALL[@]}" -- --runs 3 --ops 200 "${ON_OVERLAY[@]}"

done_testing
