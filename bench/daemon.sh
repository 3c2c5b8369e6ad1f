#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# daemon.sh BIN SCRATCH TABLE - compares fsdaxd with Debian's virtiofsd: the Rust one of
# trixie and of forky, and the C one of bookworm's QEMU. fsdax-probe plays the guest, so
# that the daemons alone are measured. Called by run.sh.
#
# All run in turns, round after round. What counts is the median, over the rounds, of the
# ratio within a round. Rates: daemon and load on a processor each, as a virtual machine's
# processors and its daemon mostly are; and both on the same one. Processor time of the
# daemon: on a processor each, requests in batches.
#
#   BENCH_ROUNDS     5
#   BENCH_SECONDS    1 for each run
#   BENCH_REALTIME   not empty: daemon and load go before all else, for a busy machine
set -euo pipefail

bin=$1 scratch=$2/daemon table=$3
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-1}
here=$(cd "$(dirname "$0")/.." && pwd)
guest=$("$here/scripts/guest-dir.sh")
share=$scratch/share
results=$scratch/results
peers=(virtiofsd-trixie virtiofsd-forky virtiofsd-bookworm)
cpus=$(nproc)
places="apart together"
realtime=()
[ -z "${BENCH_REALTIME:-}" ] || realtime=(chrt --rr 20)
[ "$cpus" -gt 1 ] || places=together

# shellcheck source=bench/policy-lib.sh
. "$here/bench/policy-lib.sh"

cleanup()
{
	mountpoint -q "$share" && umount "$share"
	rm -rf --one-file-system "$scratch"
}

# backend NAME: sets COMMAND to the daemon, on processor 0.
backend()
{
	local common=(--socket-path "$scratch/socket" --shared-dir "$share" --sandbox none)

	COMMAND=(taskset -c 0)
	case $1 in
	fsdaxd)
		COMMAND+=("$bin/daemon/fsdaxd" "${common[@]}" --cache auto --log-level error
			--dax-window 128M --policy "$scratch/policy.ini"
			--control-socket "$scratch/control")
		;;
	virtiofsd-bookworm)
		COMMAND+=("$guest/bin/$1" "--socket-path=$scratch/socket" -o "source=$share"
			-o sandbox=chroot -o cache=auto)
		;;
	*) COMMAND+=("$guest/bin/$1" "${common[@]}" --cache auto) ;;
	esac
}

# measure ROUND NAME KIND OP DEPTH BATCH CPU: a line "ROUND NAME KIND/OP/DEPTH OPS CPU-US".
measure()
{
	local round=$1 name=$2 kind=$3 op=$4 depth=$5 batch=$6 cpu=$7 out

	backend "$name"
	rm -f "$scratch/socket" "$scratch/control"
	out=$("${realtime[@]}" "$bin/tools/probe/fsdax-probe" load --socket "$scratch/socket" --dir "$share" \
		--op "$op" --depth "$depth" --batch "$batch" --seconds "$seconds" --cpu "$cpu" \
		--json -- "${COMMAND[@]}" 2>"$scratch/log") || {
		echo "daemon.sh: $name failed at $op:" >&2
		tail -n 5 "$scratch/log" >&2
		return 0
	}
	sed -nE "s|.*\"ops_per_second\":([0-9.]+).*\"daemon_cpu_us_per_op\":([0-9.]+).*|$round $name $kind/$op/$depth \1 \2|p" \
		<<<"$out" >>"$results"
}

# measure_rates ROUND NAME PLACE: "apart" or "together".
measure_rates()
{
	local round=$1 name=$2 place=$3 cpu=0 depth op

	[ "$place" = together ] || cpu=$((cpus - 1))
	for depth in 1 16; do
		for op in lookup+getattr read4k; do
			measure "$round" "$name" "$place" "$op" "$depth" 1 $cpu
		done
	done
	for op in read128k write4k write128k; do
		measure "$round" "$name" "$place" "$op" 1 1 $cpu
	done
}

run_all()
{
	local round name place op

	for ((round = 1; round <= rounds; round++)); do
		echo "daemon.sh: round $round of $rounds" >&2
		for name in fsdaxd "${peers[@]}"; do
			for op in lookup getattr readdirplus; do
				measure $round "$name" cpu $op 64 64 $((cpus - 1))
			done
			for place in $places; do
				measure_rates "$round" "$name" "$place"
			done
		done
	done
}

# ratio WHAT BOUND TARGET TEST COLUMN BEST NAME PEER...: NAME's value by that of the best peer,
# which is the one with the least or the greatest median. The best of each round would be whom
# noise was kindest to. The median over the rounds.
ratio()
{
	local what=$1 bound=$2 target=$3 test=$4 column=$5 best=$6 name=$7

	shift 7
	awk -v test="$test" -v column="$column" -v best="$best" -v name="$name" -v peers="$*" \
		-v what="$what" -v bound="$bound" -v target="$target" '
	function sort(list, n, i, k, swap) {
		for (i = 2; i <= n; i++)
			for (k = i; k > 1 && list[k - 1] > list[k]; k--) {
				swap = list[k]; list[k] = list[k - 1]; list[k - 1] = swap
			}
	}
	function median(list, n) {
		sort(list, n)
		return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	}
	function median_of(daemon, list, n, round) {
		for (round in rounds)
			if ((round, daemon) in value)
				list[++n] = value[round, daemon]
		return n ? median(list, n) : 0
	}
	$3 == test { value[$1, $2] = $column; rounds[$1] }
	END {
		for (i = split(peers, peer, " "); i; i--) {
			m = median_of(peer[i])
			if (m > 0 && (!best_m || (best == "least" ? m < best_m : m > best_m))) {
				best_m = m
				theirs = peer[i]
			}
		}
		for (round in rounds)
			if (value[round, theirs] > 0 && (round, name) in value)
				ratios[++n] = value[round, name] / value[round, theirs]
		if (!n)
			exit
		m = median(ratios, n)
		low = ratios[int((n + 3) / 4)]
		high = ratios[n + 1 - int((n + 3) / 4)]
		printf "%s\t%s\t%s\t%.4g\tx\t%.0f\n", what, bound, target, m, 50 * (high - low) / m
	}' "$results" >>"$table"
}

# What was measured, as medians.
print_results()
{
	printf '\ndaemons: %s rounds of %s s, medians\n' "$rounds" "$seconds"
	printf '  %-26s %-20s %12s %12s\n' TEST DAEMON 'OPS/S' 'CPU US/OP'
	sort -k3,3 -k2,2 -k4,4n "$results" | awk '
	function flush() { if (n) printf "  %-26s %-20s %12.0f %12.2f\n", test, name, ops[int((n + 1) / 2)], cpu[int((n + 1) / 2)] }
	$3 != test || $2 != name { flush(); n = 0; test = $3; name = $2 }
	{ ops[++n] = $4; cpu[n] = $5 }
	END { flush() }'
}

[ "$(id -u)" = 0 ] || { echo "daemon.sh: not root; left out" >&2; exit 0; }
cleanup
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir -p "$share"
mount -t tmpfs fsdax-bench "$share"
"$here/scripts/guest-tools.sh" virtiofsd-trixie virtiofsd-forky virtiofsd-bookworm
make_policy >"$scratch/policy.ini"
run_all
print_results
for op in lookup getattr readdirplus; do
	ratio "fsdaxd: daemon CPU per $op, of the best virtiofsd's" "<=" 0.75 "cpu/$op/64" 5 least \
		fsdaxd "${peers[@]}"
done
declare -A where=([apart]="on two CPUs" [together]="on one CPU")
for place in $places; do
	for depth in 1 16; do
		for op in lookup+getattr read4k; do
			ratio "fsdaxd: $op, depth $depth, ${where[$place]}, of the fastest virtiofsd" \
				">=" 1.3 "$place/$op/$depth" 4 most fsdaxd "${peers[@]}"
		done
	done
	for op in read128k write4k write128k; do
		ratio "fsdaxd: $op, ${where[$place]}, of the fastest virtiofsd" ">=" 1 \
			"$place/$op/1" 4 most fsdaxd "${peers[@]}"
	done
done
