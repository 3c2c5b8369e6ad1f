# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# daemons.sh - for tests that start daemons and ask them by fsdax-ctl: /run is the test's own, so
# that it meets no other daemon, and no daemon outlives the test. Sourced before lib.sh, since
# it starts the test again in a mount namespace; own_run is called after that.

if [[ $(id -u) == 0 && ${1:-} != inside ]]; then
	exec unshare --mount --propagation private bash "$0" inside
fi

DAEMONS=()
DAEMON=

# shellcheck disable=SC2317 # it is called by the trap
end_daemons() {
	local pid

	for pid in "${DAEMONS[@]}"; do
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	cleanup
}

own_run() {
	mount -t tmpfs fsdax-test /run || exit 1
	MOUNTS+=(/run)
	trap end_daemons EXIT
}

# await_daemon CONTROL: the daemon that was put into the background last, with its log in
# $SCRATCH/log, until it answers there; PID in the name is its own. Sets DAEMON.
await_daemon() {
	DAEMON=$!
	DAEMONS+=("$DAEMON")
	until "$FSDAX_CTL" status --socket="${1/PID/$DAEMON}" >/dev/null 2>&1; do
		kill -0 "$DAEMON" 2>/dev/null || { echo "# it has ended: $(<"$SCRATCH/log")"; exit 1; }
		sleep 0.05
	done
}

# stop [SIGNAL]
stop() {
	kill "-${1:-TERM}" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
}
