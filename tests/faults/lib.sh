# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for the tests of what goes wrong around the daemon. Sourced by test-*.sh.
#
#	FAULTS_LONG    1: as long as it takes to believe it; else some seconds
#	FAULTS_BIN     where the programs in this folder were built to

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../daemon/lib.sh"

FAULTS_LONG=${FAULTS_LONG:-0}
FAULTS_BIN=${FAULTS_BIN:?must name the folder of the programs}

# by_length SHORT LONG: a number for either.
by_length() {
	if [[ $FAULTS_LONG == 1 ]]; then echo "$2"; else echo "$1"; fi
}

# adopt_tap NAME COMMAND ARG...: a program that prints TAP; its tests become ours.
adopt_tap() {
	local name=$1 line

	shift
	"$@" >"$SCRATCH/tap" 2>"$SCRATCH/tap.log"
	while read -r line; do
		case $line in
		"ok "*) report yes "$name: ${line#ok * - }" ;;
		"not ok "*)
			report no "$name: ${line#not ok * - }"
			tail -n 20 "$SCRATCH/tap.log" | sed 's/^/# /'
			;;
		"#"* | "Bail out!"*) echo "# ${line#\# }" ;;
		esac
	done <"$SCRATCH/tap"
	like "$(tail -n 1 "$SCRATCH/tap")" "1..*" "$name: to the end" ||
		tail -n 20 "$SCRATCH/tap.log" | sed 's/^/# /'
}
