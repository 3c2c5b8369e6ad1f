#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs that work on files over a mount of fsdaxd's, while tags flip and the policy is reloaded:
# nothing is lost, nothing is stale, and the daemon has as much at the end as at the start.
#
#	SOAK_SECONDS   how long, 8 if not given
#
# fio, stress-ng and dbench take part where they are installed and it goes on for a minute or more.

# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

FSDAX_CTL=${FSDAX_CTL:?must name fsdax-ctl}
# shellcheck source=tests/faults/flip.sh
. "$(dirname "$0")/flip.sh"
[[ -w /dev/fuse ]] || {
	echo "1..0 # skip: there is no /dev/fuse"
	exit 77
}
seconds=${SOAK_SECONDS:-8}
DAEMON=

# shellcheck disable=SC2317 # it is called by the trap
end() {
	[[ -z $FLIPPER ]] || kill "$FLIPPER" 2>/dev/null
	[[ -z $DAEMON ]] || kill -KILL "$DAEMON" 2>/dev/null
	wait
	umount -l "$SCRATCH/mnt" 2>/dev/null
	cleanup
}
trap end EXIT

new_share ext4
mkdir "$SCRATCH/mnt"
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
"$FSDAXD" --shared-dir "$SHARE" --mount "$SCRATCH/mnt" --sandbox none --xattr --log-level error \
	--control-socket "$SCRATCH/control" --policy "$SCRATCH/policy.d" 2>"$SCRATCH/log" &
DAEMON=$!
for ((i = 0; i < 400; i++)); do
	grep -q " $SCRATCH/mnt " /proc/self/mountinfo && break
	sleep 0.05
done
mkdir "$SCRATCH/mnt/work"

# quiet: the kernel forgets what it has cached, and tells so.
quiet() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 2 >/proc/sys/vm/drop_caches
	sleep 1
}

# on_mount NAME COMMAND ARG...: in the background. Sets of NAMES and PIDS.
NAMES=() PIDS=()
on_mount() {
	local dir=$SCRATCH/mnt/work/$1

	NAMES+=("$1")
	mkdir -p "$dir"
	shift
	(cd "$dir" && exec "$@") >"$SCRATCH/out-${NAMES[-1]}" 2>&1 &
	PIDS+=("$!")
}

# round SECONDS: all of them, until all have ended.
round() {
	local i

	NAMES=() PIDS=()
	on_mount mixed "$FAULTS_BIN/faults-mixed" . 4 "$1"
	if (($1 >= 60)); then
		command -v fio >/dev/null && on_mount fio fio --name=verify --size=64M \
			--rw=randrw --bs=4k-64k --verify=crc32c --verify_fatal=1 --ioengine=psync \
			--numjobs=2 --time_based --runtime="$1" --output-format=terse
		command -v dbench >/dev/null && on_mount dbench dbench -t "$1" -D . 2
		command -v stress-ng >/dev/null && on_mount stress stress-ng --temp-path . \
			--dir 1 --link 1 --rename 1 --hdd 1 --hdd-bytes 64M --seek 1 --utime 1 \
			--xattr 1 --flock 1 --verify -t "$1"
	fi
	for ((i = 0; i < ${#PIDS[@]}; i++)); do
		wait "${PIDS[i]}"
		is "$?" 0 "${NAMES[i]}: all was as it must be" ||
			tail -n 20 "$SCRATCH/out-${NAMES[i]}" | sed 's/^/# /'
		tail -n 1 "$SCRATCH/out-${NAMES[i]}" | cut -c 1-100 | sed 's/^/# /'
	done
	rm -rf "${SCRATCH:?}/mnt/work"/*
	quiet
}

flip_start "$SCRATCH/control" "$SHARE/work" 0.2
round $((seconds / 4))
first=$(kept "$DAEMON")
round $((seconds - seconds / 4))
last=$(kept "$DAEMON")
flip_stop
echo "# $seconds s, $(<"$SCRATCH/flips") reloads and rounds of tags; descriptors and KiB: $first" \
	"after the first quarter, $last at the end"
nothing_kept "$first" "$last"
like "$("$FSDAX_CTL" status --socket "$SCRATCH/control" | grep knows)" "knows*; 0 open handles" \
	"nothing is open"
kill -TERM "$DAEMON"
wait "$DAEMON"
is "$?" 0 "the daemon ends well"
DAEMON=
is "$(cat "$SCRATCH/log")" "" "without complaints"
umount "$SHARE"
is "$(fsck.ext4 -fn "$SCRATCH/image-0" >/dev/null 2>&1; echo $?)" 0 "the file system is whole"
mount -o loop "$SCRATCH/image-0" "$SHARE"
done_testing
