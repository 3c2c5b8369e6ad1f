#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# guest-tools.sh [--patient] [PART]... - fetch what it takes to run a Linux guest on QEMU 11.1, as
# Debian packages that are unpacked into a folder: nothing is installed, no package's
# script is run, and no root is needed.
#
#	qemu                QEMU 11.1 or newer: the host's own, or trixie-backports'
#	busybox             a static one, for the guest
#	kernel-SUITE        the kernel of bookworm, bookworm-security, trixie or trixie-backports
#	virtiofsd-SUITE     virtiofsd of trixie or forky (in Rust), or of bookworm's QEMU (in C)
#	all                 what the tests need, and the default: see PARTS
#
# What is there already is kept; remove the folder, or a part of it, to have it made anew.
# Mirrors and how to reach them come from apt's own configuration, signatures are checked.
#
#	FSDAX_GUEST_DIR         where to put it all, if not in the user's cache: guest-dir.sh
#	FSDAX_DEBIAN_MIRROR, FSDAX_SECURITY_MIRROR   used instead of apt's
#
# In the folder: bin/ has programs that run on the host, kernels/SUITE/ a kernel each.
#
# --patient: where no mirror answers, go on trying for some minutes.
# Exit status: 75 if no mirror could be reached, 1 for anything else.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/root-lib.sh
. scripts/root-lib.sh

PARTS="qemu busybox kernel-bookworm kernel-bookworm-security kernel-trixie virtiofsd-trixie"
QEMU_NEEDED=11.1
NO_MIRROR=75 # as EX_TEMPFAIL in sysexits.h
pauses=      # seconds between the attempts to reach a mirror

dir=$(scripts/guest-dir.sh)
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
mkdir -p "$dir"/{bin,kernels}
log=$dir/guest-tools.log
apt_config= # of the area in use

die()
{
	echo "guest-tools.sh: $*" >&2
	exit 1
}

# Run a command; what it says is shown only if it fails.
quietly()
{
	"$@" </dev/null >"$log" 2>&1 && return
	tail -n 20 "$log" >&2
	die "failed: $*"
}

# mirror SUITE: of which archive apt fetches such a suite, by what it is set up for here.
mirror()
{
	local main security
	main=$(debian_mirror)
	security=$(debian_archives | awk '$1 ~ /-security$/ { print $2; exit }')
	main=${FSDAX_DEBIAN_MIRROR:-$main}
	# Mirrors have the two side by side, where a minimal system names only the first.
	security=${FSDAX_SECURITY_MIRROR:-${security:-${main%/}-security}}
	[ -n "$main" ] || die "apt has no mirror of Debian; set FSDAX_DEBIAN_MIRROR"
	case $1 in
	*-security) echo "$security" ;;
	*) echo "$main" ;;
	esac
}

# Run apt-get as one of our own, with the last area's suites and nothing installed.
apt_get()
{
	quietly env APT_CONFIG="$apt_config" apt-get -q -y "$@"
}

# area NAME SUITE...: what apt_get() knows from here on.
area()
{
	local home=$dir/apt/$1 suite signed='' keys=/usr/share/keyrings/debian-archive-keyring.gpg
	shift
	apt_config=$home/apt.conf
	[ ! -e "$home/done" ] || return 0
	echo "guest-tools.sh: fetching lists of $*"
	mkdir -p "$home/lists/partial"
	touch "$home/status"
	[ ! -e "$keys" ] || signed="[signed-by=$keys]"
	for suite in "$@"; do
		echo "deb $signed $(mirror "$suite") $suite main"
	done >"$home/sources.list"
	{
		# Proxies and the like. Hooks of this machine are not for us.
		apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' || true
		cat <<-CONF
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$home/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::State "$home";
			Dir::State::status "$home/status";
			Dir::Cache "$home";
			Dir::Log "$home";
			APT::Architecture "amd64";
			APT::Architectures { "amd64"; };
			APT::Install-Recommends "false";
			APT::Sandbox::User "$(id -un)";
			Acquire::Retries "3";
			Acquire::Languages "none";
		CONF
	} >"$apt_config"
	lists_fetch "$*"
	touch "$home/done"
}

# Fetch the area's lists. A mirror that can't be reached may be back in a minute.
lists_fetch()
{
	local pause
	for pause in $pauses last; do
		apt_get update
		# apt calls that a success.
		grep -qE '^(W|E|Err)' "$log" || return 0
		if [ "$pause" != last ]; then
			echo "guest-tools.sh: no answer; trying again in $pause s" >&2
			sleep "$pause"
		fi
	done
	grep -E '^(W|E|Err)' "$log" >&2
	echo "guest-tools.sh: cannot fetch the lists of $1; is there a network?" >&2
	exit $NO_MIRROR
}

# unpack TO PACKAGE [OPTION]...: a package and all it depends on, from the area.
unpack()
{
	local to=$1 name=$2 deb
	shift 2
	rm -rf "$to" "$to.debs"
	mkdir -p "$to" "$to.debs/partial"
	apt_get --download-only -o Dir::Cache::archives="$to.debs" install "$@" "$name"
	for deb in "$to.debs"/*.deb; do
		dpkg-deb -x "$deb" "$to"
	done
	rm -rf "$to.debs"
}

# wrapper NAME ROOT PROGRAM [ARG...]: bin/NAME runs a program of the root that was unpacked
# to $dir/ROOT, with the loader and libraries from there: so it sees this machine's files
# and sockets. The folder may be moved.
wrapper()
{
	local to=$dir/bin/$1 root=\$here/$2 program=$3 lib=lib/x86_64-linux-gnu loader
	loader=$(cd "$dir/$2" && find . -path "*/$lib/ld-linux-x86-64.so.2" | head -n 1)
	shift 3
	cat >"$to.new" <<-SH
		#!/bin/sh
		here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
		export QEMU_MODULE_DIR="$root/usr/$lib/qemu"
		exec "$root/${loader#./}" --library-path "$root/$lib:$root/usr/$lib" \\
		 "$root$program" $* "\$@"
	SH
	chmod +x "$to.new"
	quietly "$to.new" --version
	mv "$to.new" "$to"
}

# What a program says of its version: the first number with a dot.
version_of()
{
	"$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1
}

at_least()
{
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

qemu()
{
	local own
	own=$(command -v qemu-system-x86_64 || true)
	if [ -n "$own" ] && at_least $QEMU_NEEDED "$(version_of "$own")"; then
		ln -sf "$own" "$dir/bin/qemu-system-x86_64"
		return
	fi
	area trixie trixie trixie-security trixie-backports
	echo "guest-tools.sh: fetching QEMU"
	unpack "$dir/qemu" qemu-system-x86 -t trixie-backports
	# shellcheck disable=SC2016 # the wrapper's variable
	wrapper qemu-system-x86_64 qemu /usr/bin/qemu-system-x86_64 \
		'-L "$here/qemu/usr/share/qemu" -L "$here/qemu/usr/share/seabios"'
	at_least $QEMU_NEEDED "$(version_of "$dir/bin/qemu-system-x86_64")" ||
		die "trixie-backports has only QEMU $(version_of "$dir/bin/qemu-system-x86_64")"
}

busybox()
{
	area trixie trixie trixie-security trixie-backports
	unpack "$dir/busybox" busybox-static
	cp "$(find "$dir/busybox" -name busybox -type f -perm -100)" "$dir/bin/busybox.new"
	rm -rf "$dir/busybox"
	mv "$dir/bin/busybox.new" "$dir/bin/busybox"
}

# The area that has a suite.
area_of()
{
	case $1 in
	bookworm*) area bookworm bookworm bookworm-security ;;
	trixie*) area trixie trixie trixie-security trixie-backports ;;
	forky) area forky forky ;;
	*) die "there is no suite $1 here" ;;
	esac
}

# depends DEB PATTERN: "NAME=VERSION" of the dependencies whose names match.
depends()
{
	dpkg-deb -f "$1" Depends | tr ',' '\n' | tr -d '() ' | grep -E "^($2)=" || true
}

# The newest cloud kernel of a suite: small, and all of virtiofs, NVDIMM, ext4, xfs in it.
kernel()
{
	local suite=$1 to=$dir/kernels/$1 tmp=$dir/kernels/$1.new deb name image
	part busybox
	area_of "$suite"
	echo "guest-tools.sh: fetching the kernel of $suite"
	rm -rf "$to" "$tmp"
	mkdir -p "$tmp/meta" "$tmp/debs" "$tmp/root"
	(cd "$tmp/meta" && apt_get download "linux-image-cloud-amd64/$suite")
	image=$(depends "$tmp"/meta/*.deb 'linux-image-[^=]*')
	[ -n "$image" ] || die "linux-image-cloud-amd64 of $suite names no kernel"
	(cd "$tmp/debs" && apt_get download "$image")
	# Since 7.0 the image is in a package of its own.
	name=$(depends "$tmp"/debs/*.deb 'linux-(binary|modules)-[^=]*')
	# shellcheck disable=SC2086 # one or more words
	[ -z "$name" ] || (cd "$tmp/debs" && apt_get download $name)
	for deb in "$tmp"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root"
	done
	kernel_keep "$tmp"
	rm -rf "$tmp"/{meta,debs,root}
	mv "$tmp" "$to"
	echo "guest-tools.sh: $suite has $(cat "$to/release")"
}

# Of an unpacked kernel, what a guest needs: the image, and modules in the order to load.
kernel_keep()
{
	local tmp=$1 root=$1/root base group name
	base=$(find "$root" -path '*/lib/modules/*/kernel' -prune -type d)
	[ -d "$base" ] || die "no modules in $root"
	basename "$(dirname "$base")" >"$tmp/release"
	cp "$(find "$root" -name 'vmlinuz*' -type f | head -n 1)" "$tmp/vmlinuz"
	mkdir "$tmp/modules"
	for group in virtiofs:virtio_pci,virtiofs nvdimm:nfit,nd_pmem ext4:crc32c_generic,ext4 \
		xfs:crc32c_intel,xfs; do
		: >"$tmp/modules/${group%%:*}.list"
		for name in $(tr ',' ' ' <<<"${group#*:}"); do
			module "$tmp" "$base" "$name" "${group%%:*}"
		done
	done
}

# module TMP BASE NAME GROUP: take a module, after those it depends on. One that isn't there
# is built in.
module()
{
	local tmp=$1 base=$2 name=$3 group=$4 found dep
	! grep -qx "$name.ko" "$tmp/modules/$group.list" || return 0
	found=$(find "$base" -name "${name//_/[-_]}.ko*" | head -n 1)
	[ -n "$found" ] || return 0
	case $found in
	*.xz) "$dir/bin/busybox" xz -dc "$found" ;;
	*.ko) cat "$found" ;;
	*) die "cannot unpack $found" ;;
	esac >"$tmp/modules/$name.ko"
	for dep in $(tr '\0' '\n' <"$tmp/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',-' ' _'); do
		module "$tmp" "$base" "$dep" "$group"
	done
	echo "$name.ko" >>"$tmp/modules/$group.list"
}

virtiofsd()
{
	local name=virtiofsd-$1
	area_of "$1"
	echo "guest-tools.sh: fetching virtiofsd of $1"
	case $1 in
	bookworm)
		unpack "$dir/$name" qemu-system-common
		wrapper "$name" "$name" /usr/lib/qemu/virtiofsd
		;;
	*)
		unpack "$dir/$name" virtiofsd
		wrapper "$name" "$name" /usr/libexec/virtiofsd
		;;
	esac
}

# One part, unless it is there.
part()
{
	case $1 in
	qemu) [ -x "$dir/bin/qemu-system-x86_64" ] || qemu ;;
	busybox) [ -x "$dir/bin/busybox" ] || busybox ;;
	kernel-*) [ -e "$dir/kernels/${1#kernel-}/vmlinuz" ] || kernel "${1#kernel-}" ;;
	virtiofsd-*) [ -x "$dir/bin/$1" ] || virtiofsd "${1#virtiofsd-}" ;;
	*) die "there is no part '$1'; there are: $PARTS" ;;
	esac
}

[ "$(uname -m)" = x86_64 ] || die "only for x86_64"
for name in apt-get dpkg-deb flock; do
	command -v $name >/dev/null || die "needs $name, to fetch Debian packages"
done
if [ "${1:-}" = --patient ]; then
	pauses="10 30 60 120"
	shift
fi
if [ $# = 0 ] || [ "$*" = all ]; then
	# shellcheck disable=SC2086 # several words
	set -- $PARTS
fi
exec 9>"$dir/lock"
flock 9
# Lists get old: they are fetched anew whenever something is missing.
rm -rf "$dir/apt"
trap 'rm -rf "$dir/apt"' EXIT
for name in "$@"; do
	part "$name"
done
