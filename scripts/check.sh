#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# check.sh - all that must hold before a change goes in. Installs what the tests need,
# runs every step even if one before it failed, and says at the end which did.
# FUZZ_SECONDS: how long to fuzz, 20 if not given.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# Tests make mount namespaces.
if [ "$(id -u)" = 0 ] && ! mountpoint -q /; then
	exec scripts/mounted-root.sh scripts/check.sh
fi

jobs=$(nproc)
failed=()
times=()

# Run one step, a function below, and keep its time.
step()
{
	local name=$1 start=$SECONDS
	echo
	echo "==== $name"
	if "$name"; then
		times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
	else
		times+=("$(printf '%5d s  %s FAILED' $((SECONDS - start)) "$name")")
		failed+=("$name")
	fi
}

build()
{
	cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -- --quiet
}

# Everything under the address and undefined behavior sanitizers.
dev()
{
	build dev && ctest --preset dev -j "$jobs"
}

# What starts threads, under the thread sanitizer.
threads()
{
	build tsan && ctest --preset tsan -j "$jobs"
}

# What is shipped: the hardened build, its commands, and programs that link it. Guests have
# seen the daemon with the sanitizers in it, and a browser the pages, and the model is the
# same; once is enough.
release()
{
	build release && ctest --preset release -j "$jobs" -LE "guest|model|browser"
}

# The pages' markup. That there are empty paragraphs is scdoc's way, not ours.
manuals()
{
	local page warnings
	for page in fsdax-ctl.1 fsdax-policy.5 libfsdax.3 fsdaxd.8 fsdax-probe.1; do
		warnings=$(mandoc -T lint -W warning "build/release/man/$page" |
			grep -v 'WARNING: skipping paragraph macro')
		[ -z "$warnings" ] || { echo "$warnings"; return 1; }
		echo "$page: no warning"
	done
}

fuzz()
{
	scripts/fuzz.sh "${FUZZ_SECONDS:-20}" && ctest --preset fuzz -j "$jobs"
}

scripts/deps.sh build test fuzz || exit 1
scripts/deps.sh browser || echo "check: pages are not looked at in a browser"
step dev
step threads
step release
step manuals
step fuzz

echo
printf '%s\n' "${times[@]}"
if [ ${#failed[@]} -gt 0 ]; then
	echo "check: failed: ${failed[*]}"
	exit 1
fi
[ -x "$(scripts/guest-dir.sh)/bin/qemu-system-x86_64" ] ||
	echo "check: no guest was started: QEMU and kernels could not be fetched"
echo "check: all passed"
