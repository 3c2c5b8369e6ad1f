#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest that looks up very many files and forgets them: memory is flat, descriptors are bounded.

# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

FSDAX_CTL=${FSDAX_CTL:?must name fsdax-ctl}
DAEMON=
trap '[[ -z $DAEMON ]] || kill -KILL "$DAEMON" 2>/dev/null; cleanup' EXIT
files=$(by_length 20000 2000000)
most=2000
mkdir "$SCRATCH/run"
SHARE=$SCRATCH/share-many
mkdir "$SHARE"
mount -t tmpfs -o size=8G,nr_inodes=4M fsdax-test "$SHARE"
MOUNTS+=("$SHARE")
python3 - "$SHARE" "$files" <<'EOS'
import os, sys
base, n = sys.argv[1], int(sys.argv[2])
for i in range(n):
    if i % 10000 == 0:
        os.mkdir(f"{base}/{i // 10000}")
    os.close(os.open(f"{base}/{i // 10000}/{i % 10000}", os.O_CREAT | os.O_WRONLY, 0o644))
EOS
printf '[rule some]\npath = /1/**\ndax = yes\n[policy]\ndefault = no\n' >"$SCRATCH/policy.ini"

export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
"$FSDAXD" --socket-path "$SCRATCH/run/s" --shared-dir "$SHARE" --sandbox none --log-level error \
	--policy "$SCRATCH/policy.ini" --dax-window 32M --inode-file-handles=prefer --reconnect \
	--control-socket "$SCRATCH/run/control" --rlimit-nofile "$most" 2>"$SCRATCH/log" &
DAEMON=$!
for ((i = 0; i < 400; i++)); do
	[[ ! -S $SCRATCH/run/s ]] || break
	sleep 0.05
done
adopt_tap "$files files" "$FAULTS_BIN/faults-forget" "$SCRATCH/run/s" "$DAEMON" "$files" "$most"

known() {
	"$FSDAX_CTL" status --socket "$SCRATCH/run/control" | grep knows
}

for ((i = 0; i < 1200; i++)); do
	[[ $(known) != *"knows"*" 0 files, 1 folder"* ]] || break
	sleep 0.05
done
like "$(known)" "knows* 0 files, 1 folder" "nothing is known any more"
kill -TERM "$DAEMON"
wait "$DAEMON"
is "$?" 0 "the daemon ends well"
DAEMON=
is "$(grep -c Sanitizer "$SCRATCH/log")" 0 "the sanitizers saw nothing"
done_testing
