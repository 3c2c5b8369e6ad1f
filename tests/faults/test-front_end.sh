#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Front-ends that go away at any moment, read nothing, are killed, or are many: one daemon serves
# all of them, and keeps nothing of those that have gone.

# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

DAEMON=
trap '[[ -z $DAEMON ]] || kill -KILL "$DAEMON" 2>/dev/null; cleanup' EXIT
mkdir "$SCRATCH/run"
new_share tmpfs
head -c 4M /dev/urandom >"$SHARE/big"

# Freed memory is to be seen as such.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
"$FSDAXD" --socket-path "$SCRATCH/run/s" --shared-dir "$SHARE" --sandbox none --reconnect \
	--policy none --dax-window 32M --log-level error 2>"$SCRATCH/log" &
DAEMON=$!
for ((i = 0; i < 400; i++)); do
	[[ ! -S $SCRATCH/run/s ]] || break
	sleep 0.05
done
adopt_tap "front-end" "$FAULTS_BIN/faults-front_end" "$SCRATCH/run/s" "$DAEMON" \
	"$(by_length 100 1000)"

# One that is killed in the midst of its work.
killed=0
times=$(by_length 3 50)
for ((i = 0; i < times; i++)); do
	"$FSDAX_PROBE" load --socket "$SCRATCH/run/s" --dir "$SHARE" --op read4k --seconds 30 \
		>/dev/null 2>&1 &
	pid=$!
	sleep "0.$((RANDOM % 9 + 1))"
	kill -KILL "$pid" && killed=$((killed + 1))
	wait "$pid" 2>/dev/null
	# What it made, and can't remove any more.
	rm -rf "$SHARE"/fsdax-probe.*
done
is "$killed" "$times" "front-ends are killed in the midst of their work"
holds "the daemon is still there" kill -0 "$DAEMON"
holds "and serves" timeout 60 "$FSDAX_PROBE" load --socket "$SCRATCH/run/s" --dir "$SHARE" \
	--op getattr --seconds 1
kill -TERM "$DAEMON"
wait "$DAEMON"
is "$?" 0 "it ends when it is told to"
DAEMON=
is "$(grep -ci sanitizer "$SCRATCH/log")" 0 "the sanitizers saw nothing"
is "$(ls "$SCRATCH/run")" "" "its socket is gone"
done_testing
