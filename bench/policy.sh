#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# policy.sh BIN SCRATCH TABLE - what a policy of a thousand rules, and the tags it honors, cost
# fsdaxd, counted instead of timed: the difference is smaller than what any clock here can tell.
# Instructions in user mode, by callgrind, and system calls, by strace, for each LOOKUP or
# GETATTR, with the policy and without. Called by run.sh.
set -euo pipefail

bin=$1 scratch=$2/policy table=$3
here=$(cd "$(dirname "$0")/.." && pwd)
share=$scratch/share

# shellcheck source=bench/policy-lib.sh
. "$here/bench/policy-lib.sh"

cleanup()
{
	mountpoint -q "$share" && umount "$share"
	rm -rf --one-file-system "$scratch"
}

# load POLICY WRAPPER...: how many requests were served in all.
load()
{
	local policy=$1 out

	shift
	rm -f "$scratch/socket" "$scratch/control"
	out=$("$bin/tools/probe/fsdax-probe" load --socket "$scratch/socket" --dir "$share" \
		--files 10 --seconds 5 --timeout 60 --json -- "$@" "$bin/daemon/fsdaxd" \
		--socket-path "$scratch/socket" --shared-dir "$share" --sandbox none --seccomp none \
		--log-level error --dax-window 128M --policy "$policy" --poll-us 0 \
		--control-socket "$scratch/control" 2>"$scratch/log") || {
		echo "policy.sh: fsdaxd failed:" >&2
		tail -n 5 "$scratch/log" >&2
		exit 1
	}
	jq .requests <<<"$out"
}

# instructions POLICY: in serve(), for each request.
instructions()
{
	local n

	n=$(load "$1" valgrind -q --tool=callgrind --toggle-collect=serve \
		--callgrind-out-file="$scratch/callgrind")
	awk -v n="$n" '/^totals:/ { printf "%.2f", $2 / n }' "$scratch/callgrind"
}

# calls POLICY: the number of requests, and of all system calls but those that wait for the guest
# or call it. With them are those of the start: some hundred.
calls()
{
	local n

	n=$(load "$1" strace -f -qq -c -U calls,name -o "$scratch/strace")
	awk -v n="$n" '$1 ~ /^[0-9]+$/ && $2 !~ /^(total|write|epoll_wait|poll)$/ { sum += $1 }
		END { print n, sum }' "$scratch/strace"
}

[ "$(id -u)" = 0 ] || { echo "policy.sh: not root; left out" >&2; exit 0; }
cleanup
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir -p "$share"
mount -t tmpfs fsdax-bench "$share"
make_policy >"$scratch/policy.ini"
with=$(instructions "$scratch/policy.ini") without=$(instructions none)
with_calls=$(calls "$scratch/policy.ini") without_calls=$(calls none)
per_request()
{
	awk '{ printf "%.3f", $2 / $1 }' <<<"$1"
}

printf '\npolicy: for each LOOKUP or GETATTR\n  %-16s %22s %14s\n' '' 'INSTRUCTIONS (USER)' \
	'SYSTEM CALLS'
printf '  %-16s %22s %14s\n' 'a thousand rules' "$with" "$(per_request "$with_calls")" \
	'none' "$without" "$(per_request "$without_calls")"
# Each request takes one system call; what is beyond that must not grow with a policy.
awk -v on="$with" -v off="$without" -v on_calls="$with_calls" -v off_calls="$without_calls" 'BEGIN {
	split(on_calls, a); split(off_calls, b)
	printf "fsdaxd: instructions with the policy on, of those without\t<=\t1.01\t%.4f\tx\t0\n",
		on / off
	printf "fsdaxd: system calls a request more with the policy on\t<=\t0.01\t%.3f\tcalls\t0\n",
		((a[2] - a[1]) - (b[2] - b[1])) / a[1] }' >>"$table"
