#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The shared library exports what the headers declare, all of it versioned, and
# nothing else.
set -euo pipefail

declared=$(sed -n 's/^[a-z].*\b\(fsdax_[a-z0-9_]*\)(.*/\1/p' "$FSDAX_SOURCE_DIR"/include/fsdax/*.h |
	LC_ALL=C sort -u)
inline=$(sed -n 's/^static inline .*\b\(fsdax_[a-z0-9_]*\)(.*/\1/p' \
	"$FSDAX_SOURCE_DIR"/include/fsdax/*.h | LC_ALL=C sort -u)
wanted=$(LC_ALL=C comm -23 <(echo "$declared") <(echo "$inline"))
exported=$(nm -D --defined-only --with-symbol-versions "$FSDAX_BUILD_DIR/lib/libfsdax.so" |
	awk '$2 != "A" { print $3 }' | LC_ALL=C sort)

if ! diff <(echo "$wanted" | sed 's/$/@@FSDAX_0.1/') <(echo "$exported"); then
	echo "not ok 1 - exports and headers differ (<: declared only, >: exported only)"
	exit 1
fi
echo "ok 1 - $(echo "$wanted" | wc -l) functions, each declared and exported"
echo "1..1"
