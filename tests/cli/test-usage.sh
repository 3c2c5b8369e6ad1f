#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The command line: help, and a clear answer to each mistake.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# wrong WANTED ARG...: a mistake in usage, and what the message must hold.
wrong() {
	local wanted=$1

	shift
	run timeout 20 "$FSDAX_CTL" "$@"
	exits 2 "fsdax-ctl ${*@Q}: wrong usage"
	has "$ERR" "$wanted" "fsdax-ctl ${*@Q}: says: ${wanted%%$'\n'*}"
	is "$OUT" "" "fsdax-ctl ${*@Q}: prints nothing else"
}

wrong "what shall it do?"
wrong "there is no command sacn
  = did you mean scan?" sacn
wrong "there is no command stat
  = did you mean state?" stat
wrong "there is no command frobnicate
  = fsdax-ctl --help lists those there are" frobnicate
wrong "there is no command \$'\\033[31m'" $'\e[31m'
wrong "options go behind the command" -R set
wrong "set: what shall it work on?
  = write: fsdax-ctl set FILE..." set
wrong "scan: what shall it work on?
  = write: fsdax-ctl scan --merge PART..." scan --merge
wrong "copy: it needs more than 1 path
  = write: fsdax-ctl copy SRC DST" copy a
wrong "copy: it takes 2 paths, not 3" copy a b c
wrong "status: it takes no paths
  = write: fsdax-ctl status" status x
wrong "--wait=soon: it must be a number of seconds
  = leave the number out to wait for as long as it takes" set --wait=soon f
wrong "--wait=-1: it must be a number of seconds" clear --wait=-1 f
wrong "--top=1001: it must be a number from 0 to 1000" status --top=1001
wrong "--socket: its value is empty" reload --socket=
wrong "scan does not take --wait
  = it belongs to: set, clear" scan --wait d
wrong "--dax=maybe: it must be yes or no" set --dax=maybe f
wrong "--by=magic: it must be xattr or flag" set --by=magic f
wrong "--color=blue: it must be auto, always or never" set --color=blue f
wrong "-j 0: it must be a number of threads from 1 to 1024
  = leave it out for one thread per CPU" set -j 0 f
wrong "-j 1x: it must be a number" set -j1x f
wrong "-j 99999999999999999999: it must be a number" set --jobs 99999999999999999999 f
wrong "--jobs needs a value: --jobs=N" set f -j
wrong "--dax needs a value: --dax=yes|no" set f --dax
wrong "--json takes no value" set --json=yes f
wrong "there is no option --jsno
  = did you mean --json?" set --jsno f
wrong "there is no option -Z
  = fsdax-ctl set --help lists them; put -- in front of names that start with a dash" set -Z f
wrong "scan does not take -n
  = it belongs to: set, clear, copy, apply" scan -n d
wrong "scan does not take --dax=yes
  = it belongs to: set" scan --dax=yes d
wrong "--d may mean several options
  = they are: --dax, --dry-run" set --d f
wrong "--xattr=fsdax: not the name of an xattr" set --xattr=fsdax f
wrong "--xattr=security.x: tags cannot live in this namespace" set --xattr=security.x f
wrong "--window=big: not a size of a window" plan --window=big d
wrong "--window=0: not a size of a window" plan --window=0 d
wrong "--root: its value is empty" set --root= f
wrong "'[' is never closed" set --exclude='a[b' f
wrong "--xattr=user.aaaaaaaaaaaaaaa...: the name of an xattr has 255 bytes at most, and this one 305" \
	set --xattr="user.$(printf 'a%.0s' {1..300})" f
echo "[rule x" >"$SCRATCH/bad.ini"
wrong "plan needs the size of the window" plan --policy="$SCRATCH/bad.ini" d
wrong "which shell?" completion
wrong "which shell?" completion tcsh

# ---- Help -----------------------------------------------------------------------------

run "$FSDAX_CTL" --help
exits 0 "--help"
is "$ERR" "" "--help goes to stdout"
for command in set clear show copy explain check scan plan apply diff state status metrics reload; do
	like "$OUT" "  $command *" "--help lists $command"
	run "$FSDAX_CTL" $command --help
	exits 0 "$command --help"
	has "$OUT" "Usage: fsdax-ctl $command " "$command --help: how it is written"
	has "$OUT" "Examples:" "$command --help: has examples"
	is "$(awk 'length > 82' <<<"$OUT")" "" "$command --help: fits a terminal"
	help=$OUT
	run "$FSDAX_CTL" help $command
	is "$OUT" "$help" "help $command: is the same"
	run "$FSDAX_CTL" --help
done
run "$FSDAX_CTL" completion --help
exits 0 "completion --help"
has "$OUT" "Usage: fsdax-ctl completion bash|zsh|fish" "completion --help: how it is written"
help=$OUT
run "$FSDAX_CTL" help completion
is "$OUT" "$help" "help completion: is the same"
run "$FSDAX_CTL" --help
unlike "$OUT" "completion" "--help does not list what packagers need only"
run "$FSDAX_CTL" --version
like "$OUT" "fsdax-ctl [0-9]*.[0-9]*.[0-9]*" "--version"

# ---- Options where they may stand ----------------------------------------------------

new_fs tmpfs
touch "$MNT/f" "$MNT/-n"
run ctl set "$MNT/f" --dax=no -q
is "$(tag_of "$MNT/f")" no "options may stand behind operands"
run ctl set --dax yes "$MNT/f"
is "$(tag_of "$MNT/f")" yes "a value may be a word of its own"
run ctl set --rec --dry "$MNT"
exits 0 "options may be shortened"
is "$(tag_of "$MNT")" "" "and mean what they mean"
run ctl set -Rnj2 "$MNT"
exits 0 "letters may stand together"
cd "$MNT" || exit
run ctl set -- -n
is "$(tag_of ./-n)" yes "behind -- all are operands"
cd / || exit
run ctl set -vq --dax=no "$MNT/f"
is "$OUT" "" "of -v and -q the later counts"
run ctl set -qv "$MNT/f"
has "$OUT" $'yes\t'"$MNT/f" "whichever it is"

# ---- Color -----------------------------------------------------------------------------

run ctl set --color=always "$MNT/none"
has "$ERR" $'\e[' "--color=always colors messages"
run ctl set "$MNT/none"
unlike "$ERR" $'\e' "where there is no terminal, they are plain"
if command -v script >/dev/null; then
	shown() {
		script -qec "$* $FSDAX_CTL set --policy=$POLICY $MNT/none" /dev/null </dev/null
	}
	has "$(shown env TERM=xterm)" $'\e[' "on a terminal they are colored"
	unlike "$(shown env TERM=xterm NO_COLOR=1)" $'\e' "but not with NO_COLOR"
	unlike "$(shown env TERM=dumb)" $'\e' "nor on a dumb terminal"
fi

# ---- Progress ----------------------------------------------------------------------------

run ctl set -R --progress=always "$MNT"
has "$ERR" "2 files tagged in 1 folder," "--progress=always shows progress where there is no terminal"
run ctl set -R "$MNT"
is "$ERR" "" "without it there is none"
if command -v script >/dev/null; then
	mkfifo "$SCRATCH/list"
	(printf '%s\0' "$MNT/f"; sleep 1.5; printf '%s\0' "$MNT/-n") >"$SCRATCH/list" &
	seen=$(script -qec "$FSDAX_CTL set -q --progress=always --policy=$POLICY \
		--files0-from=$SCRATCH/list" /dev/null </dev/null)
	has "$seen" $'\r\e[K'"fsdax-ctl: 1 file tagged" "on a terminal it is one line, drawn anew"
	is "${seen: -4}" $'\r\e[K' "and it is gone at the end"
	(printf '%s\0' "$MNT/f"; sleep 1.5; printf '%s\0' "$MNT/-n") >"$SCRATCH/list" &
	seen=$(script -qec "$FSDAX_CTL set --policy=$POLICY --files0-from=$SCRATCH/list" \
		/dev/null </dev/null)
	has "$seen" "fsdax-ctl: 1 file tagged" "by itself it comes after a second"
	wait
fi
done_testing
