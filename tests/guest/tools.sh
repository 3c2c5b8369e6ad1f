# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# tools.sh - where what guest-tools.sh fetches is, and how a test gets it. Sourced by lib.sh, and
# by tests that need a part of it but no guest.

GUEST_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts" && pwd)
FSDAX_GUEST_DIR=$("$GUEST_SCRIPTS/guest-dir.sh")
export FSDAX_GUEST_DIR

# guest_tools PART...: fetched, if it isn't there.
guest_tools() {
	local status=0

	"$GUEST_SCRIPTS/guest-tools.sh" "$@" >&2 || status=$?
	[[ $status != 0 ]] || return 0
	if [[ $status == 75 ]]; then
		echo "1..0 # skip: $* not in $FSDAX_GUEST_DIR, and no mirror can be reached"
		exit 77
	fi
	echo "Bail out! guest-tools.sh $* failed"
	exit 1
}
