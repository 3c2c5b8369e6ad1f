#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# packages.sh [DIR] - build the Debian packages of what is committed, as the tarball has it,
# into a folder (build/packages, if none is given), and pass them through lintian.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:-build/packages}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

scripts/deps.sh build packages
tarball=$(scripts/dist.sh "$scratch")
version=$(basename "$tarball" .tar.xz)
version=${version#fsdax-}
tar -xf "$tarball" -C "$scratch"
rm "$tarball"

echo "packages.sh: building, with its tests; takes some minutes"
(cd "$scratch/fsdax-$version" && dpkg-buildpackage -us -uc) >"$scratch/log" 2>&1 ||
	{ tail -n 60 "$scratch/log" >&2; exit 1; }
lintian --allow-root --fail-on error,warning "$scratch"/*.changes

mkdir -p "$dir"
rm -f "$dir"/fsdax*_* "$dir"/libfsdax*_*
mv "$scratch"/*_* "$dir"
echo "packages.sh: in $dir:"
(cd "$dir" && ls -- *.deb)
