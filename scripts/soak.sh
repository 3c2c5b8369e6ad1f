#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# soak.sh [SECONDS]: the tests of tests/faults in their long form, and mixed load for that long
# (1200 if not given), half of it on a mount of this machine, half of it in a guest. With the
# release build, as what is shipped; at low priority.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-1200}
scripts/deps.sh build test soak
cmake --preset release -DFSDAX_TESTS=ON >/dev/null
cmake --build --preset release -- --quiet

build=$PWD/build/release
export FAULTS_LONG=1 SOAK_SECONDS=$((seconds / 2)) FAULTS_BIN=$build/tests
export FSDAXD=$build/daemon/fsdaxd FSDAX_CTL=$build/cli/fsdax-ctl
export FSDAX_PROBE=$build/tools/probe/fsdax-probe FSDAX_BUILD_DIR=$build

failed=()
for test in tests/faults/test-*.sh tests/guest/test-soak.sh; do
	echo "==== $test"
	nice bash "$test" || failed+=("$test")
done
[[ ${#failed[@]} == 0 ]] || {
	echo "soak: failed: ${failed[*]}"
	exit 1
}
echo "soak: all passed"
