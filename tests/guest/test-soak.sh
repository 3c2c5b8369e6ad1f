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
FLIPPER=
trap '[[ -z $FLIPPER ]] || kill "$FLIPPER" 2>/dev/null; cleanup $?' EXIT

mkdir "$SCRATCH/share" "$SCRATCH/policy.d"
printf '[rule large]\nsize = >= 32K\ndax = yes\n' >"$SCRATCH/policy.d/10.ini"
# In a sandbox, it would be a child that serves.
daemon_start "$SCRATCH/share" --sandbox none --dax-window 16M --policy "$SCRATCH/policy.d" --xattr \
	--log-level warn

status() {
	"$FSDAX_CTL" status --json --socket "$DAEMON_CONTROL" | jq -r "$1"
}

flip() {
	local n=0

	while :; do
		n=$((n + 1))
		printf '[rule large]\nsize = >= %dK\ndax = %s\n' $((n % 64 + 1)) \
			"$([[ $((n % 2)) == 0 ]] && echo yes || echo no)" >"$SCRATCH/policy.d/new"
		mv "$SCRATCH/policy.d/new" "$SCRATCH/policy.d/10.ini"
		"$FSDAX_CTL" reload --socket "$DAEMON_CONTROL" -q || echo "reload failed"
		"$FSDAX_CTL" set -R -q --dax="$([[ $((n % 3)) == 0 ]] && echo no || echo yes)" \
			"$SCRATCH/share" 2>/dev/null
		echo "$n" >"$SCRATCH/flips"
		sleep 1
	done
}

# kept: what the daemon has: descriptors and KiB.
kept() {
	echo "$(find "/proc/$DAEMON_PID/fd" -mindepth 1 | wc -l)" \
		"$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$DAEMON_PID/status")"
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
: >"$SCRATCH/flips"
flip >"$SCRATCH/flip.log" 2>&1 &
FLIPPER=$!
round $((seconds / 4 + 1))
first=$(kept)
round "$seconds"
last=$(kept)
kill "$FLIPPER"
wait "$FLIPPER" 2>/dev/null
FLIPPER=
echo "# $(<"$SCRATCH/flips") reloads and rounds of tags; chunks mapped: $(status .window.maps)," \
	"unmapped: $(status .window.unmaps), failures: $(status .window.failures); descriptors" \
	"and KiB: $first after the first round, $last at the end"
is "$(<"$SCRATCH/flip.log")" "" "each reload was taken"
holds "the window was used, and was too small" test "$(status .window.maps)" -gt 8
is "$(status .window.mapped_chunks)" 0 "no chunk is mapped any more"
is "$(status .window.failures)" 0 "no mapping failed"
holds "no descriptor is kept" test "${last% *}" -le $((${first% *} + 8))
holds "nor memory" test "${last#* }" -le $((${first#* } * 6 / 5 + 8192))
guest_stop
daemon_stop "$DAEMON_PID"
is "$?" 0 "the daemon ends well"
is "$(grep -v 'a front-end\|has gone' "$DAEMON_LOG")" "" "without complaints"
done_testing
