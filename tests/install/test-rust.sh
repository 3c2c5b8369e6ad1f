#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The Rust crate is built without a network against the installed library, agrees with the C
# headers, and its example sees in a tree of files what fsdax-ctl sees.
set -euo pipefail

# shellcheck source=tests/install/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v cargo >/dev/null; then
	echo "1..0 # skip: no cargo"
	exit 77
fi
# The one of the distribution is the oldest that must do.
[ ! -x /usr/bin/cargo ] || export PATH=/usr/bin:$PATH

install_tree
export PKG_CONFIG_PATH=$libdir/pkgconfig
export CARGO_TARGET_DIR=$scratch/target CARGO_HOME=$scratch/cargo CARGO_NET_OFFLINE=true
crate=$scratch/crate
cp -r "$FSDAX_SOURCE_DIR/bindings/rust" "$crate" # cargo writes beside its sources

# Unquoted: pkg-config prints words.
# shellcheck disable=SC2046
${CC:-cc} -std=gnu17 -Wall -Wextra -Werror "$crate/tests/c_says.c" $(pkg-config --cflags fsdax) \
	-o "$scratch/c_says"
"$scratch/c_says" >"$scratch/c_says.txt"
export FSDAX_C_SAYS=$scratch/c_says.txt
cd "$crate"
RUSTFLAGS="-D warnings" cargo test --offline --quiet >"$scratch/log" 2>&1 || {
	cat "$scratch/log" >&2
	fail "the crate's tests"
}
ok "the crate's tests pass with $(cargo --version | cut -d ' ' -f 1,2)"

# A header that says something else is noticed.
sed 's/^fsdax_facts [0-9]*/fsdax_facts 1/' "$scratch/c_says.txt" >"$scratch/other.txt"
! cmp -s "$scratch/c_says.txt" "$scratch/other.txt" || fail "the headers say nothing of facts"
if FSDAX_C_SAYS=$scratch/other.txt cargo test --offline --quiet as_the_c >"$scratch/log" 2>&1; then
	fail "another layout was not noticed"
fi
ok "another layout would be noticed"

share=$scratch/share
mkdir -p "$share"/{models/deep,notes}
truncate -s 4M "$share"/models/{a.bin,deep/b.bin} "$share/notes/c"
truncate -s 100 "$share/models/small" "$share/notes/small"
ln -s a.bin "$share/models/link"
printf '%s\n' '[tag]' 'xattr = user.fsdax' '[rule big]' 'size = >=1M' 'dax = yes' \
	'[rule notes]' 'path = /notes/**' 'dax = no' >"$scratch/policy.ini"
if "$tree/usr/bin/fsdax-ctl" set --policy "$scratch/policy.ini" --dax=no "$share/models/deep" \
	2>"$scratch/log"; then
	tagged=", one tagged"
fi
cargo run --offline --quiet --example passthrough -- "$scratch/policy.ini" "$share" |
	awk -F '\t' '{ print ($1 == 2 ? "yes" : "no") "\t" $2 "\t" $3 }' | sort >"$scratch/rust"
[ -s "$scratch/rust" ] || fail "the example printed nothing"
(cd "$share" && find . -mindepth 1 -printf '%P\0') |
	(cd "$share" && "$tree/usr/bin/fsdax-ctl" explain --policy "$scratch/policy.ini" --root . \
		--json --files0-from - 2>/dev/null) >"$scratch/json" || fail "fsdax-ctl explain"
jq -r '[if .dax then "yes" else "no" end, .reason, .path] | @tsv' "$scratch/json" | sort \
	>"$scratch/ctl"
diff "$scratch/ctl" "$scratch/rust" >&2 || fail "the example and fsdax-ctl differ"
ok "the example says of $(wc -l <"$scratch/rust") files${tagged:-} what fsdax-ctl says"

echo "1..$n"
