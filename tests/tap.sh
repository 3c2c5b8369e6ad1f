# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# tap.sh - checks that print TAP lines, for all tests that are scripts. A check prints
# "ok N - NAME", or "not ok N - NAME" and what was seen. The script ends with done_testing.

N_CHECKS=0
N_FAILED=0

report() {
	local good=$1 name=$2

	N_CHECKS=$((N_CHECKS + 1))
	if [[ $good == yes ]]; then
		echo "ok $N_CHECKS - $name"
		return 0
	fi
	N_FAILED=$((N_FAILED + 1))
	echo "not ok $N_CHECKS - $name"
	return 1
}

# is GOT WANTED NAME
is() {
	if [[ $1 == "$2" ]]; then
		report yes "$3"
	else
		report no "$3"
		printf '# got:    %q\n# wanted: %q\n' "$1" "$2"
	fi
}

# isnt GOT UNWANTED NAME
isnt() {
	if [[ $1 != "$2" ]]; then
		report yes "$3"
	else
		report no "$3"
		printf '# got what must not be: %q\n' "$1"
	fi
}

# like GOT PATTERN NAME: a bash pattern that must be found somewhere in GOT.
like() {
	# shellcheck disable=SC2053 # it is meant as a pattern
	if [[ $1 == *$2* ]]; then
		report yes "$3"
	else
		report no "$3"
		printf '# got:     %q\n# without: %s\n' "$1" "$2"
	fi
}

# has GOT STRING NAME: the very string must be found somewhere in GOT.
has() {
	if [[ $1 == *"$2"* ]]; then
		report yes "$3"
	else
		report no "$3"
		printf '# got:     %q\n# without: %q\n' "$1" "$2"
	fi
}

# unlike GOT PATTERN NAME
unlike() {
	# shellcheck disable=SC2053
	if [[ $1 != *$2* ]]; then
		report yes "$3"
	else
		report no "$3"
		printf '# got:  %q\n# with: %s\n' "$1" "$2"
	fi
}

# exits WANTED NAME: the status of the last `run`.
exits() {
	if [[ $STATUS == "$1" ]]; then
		report yes "$2"
	else
		report no "$2"
		printf '# exit status %s, wanted %s; stdout: %q; stderr: %q\n' "$STATUS" "$1" \
			"${OUT:0:1000}" "${ERR:0:1000}"
	fi
}

# holds NAME COMMAND ARG...: the command must succeed.
holds() {
	local name=$1

	shift
	if "$@"; then
		report yes "$name"
	else
		report no "$name"
		echo "# failed: $*"
	fi
}

# Whether a test of the daemon is to be short: under the thread sanitizer all takes ten times as
# long, and only threads are looked at. FSDAX_THREADS_LONG=1: in full all the same.
is_short() {
	[[ -z ${FSDAX_THREADS_LONG:-} ]] && grep -q __tsan_init "$FSDAXD"
}

done_testing() {
	echo "1..$N_CHECKS"
	echo "$((N_CHECKS - N_FAILED)) passed, $N_FAILED failed"
	[[ $N_FAILED == 0 && $N_CHECKS -gt 0 ]]
	exit
}
