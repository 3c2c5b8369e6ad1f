#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# truth.sh SECONDS - file system operations at random, and every call on every kind of object, on
# mounts of fsdaxd and on the file systems below, for that long; and in guests, if GUESTS=yes.
# What differs is printed as the shortest sequence that does, for tests/truth/found.
# SEED: the first sequence; each run another one if not given.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: truth.sh SECONDS}
export SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
cmake --preset release -DFSDAX_TESTS=ON >/dev/null
cmake --build --preset release -- --quiet

export FSDAXD=build/release/daemon/fsdaxd FSDAX_PROBE=build/release/tools/probe/fsdax-probe
export TRUTH=build/release/tests/truth/truth CHURN=build/release/tests/truth/churn
for name in FSDAXD FSDAX_PROBE TRUTH CHURN; do
	export "$name=$PWD/${!name}"
done
echo "truth.sh: SEED=$SEED"
status=0
bash tests/truth/long.sh "$seconds" || status=1
if [[ ${GUESTS:-no} == yes ]]; then
	export FSDAX_CTL=$PWD/build/release/cli/fsdax-ctl FSDAX_BUILD_DIR=$PWD/build/release
	TRUTH_SEED=$SEED TRUTH_RUNS=$((seconds / 20)) TRUTH_STRIDE=$((600000 / seconds)) \
		TRUTH_CHURN_SECONDS=$((seconds / 4)) GUEST_TIMEOUT=$((seconds * 2 + 600)) \
		bash tests/guest/test-truth.sh || status=1
fi
exit $status
