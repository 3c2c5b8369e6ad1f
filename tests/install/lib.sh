# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for the tests of what is installed. They end at the first failure, for what follows
# stands on it. $scratch is removed at the end; $n counts what was ok.

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
n=0

ok()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

fail()
{
	echo "not ok - $1" >&2
	exit 1
}

# What was built, installed into $tree, and its library found. Sets libdir.
install_tree()
{
	DESTDIR=$tree cmake --install "$FSDAX_BUILD_DIR" --prefix /usr >/dev/null
	libdir=$(dirname "$(find "$tree/usr/lib" -name libfsdax.so)")
	export LD_LIBRARY_PATH=$libdir
}
