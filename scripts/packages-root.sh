#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# packages-root.sh SUITE... - of what is committed, and in a clean root of each of these suites of
# Debian: build the packages, with nothing installed but what they say that it takes, pass them
# through lintian, and compare their files with those of `cmake --install`; in a second one, which
# boots, install them, try them (tests/packages/installed.sh), and purge them: nothing may be left.
#
# Takes the mirror from apt's own configuration. Roots and packages that were fetched are kept in
# ~/.cache/fsdax/packages, or in FSDAX_PACKAGES_DIR, so that a second run is quick. The packages
# are in build/packages/SUITE then. DEB_BUILD_OPTIONS=nocheck leaves out the tests of the build.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/root-lib.sh
. scripts/root-lib.sh

[ "$(id -u)" = 0 ] || { echo "packages-root.sh: must be root" >&2; exit 1; }
[ $# -gt 0 ] || { echo "usage: packages-root.sh SUITE..." >&2; exit 2; }
cache=${FSDAX_PACKAGES_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/fsdax/packages}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
# One at a time: apt has locks in it.
exec 9>"$cache/lock"
flock 9
source=$PWD
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/fsdax-packages.XXXXXX")
chmod 755 "$scratch"
failed=()

unmount()
{
	local place
	for place in var/cache/apt/archives dev/pts dev proc sys; do
		! mountpoint -q "$1/$place" || umount "$1/$place"
	done
}

cleanup()
{
	local root
	for root in "$scratch"/*/; do
		unmount "${root%/}"
	done
	rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Run a command; what it says is shown only if it fails.
quietly()
{
	"$@" </dev/null >"$scratch/log" 2>&1 && return
	tail -n 40 "$scratch/log" >&2
	echo "packages-root.sh: failed: $*" >&2
	return 1
}

# base SUITE: a tar file with a minimal root, made once.
base()
{
	local suite=$1 root=$scratch/base
	[ ! -e "$cache/$suite.tar" ] || return 0
	echo "packages-root.sh: $suite: fetching a minimal root"
	mkdir -p "$cache/$suite"
	quietly debootstrap --variant=minbase --cache-dir="$cache/$suite" "$suite" "$root" "$(debian_mirror)"
	tar -C "$root" -cf "$cache/$suite.tar.new" .
	mv "$cache/$suite.tar.new" "$cache/$suite.tar"
	rm -rf --one-file-system "$root"
}

# new_root SUITE ROOT: unpacked, and ready to run programs and to install packages.
new_root()
{
	local suite=$1 root=$2 place
	mkdir "$root"
	tar -C "$root" -xf "$cache/$suite.tar"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	# Nothing is started by an installation, but in the root that boots.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	for place in dev dev/pts proc sys; do
		mount --bind "/$place" "$root/$place"
	done
	mount --bind "$cache/$suite" "$root/var/cache/apt/archives"
	# All of it is thrown away: there is no need to wait for the disk.
	echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90unsafe"
	# Keep what was fetched.
	echo 'APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/90keep"
	quietly in_root "$root" apt-get -q -y update
	quietly in_root "$root" apt-get -q -y upgrade
}

install_in()
{
	local root=$1
	shift
	quietly in_root "$root" apt-get -q -y install --no-install-recommends "$@"
}

# ---- Building ------------------------------------------------------------------------------------

# What the compiler has to say is to be mended.
warnings()
{
	! grep -E '(warning|error): ' "$1" | grep -v '^dpkg' | sort -u | head -n 20 | grep .
}

# The packages' files together are what `cmake --install` puts in place, but for what Debian adds.
compare_files()
{
	local root=$1 deb
	for deb in "$root"/src/*.deb; do
		case $deb in
		*-dbgsym_*) ;;
		*) dpkg-deb --fsys-tarfile "$deb" | tar -t ;;
		esac
	done | grep -v -e '/$' -e '^\./usr/share/doc/' -e '^\./usr/share/lintian/' |
		sed 's/^\.//; /\/man\//s/\.gz$//' | sort >"$scratch/packaged"
	in_root "$root" sh -c 'cd /src/fsdax-*/obj-*/ && DESTDIR=/installed cmake --install .' \
		>/dev/null
	(cd "$root/installed" && find . ! -type d) | sed 's/^\.//' | sort >"$scratch/installed"
	diff "$scratch/packaged" "$scratch/installed" ||
		{ echo "packages-root.sh: <: only in the packages, >: only by cmake --install" >&2; return 1; }
	echo "packages-root.sh: $(wc -l <"$scratch/packaged") files, the same as by cmake --install"
}

# build_packages SUITE TARBALL
build_packages()
{
	local suite=$1 root=$scratch/build-$1
	new_root "$suite" "$root"
	install_in "$root" build-essential fakeroot lintian
	mkdir "$root/src"
	tar -xf "$2" -C "$root/src"
	quietly in_root "$root" sh -c 'cd /src/fsdax-* && apt-get -q -y build-dep --no-install-recommends .'
	echo "packages-root.sh: $suite: building"
	in_root "$root" env DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" \
		sh -c 'cd /src/fsdax-* && dpkg-buildpackage -us -uc' </dev/null >"$scratch/build.log" 2>&1 ||
		{ tail -n 60 "$scratch/build.log" >&2; return 1; }
	warnings "$scratch/build.log"
	in_root "$root" sh -c 'lintian --allow-root --fail-on error,warning /src/*.changes'
	compare_files "$root"
	rm -rf "build/packages/$suite"
	mkdir -p "build/packages/$suite"
	cp "$root"/src/*_* "build/packages/$suite"
	unmount "$root"
	rm -rf --one-file-system "$root"
}

# ---- Installing ------------------------------------------------------------------------------------

# All files, but for what apt, dpkg and a system that has run keep for themselves.
listing()
{
	(cd "$1" && find . -xdev ! -path './var/lib/apt/*' ! -path './var/lib/dpkg/*' \
		! -path './var/cache/*' ! -path './var/log/*' ! -path './var/lib/systemd/*' \
		! -path './root/*' ! -path './tmp/*' ! -path './var/tmp/*' ! -path './run/*' \
		! -path './fsdax-packages*' ! -path './etc/.updated' ! -path './var/.updated' | sort)
}

# try_packages SUITE
try_packages()
{
	local suite=$1 root=$scratch/try-$1
	new_root "$suite" "$root"
	echo "packages-root.sh: $suite: installing"
	install_in "$root" systemd-sysv dbus man-db bsdextrautils groff-base bash-completion zsh fish \
		python3-minimal libpython3-stdlib procps
	mkdir "$root/fsdax-packages"
	cp tests/tap.sh tests/packages/installed.sh "build/packages/$suite"/*.deb "$root/fsdax-packages"
	rm -f "$root"/fsdax-packages/*-dbgsym_*
	rm "$root/usr/sbin/policy-rc.d"
	unmount "$root"
	listing "$root" >"$scratch/before"

	for place in dev dev/pts proc sys; do
		mount --bind "/$place" "$root/$place"
	done
	mount --bind "$cache/$suite" "$root/var/cache/apt/archives"
	quietly in_root "$root" sh -c \
		'apt-get -q -y install --no-install-recommends /fsdax-packages/*.deb'
	unmount "$root"

	# While it runs, as an admin does it.
	"$source/scripts/booted-root.sh" "$root" sh -c '
		bash /fsdax-packages/installed.sh; status=$?
		apt-get -q -y purge --autoremove fsdaxd fsdax-tools libfsdax-dev libfsdax1 >/tmp/purge 2>&1 ||
			{ cat /tmp/purge; exit 1; }
		if systemctl -q is-active "fsdaxd@models" || [ -e /run/fsdax ]; then
			echo "not ok - a share still runs, or /run/fsdax is there"
			status=1
		fi
		exit $status'
	listing "$root" >"$scratch/after"
	diff "$scratch/before" "$scratch/after" ||
		{ echo "packages-root.sh: >: left by a purge, <: gone with it" >&2; return 1; }
	echo "packages-root.sh: $suite: a purge leaves nothing"
	rm -rf --one-file-system "$root"
}

scripts/deps.sh packages
tarball=$(scripts/dist.sh "$scratch")
for suite in "$@"; do
	start=$SECONDS
	# Not as a condition, in which set -e would not hold.
	set +e
	(set -e; base "$suite"; build_packages "$suite" "$tarball"; try_packages "$suite")
	status=$?
	set -e
	[ $status = 0 ] || failed+=("$suite")
	echo "packages-root.sh: $suite took $((SECONDS - start)) s"
done
[ ${#failed[@]} = 0 ] || { echo "packages-root.sh: failed: ${failed[*]}" >&2; exit 1; }
echo "packages-root.sh: all passed"
