# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for the tests of fsdax-ctl: a scratch folder with real file systems in it, which
# are gone when the test ends, and checks that print TAP lines. Sourced by test-*.sh.
#
#	FSDAX_CTL   the program under test
#
# A check prints "ok N - NAME", or "not ok N - NAME" and what was seen. The script ends with
# done_testing. Its exit status is 77, skipped, only where the kernel lacks a file system
# that the whole test is about, or where it is not run as root.

set -u
export LC_ALL=C.UTF-8
unset NO_COLOR

FSDAX_CTL=${FSDAX_CTL:?must name the fsdax-ctl to test}
MOUNTS=()

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

if [[ $(id -u) != 0 ]]; then
	echo "1..0 # skip: file systems are mounted, which needs root"
	exit 77
fi

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/fsdax-cli.XXXXXX")
chmod 755 "$SCRATCH"
POLICY=$SCRATCH/policy.ini
MNT= # of the last new_fs
OUT= # what `run` saw
ERR=
STATUS=

cleanup() {
	local i

	for ((i = ${#MOUNTS[@]} - 1; i >= 0; i--)); do
		umount "${MOUNTS[i]}" 2>/dev/null || umount -l "${MOUNTS[i]}"
	done
	# Folders that are deeper than PATH_MAX are no trouble for rm.
	rm -rf --one-file-system "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# ---- File systems ------------------------------------------------------------------

# new_fs KIND [SIZE]: ext4, xfs, btrfs, tmpfs or overlay, mounted on $MNT. Returns 1 where
# the kernel has no such file system.
new_fs() {
	local kind=$1 size=${2:-} image

	MNT=$SCRATCH/mnt-${#MOUNTS[@]}-$kind
	image=$SCRATCH/image-${#MOUNTS[@]}
	mkdir "$MNT"
	case $kind in
	ext4) truncate -s "${size:-64M}" "$image" && mkfs.ext4 -q -F "$image" ;;
	xfs) truncate -s "${size:-320M}" "$image" && mkfs.xfs -q "$image" ;;
	btrfs) truncate -s "${size:-160M}" "$image" && mkfs.btrfs -q "$image" >/dev/null ;;
	tmpfs)
		mount -t tmpfs -o "size=${size:-64M}" fsdax-test "$MNT" || return 1
		MOUNTS+=("$MNT")
		return
		;;
	overlay)
		mkdir -p "$SCRATCH"/overlay/{lower,upper,work}
		mount -t overlay fsdax-test "$MNT" \
			-o "lowerdir=$SCRATCH/overlay/lower,upperdir=$SCRATCH/overlay/upper" \
			-o "workdir=$SCRATCH/overlay/work" || return 1
		MOUNTS+=("$MNT")
		return
		;;
	esac || { echo "# cannot make a file system: $kind"; exit 1; }
	mount_image "$kind" "$image"
}

# mount_image KIND IMAGE [OPTIONS]: on $MNT.
mount_image() {
	if ! mount -t "$1" -o "loop${3:+,$3}" "$2" "$MNT"; then
		grep -qw "$1" /proc/filesystems && exit 1
		return 1
	fi
	MOUNTS+=("$MNT")
}

# unmount DIR: before the end of the test.
unmount() {
	local i

	umount "$1" || return
	for i in "${!MOUNTS[@]}"; do
		[[ ${MOUNTS[i]} == "$1" ]] && unset "MOUNTS[i]"
	done
	MOUNTS=("${MOUNTS[@]}")
}

skip_all() {
	echo "1..0 # skip: $1"
	exit 77
}

# ---- The program -------------------------------------------------------------------

# write_policy TEXT: what `ctl` decides by.
write_policy() {
	printf '%s\n' "$1" >"$POLICY"
}
write_policy '[policy]
default = no'

# ctl COMMAND ARG...: the program with the policy of the test, and an end to every hang.
ctl() {
	local command=$1

	shift
	timeout -k 5 120 "$FSDAX_CTL" "$command" --policy="$POLICY" "$@"
}

# run COMMAND ARG...: sets OUT, ERR and STATUS.
run() {
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	STATUS=$?
	OUT=$(tr '\0' '\n' <"$SCRATCH/out")
	ERR=$(tr '\0' '\n' <"$SCRATCH/err")
}

# as_nobody COMMAND ARG...: without any privilege.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		-- "$@"
}

# as_nobody_ctl COMMAND ARG...
as_nobody_ctl() {
	local command=$1

	shift
	as_nobody timeout -k 5 120 "$FSDAX_CTL" "$command" --policy="$POLICY" "$@"
}

# commas N: as the program prints it, "1,234".
commas() {
	sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta' <<<"$1"
}

# Whether the program has a sanitizer in it, which takes memory and time.
is_sanitized() {
	grep -qE '__(asan|tsan)_init' "$FSDAX_CTL"
}

# ---- What others see ------------------------------------------------------------------

# tag_of FILE [XATTR]: by getfattr; empty if there is none.
tag_of() {
	getfattr -h --absolute-names --only-values -n "${2:-trusted.fsdax}" "$1" 2>/dev/null |
		tr '\0' '?'
}

# flag_of FILE: "x" if lsattr shows the DAX flag, else "-".
flag_of() {
	lsattr -d -- "$1" | awk '{ print $1 ~ /x/ ? "x" : "-" }'
}

# dump DIR: every xattr, and the inode flags where there are any, of all below DIR.
dump() {
	(
		cd "$1" || exit
		getfattr -R -h -P -d -m- -e hex . 2>/dev/null
		find . -type f -print0 -o -type d -print0 | xargs -0 lsattr -d 2>/dev/null | sort
	)
}

# ctimes DIR: when each thing below DIR was changed last.
ctimes() {
	find "$1" -printf '%C@ %p\n' | sort -k 2
}
