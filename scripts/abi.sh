#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# abi.sh [--update] LIBRARY - whether programs that were linked with the last release would work
# with this libfsdax.so: what they could see of that one is in lib/abi, as abidw describes it. More
# functions are no change. --update: write it there, at a release. (Before the first one it is what
# that will have.)
set -euo pipefail

update=
[ "${1:-}" != --update ] || { update=yes; shift; }
[ $# = 1 ] || { echo "usage: abi.sh [--update] LIBRARY" >&2; exit 2; }
library=$(realpath "$1")
cd "$(dirname "$0")/.."
released=lib/abi/libfsdax.so.1.abi

if [ -n "$update" ]; then
	abidw --exported-interfaces-only --headers-dir include/fsdax --drop-private-types \
		--no-corpus-path --no-comp-dir-path --no-show-locs "$library" >"$released"
	exit
fi
abidiff --no-added-syms "$released" "$library" && exit
cat >&2 <<END
abi.sh: programs that were linked with the last release may fail with this library. Either take the
change back; or add one to FSDAX_ABI in lib/CMakeLists.txt, give the packages the new number, and
run scripts/abi.sh --update.
END
exit 1
