#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fuzz-coverage.sh [TARGET]... - which lines of the code that it is for does each libFuzzer
# target reach, with its corpus and what has been found since? Builds once more, into
# build/fuzz-coverage, where covered/NAME.txt shows each line.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/fuzz-lib.sh

build=build/fuzz-coverage
profdata=$(compgen -c llvm-profdata | sort -V | head -n 1)
cov=$(compgen -c llvm-cov | sort -V | head -n 1)
mapfile -t targets < <(fuzz_targets "$@")

# What decodes what each target sends, in one line.
decoders()
{
	case $1 in
	answer) echo cli/{ask,pickup,status,status_print,reload,explain_daemon}.c ;;
	channel) echo daemon/{backend_channel,vhost_socket}.c ;;
	control) echo daemon/control_{socket,pickup,status,view,reload}.c ;;
	ctl-options) echo cli/options.c ;;
	folder) echo lib/dropin.c ;;
	fuse) echo daemon/{request,serve,op_*,attr,handle,window,mapped}.c ;;
	options) echo daemon/options.c ;;
	part) echo cli/scan_part.c ;;
	pattern) echo lib/{pattern,glob,utf8}.c ;;
	probe) echo tests/frontend/{client,frontend,message,request,vq,window}.c ;;
	policy) echo lib/{ini_read,compile,compile_finish,keys,conditions,value,lint,print}.c ;;
	tag) echo lib/tag.c ;;
	vhost) echo daemon/{vhost_user,vhost_socket,vhost_queue,guest_memory}.c ;;
	virtq) echo daemon/virtq.c ;;
	esac
}

cmake --preset fuzz -B "$build" -DFSDAX_COVERAGE=ON >/dev/null
cmake --build "$build" -- --quiet
mkdir -p "$build/covered"

for name in "${targets[@]}"; do
	raw=$PWD/$build/$name.profraw
	program=$build/tests/fuzz/fuzz-$name
	inputs=("$PWD/tests/fuzz/corpus/$name")
	[ ! -d "build/fuzz/found/$name" ] || inputs+=("$PWD/build/fuzz/found/$name")
	# All of each input, however long.
	LLVM_PROFILE_FILE=$raw fuzz_run "$build" "$name" -runs=0 -max_len=65536 "${inputs[@]}" \
		>"$build/$name.log" 2>&1 || { tail -n 30 "$build/$name.log"; exit 1; }
	"$profdata" merge -sparse "$raw" -o "$build/$name.profdata"
	rm "$raw"
	# shellcheck disable=SC2046 # file names without spaces
	set -- $(decoders "$name")
	"$cov" show "$program" -instr-profile="$build/$name.profdata" "$@" \
		>"$build/covered/$name.txt"
	echo "$name"
	"$cov" export -summary-only "$program" -instr-profile="$build/$name.profdata" "$@" |
		python3 -c '
import json, os, sys
data = json.load(sys.stdin)["data"][0]
for file in data["files"] + [{"filename": "all", "summary": data["totals"]}]:
    lines = file["summary"]["lines"]
    print("  %-26s %5d of %5d lines  %5.1f %%" % (os.path.basename(file["filename"]),
          lines["covered"], lines["count"], lines["percent"]))'
done
