# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for what runs truth and churn: file systems with an oracle and a share, and a daemon
# between. Sourced after tests/daemon/lib.sh.
#
#	TRUTH, CHURN, TRUTH_FAULTS   the programs, and the library with mistakes

TRUTH_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ -w /dev/fuse ]] || { echo "1..0 # skip: there is no /dev/fuse"; exit 77; }

# truth_fs KIND [ATIME]: ext4, xfs, btrfs or tmpfs, on $FS, with folders "oracle" and "share". Devices
# are none there, as on a FUSE mount; and times of access change only when they are set, since what a
# client has cached it does not read. ATIME: relatime or strictatime, where all is read.
truth_fs() {
	local n=${#MOUNTS[@]} options=${2:-noatime},nodev,nosuid
	local image=$SCRATCH/truth-image-$n

	FS=$SCRATCH/truth-$n-$1
	mkdir "$FS"
	case $1 in
	tmpfs) mount -t tmpfs -o "$options,size=1G" fsdax-truth "$FS" ;;
	ext4) truncate -s 1G "$image" && mkfs.ext4 -q -F "$image" ;;
	xfs) truncate -s 1G "$image" && mkfs.xfs -q "$image" ;;
	btrfs) truncate -s 1G "$image" && mkfs.btrfs -q "$image" ;;
	esac || { echo "Bail out! no file system: $1"; exit 1; }
	if [[ $1 != tmpfs ]] && ! mount -o "loop,$options" "$image" "$FS"; then
		echo "Bail out! no mount: $1"
		exit 1
	fi
	MOUNTS+=("$FS")
	mkdir "$FS/oracle" "$FS/share" "$SCRATCH/served-$n"
	SERVED=$SCRATCH/served-$n
}

# served [OPTION...] -- COMMAND...: the command, while fsdaxd serves $FS/share on $SERVED. All but
# these two is read-only for both. Sets OUT and STATUS.
served() {
	OUT=$(confine_two "$TRUTH_DIR/serve.sh" "$FS/share" "$SERVED" "$@" 2>&1)
	STATUS=$?
}

confine_two() {
	"$FSDAX_PROBE" confine --writable "$FS" --writable "$SERVED" -- "$@"
}

# same NAME DAEMON-OPTION... -- TRUTH-OPTION...: no difference.
same() {
	local name=$1 options=()

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	served "${options[@]}" -- "$TRUTH" --oracle "$FS/oracle" --subject "$SERVED" "$@"
	is "$STATUS" 0 "$name"
	[[ $STATUS == 0 ]] || sed 's/^/# /' <<<"$OUT"
}
