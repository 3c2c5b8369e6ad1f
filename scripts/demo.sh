#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# demo.sh - the main job, on real files: installs what the build needs, builds, and goes
# from a scan of this machine's /usr to a tag, a plan, and a guest. Prints each command before its
# output. Changes nothing outside a scratch folder and the build folder.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=''
# Shows what the demo is about to do, and why.
say()
{
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# Print a command as one would type it, and run it. It may fail: what it says is shown.
run()
{
	printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
	bash -c "$*" || printf '(exit status %s)\n' "$?"
}

# Unmount what was mounted, last first. Called whatever way the script ends.
cleanup()
{
	cd /
	[ -n "$scratch" ] || return 0
	local place
	for place in "$scratch"/xfs "$scratch"/ext4; do
		mountpoint -q "$place" && umount "$place"
	done
	rm -rf "$scratch"
}

# image NAME SIZE MKFS... - make a file system in a file, and mount it on NAME.
image()
{
	local name=$1 size=$2
	shift 2
	truncate -s "$size" "$name.img"
	"$@" "$name.img"
	mkdir "$name"
	mount -o loop "$name.img" "$name"
}

# Real files of this machine, laid out as a share might be.
fill()
{
	mkdir -p "$1"/{programs,libraries,notes}
	cp /bin/bash /usr/bin/env "$1/programs/"
	cp -L /lib/*/libc.so.6 "$1/libraries/" 2>/dev/null || cp -L /lib64/libc.so.6 "$1/libraries/"
	cp /etc/os-release /etc/passwd "$1/notes/"
}

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi
if [ "$(id -u)" != 0 ]; then
	echo "demo.sh: run this as root: it mounts scratch images, and sets trusted.* xattrs" >&2
	exit 1
fi
# The guest's daemon makes a mount namespace.
if ! mountpoint -q /; then
	exec scripts/mounted-root.sh scripts/demo.sh
fi
trap cleanup EXIT
trap 'exit 130' INT TERM

say "Install what is missing, and build"
scripts/deps.sh build demo
cmake --preset release -DFSDAX_TESTS=OFF >/dev/null
cmake --build --preset release -- --quiet
PATH=$PWD/build/release/cli:$PATH
export PATH

scratch=$(mktemp -d)
cp -r policy.d "$scratch/policy.d"
cd "$scratch"

say "The shipped policy: a file smaller than the page descriptors of its chunks stays out"
run "grep -v '^;' policy.d/50-default.ini"
run "fsdax-ctl check policy.d"

say "What would it do to this machine's /usr, if that were a guest's share?"
run "fsdax-ctl scan --policy policy.d --root /usr /usr"

say "Scratch ext4 and xfs images, with some real files"
image ext4 64M mkfs.ext4 -q
image xfs 320M mkfs.xfs -q
fill ext4
fill xfs
run "find ext4 xfs -type f -printf '%9s  %p\n'"

say "A decision, and why"
run "fsdax-ctl explain --policy policy.d --root ext4 ext4/programs/bash ext4/notes/passwd"
run "fsdax-ctl explain -v --policy policy.d --root ext4 ext4/notes/passwd"

say "A tag overturns it: an admin's word on one file beats every rule"
run "fsdax-ctl set -v --policy policy.d --root ext4 --dax=no ext4/programs/bash"
run "fsdax-ctl explain --policy policy.d --root ext4 ext4/programs/bash"
run "getfattr -d -m trusted.fsdax ext4/programs/bash"
run "fsdax-ctl set -v --policy policy.d --root xfs --dax=yes xfs/notes"
run "fsdax-ctl explain -R --policy policy.d --root xfs xfs"

say "The other carrier: the inode flag of ext4 and xfs, which lsattr and xfs_io see"
run "printf '[tag]\ninode-flag = yes\n' | tee policy.d/60-flags.ini"
run "fsdax-ctl set -v --policy policy.d --root xfs --by=flag xfs/programs/env"
run "xfs_io -c lsattr xfs/programs/env"
run "fsdax-ctl set -v --policy policy.d --root ext4 --by=flag ext4/notes/passwd"
run "lsattr ext4/notes"
run "fsdax-ctl explain --policy policy.d --root ext4 ext4/notes/passwd"

say "A policy of one's own, with mistakes in it"
cat > 60-local.ini <<'INI'
[rule libraries]
path = /libraries/**
path = /lib[/*.so
dax = no

[rule notes]
pth = /notes/**
size = 64K..32K
dax = maybe
INI
run "fsdax-ctl check 60-local.ini"

say "Put right, and what it would change"
cat > 60-local.ini <<'INI'
[rule libraries]
path = /libraries/**
dax = no

[rule notes]
path = /notes/**
dax = yes
INI
run "fsdax-ctl check 60-local.ini"
run "mkdir new.d && cp policy.d/*.ini 60-local.ini new.d/"
run "fsdax-ctl diff --root ext4 policy.d new.d ext4"

say "What of /usr fits a DAX window of 512 MiB?"
run "fsdax-ctl plan --window=512M --policy policy.d --root /usr /usr"

cd "$OLDPWD"
scripts/demo-guest.sh
