#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The installed tree is whole, can be anywhere, and a program finds and links the
# library in it by pkg-config and by CMake.
set -euo pipefail

# shellcheck source=tests/install/lib.sh
. "$(dirname "$0")/lib.sh"

# is NAME WANTED FOUND
is()
{
	if [ "$2" != "$3" ]; then
		printf 'wanted:\n%s\nfound:\n%s\n' "$2" "$3" >&2
		fail "$1"
	fi
	ok "$1"
}

install_tree

for file in bin/fsdax-ctl sbin/fsdaxd include/fsdax/fsdax.h include/fsdax/fuse.h \
	lib/systemd/system/fsdaxd@.{service,socket} lib/fsdax/policy.d/50-default.ini share/bash-completion/completions/fsdax-ctl \
	share/zsh/*/_fsdax-ctl share/fish/vendor_completions.d/fsdax-ctl.fish \
	sbin/fsdaxd share/qemu/vhost-user/60-fsdaxd.json \
	share/man/man1/fsdax-ctl.1 share/man/man5/fsdax-policy.5 share/man/man3/libfsdax.3; do
	# shellcheck disable=SC2086 # a pattern
	[ -s "$(echo "$tree/usr/"$file)" ] || fail "usr/$file is not installed"
done
ok "every file is in its place"

binary=$(jq -r .binary "$tree/usr/share/qemu/vhost-user/60-fsdaxd.json")
is "who looks for virtiofs daemons finds fsdaxd" /usr/sbin/fsdaxd "$binary"
[ -x "$tree$binary" ] || fail "$binary is not there"

is "soname" libfsdax.so.1 \
	"$(objdump -p "$libdir/libfsdax.so" | awk '$1 == "SONAME" { print $2 }')"

# The manuals, the headers and the code name no folder of the build.
if grep -rlF -e "$FSDAX_BUILD_DIR" "$tree/usr/include" "$tree/usr/share" "$libdir/pkgconfig" \
	"$libdir/cmake"; then
	fail "an installed file names the build folder"
fi
ok "no installed text names the build folder"

is "the installed command runs" "fsdax-ctl 0.1.0" \
	"$("$tree/usr/bin/fsdax-ctl" --version | head -n 1)"

share=$scratch/share
mkdir -p "$share/models"
truncate -s 1M "$share/models/big"
truncate -s 1K "$share/models/small"
wanted=$(printf '%s\t%s\t%s\t%s\n' models/big yes rule worth-a-chunk models/small no default -
	printf 'models\tno\tnot-regular\t-\nabsent\terror\n')
# The example's output for a big file, a small one, a folder and nothing at all.
example()
{
	(cd "$share" && "$1" "$tree/usr/lib/fsdax/policy.d" models/big models/small models absent ||
		[ $? = 1 ])
}

export PKG_CONFIG_PATH=$libdir/pkgconfig
is "pkg-config knows the version" 0.1.0 "$(pkg-config --modversion fsdax)"
# Unquoted: pkg-config prints words.
# shellcheck disable=SC2046
${CC:-cc} -std=c17 -Wall -Wextra -Werror "$FSDAX_SOURCE_DIR/examples/decide.c" \
	$(pkg-config --cflags --libs fsdax) -o "$scratch/by-pkg-config"
is "a program built by pkg-config" "$wanted" "$(example "$scratch/by-pkg-config")"

cmake -S "$FSDAX_SOURCE_DIR/examples" -B "$scratch/cmake" -G Ninja \
	-DCMAKE_PREFIX_PATH="$tree/usr" >/dev/null
cmake --build "$scratch/cmake" >/dev/null
is "a program built by CMake" "$wanted" "$(example "$scratch/cmake/decide")"

# A tag on the share's root counts for all below it.
if setfattr -n trusted.fsdax -v no "$share" 2>/dev/null; then
	wanted=$(printf 'models/%s\tno\tfolder-tag\t-\n' big small
		printf 'models\tno\tnot-regular\t-\nabsent\terror\n')
	is "it sees a tag of the root" "$wanted" "$(example "$scratch/cmake/decide")"
else
	echo "# no tag of the root: trusted.* cannot be set here"
fi

# The headers stand on their own, whatever the dialect.
for header in fsdax fuse; do
	echo "#include <fsdax/$header.h>" | ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror \
		-I"$tree/usr/include" -x c -fsyntax-only -
done
ok "each header compiles alone"

bash -n "$tree/usr/share/bash-completion/completions/fsdax-ctl"
zsh -n "$tree"/usr/share/zsh/*/_fsdax-ctl
fish -n "$tree/usr/share/fish/vendor_completions.d/fsdax-ctl.fish"
ok "each shell can read its completions"

echo "1..$n"
