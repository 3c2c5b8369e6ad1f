#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The control socket of a real fsdaxd, as fsdax-ctl sees it: status, reload, --wait; in each
# sandbox, and when the daemon has gone.

# shellcheck source=tests/daemon/daemons.sh
. "$(dirname "$0")/daemons.sh"
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

FSDAXD=${FSDAXD:?must name the fsdaxd to test}
own_run

# shellcheck disable=SC2317 # it is called by the trap
end_all() {
	mountpoint -q "$SCRATCH/mnt" && umount -l "$SCRATCH/mnt"
	end_daemons
}
trap end_all EXIT

# start ARG...: a daemon for $SCRATCH/share. Sets DAEMON, and LOG.
start() {
	LOG=$SCRATCH/log-${#DAEMONS[@]}
	"$FSDAXD" --shared-dir="$SCRATCH/share" "$@" 2>"$LOG" &
	DAEMON=$!
	DAEMONS+=("$DAEMON")
}

# until_true COMMAND ARG...: the test's own limit of time is the limit.
until_true() {
	until "$@" >/dev/null 2>&1; do
		if ! kill -0 "$DAEMON" 2>/dev/null; then
			echo "# the daemon has ended: $(<"$LOG")"
			return 1
		fi
		sleep 0.05
	done
}

control() {
	timeout -k 5 60 "$FSDAX_CTL" "$@"
}

policy() {
	printf '[rule one]\nsize = >= 32K\ndax = yes\n' >"$1"
}

mkdir "$SCRATCH"/{share,mnt,policy.d}
echo data >"$SCRATCH/share/file"
SOCKET=$SCRATCH/control

# ---- A local mount ---------------------------------------------------------------------------

if [[ -c /dev/fuse ]]; then
	policy "$SCRATCH/p.ini"
	start --mount="$SCRATCH/mnt" --policy="$SCRATCH/p.ini" --control-socket="$SOCKET"
	until_true mountpoint "$SCRATCH/mnt"
	cat "$SCRATCH/mnt/file" >/dev/null
	run control status --socket="$SOCKET"
	exits 0 "mount: status"
	has "$OUT" "$SCRATCH/share" "mount: status names the share"
	has "$OUT" "this machine, at $SCRATCH/mnt" "mount: and whom it serves"
	has "$OUT" "pid $DAEMON," "mount: and the process"
	run control status --socket="$SOCKET" --json
	is "$(jq -c '[.dir, .files, .folders, .guest.initialized, .policy.rules, .polling]' <<<"$OUT")" \
		"[\"$SCRATCH/share\",1,1,true,1,null]" "mount: status --json"
	run control reload --socket="$SOCKET"
	exits 0 "mount: reload"
	is "$OUT" "$SOCKET: reloaded, 1 rule" "mount: reload says what it did"
	run ctl set --wait --socket="$SOCKET" "$SCRATCH/share/file"
	exits 0 "mount: set --wait ends, since nobody holds what is not DAX"
	is "$(tag_of "$SCRATCH/share/file")" yes "mount: set --wait sets"
	run ctl clear -R --wait --socket="$SOCKET" "$SCRATCH"
	exits 0 "mount: clear -R --wait of a folder above the share"
	is "$(tag_of "$SCRATCH/share/file")" "" "mount: clear --wait clears"
	umount "$SCRATCH/mnt"
	wait "$DAEMON"
	is $? 0 "mount: the daemon ends at the unmount"
	holds "mount: and takes its socket along" test ! -e "$SOCKET"
else
	echo "# skip: no /dev/fuse"
fi

# ---- Reload, from inside each sandbox ------------------------------------------------------------

rules() {
	control status --socket="$SOCKET" --json | jq .policy.rules
}

for sandbox in none chroot namespace; do
	# The leak checker needs /proc, which is outside.
	leaks=1
	[[ $sandbox == none ]] || leaks=0
	rm -rf "$SCRATCH"/policy.d/*
	policy "$SCRATCH/policy.d/10-one.ini"
	ASAN_OPTIONS=detect_leaks=$leaks start --socket-path="$SCRATCH/guest" --sandbox=$sandbox \
		--policy="$SCRATCH/policy.d" --control-socket="$SOCKET" --poll-us=7
	until_true control status --socket="$SOCKET"
	run control status --socket="$SOCKET"
	has "$OUT" "guest    none is there" "$sandbox: no guest yet"
	is "$(control status --socket="$SOCKET" --json | jq -c .polling)" \
		'{"limit_us":7,"looks":0,"finds":0}' "$sandbox: and no queue was watched for one"
	has "$OUT" "pid $DAEMON," "$sandbox: the number of the process that was started"

	# As editors write a file; and one more, by a link.
	printf '[rule one]\ndax = yes\n\n[rule two]\ndax = no\n' >"$SCRATCH/new"
	mv "$SCRATCH/new" "$SCRATCH/policy.d/10-one.ini"
	printf '[rule three]\npath = /x\ndax = no\n' >"$SCRATCH/elsewhere.ini"
	ln -s "$SCRATCH/elsewhere.ini" "$SCRATCH/policy.d/20-three.ini"
	run control reload --socket="$SOCKET"
	exits 0 "$sandbox: reload"
	is "$(rules)" 3 "$sandbox: finds the files by their names outside"

	printf '[rule one]\npath = /models/[ab\ndax = yes\n' >"$SCRATCH/policy.d/10-one.ini"
	run control reload --socket="$SOCKET"
	exits 65 "$sandbox: a policy with mistakes is refused"
	has "$ERR" "policy.d/10-one.ini:2:16: error: '[' is never closed" "$sandbox: with its place"
	has "$ERR" "the policy from before stays in force" "$sandbox: and what that means"
	is "$(rules)" 3 "$sandbox: the policy from before is in force"
	run control status --socket="$SOCKET"
	has "$OUT" "a newer one was refused" "$sandbox: status tells of it"

	policy "$SCRATCH/policy.d/10-one.ini"
	kill -HUP "$DAEMON"
	until_true grep -q 'was replaced: it has 2 rules' "$LOG"
	is "$(rules)" 2 "$sandbox: SIGHUP reloads"
	stop
	is $? 0 "$sandbox: SIGTERM ends it in good order"
	holds "$sandbox: its socket is gone" test ! -e "$SOCKET"
done

start --socket-path="$SCRATCH/guest" --policy=none --control-socket="$SOCKET"
until_true control status --socket="$SOCKET"
run control reload --socket="$SOCKET"
exits 1 "no policy: reload fails"
has "$ERR" "there is no policy to replace" "no policy: and says why"
stop

# ---- One that was killed -----------------------------------------------------------------------

start --socket-path="$SCRATCH/guest" --policy=none --control-socket="$SOCKET" --sandbox=none
until_true control status --socket="$SOCKET"
stop KILL
holds "killed: its socket is left" test -S "$SOCKET"
run control status --socket="$SOCKET"
exits 1 "killed: status fails"
has "$ERR" "cannot ask the daemon at $SOCKET: Connection refused
  = its fsdaxd has ended without removing it" "killed: status says what to do"
run ctl set --wait --socket="$SOCKET" "$SCRATCH/share/file"
exits 1 "killed: set --wait fails"
is "$(tag_of "$SCRATCH/share/file")" yes "killed: but it has set the tag"
start --socket-path="$SCRATCH/guest" --policy=none --control-socket="$SOCKET" --sandbox=none
until_true control status --socket="$SOCKET"
run control status --socket="$SOCKET"
exits 0 "killed: the next daemon takes the socket over"

# ---- One that is in the way ------------------------------------------------------------------------

first=$DAEMON
start --socket-path="$SCRATCH/guest2" --policy=none --control-socket="$SOCKET"
wait "$DAEMON"
is $? 1 "in use: a second daemon does not start"
has "$(<"$LOG")" "--control-socket=$SOCKET: is there already" "in use: and says why"
holds "in use: its other socket is gone" test ! -e "$SCRATCH/guest2"
DAEMON=$first
stop

# ---- A folder that is not there --------------------------------------------------------------------

rm -rf /run/fsdax
start --socket-path="$SCRATCH/guest" --policy=none --control-socket=/run/fsdax/named.sock
until_true control status
run control status
exits 0 "no folder: /run/fsdax is made for a socket that was given a name"
stop
start --socket-path="$SCRATCH/guest" --policy=none --control-socket="$SCRATCH/none/control"
wait "$DAEMON"
is $? 1 "no folder: elsewhere the daemon does not start"
has "$(<"$LOG")" "none/control: No such file or directory; make the folder first" \
	"no folder: and says what to do"

# ---- The usual place ------------------------------------------------------------------------------------

run control status
exits 1 "usual place: nobody there"
has "$ERR" "no fsdaxd is running here" "usual place: status says so"
run control reload
exits 1 "usual place: reload, too"
run ctl set --wait "$SCRATCH/share/file"
exits 0 "usual place: there is nobody to wait for"
has "$ERR" "no fsdaxd is running here" "usual place: set --wait says so"

start --socket-path="$SCRATCH/guest1" --policy=none --tag=one
until_true test -S "/run/fsdax/one-$DAEMON.sock"
first=$DAEMON
is "$(stat -c %a "/run/fsdax/one-$first.sock")" 600 "usual place: nobody else may connect"
start --socket-path="$SCRATCH/guest2" --policy=none --tag='../two three'
until_true test -S "/run/fsdax/___two_three-$DAEMON.sock"
until_true control status --socket="/run/fsdax/___two_three-$DAEMON.sock"
run control status --json
exits 0 "usual place: status of all"
is "$(jq -s -c 'map(.tag) | sort' <<<"$OUT")" '["../two three","one"]' "usual place: both answer"
run ctl set --wait "$SCRATCH/share/file"
exits 0 "usual place: set --wait asks both"
is "$ERR" "" "usual place: and has nothing to say"
stop
DAEMON=$first
stop KILL
while control status --socket="/run/fsdax/one-$first.sock" >/dev/null 2>&1; do
	sleep 0.05
done
report yes "usual place: the process inside a sandbox ends with the one outside"
run control status
exits 1 "usual place: and of a socket that it could not reach, nobody is told"
has "$ERR" "no fsdaxd is running here" "usual place: status says so again"

# ---- Told to end while it begins -------------------------------------------------------------------

# As soon as the process inside is there, which is before it waits for signals.
deaf=0
for ((i = 0; i < 60; i++)); do
	start --socket-path="$SCRATCH/guest" --policy=none --control-socket="$SOCKET"
	until read -r inside <"/proc/$DAEMON/task/$DAEMON/children"; [[ $inside ]]; do :; done
	kill "$DAEMON"
	# Only an end to a hang: it takes some milliseconds.
	for ((j = 0; j < 100; j++)); do
		kill -0 "$DAEMON" 2>/dev/null || break
		sleep 0.1
	done
	((j < 100)) || deaf=$((deaf + 1))
	stop KILL
	rm -f "$SOCKET" "$SCRATCH/guest"
done
is $deaf 0 "at once: a daemon that is told to end while it begins does so"

done_testing
