#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# mounted-root.sh COMMAND [ARG]... - run a command, as root, where / is a mount point. In a
# plain chroot it isn't, and then nothing can make a mount namespace of its own.
set -euo pipefail

if mountpoint -q /; then
	exec "$@"
fi
# Above a chroot the mounts may be shared with other namespaces: this one too, then.
place=$(mktemp -d /.mounted-root.XXXXXX)
cleanup()
{
	! mountpoint -q "$place" || umount -l "$place"
	rmdir "$place"
}
trap cleanup EXIT
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --propagation unchanged sh -c '
	place=$1 here=$2
	shift 2
	mount --rbind / "$place"
	cd "$place"
	exec chroot . sh -c "mount --make-rprivate / && cd \"\$1\" && shift && exec \"\$@\"" \
		sh "$here" "$@"' sh "$place" "$PWD" "$@"
