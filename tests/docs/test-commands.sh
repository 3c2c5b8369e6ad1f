#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every command in README.md, docs/ and the manuals is run, word for word: fsdax is installed
# below /usr, and there is a share in /srv/share, but only in a mount namespace, where all else
# is read-only. commands.py tells what is a command, `cases` which can't be run here.
set -euo pipefail

here=$(dirname "$(realpath "$0")")

# In the namespace. $1: a scratch folder on a file system in memory.
inside()
{
	local place

	if ! mount -t overlay -o "lowerdir=$1/tree/usr:/usr" fsdax-docs /usr; then
		echo "1..0 # skip: nothing can be laid over /usr"
		exit 77
	fi
	for place in srv run mnt; do
		mount -t tmpfs -o mode=755 fsdax-docs "/$place"
	done
	for place in etc var/lib; do # written to, as in README.md
		mkdir -p "$1/$place" "$1/work/$place"
		mount -t overlay -o "lowerdir=/$place,upperdir=$1/$place,workdir=$1/work/$place" \
			fsdax-docs "/$place"
	done
	mount -t proc fsdax-docs /proc # one that can be written to: users are mapped there
	cd /
	export TMPDIR=/run
	exec python3 "$here/commands.py" "$FSDAX_SOURCE_DIR" "$here/cases"
}

if [ "${1:-}" = inside ]; then
	inside "$2"
fi
if [ "$(id -u)" != 0 ] || [ ! -w /dev/fuse ]; then
	echo "1..0 # skip: this needs root, and /dev/fuse"
	exit 77
fi
scratch=$(mktemp -d)
trap 'umount "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs -o mode=755 fsdax-docs "$scratch"
DESTDIR=$scratch/tree cmake --install "$FSDAX_BUILD_DIR" --prefix /usr >/dev/null
unset FSDAX_POLICY_DIR
"$FSDAX_PROBE" confine --writable "$scratch" -- bash "$0" inside "$scratch"
