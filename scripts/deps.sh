#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# deps.sh GROUP... - install the Debian packages that the groups need and that are
# missing: build, test, browser, soak, fuzz, packages, reproducible, demo, format. Says what it
# installs; does nothing, and needs no root, where nothing is missing.
set -euo pipefail

declare -A packages=(
	[build]="gcc libc6-dev cmake ninja-build pkg-config libinih-dev libattr1-dev libjson-c-dev
		libsmartcols-dev libfuse3-dev libcap-ng-dev libseccomp-dev scdoc"
	[test]="libcmocka-dev libpcre2-dev util-linux mount attr e2fsprogs xfsprogs btrfs-progs mandoc jq strace python3 spin
		binutils procps uidmap bash zsh fish cargo tmux abigail-tools parallel"
	[browser]="chromium-headless-shell"
	[soak]="fio stress-ng dbench"
	[fuzz]="clang libclang-rt-14-dev llvm"
	[packages]="libcmocka-dev libpcre2-dev debhelper dpkg-dev fakeroot lintian debootstrap xz-utils procps"
	[reproducible]="faketime"
	[demo]="util-linux mount attr e2fsprogs xfsprogs"
	[format]="clang-format"
	[roots]="debootstrap mount procps"
)

die()
{
	echo "deps.sh: $*" >&2
	exit 1
}

# The packages of the groups that are not installed, each once.
missing()
{
	local group name
	for group in "$@"; do
		[ -n "${packages[$group]:-}" ] ||
			die "there is no group '$group'; there are: ${!packages[*]}"
		for name in ${packages[$group]}; do
			dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' ||
				echo "$name"
		done
	done | sort -u
}

# Whether apt knows a candidate of each package.
known()
{
	local name
	for name in "$@"; do
		apt-cache policy "$name" 2>/dev/null | grep -q '^  Candidate: [^(]' || return 1
	done
}

# Run apt-get; what it says is shown only if it fails.
apt()
{
	local log status=0
	log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 \
		"$@" </dev/null >"$log" 2>&1 || status=$?
	[ $status = 0 ] || tail -n 30 "$log" >&2
	rm -f "$log"
	return $status
}

# A list that can't be fetched matters only if the packages can't be had then.
update()
{
	echo "deps.sh: updating apt's lists"
	apt update || echo "deps.sh: that failed in part; going on with what there is" >&2
}

[ $# -gt 0 ] || die "usage: deps.sh GROUP...; groups: ${!packages[*]}"
if ! command -v apt-get >/dev/null; then
	echo "deps.sh: no apt-get here; these Debian packages are needed, under whatever name:" >&2
	for group in "$@"; do
		# Unquoted, so that the list comes out on one line.
		echo "  $group:" ${packages[$group]:-} >&2
	done
	exit 0
fi

list=$(missing "$@")
[ -n "$list" ] || exit 0
mapfile -t names <<<"$list"
echo "deps.sh: installing ${names[*]} (may take a minute)"
[ "$(id -u)" = 0 ] || die "not root; run: apt-get install --no-install-recommends ${names[*]}"
known "${names[@]}" || update
# Lists that are old name files that are gone.
apt install --no-install-recommends "${names[@]}" ||
	{ update && apt install --no-install-recommends "${names[@]}"; }
echo "deps.sh: done"
