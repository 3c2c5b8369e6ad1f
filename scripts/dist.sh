#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dist.sh [DIR] - make fsdax-VERSION.tar.xz, of what is committed, in a folder (build/dist, if
# none is given), and print its name. The same commit makes the same bytes: all files have the
# commit's time, and nothing of this clone's goes in.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:-build/dist}
version=$(sed -n 's/^project(fsdax VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=fsdax-$version

git diff --quiet HEAD -- ||
	echo "dist.sh: what is not committed is left out" >&2
mkdir -p "$dir"
git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD |
	xz -6 --threads=1 >"$dir/$name.tar.xz"
echo "$dir/$name.tar.xz"
