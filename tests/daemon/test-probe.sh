#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every check of fsdax-probe against fsdaxd, in the modes that make a difference. A check that
# is skipped must be one that the mode has no use for.
#
# Label: threads

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$SCRATCH/sock"
cat >"$SCRATCH/policy.ini" <<'EOF'
[rule all]
size = >= 1
dax = yes
EOF

# probe NAME SKIPPED [OPTION]... -- [FSDAXD-OPTION]...: all checks, of which those that match the
# pattern SKIPPED, and no others, are skipped.
probe() {
	local name=$1 skipped=$2 options=() status line

	shift 2
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	timeout -k 5 280 "$FSDAX_PROBE" check --socket "$SCRATCH/sock/s" --dir "$SHARE" \
		"${options[@]}" -- "$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" \
		--policy "$SCRATCH/policy.ini" --control-socket "$SCRATCH/sock/control" --tag probe \
		--log-level error "$@" >"$SCRATCH/tap" 2>"$SCRATCH/log"
	status=$?
	is "$status" 0 "$name: all checks pass"
	[[ $status == 0 ]] || {
		grep -A 20 '^not ok' "$SCRATCH/tap" | grep -v '^ok' | sed 's/^/# /'
		tail -n 40 "$SCRATCH/log" | sed 's/^/# /'
	}
	line=$(tail -n 1 "$SCRATCH/tap")
	like "$line" "# [0-9]* checks:" "$name: to the end"
	line=$(sed -nE 's/^ok [0-9]+ - ([^:]*):.* # SKIP .*/\1/p' "$SCRATCH/tap" |
		grep -vxE "$skipped" | tr '\n' ' ')
	is "$line" "" "$name: nothing else is skipped"
	line=$(grep -c 'ThreadSanitizer:\|runtime error:\|AddressSanitizer:\|LeakSanitizer:' "$SCRATCH/log")
	is "$line" 0 "$name: the sanitizers have nothing to say"
	grep -A 60 'Sanitizer:\|runtime error:' "$SCRATCH/log" | head -n 200 | sed 's/^/# /'
}

# Where root is another, the leak sanitizer finds no /proc.
no_leaks() {
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 "$@"
}

no_window='vhost-window-size|dax-renegotiated|map-.*'
no_locks='lock-.*'
no_xattr='xattr-.*'
one_queue='session-queues|session-busy-reset'
# What is left of a share that can't be written to.
read_only="dax-.*|map-.*|attr-(setattr|chown|owner|denied|groups)|name-(impossible-made|errors|rename)"
read_only+="|name-symlink|file-.*|data-(write|segments)|xattr-.*|hostile-(write-sizes|extensions)"
read_only+="|init-map-alignment"
all=(--xattr --posix-lock --flock --request-queues 4 --sandbox none)

new_share tmpfs
probe "file handles" "none" -- --dax-window 32M "${all[@]}" --inode-file-handles mandatory \
	--reconnect
is_short && done_testing
probe "tmpfs" "none" -- --dax-window 64M "${all[@]}"
probe "cached for long" "none" --indirect -- --dax-window 32M "${all[@]}" --cache always \
	--writeback --poll-us 1000 --reconnect
probe "cached not at all" "$no_xattr|$no_locks|$one_queue" --no-event-idx -- --dax-window 32M \
	--sandbox none --cache never --poll-us 0 --reconnect
probe "a front-end without a window" "$no_window|vhost-config" --no-window --no-config \
	--no-mem-slots -- --dax-window 32M "${all[@]}" --reconnect
probe "a daemon without a window" "$no_window" -- "${all[@]}" --poll-us 0 --reconnect
probe "read-only" "$read_only|$one_queue|$no_locks" -- --dax-window 32M --sandbox none --xattr \
	--readonly --reconnect
no_leaks probe "in namespaces" "$one_queue" -- --dax-window 32M --sandbox namespace --xattr \
	--posix-lock --flock --reconnect
no_leaks probe "in a chroot" "$one_queue" -- --dax-window 32M --sandbox chroot --xattr \
	--posix-lock --flock --reconnect

new_share ext4
probe "ext4" "none" -- --dax-window 64M "${all[@]}" --reconnect

done_testing
