# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# root-lib.sh - what the scripts that take things from Debian's archive, or make roots of it, have
# in common. Sourced.

# The archives that apt is set up for here: "CODENAME URI".
debian_archives()
{
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
		'Identifier: Packages' 'Origin: Debian'
}

# The one that suites themselves come from; nothing if there is none.
debian_mirror()
{
	debian_archives | awk '$1 !~ /-security$/ { print $2; exit }'
}

# in_root ROOT COMMAND...: as at a login there, with none of this machine's variables.
in_root()
{
	local root=$1
	shift
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# copy_source ROOT: what git knows of the work tree, and nothing that was built, to /fsdax there.
copy_source()
{
	rm -rf "$1/fsdax"
	mkdir "$1/fsdax"
	# A file that was removed, but not from the index, is passed over.
	git ls-files -co --exclude-standard -z | tar --null -T - --ignore-failed-read -c |
		tar -x -C "$1/fsdax"
}
