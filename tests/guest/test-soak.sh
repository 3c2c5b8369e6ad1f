#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs in a guest that work on files by DAX, with a window that is far too small, while tags
# flip and the policy is reloaded on the host: nothing is lost, nothing is stale, and nothing of it
# is left in the daemon when the guest has unmounted.
#
#	SOAK_SECONDS   how long, 6 if not given

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${SOAK_SECONDS:-6}
FAULTS_BIN=${FAULTS_BIN:?must name the folder of the programs}
# shellcheck source=tests/faults/flip.sh
. "$(dirname "$0")/../faults/flip.sh"
trap '[[ -z $FLIPPER ]] || kill "$FLIPPER" 2>/dev/null; cleanup $?' EXIT

mkdir "$SCRATCH/share"
# In a sandbox, it would be a child that serves.
daemon_start "$SCRATCH/share" --sandbox none --dax-window 16M --policy "$SCRATCH/policy.d" --xattr \
	--log-level warn

status() {
	"$FSDAX_CTL" status --json --socket "$DAEMON_CONTROL" | jq -r "$1"
}

# round SECONDS: mounts, works, unmounts.
round() {
	guest mount TAG /mnt/fs virtiofs dax=inode
	GUEST_TIMEOUT=$(($1 + 240)) guest run "/bin/faults-mixed /mnt/fs 3 $1 2>&1" >"$SCRATCH/mixed"
	is "$?" 0 "$1 s: all was as it must be"
	sed 's/^/# /' "$SCRATCH/mixed" | tail -n 5
	same_tree "$SCRATCH/share" /mnt/fs "$1 s: both sides have the same"
	guest umount /mnt/fs
	rm -rf "$SCRATCH/share"/thread*
}

holds "the guest boots" guest_start trixie window="$DAEMON_SOCKET" \
	program="$FAULTS_BIN/faults-mixed" cpus=2
flip_start "$DAEMON_CONTROL" "$SCRATCH/share" 1
round $((seconds / 4 + 1))
first=$(kept "$DAEMON_PID")
round "$seconds"
last=$(kept "$DAEMON_PID")
flip_stop
echo "# $(<"$SCRATCH/flips") reloads and rounds of tags; chunks mapped: $(status .window.maps)," \
	"unmapped: $(status .window.unmaps), failures: $(status .window.failures); descriptors" \
	"and KiB: $first after the first round, $last at the end"
holds "the window was used, and was too small" test "$(status .window.maps)" -gt 8
is "$(status .window.mapped_chunks)" 0 "no chunk is mapped any more"
is "$(status .window.failures)" 0 "no mapping failed"
nothing_kept "$first" "$last"
guest_stop
daemon_stop "$DAEMON_PID"
is "$?" 0 "the daemon ends well"
is "$(grep -v 'a front-end\|has gone' "$DAEMON_LOG")" "" "without complaints"
done_testing
