#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# serve.sh SHARE DIR [OPTION...] -- COMMAND ARG...: fsdaxd (FSDAXD) serves SHARE on DIR while the
# command runs. Exit status: the command's; 3 if the daemon does not serve, or does not end well.
# With TRUTH_PRELOAD that is preloaded into the daemon.
set -uo pipefail

share=$1 dir=$2
shift 2
options=()
while [[ $1 != -- ]]; do
	options+=("$1")
	shift
done
shift

mounted() {
	grep -qF " $dir fuse." /proc/self/mounts
}

env ${TRUTH_PRELOAD:+"LD_PRELOAD=$TRUTH_PRELOAD" ASAN_OPTIONS=verify_asan_link_order=0} \
	"$FSDAXD" --shared-dir="$share" --mount="$dir" --policy=none --log-level=warn \
	"${options[@]}" &
daemon=$!
# Only an end to a hang: it takes some milliseconds.
for ((i = 0; i < 1200; i++)); do
	! mounted || break
	kill -0 "$daemon" 2>/dev/null || exit 3
	sleep 0.05
done
mounted || { kill "$daemon"; exit 3; }
"$@"
status=$?
kill "$daemon"
wait "$daemon" || { echo "# fsdaxd ended with status $?"; exit 3; }
exit "$status"
