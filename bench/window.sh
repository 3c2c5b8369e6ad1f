#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# window.sh - what a policy does for the DAX window: many small files and a few large ones are
# read in a guest, by mmap, with DAX for all, for those that the shipped policy names, and
# for none. By exact counts of what the guest asked for; nothing here is timed.
#
#   FSDAXD, FSDAX_CTL   the programs
#   SMALL=2000          how many small files, taken from this machine's /usr/share
#   WINDOW=128M         the window; the large files (64 MiB and 16 MiB) fit
set -u

here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/guest/lib.sh
. "$here/tests/guest/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$here/tests/guest/share.sh"

small=${SMALL:-2000}

share_make 1G
mkdir "$SHARE/small" "$SHARE/large"
(cd /usr/share && find . -xdev -type f -size +0 -size -32k -print0 | sort -z | head -z -n "$small" |
	tar -c --null -T -) | tar -x -C "$SHARE/small"
make large/64M $((64 << 20))
make large/16M $((16 << 20))
cp "$here/policy.d/50-default.ini" "$POLICY"

# counts: "SETUPMAPPING REMOVEMAPPING READ", since the daemon's start.
counts() {
	"$FSDAX_CTL" status --json --socket "$DAEMON_CONTROL" |
		jq -r '.requests | "\(.SETUPMAPPING // 0) \(.REMOVEMAPPING // 0) \(.READ // 0)"'
}

cached() {
	guest meminfo Cached | grep -oE '[0-9]+' | tail -n 1
}

# step WHAT FOLDER: reads all below, and prints what that took.
step() {
	local before after n

	before=$(counts)
	n=$(cached)
	guest tree "/mnt/fs/$2" mmap >/dev/null
	after=$(counts)
	awk -v mode="$mode" -v what="$1" -v before="$before" -v after="$after" \
		-v grown=$(($(cached) - n)) 'BEGIN {
		split(before, a); split(after, b)
		printf "  %-12s %-28s %12d %14d %8d %12.1f MiB\n", mode, what, b[1] - a[1], b[2] - a[2],
			b[3] - a[3], grown / 1024 }'
}

files=$(find "$SHARE/small" -type f | wc -l)
printf '%s small files of %s in all, two large ones of 80 MiB, a window of %s\n\n' "$files" \
	"$(du -sh --apparent-size "$SHARE/small" | cut -f1)" "${WINDOW:-128M}"
printf '  %-12s %-28s %12s %14s %8s %16s\n' MODE STEP SETUPMAPPING REMOVEMAPPING READ PAGE-CACHE
for mode in always inode never; do
	serve --log-level error
	guest_start trixie window="$DAEMON_SOCKET" memory=1G || exit 1
	guest mount TAG /mnt/fs virtiofs "dax=$mode" || exit 1
	step "the large files" large
	step "the small files" small
	step "the large files again" large
	guest umount /mnt/fs
	guest_stop
	daemon_stop
done
