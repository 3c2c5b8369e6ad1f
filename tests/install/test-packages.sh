#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Each file that is installed belongs to one Debian package, and no package asks for a file that
# is not; and each function that is exported has its line in the packages' list. (The packages
# themselves: make check-packages.)
set -euo pipefail

# shellcheck source=tests/install/lib.sh
. "$(dirname "$0")/lib.sh"

install_tree
cd "$tree"
find . ! -type d | sort >"$scratch/files"
# From here on as dh_install does it, whatever the architecture's name.
libdir=${libdir#"$tree/"}
for list in "$FSDAX_SOURCE_DIR"/debian/*.install; do
	while read -r pattern; do
		# shellcheck disable=SC2086 # a pattern
		found=$(find ${pattern/#usr\/lib\/\*/"$libdir"} ! -type d 2>/dev/null) ||
			fail "${list##*/}: there is no $pattern"
		sed "s|^|./|" <<<"$found"
	done <"$list"
done | sort >"$scratch/packaged"
diff "$scratch/files" <(uniq "$scratch/packaged") ||
	fail "files of no package (<), or of none that is installed (>)"
[ -z "$(uniq -d "$scratch/packaged")" ] || fail "of two packages: $(uniq -d "$scratch/packaged")"
ok "$(wc -l <"$scratch/files") files, each in one package"

diff <(sed -n '/global:/,/local:/s/^\t\(fsdax_.*\);/\1/p' "$FSDAX_SOURCE_DIR/lib/fsdax.sym" | sort) \
	<(sed -n 's/^ \(fsdax_.*\)@.*/\1/p' "$FSDAX_SOURCE_DIR/debian/libfsdax1.symbols" | sort) ||
	fail "debian/libfsdax1.symbols and lib/fsdax.sym differ"
ok "each exported function is in libfsdax1.symbols"

version=$(sed -n 's/^project(fsdax VERSION \([0-9.]*\).*/\1/p' "$FSDAX_SOURCE_DIR/CMakeLists.txt")
[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$FSDAX_SOURCE_DIR/debian/changelog")" = "$version" ] ||
	fail "debian/changelog is not about $version"
grep -q "\[.*$version\|\[Unreleased\]: $version" "$FSDAX_SOURCE_DIR/CHANGELOG.md" ||
	fail "CHANGELOG.md knows nothing of $version"
ok "the changelogs are about this version"

echo "1..$n"
