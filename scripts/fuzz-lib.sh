# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# fuzz-lib.sh - what the scripts that run libFuzzer targets have in common. From the top of the
# source tree.

# Names of targets, one a line: those given, or all.
fuzz_targets()
{
	local source
	if [ $# -gt 0 ]; then
		printf '%s\n' "$@"
		return
	fi
	for source in tests/fuzz/fuzz-*.c; do
		source=${source##*/fuzz-}
		printf '%s\n' "${source%.c}"
	done
}

# The longest input that makes sense: longer ones only take longer.
fuzz_length()
{
	case $1 in
	fuse) echo 400 ;;
	vhost) echo 1536 ;;
	probe) echo 1028 ;;
	virtq | channel) echo 516 ;;
	folder | pattern) echo 96 ;;
	tag | options | ctl-options | control) echo 256 ;;
	policy) echo 512 ;;
	part) echo 8192 ;;
	*) echo 4096 ;;
	esac
}

# fuzz_run BUILD NAME ARGUMENT... - one target. Targets that work on files can write only to
# their own place in memory, and to the folders that libFuzzer itself needs.
fuzz_run()
{
	local build=$1 name=$2 dict=tests/fuzz/$2.dict
	shift 2
	# Inputs that take long are mutated less: one of a thousand alternatives takes as long as
	# a hundred others.
	local options=(-timeout=10 -rss_limit_mb=2048 -max_len="$(fuzz_length "$name")"
		-entropic_scale_per_exec_time=1 -artifact_prefix="$PWD/$build/$name-")
	# What fsdax-ctl says is too much.
	case $name in answer | ctl-options | part) options+=(-close_fd_mask=3) ;; esac
	[ ! -e "$dict" ] || options+=("-dict=$PWD/$dict")
	# Without randomized addresses: see FSDAX_RUN in cmake/compiler.cmake.
	FSDAX_FUZZ_WRITABLE=${FSDAX_FUZZ_WRITABLE:-$PWD/$build} \
		setarch "$(uname -m)" -R "$build/tests/fuzz/fuzz-$name" "${options[@]}" "$@"
}
