#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# status, reload and --wait where there is no daemon to ask: each says what to do. With a
# daemon, see tests/daemon/test-ctl.sh.

# /run is the test's own, so that it meets no daemon.
if [[ $(id -u) == 0 && ${1:-} != inside ]]; then
	exec unshare --mount --propagation private bash "$0" inside
fi

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

mount -t tmpfs fsdax-test /run || exit 1
MOUNTS+=(/run)

control() {
	timeout -k 5 60 "$FSDAX_CTL" "$@"
}

# ---- Nobody ----------------------------------------------------------------------------------

for command in status reload; do
	run control $command
	exits 1 "$command: nobody is there"
	is "$ERR" "fsdax-ctl: no fsdaxd is running here: there is no socket in /run/fsdax
  = start one, or name its --control-socket with --socket=PATH" "$command: says what to do"
	is "$OUT" "" "$command: prints nothing"
	run control $command --socket="$SCRATCH/none"
	exits 1 "$command: no such socket"
	has "$ERR" "cannot ask the daemon at $SCRATCH/none: No such file or directory
  = name the --control-socket of a running fsdaxd" "$command: names it"
	run control $command --socket="$POLICY"
	exits 1 "$command: a file that is no socket"
	has "$ERR" "$POLICY: Socket operation on non-socket" "$command: says that it is none"
	run control $command --socket="$SCRATCH/$(printf '%0120d' 0)"
	exits 1 "$command: a path that no socket can have"
	has "$ERR" "has at most 107 bytes" "$command: says how long it may be"
	run control $command --json
	exits 1 "$command --json: nobody is there"
done

# ---- Not one of ours ---------------------------------------------------------------------------

mkdir /run/fsdax
echo x >/run/fsdax/file.sock
run control status
exits 1 "a file in the usual place: status fails"
has "$ERR" "/run/fsdax/file.sock: Socket operation on non-socket" "a file in the usual place: is named"
rm /run/fsdax/file.sock
mkdir /run/fsdax/policy.d
run control status
has "$ERR" "no fsdaxd is running here" "a folder in the usual place is no socket"

# ---- --wait ----------------------------------------------------------------------------------------

new_fs ext4 || skip_all "no ext4"
touch "$MNT/file"
run ctl set --wait "$MNT/file"
exits 0 "set --wait: nobody is there to wait for"
has "$ERR" "warning: no fsdaxd is running here" "set --wait: says so"
is "$(tag_of "$MNT/file")" yes "set --wait: sets"
run ctl clear -q --wait=5 "$MNT/file"
exits 0 "clear -q --wait=5"
is "$ERR" "" "clear -q --wait=5: says nothing"
is "$(tag_of "$MNT/file")" "" "clear --wait: clears"
run ctl set -n --wait --socket="$SCRATCH/none" "$MNT/file"
exits 0 "set -n --wait: asks nobody"
run ctl set --wait --socket="$SCRATCH/none" "$MNT/file"
exits 1 "set --wait --socket: that one must be there"
is "$(tag_of "$MNT/file")" yes "set --wait --socket: has set the tag before"
has "$ERR" "cannot ask the daemon at $SCRATCH/none" "set --wait --socket: and names the socket"

done_testing
