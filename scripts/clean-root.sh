#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# clean-root.sh [MAKE-TARGET]... - try make targets (check and demo, if none are given) as
# on a fresh Debian 12: in a debootstrapped root with nothing but git, make and
# ca-certificates, from a copy of what git knows of the work tree. Takes the mirror from
# apt's own configuration. ROOT: where to make it, else a scratch folder that is removed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/root-lib.sh
. scripts/root-lib.sh

[ "$(id -u)" = 0 ] || { echo "clean-root.sh: must be root" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -q -y --no-install-recommends debootstrap

suite=bookworm
keep=${ROOT:-}
root=${keep:-$(mktemp -d)}
mkdir -p "$root"
chmod 755 "$root" # some tests run as another user
targets=("$@")
[ $# -gt 0 ] || targets=(check demo)

cleanup()
{
	local place
	for place in dev/pts dev proc sys; do
		mountpoint -q "$root/$place" && umount "$root/$place"
	done
	[ -n "$keep" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Codename: $suite" |
	head -n 1)
[ -n "$mirror" ] || { echo "clean-root.sh: apt has no mirror of $suite" >&2; exit 1; }

if [ ! -e "$root/etc/debian_version" ]; then
	debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror" \
		> "$root/debootstrap.log" || { tail "$root/debootstrap.log" >&2; exit 1; }
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
for place in dev dev/pts proc sys; do
	mount --bind "/$place" "$root/$place"
done

copy_source "$root"

for target in "${targets[@]}"; do
	start=$SECONDS
	# As at a login there: none of this machine's variables.
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM="${TERM:-dumb}" LANG=C.UTF-8 chroot "$root" make -C /fsdax "$target"
	echo "clean-root.sh: make $target took $((SECONDS - start)) s"
done
