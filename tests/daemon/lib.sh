# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for the tests of fsdaxd as a whole: a scratch folder with shares in it, which is gone
# when the test ends. Sourced by test-*.sh.
#
#	FSDAXD        the daemon
#	FSDAX_PROBE   the front-end that plays the guest
#
# Whatever gets hostile requests runs confined: all of the host is read-only for it but the
# share and the folder of its socket. `fsdax-probe check` sees to that by itself; everything
# else is started by `confined`.

set -u
export LC_ALL=C.UTF-8

FSDAXD=${FSDAXD:-}
FSDAX_PROBE=${FSDAX_PROBE:-}
MOUNTS=()

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

if [[ $(id -u) != 0 ]]; then
	echo "1..0 # skip: file systems are mounted, which needs root"
	exit 77
fi
if [[ -z $FSDAX_PROBE || -z $FSDAXD ]]; then
	echo "1..0 # skip: fsdaxd or fsdax-probe was not built"
	exit 77
fi

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/fsdax-daemon.XXXXXX")
chmod 755 "$SCRATCH"

# Never across a mount: what could not be unmounted stays.
cleanup() {
	local i

	for ((i = ${#MOUNTS[@]} - 1; i >= 0; i--)); do
		umount "${MOUNTS[i]}" 2>/dev/null || umount -l "${MOUNTS[i]}"
	done
	rm -rf --one-file-system "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# new_share KIND: ext4, xfs or tmpfs, mounted on $SHARE.
new_share() {
	local image=$SCRATCH/image-${#MOUNTS[@]}

	SHARE=$SCRATCH/share-${#MOUNTS[@]}-$1
	mkdir "$SHARE"
	case $1 in
	tmpfs) mount -t tmpfs -o size=1G fsdax-test "$SHARE" ;;
	ext4) truncate -s 1G "$image" && mkfs.ext4 -q -F "$image" && mount -o loop "$image" "$SHARE" ;;
	xfs) truncate -s 1G "$image" && mkfs.xfs -q "$image" && mount -o loop "$image" "$SHARE" ;;
	esac || exit 1
	MOUNTS+=("$SHARE")
}

# confined DIR COMMAND ARG...: where nothing but DIR can be written to.
confined() {
	local dir=$1

	shift
	"$FSDAX_PROBE" confine --writable "$dir" -- "$@"
}
