#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The example for libfuse3's low-level interface, built against the installed library and
# mounted: it decides as fsdax-ctl does, also after a tag was changed.
set -euo pipefail

# shellcheck source=tests/install/lib.sh
. "$(dirname "$0")/lib.sh"

cleanup()
{
	! mountpoint -q "$scratch/mnt" || umount -l "$scratch/mnt"
	wait
	rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT
share=$scratch/share

if [ "$(id -u)" != 0 ] || [ ! -e /dev/fuse ]; then
	echo "1..0 # skip: needs root, and /dev/fuse"
	exit 77
fi
install_tree
cmake -S "$FSDAX_SOURCE_DIR/examples" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$tree/usr" \
	-DCMAKE_C_FLAGS="-Wall -Wextra -Werror" >/dev/null
cmake --build "$scratch/build" >"$scratch/log" || { cat "$scratch/log"; fail "it does not build"; }
ok "it is built by CMake without a warning"

mkdir -p "$share/no" "$scratch/mnt"
truncate -s 1M "$share/big" "$share/no/big"
truncate -s 10 "$share/small"
printf '%s\n' '[tag]' 'xattr = trusted.fsdax' '[rule big]' 'size = >=1M' 'dax = yes' \
	>"$scratch/policy.ini"
setfattr -n trusted.fsdax -v no "$share/no"
"$scratch/build/lowlevel" "$scratch/policy.ini" "$share" "$scratch/mnt" &
for _ in $(seq 100); do
	! mountpoint -q "$scratch/mnt" || break
	sleep 0.1
done

# decision FILE: as the mount has it.
decision()
{
	getfattr --absolute-names --only-values -n user.fsdax.decision "$scratch/mnt/$1"
}

# is FILE WANTED
is()
{
	[ "$(decision "$1")" = "$2" ] || fail "$1 is '$(decision "$1")', not '$2'"
	ok "$1 is '$2'"
}

is big "yes rule"
is small "no default"
is no/big "no folder-tag"
is no "no not-regular"
[ "$(stat -c %s "$scratch/mnt/no/big")" = 1048576 ] || fail "the size of no/big"
[ ! -e "$scratch/mnt/none" ] || fail "what is not there"
ok "sizes are those of the share, and what is not there isn't"
setfattr -n trusted.fsdax -v no "$share/big"
is big "no tag"
setfattr -x trusted.fsdax "$share/big"
is big "yes rule"

echo "1..$n"
