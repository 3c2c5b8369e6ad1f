#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The daemon is killed at random moments under load: the host has what the guest was told, nothing
# is left of the daemon, and the next one serves.

# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$SCRATCH/run"
printf '[policy]\ndefault = yes\n' >"$SCRATCH/policy.ini"

# killed KIND HOW: the loop on a file system of that kind.
killed() {
	new_share "$1"
	adopt_tap "$1, $2" "$FAULTS_BIN/faults-kill" "$SCRATCH/run/s" "$SHARE" \
		"$(by_length 8 150)" "$2" "$FSDAXD" --socket-path "$SCRATCH/run/s" \
		--shared-dir "$SHARE" --control-socket "$SCRATCH/run/control" --xattr \
		--policy "$SCRATCH/policy.ini" --dax-window 32M --sandbox none --log-level error
}

killed tmpfs inflight
killed ext4 fresh
done_testing
