#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# reproducible.sh - whether the same source makes the same packages: build what is committed twice,
# in folders of different names and depth, with another time, time zone, umask, locale, home and
# number of processes, and compare the packages byte by byte.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/deps.sh build packages reproducible
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/fsdax-twice.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
tarball=$(scripts/dist.sh "$scratch")

# build DIR UMASK COMMAND...: the command has dpkg-buildpackage's environment.
build()
{
	local dir=$1 mask=$2
	shift 2
	mkdir -p "$dir/home"
	echo "reproducible.sh: building in $dir"
	(
		umask "$mask"
		tar -xf "$tarball" -C "$dir"
		cd "$dir"/fsdax-*
		env HOME="$dir/home" "$@" dpkg-buildpackage -us -uc -b
	) </dev/null >"$dir/log" 2>&1 || { tail -n 40 "$dir/log" >&2; exit 1; }
}

first=$scratch/one second=$scratch/another/one/deeper/down
build "$first" 022 env LC_ALL=C.UTF-8 TZ=UTC DEB_BUILD_OPTIONS="nocheck parallel=2"
build "$second" 002 env LC_ALL=C TZ=Pacific/Kiritimati DEB_BUILD_OPTIONS="nocheck parallel=1" \
	faketime -f +400d

failed=0
for deb in "$first"/*.deb; do
	name=${deb##*/}
	if cmp -s "$deb" "$second/$name"; then
		echo "same: $name $(sha256sum <"$deb" | cut -c 1-16)"
		continue
	fi
	failed=1
	echo "reproducible.sh: differs: $name" >&2
	for which in "$first" "$second"; do
		rm -rf "$scratch/files"
		dpkg-deb -R "$which/$name" "$scratch/files"
		(cd "$scratch/files" && find . -type f -exec sha256sum {} + | sort -k 2) \
			>"$scratch/sums.$([ "$which" = "$first" ] && echo 1 || echo 2)"
	done
	diff "$scratch/sums.1" "$scratch/sums.2" >&2 || true
done
exit $failed
