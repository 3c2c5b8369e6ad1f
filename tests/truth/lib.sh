# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for what runs truth and churn: file systems with an oracle and a share, and a daemon
# between. Sourced after tests/daemon/lib.sh.
#
#	TRUTH, CHURN, TRUTH_FAULTS   the programs, and the library with mistakes

TRUTH_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ -w /dev/fuse ]] || { echo "1..0 # skip: there is no /dev/fuse"; exit 77; }

# make_lower DIR: what there is before anything is written to an overlay: for --given, folders with
# files of several users.
make_lower() {
	local one=$1/oracle/0/0 n

	mkdir -p "$one"/{a/c,b,f}
	head -c 30000 /dev/urandom >"$one/a/d"
	head -c 70000 /dev/urandom >"$one/b/d"
	head -c 10000 /dev/urandom >"$one/c"
	echo b >"$one/b/e" && echo f >"$one/f/a"
	ln -s c "$one/d" && ln -s ../c "$one/b/c"
	chmod 777 "$one"/{,a,a/c} && chmod 1777 "$one/b" && chmod 666 "$one"/{a/d,b/d,c}
	chown 1001:2001 "$one"/{b,b/d} && chown 1002:2002 "$one"/b/e && chmod 600 "$one/b/e"
	chmod 6755 "$one/f/a"
	setfattr -n user.a -v lower "$one/c" "$one/f"
	for ((n = 1; n < 50; n++)); do cp -a "$one" "$1/oracle/0/$n"; done
	for ((n = 1; n < GIVEN / 50; n++)); do cp -a "$1/oracle/0" "$1/oracle/$n"; done
	cp -a "$1/oracle" "$1/share"
}
GIVEN=${GIVEN:-2000}
# shellcheck disable=SC2034 # for who sources this
# An overlay changes folders when it copies what is in them, which a client's cache does not know.
ON_OVERLAY=(--given "$GIVEN" --fresh --no-dir-size --also list-room)

# truth_fs KIND [ATIME]: ext4, xfs, btrfs, tmpfs or overlay, on $FS, with folders "oracle" and "share".
# Devices are none there, as on a FUSE mount; and times of access change only when they are set, since
# what a client has cached it does not read. ATIME: relatime or strictatime, where all is read.
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
	overlay) truth_overlay "$options" ;;
	esac || { echo "Bail out! no file system: $1"; exit 1; }
	if [[ $1 != tmpfs && $1 != overlay ]] && ! mount -o "loop,$options" "$image" "$FS"; then
		echo "Bail out! no mount: $1"
		exit 1
	fi
	MOUNTS+=("$FS")
	mkdir -p "$FS/oracle" "$FS/share" "$SCRATCH/served-$n"
	SERVED=$SCRATCH/served-$n
}

# As containers have it: all layers on one ext4, and the kernel's own defaults.
truth_overlay() {
	local layers=$FS-layers

	mkdir "$layers"
	truncate -s 2G "$image" && mkfs.ext4 -q -F -N 100000 "$image" &&
		mount -o loop,noatime "$image" "$layers" || return
	MOUNTS+=("$layers")
	mkdir "$layers/"{lower,upper,work}
	make_lower "$layers/lower" &&
		mount -t overlay -o "$1,lowerdir=$layers/lower,upperdir=$layers/upper" \
			-o "workdir=$layers/work" fsdax-truth "$FS"
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
