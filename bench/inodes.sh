#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# inodes.sh BIN SCRATCH TABLE - a guest that knows millions of files, of a daemon that may
# have 20,000 open: fsdaxd beside Debian's virtiofsd, each with file handles. fsdax-probe
# makes the files in a tmpfs, looks them all up and forgets them, twice. Called by run.sh.
#
#   BENCH_INODES   2000000
set -euo pipefail

bin=$1 scratch=$2/inodes table=$3
n=${BENCH_INODES:-2000000}
here=$(cd "$(dirname "$0")/.." && pwd)
guest=$("$here/scripts/guest-dir.sh")
share=$scratch/share

cleanup()
{
	mountpoint -q "$share" && umount -l "$share"
	rm -rf --one-file-system "$scratch"
}

# know NAME COMMAND...: the daemon's footprint after each step, and a line of JSON for later.
know()
{
	local name=$1

	shift
	rm -f "$scratch/socket"
	prlimit --nofile=20000:20000 "$bin/tools/probe/fsdax-probe" know --socket "$scratch/socket" \
		--dir "$share" --files "$n" --depth 64 --timeout 60 --json -- "$@" \
		--socket-path "$scratch/socket" --shared-dir "$share" --sandbox none --cache auto \
		--inode-file-handles=prefer >"$scratch/$name.json" 2>"$scratch/log" || {
		echo "inodes.sh: $name failed:" >&2
		tail -n 5 "$scratch/log" >&2
		return 0
	}
	jq -r --arg name "$name" '.files as $n | .steps[0].rss as $start | .steps[] |
		[$name, .step, .rss / 1048576, (.rss - $start) / $n, .fds, .files_per_second] |
		@tsv' "$scratch/$name.json" |
		awk -F '\t' '{ printf "  %-18s %-10s %10.1f %14.1f %12d %12s\n", $1, $2, $3, $4, $5,
			$6 ? $6 : "-" }'
}

# row WHAT BOUND TARGET UNIT FILTER: of fsdaxd, one value.
row()
{
	printf '%s\t%s\t%s\t%s\t%s\t0\n' "$1" "$2" "$3" "$(jq -r "$5" "$scratch/fsdaxd.json")" "$4" \
		>>"$table"
}

[ "$(id -u)" = 0 ] || { echo "inodes.sh: not root; left out" >&2; exit 0; }
cleanup
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir -p "$share"
mount -t tmpfs -o size=90%,nr_inodes=0 fsdax-bench "$share"
"$here/scripts/guest-tools.sh" virtiofsd-trixie virtiofsd-forky
printf '\ninodes: %s files, at most 20,000 descriptors\n' "$n"
printf '  %-18s %-10s %10s %14s %12s %12s\n' DAEMON STEP 'RSS MiB' 'BYTES/FILE' DESCRIPTORS FILES/S
know fsdaxd "$bin/daemon/fsdaxd" --log-level error --dax-window 128M \
	--control-socket "$scratch/control"
know virtiofsd-trixie "$guest/bin/virtiofsd-trixie"
know virtiofsd-forky "$guest/bin/virtiofsd-forky"
[ -s "$scratch/fsdaxd.json" ] || exit 0
row "fsdaxd: files known with 20,000 descriptors" ">=" "$n" files '.files'
row "fsdaxd: descriptors, when all are known" "<=" 20000 fds '.steps[3].fds'
row "fsdaxd: descriptors more than at first, when all are forgotten" "<=" 0 fds \
	'.steps[4].fds - .steps[0].fds'
row "fsdaxd: memory with all known again, of that the first time" "<=" 1.02 x \
	'.steps[3].rss / .steps[1].rss'
