# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# mount.sh - for tests of `fsdaxd --mount`: the scratch folder, file systems and checks of
# tests/cli/lib.sh, and the daemon between two folders. Sourced by test-mount-*.sh.
#
#	FSDAXD      the program under test
#
# serve SHARE [OPTION...] sets M to the folder where SHARE is mounted.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

FSDAXD=${FSDAXD:?must name the fsdaxd to test}
[[ -w /dev/fuse ]] || skip_all "there is no /dev/fuse"
M=
DAEMON=
N_SERVED=0

trap 'stop_daemon; cleanup' EXIT

# serve SHARE [OPTION...]: mounted on $M, until `stop`.
serve() {
	local share=$1 above

	shift
	N_SERVED=$((N_SERVED + 1))
	M=$SCRATCH/served-$N_SERVED
	mkdir "$M"
	above=$(stat -c %d "$SCRATCH")
	"$FSDAXD" --shared-dir="$share" --mount="$M" --policy=none --log-level=warn "$@" \
		2>"$SCRATCH/daemon.log" &
	DAEMON=$!
	# Only an end to a hang: it takes some milliseconds.
	for ((i = 0; i < 600; i++)); do
		[[ $(stat -c %d "$M" 2>/dev/null || echo "$above") != "$above" ]] && return
		kill -0 "$DAEMON" 2>/dev/null || break
		sleep 0.1
	done
	echo "# the daemon does not serve: $(<"$SCRATCH/daemon.log")"
	exit 1
}

stop_daemon() {
	[[ $DAEMON ]] || return 0
	kill "$DAEMON" 2>/dev/null
	wait "$DAEMON"
	STATUS=$?
	DAEMON=
	return $STATUS
}

# stop NAME: the daemon ends well when it is told to, had nothing to complain about, and leaves
# no mount.
stop() {
	stop_daemon
	is "$STATUS $(<"$SCRATCH/daemon.log")" "0 " "$1: the daemon ends, without complaints"
	holds "$1: unmounted" rmdir "$M"
}

# same_tree NAME A B: content, names, modes, owners, times, sizes and links.
same_tree() {
	is "$(contents "$2")" "$(contents "$3")" "$1: content"
	is "$(listing "$2")" "$(listing "$3")" "$1: attributes"
}

contents() {
	(cd "$1" && find . -type f -exec sha1sum {} + | sort | sha1sum)
}

# How large folders are, and how many links they have, is the file system's affair.
listing() {
	(
		cd "$1" || exit
		find . -printf '%p %y %m %U %G %l %T@ ' \
			\( -type d -printf '\n' -o -printf '%s %n\n' \) | sort | sha1sum
	)
}
