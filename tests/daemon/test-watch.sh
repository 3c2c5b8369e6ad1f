#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fsdax-ctl status --watch of real daemons: on a real terminal, which tmux is, and without one. What
# it shows, and that the terminal is given back, whatever ends it.

# shellcheck source=tests/daemon/daemons.sh
. "$(dirname "$0")/daemons.sh"
# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

FSDAX_CTL=${FSDAX_CTL:?must name the fsdax-ctl to test}
own_run
mkdir "$SCRATCH/sock" "$SCRATCH/share"

# shellcheck disable=SC2317 # it is called by the trap
end_all() {
	command -v tmux >/dev/null && tmux -S "$SCRATCH/tmux" kill-server 2>/dev/null
	end_daemons
}
trap end_all EXIT

# start NAME OPTION...: a daemon, until it answers at /run/fsdax/NAME.sock. Sets DAEMON.
start() {
	local name=$1

	shift
	mkdir -p /run/fsdax
	# The leak checker needs /proc, which is outside.
	ASAN_OPTIONS=detect_leaks=0 "$FSDAXD" --socket-path "$SCRATCH/sock/$name" --shared-dir \
		"$SCRATCH/share" --control-socket "/run/fsdax/$name.sock" --tag "$name" --reconnect \
		--log-level error "$@" 2>"$SCRATCH/log" &
	await_daemon "/run/fsdax/$name.sock"
}

# ---- Without a terminal -------------------------------------------------------------------------

for value in 0 x -1 1.5 99999999999 ''; do
	"$FSDAX_CTL" status --watch="$value" >/dev/null 2>"$SCRATCH/err"
	is "$?" 2 "--watch=$value: is refused"
	has "$(<"$SCRATCH/err")" "--watch=$value: it must be a number of seconds from 1 to" \
		"--watch=$value: and it is said why"
done
"$FSDAX_CTL" status --watch 5 >/dev/null 2>"$SCRATCH/err"
is "$? $(tail -n 1 "$SCRATCH/err")" "2   = its seconds stand behind an equals sign, as in --watch=5" \
	"--watch 5: is no way to write it"
is "$(timeout 60 "$FSDAX_CTL" status --watch=1 2>&1 | head -n 3 | tail -n 1)" \
	"no fsdaxd is running here: there is no socket in /run/fsdax" "nobody: is waited for"
is "$(timeout 60 "$FSDAX_CTL" status --watch=1 --socket="$SCRATCH/none" 2>&1 | head -n 4 | tail -n 2)" \
	"$SCRATCH/none
  daemon   no answer for 0 s: there is no such socket" "a socket that is not there"

printf '[rule all]\nsize = >= 1\ndax = yes\n' >"$SCRATCH/policy.ini"
start first --dax-window 32M --policy "$SCRATCH/policy.ini"
timeout 60 "$FSDAX_CTL" status --watch=1 2>"$SCRATCH/err" | awk '{ print } /every/ && ++n == 3 { exit }' >"$SCRATCH/out"
is "${PIPESTATUS[0]} $(<"$SCRATCH/err")" "1 " "lines: end when nobody reads them"
is "$(grep -c ', every 1 s$' "$SCRATCH/out")" 3 "lines: a block for each look"
is "$(grep -c 'asked    0/s, errors 0/s$' "$SCRATCH/out")" 1 "lines: with rates, from the second on"
is "$(grep -c $'\033' "$SCRATCH/out")" 0 "lines: nothing in them is for terminals"
timeout 60 "$FSDAX_CTL" status --watch=1 --json 2>/dev/null | head -n 2 >"$SCRATCH/out"
is "$(jq -c '[.tag, .socket]' "$SCRATCH/out" | uniq -c | tr -s ' ')" \
	' 2 ["first","/run/fsdax/first.sock"]' "--json: an object for each look"

if ! command -v tmux >/dev/null; then
	echo "# skip: on a terminal, for which tmux is needed"
	done_testing
fi

# ---- On a terminal -----------------------------------------------------------------------------------

screen() {
	tmux -S "$SCRATCH/tmux" "$@"
}

# shows PATTERN NAME: within a time that only a hang needs.
shows() {
	local i

	for ((i = 0; i < 400; i++)); do
		SEEN=$(screen capture-pane -p)
		# shellcheck disable=SC2053 # it is meant as a pattern
		[[ $SEEN == *$1* ]] && break
		sleep 0.05
	done
	like "$SEEN" "$1" "$2"
}

# type KEYS: and Enter.
type_line() {
	screen send-keys -l "$1"
	screen send-keys Enter
}

# watch OPTION...: in a shell that will tell how it ended.
watch() {
	type_line "clear; echo this was before; $FSDAX_CTL status --watch=1 $*"
	shows "every 1 s; q ends" "${NAME:-watch}: begins"
}

# given_back STATUS NAME: the terminal is as it was before.
given_back() {
	shows "this was before" "$2: what was there before is there again"
	type_line 'echo it ended: $?'
	shows "it ended: $1" "$2: exit status $1"
	isnt "$(grep -c "q ends" <<<"$SEEN")" 1 "$2: and nothing else"
	is "$(screen display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" "0 1 1" \
		"$2: with a cursor, and lines that go on below"
	type_line "clear; stty -a | tr ' ;' '\n\n' | grep -cxE 'echo|icanon'"
	shows "2" "$2: what is typed is shown"
}

screen -f /dev/null new-session -d -x 80 -y 24 "env PS1=. ASAN_OPTIONS=detect_leaks=0 bash --norc --noprofile"
shows "." "there is a shell"
"$FSDAX_PROBE" load --op lookup --seconds 120 --files 10 --socket "$SCRATCH/sock/first" --dir "$SCRATCH/share" \
	>/dev/null 2>&1 &
LOAD=$!
NAME=80x24 watch
shows "LOOKUP +([0-9,])/s" "80x24: requests a second" # it takes two looks
has "$SEEN" "$SCRATCH/share, tag first, pid $DAEMON, up " "80x24: which share"
like "$SEEN" "window   \[+(.)\] 0 %, 0 of 16 chunks, 0/s in, 0/s out" "80x24: the window, with a bar"
has "$SEEN" "there, and asks for each file whether it is DAX" "80x24: the guest"
like "$SEEN" "decided  yes +([0-9]) by all" "80x24: decisions"
has "$SEEN" "policy   1 rule" "80x24: the policy"
screen resize-window -x 40 -y 7
for ((i = 0; i < 400; i++)); do
	SEEN=$(screen capture-pane -p)
	[[ $SEEN == *"and more, for which there is no room"* ]] && break
	sleep 0.05
done
is "$(wc -l <<<"$SEEN") $(awk '{ if (length > 40) n++ } END { print n + 0 }' <<<"$SEEN")" "7 0" \
	"40x7: as much as there is room for"
is "$(sed -n 7p <<<"$SEEN")" "... and more, for which there is no room" "40x7: and it says so"
has "$SEEN" "
  guest    there, and asks for each file" "40x7: lines are cut, and do not go on below"
screen resize-window -x 100 -y 30
shows "policy   1 rule" "100x30: all is there again"
is "$(grep -c "guest    there" <<<"$SEEN")" 1 "100x30: once"

# ---- Daemons that come and go ------------------------------------------------------------------------

first=$DAEMON
start second --policy none
shows "tag second" "one that comes is taken along"
kill -9 "$LOAD" && wait "$LOAD" 2>/dev/null
echo "x" >"$SCRATCH/policy.ini"
"$FSDAX_CTL" reload --socket=/run/fsdax/first.sock >/dev/null 2>&1
shows "a newer one was refused +([0-9]) s ago: fsdax-ctl reload tells why" "a policy that was refused"
kill "$DAEMON" && wait "$DAEMON"
shows "tag second, pid $DAEMON
  daemon   no answer for +([0-9]) s: it has ended" "one that goes is shown as gone"
has "$SEEN" "tag first, pid $first, up" "and the others stay"
start second --policy none
shows "tag second, pid $DAEMON, up" "it is back"

# ---- The end -------------------------------------------------------------------------------------------

screen send-keys C-z
shows "Stopped" "^Z: gives the terminal back"
has "$SEEN" "this was before" "^Z: as it was"
type_line "fg >/dev/null"
shows "every 1 s; q ends" "fg: goes on"
screen send-keys q
given_back 0 "q"
NAME=again watch --socket=/run/fsdax/first.sock
screen send-keys x C-c
given_back 130 "^C"
for signal in TERM HUP; do
	NAME=$signal watch
	pid=$(pgrep -P "$(screen display -p '#{pane_pid}')" -f "status --watch")
	kill "-$signal" "$pid"
	given_back $((128 + $(kill -l $signal))) "SIG$signal"
done
TERM=dumb screen new-window "env TERM=dumb $FSDAX_CTL status --watch=1"
shows "every 1 s
" "a terminal that can do nothing: gets lines"

done_testing
