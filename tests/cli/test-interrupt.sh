#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# threads
#
# Interrupted at any point and run again, a recursive command ends in the same state as one
# run in peace.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_fs ext4 256M
d=$MNT/t
mkdir -p "$d"
(cd "$d" && mkdir -p {a,b,c,d,e,f,g,h}/{1..10}/{x,y,z} &&
	for f in */*/*; do touch "$f"/{1..60}; done &&
	for i in {1..40}; do ln "a/1/x/$i" "h/9/z/link-$i"; done)
total=$(find "$d" | wc -l)

# interrupted SIGNAL DELAY COMMAND ARG...: start it, kill it after a while; sets STATUS.
interrupted() {
	local signal=$1 delay=$2 command=$3 pid

	shift 3
	# A shell's background jobs ignore SIGINT, unless told otherwise.
	env --default-signal=INT "$FSDAX_CTL" "$command" --policy="$POLICY" "$@" \
		>"$SCRATCH/out" 2>"$SCRATCH/err" &
	pid=$!
	sleep "$delay"
	kill "-$signal" $pid 2>/dev/null
	wait $pid
	STATUS=$?
	OUT=$(<"$SCRATCH/out")
	ERR=$(<"$SCRATCH/err")
}

# again_and_again NAME COMMAND ARG...: interrupt it at several points, each time on what the
# time before left behind; then let it finish. At least one must have stopped half-way.
again_and_again() {
	local name=$1 delay half=no others=

	shift
	# The smallest delay at which it is caught depends on the machine.
	for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.1; do
		interrupted INT $delay "$@"
		case $STATUS in
		130) [[ $OUT == [1-9]* ]] && half=yes ;;
		0) ;;
		*) others+=" $STATUS $ERR" ;;
		esac
	done
	is "$others" "" "$name: either interrupted, or done"
	echo "# $name: stopped half-way: $half"
	run ctl "$@"
	exits 0 "$name: run again, it succeeds"
}

ctl set -q -R "$d"
wanted=$(dump "$d")
ctl clear -q -R "$d"
again_and_again "set -R" set -R -j2 "$d"
is "$(dump "$d")" "$wanted" "set -R: the state is that of a run in peace"
again_and_again "clear -R" clear -R -j2 "$d"
is "$(dump "$d" | grep -c trusted)" 0 "clear -R: too"

write_policy '[policy]
default = yes
[rule some]
path = [a-d]/**
path = /**/y/*
dax = no'
ctl apply -q --root "$d" "$d"
wanted=$(dump "$d")
ctl clear -q -R "$d"
again_and_again apply apply -j2 --root "$d" "$d"
is "$(dump "$d")" "$wanted" "apply: the state is that of a run in peace, hard links included"

mkdir "$MNT/copy"
cp -a --no-preserve=xattr "$d" "$MNT/copy/"
again_and_again copy copy -j2 "$d" "$MNT/copy/t"
is "$(dump "$MNT/copy/t")" "$wanted" "copy: the state is that of a run in peace"

# ---- While it waits -------------------------------------------------------------------

ctl clear -q -R "$d"
mkfifo "$SCRATCH/list"
for signal in INT TERM HUP; do
	exec 3<>"$SCRATCH/list"
	printf '%s\0' "$d/a/1/x/1" >&3
	env --default-signal=INT "$FSDAX_CTL" set -j2 --policy="$POLICY" \
		--files0-from="$SCRATCH/list" >"$SCRATCH/out" 2>"$SCRATCH/err" &
	pid=$!
	for ((i = 0; i < 500; i++)); do
		[[ $(tag_of "$d/a/1/x/1") == yes ]] && break
		sleep 0.01
	done
	kill -$signal $pid
	wait $pid
	is $? 130 "SIG$signal while it waits for more of a list: exit status 130"
	has "$(<"$SCRATCH/err")" "interrupted; run it again to finish" "and it says so"
	is "$(tag_of "$d/a/1/x/1")" yes "what it was given before is done"
	exec 3>&-
	ctl clear -q "$d/a/1/x/1"
done

# ---- What is ignored stays ignored -------------------------------------------------------

(
	trap '' HUP
	"$FSDAX_CTL" set -q -R -j1 --policy="$POLICY" "$d" &
	pid=$!
	for ((i = 0; i < 10; i++)); do kill -HUP $pid 2>/dev/null; sleep 0.005; done
	wait $pid
)
is $? 0 "under nohup, SIGHUP interrupts nothing"
is "$(dump "$d" | grep -c trusted.fsdax)" "$total" "and all is done"
done_testing
