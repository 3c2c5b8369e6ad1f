# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# flip.sh - for tests of mixed load: tags flip and the policy is reloaded meanwhile, and a daemon
# has as much at the end as at the start. Needs tap.sh, $SCRATCH, and $FSDAX_CTL.

FLIPPER=
mkdir "$SCRATCH/policy.d"
printf '[rule large]\nsize = >= 32K\ndax = yes\n' >"$SCRATCH/policy.d/10.ini"

# Another policy each time, and other tags on whatever is there.
flip() {
	local control=$1 dir=$2 pause=$3 n=0

	while :; do
		n=$((n + 1))
		printf '[rule large]\nsize = >= %dK\ndax = %s\n' $((n % 64 + 1)) \
			"$([[ $((n % 2)) == 0 ]] && echo yes || echo no)" >"$SCRATCH/policy.d/new"
		mv "$SCRATCH/policy.d/new" "$SCRATCH/policy.d/10.ini"
		"$FSDAX_CTL" reload --socket "$control" -q || echo "reload failed"
		"$FSDAX_CTL" set -R -q --dax="$([[ $((n % 3)) == 0 ]] && echo yes || echo no)" \
			"$dir" 2>/dev/null
		echo "$n" >"$SCRATCH/flips"
		sleep "$pause"
	done
}

# flip_start CONTROL DIR PAUSE: in the background, with seconds in between. $SCRATCH/flips has how
# often. Sets FLIPPER.
flip_start() {
	: >"$SCRATCH/flips"
	flip "$@" >"$SCRATCH/flip.log" 2>&1 &
	FLIPPER=$!
}

flip_stop() {
	kill "$FLIPPER"
	wait "$FLIPPER" 2>/dev/null
	FLIPPER=
	is "$(<"$SCRATCH/flip.log")" "" "each reload was taken"
}

# kept PID: what a daemon has: descriptors and KiB. What it sees of its guest's memory is the guest's.
kept() {
	echo "$(find "/proc/$1/fd" -mindepth 1 | wc -l)" \
		"$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status")"
}

# nothing_kept FIRST LAST: of what kept() has said.
nothing_kept() {
	holds "no descriptor is kept" test "${2% *}" -le $((${1% *} + 8))
	holds "nor memory" test "${2#* }" -le $((${1#* } * 6 / 5 + 8192))
}
