#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest that knows more files than the daemon may have open: all of them, by file handles; and
# what the daemon holds is given back when they are forgotten. By fsdax-probe know, which is
# tested along with it.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$SCRATCH/sock"

# know FILES FSDAXD-OPTION...: JSON, into $OUT.
know() {
	local files=$1

	shift
	OUT=$(prlimit --nofile=1000:1000 "$FSDAX_PROBE" know --socket "$SCRATCH/sock/s" --dir "$SHARE" \
		--files "$files" --depth 16 --timeout 60 --json -- "$FSDAXD" \
		--socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" --sandbox none --policy none \
		--control-socket "$SCRATCH/sock/control" --log-level error "$@" 2>"$SCRATCH/log")
}

new_share tmpfs
know 2500 --inode-file-handles mandatory
is $? 0 "2,500 files with 1,000 descriptors"
is "$(jq -c '[.files, .folders, [.steps[].step]]' <<<"$OUT")" \
	'[2500,3,["start","known","forgotten","known","forgotten"]]' "are known and forgotten, twice"
is "$(jq '[.steps[].fds] | max < 1000' <<<"$OUT")" true "never are there more descriptors"
is "$(jq '.steps[4].fds == .steps[0].fds' <<<"$OUT")" true "none is left when all are forgotten"
is "$(jq '.steps[1].rss > 0 and .steps[1].files_per_second > 0' <<<"$OUT")" true "memory is told"
is "$(find "$SHARE" -mindepth 1 | wc -l)" 0 "the files are removed"

# A sanitizer has an allocator of its own.
if ! ldd "$FSDAXD" | grep -q 'lib[at]san'; then
	know 80000 --inode-file-handles mandatory
	is "$(jq '.steps[2].rss < .steps[1].rss / 2' <<<"$OUT")" true "memory of 80,000 is given back"
fi

know 2500 --inode-file-handles never
is $? 1 "with a descriptor each, they can't be known"

know 0
is $? 2 "no files: a mistake in the command line"

done_testing
