#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# format.sh - bring all C files into the project's shape, as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v clang-format >/dev/null || scripts/deps.sh format
git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i
