# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# share.sh - for the tests of DAX in a guest: a share on a file system that has xattrs and
# inode flags, a policy, and short words for what is asked again and again. Sourced by
# test-*.sh, after lib.sh.

SHARE=$SCRATCH/share
POLICY=$SCRATCH/policy.ini
KERNELS=${FSDAX_KERNELS:-bookworm bookworm-security trixie}

# share_make [SIZE]: ext4, mounted on $SHARE until the test ends.
share_make() {
	truncate -s "${1:-512M}" "$SCRATCH/share.img"
	mkfs.ext4 -q -F "$SCRATCH/share.img"
	mkdir -p "$SHARE"
	mount -o loop "$SCRATCH/share.img" "$SHARE" || exit 1
	trap 'share_cleanup $?' EXIT
}

share_cleanup() {
	local status=$1 pid

	for pid in "${GUEST_PIDS[@]}" "${DAEMON_PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	umount "$SHARE" 2>/dev/null || umount -l "$SHARE"
	cleanup "$status"
}

# make FILE SIZE [SEED]: with bytes that the agent knows again.
make() {
	mkdir -p "$(dirname "$SHARE/$1")"
	"$AGENT" write "$SHARE/$1" "$2" "${3:-1}" >/dev/null
}

# write_policy TEXT
write_policy() {
	printf '%s\n' "$1" >"$POLICY"
}

# serve [OPTION]...: the share, with a window.
serve() {
	daemon_start "$SHARE" --policy "$POLICY" --dax-window "${WINDOW:-128M}" --xattr "$@"
}

# ctl COMMAND ARG...: fsdax-ctl by the test's policy.
ctl() {
	local command=$1

	shift
	timeout -k 5 60 "$FSDAX_CTL" "$command" --policy="$POLICY" --root="$SHARE" "$@"
}

# dax FILE: whether the guest's inode is, after it has been looked up.
dax() {
	guest dax "/mnt/fs/$1"
}

# sees FILE: what the guest gets when it opens the file now, as a program would.
sees() {
	local state

	guest open 90 "/mnt/fs/$1" ro >/dev/null || return
	state=$(guest dax @90)
	guest close 90 >/dev/null
	printf '%s\n' "$state"
}
