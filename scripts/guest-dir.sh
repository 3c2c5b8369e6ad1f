#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# guest-dir.sh - print the folder that has QEMU, kernels and what else guests need. It is the
# user's cache, so that every clone and work tree finds what one of them has fetched.
#
#	FSDAX_GUEST_DIR   another folder
if [ -n "${FSDAX_GUEST_DIR:-}" ]; then
	echo "$FSDAX_GUEST_DIR"
elif [ -n "${XDG_CACHE_HOME:-${HOME:-}}" ]; then
	echo "${XDG_CACHE_HOME:-$HOME/.cache}/fsdax/guest"
else
	echo "$(cd "$(dirname "$0")/.." && pwd)/build/guest"
fi
