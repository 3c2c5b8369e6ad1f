#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The policies that fsdax-policy(5) and README.md show are policies without a mistake,
# fsdax-ctl(1) knows every command and every option, and CONTRIBUTING.md every module.
set -euo pipefail

# shellcheck source=tests/install/lib.sh
. "$(dirname "$0")/lib.sh"

# Write each block between ``` lines of FILE that starts with a section to NAME-N.ini.
blocks()
{
	awk -v name="$scratch/$2" '
		/^```/ { inside = !inside; first = 1; next }
		inside && first { take = /^\[/; first = 0; if (take) file = name "-" ++n ".ini" }
		inside && take { print > file }' "$1"
}

blocks "$FSDAX_SOURCE_DIR/man/fsdax-policy.5.scd.in" manual
blocks "$FSDAX_SOURCE_DIR/README.md" readme
for file in "$scratch"/manual-1.ini "$scratch"/readme-1.ini "$scratch"/*.ini; do
	[ -e "$file" ] || { echo "not ok - no policy found: ${file##*/}"; exit 1; }
	"$FSDAX_CTL" check "$file" || { echo "not ok - ${file##*/}"; cat -n "$file"; exit 1; }
done
ok "$(find "$scratch" -name '*.ini' | wc -l) examples are policies without a mistake"

page=$(mandoc -T utf8 "$FSDAX_BUILD_DIR/man/fsdax-ctl.1" | col -b)
for command in $("$FSDAX_CTL" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	for word in "$command" $("$FSDAX_CTL" "$command" --help | grep -oE '^ +(-[a-zA-Z0], )?--[a-z0-9-]+' |
		grep -oE -- '--[a-z0-9-]+'); do
		grep -qE -- "(^|[ [])$word([],=; ]|\$)" <<<"$page" ||
			{ echo "not ok - fsdax-ctl(1) lacks '$word' of $command"; exit 1; }
	done
done
ok "fsdax-ctl(1) knows every command and option"

page=$(mandoc -T utf8 "$FSDAX_BUILD_DIR/man/fsdaxd.8" | col -b)
for word in $("$FSDAXD" --help | grep -oE '^  (-[a-zA-Z], )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'); do
	grep -qE -- "(^|[ [])$word([],=; ]|\$)" <<<"$page" ||
		{ echo "not ok - fsdaxd(8) lacks '$word'"; exit 1; }
done
ok "fsdaxd(8) knows every option"

page=$(mandoc -T utf8 "$FSDAX_BUILD_DIR/man/fsdax-probe.1" | col -b)
for word in $("$FSDAX_PROBE" --help | grep -oE '^  --[a-z0-9-]+'); do
	grep -qE -- "(^|[ [])$word([],=; ]|\$)" <<<"$page" ||
		{ echo "not ok - fsdax-probe(1) lacks '$word'"; exit 1; }
done
ok "fsdax-probe(1) knows every option"

for file in "$FSDAX_SOURCE_DIR"/{lib,cli,daemon,tests/frontend,tools/probe}/*.c; do
	module=${file##*/}
	module=${module%.c}
	grep -qF -e "\`$module\`" -e "\`${module%%_*}\`" -e "\`${module%%_*}_*\`" \
		"$FSDAX_SOURCE_DIR/CONTRIBUTING.md" ||
		{ echo "not ok - the map in CONTRIBUTING.md lacks ${file#"$FSDAX_SOURCE_DIR"/}"; exit 1; }
done
ok "the map in CONTRIBUTING.md has every module"

echo "1..$n"
