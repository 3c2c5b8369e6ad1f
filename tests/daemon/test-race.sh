#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every race of fsdax-probe against fsdaxd: a few seconds in all here, and as long as
# FSDAX_RACE_SECONDS says, each, in the long form.
#
# Label: threads
#
# The long form takes long; each run of the probe has a limit of its own below.
# Timeout: 86400

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

SECONDS_EACH=${FSDAX_RACE_SECONDS:-1}

mkdir "$SCRATCH/sock" "$SCRATCH/policy.d"
cat >"$SCRATCH/policy.d/10-all.ini" <<'EOT'
[rule all]
size = >= 1
dax = yes
EOT

# What a thread sanitizer has to say is in the log only.
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=66"

# race NAME [OPTION]... -- [FSDAXD-OPTION]...: all races, or those that the options name.
race() {
	local name=$1 options=() status

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	timeout -k 5 $((SECONDS_EACH * 40 + 120)) "$FSDAX_PROBE" race --socket "$SCRATCH/sock/s" \
		--control "$SCRATCH/sock/control" --dir "$SHARE" --seconds "$SECONDS_EACH" \
		--timeout 60 --policy "$SCRATCH/policy.d" "${options[@]}" -- \
		"$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" \
		--policy "$SCRATCH/policy.d" --control-socket "$SCRATCH/sock/control" \
		--dax-window 32M --request-queues 8 --reconnect --xattr --posix-lock --flock \
		--log-level error "$@" >"$SCRATCH/tap" 2>"$SCRATCH/log"
	status=$?
	is "$status" 0 "$name: no race is lost"
	like "$(tail -n 1 "$SCRATCH/tap")" "# [0-9]* checks:" "$name: to the end"
	is "$(grep -c '# SKIP' "$SCRATCH/tap")" 0 "$name: nothing is skipped"
	is "$(grep -c 'WARNING: ThreadSanitizer\|runtime error:\|ERROR: AddressSanitizer' \
		"$SCRATCH/log")" 0 "$name: the sanitizers have nothing to say"
	grep -A 20 '^not ok\|# SKIP' "$SCRATCH/tap" | grep -v '^ok' | sed 's/^/# /'
	grep -A 60 'ThreadSanitizer\|runtime error:\|AddressSanitizer' "$SCRATCH/log" | head -n 200 |
		sed 's/^/# /'
}

new_share tmpfs
race "descriptors" -- --cache auto --sandbox none
race "file handles" --skip race-policy -- --inode-file-handles mandatory --cache always \
	--sandbox none
# Another process reads the policy. Where root is another, the leak sanitizer finds no /proc.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
race "in namespaces" --only race-policy -- --sandbox namespace

done_testing
