#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fsdaxd as a service: what it tells the manager, and by which process; the socket that it is
# handed; the journal's priorities; and options from a file. The manager is manager.py.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

HERE=$(dirname "$0")
MANAGER=
NOTES=$SCRATCH/notes

# shellcheck disable=SC2317 # it is called by the trap
end_all() {
	[[ -z $MANAGER ]] || kill -TERM "$MANAGER" 2>/dev/null
	wait
	cleanup
}
trap end_all EXIT
# The leak checker finds no /proc in there.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

mkdir "$SCRATCH/sock"
new_share tmpfs
cat >"$SCRATCH/policy.ini" <<'END'
[rule all]
size = >= 1
dax = yes
END
cat >"$SCRATCH/share.conf" <<END
[share]
shared-dir = $SHARE
policy = $SCRATCH/policy.ini
control-socket = $SCRATCH/sock/control
dax-window = 4M
reconnect = yes
END

# noted PATTERN: wait until a line of the notes matches, from the last one that was waited for on.
noted() {
	local tries=0

	until tail -n "+$((SEEN + 1))" "$NOTES" 2>/dev/null | grep -qE "$1"; do
		((++tries < 200)) && kill -0 "$MANAGER" 2>/dev/null || return 1
		sleep 0.05
	done
	SEEN=$((SEEN + $(tail -n "+$((SEEN + 1))" "$NOTES" | grep -nE "$1" | head -n 1 | cut -d : -f 1)))
}

# start OPTION...: by the manager; those before "--" are the manager's own.
start() {
	local own=()

	while [[ $1 != -- ]]; do
		own+=("$1")
		shift
	done
	shift
	rm -f "$NOTES"
	SEEN=0
	python3 "$HERE/manager.py" "$NOTES" "${own[@]}" -- "$FSDAXD" "$@" 2>"$SCRATCH/log" &
	MANAGER=$!
}

stop() {
	local status

	kill -TERM "$MANAGER"
	wait "$MANAGER"
	status=$?
	is $status 0 "$1: ends in good order"
	[[ $status == 0 ]] || sed 's/^/# /' "$SCRATCH/log"
	MANAGER=
}

# connect: as a front-end does; and go again after a line on standard input.
connect='import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
sys.stdin.readline()'

window=
for sandbox in namespace chroot none; do
	start -- --config "$SCRATCH/share.conf" --socket-path "$SCRATCH/sock/s" \
		--sandbox "$sandbox"
	holds "$sandbox: says that it is ready" noted '^main READY=1\|STATUS=waiting for a front-end'
	if [[ ! -s $NOTES ]]; then
		stop "$sandbox"
		continue
	fi
	holds "$sandbox: ... and it is" python3 -c "$connect" "$SCRATCH/sock/s" <<<""
	window=$(sed -n '1s/.*waiting for a front-end//p' "$NOTES")
	holds "$sandbox: says that a front-end is there" \
		noted "^main STATUS=a front-end is connected$window\$"
	holds "$sandbox: ... and that it has gone" noted "^main STATUS=waiting for a front-end$window\$"

	before=$(awk '{ printf "%d", $1 * 1000000 }' /proc/uptime)
	kill -HUP "$MANAGER"
	holds "$sandbox: says that it reloads" noted '^main RELOADING=1\|MONOTONIC_USEC=[0-9]+$'
	# uptime has hundredths of a second.
	holds "$sandbox: ... at a time of this clock" test \
		"$(sed -n 's/.*MONOTONIC_USEC=//p' "$NOTES")" -ge $((before - 10000))
	holds "$sandbox: ... and that it has" noted "^main READY=1\|STATUS=waiting[^;]*\$"
	echo nonsense >>"$SCRATCH/policy.ini"
	kill -HUP "$MANAGER"
	holds "$sandbox: a policy with mistakes: is told of" \
		noted '^main READY=1\|STATUS=.*; the new policy has mistakes'
	sed -i '$d' "$SCRATCH/policy.ini"
	"$FSDAX_CTL" reload --socket="$SCRATCH/sock/control" >/dev/null
	is $? 0 "$sandbox: fsdax-ctl reload succeeds"
	holds "$sandbox: ... and is told of, too" noted "^main READY=1\|STATUS=waiting[^;]*\$"

	stop "$sandbox"
	holds "$sandbox: says that it ends" grep -q '^main STOPPING=1' "$NOTES"
	is "$(grep -vc '^main ' "$NOTES")" 0 "$sandbox: nobody but the first process says anything"
done

# ---- Who must not have the manager's socket ---------------------------------------------------

start -- --config "$SCRATCH/share.conf" --socket-path "$SCRATCH/sock/s"
noted READY=1
daemon=$(pgrep -P "$MANAGER")
inode=$(awk -v path="$NOTES.sock" '$NF == path { print $7 }' /proc/net/unix)
peers() {
	ss -xpn 2>/dev/null | awk -v inode="$inode" '$8 == inode' | grep -oE 'pid=[0-9]+' | sort -u
}
if command -v ss >/dev/null && [[ -n $inode ]]; then
	is "$(peers)" "pid=$daemon" "only the process outside is connected to the manager"
else
	echo "# skip: no ss"
fi
stop "connected"

# ---- A mount ------------------------------------------------------------------------------------

mkdir "$SCRATCH/mnt"
start -- --shared-dir "$SHARE" --mount "$SCRATCH/mnt" --policy none
holds "mount: says that it is ready" noted '^main READY=1'
holds "mount: ... and it is" mountpoint -q "$SCRATCH/mnt"
stop "mount"
holds "mount: says that it ends" grep -q '^main STOPPING=1' "$NOTES"

# ---- A socket that is handed over -----------------------------------------------------------------

for sandbox in namespace none; do
	start --listen "$SCRATCH/sock/passed" -- --config "$SCRATCH/share.conf" \
		--socket-path "$SCRATCH/sock/s" --sandbox "$sandbox"
	noted READY=1
	holds "passed, $sandbox: it is listened on" python3 -c "$connect" "$SCRATCH/sock/passed" \
		<<<""
	holds "passed, $sandbox: ... by the daemon" noted "STATUS=a front-end is connected"
	holds "passed, $sandbox: and no other is made" test ! -e "$SCRATCH/sock/s"
	stop "passed, $sandbox"
	holds "passed, $sandbox: it is the manager's to remove" test -S "$SCRATCH/sock/passed"
	rm "$SCRATCH/sock/passed"
done
out=$(LISTEN_PID=$BASHPID LISTEN_FDS=2 bash -c 'LISTEN_PID=$$ exec "$@"' - "$FSDAXD" \
	--config "$SCRATCH/share.conf" 2>&1)
is $? 2 "two sockets are one too many"
has "$out" "just one socket" "... and it says so"
out=$(LISTEN_PID=1 LISTEN_FDS=1 "$FSDAXD" --config "$SCRATCH/share.conf" 2>&1)
is $? 2 "a socket of another process is not taken"

# ---- The journal ------------------------------------------------------------------------------------

: >"$SCRATCH/journal"
JOURNAL_STREAM=$(stat -c %d:%i "$SCRATCH/journal") \
	"$FSDAXD" --config "$SCRATCH/share.conf" --socket-path "$SCRATCH/sock/s" \
	2>>"$SCRATCH/journal" &
MANAGER=$!
until grep -q "waiting for a front-end" "$SCRATCH/journal"; do
	kill -0 "$MANAGER" 2>/dev/null || break
	sleep 0.05
done
stop "journal"
holds "journal: each line has its priority" grep -qx '<6>waiting for a front-end' "$SCRATCH/journal"
is "$(grep -cv '^<[3-7]>' "$SCRATCH/journal")" 0 "journal: ... all of them have"
JOURNAL_STREAM=1:1 "$FSDAXD" --config /nowhere 2>"$SCRATCH/journal"
is "$(<"$SCRATCH/journal")" "fsdaxd: --config=/nowhere: No such file or directory" \
	"journal: what is another stream has the program's name"

# ---- Options from a file ------------------------------------------------------------------------------

# refused TEXT WANTED...: such a file is wrong, and these lines are said.
refused() {
	local text=$1 out wanted

	shift
	printf '%b' "$text" >"$SCRATCH/wrong.conf"
	out=$(timeout 10 "$FSDAXD" --config "$SCRATCH/wrong.conf" --socket-path "$SCRATCH/sock/s" 2>&1)
	is $? 2 "${text%%\\n*}...: is refused"
	for wanted; do
		has "$out" "$SCRATCH/wrong.conf:$wanted" "... with $wanted"
	done
}

head="[share]\nshared-dir = $SHARE\n"
refused "${head}xattr = maybe\ndax-windo = 4M\n[rule x]\na = b\n" \
	"3:9: error: this value can't be understood" "4:1: error: there is no such option" \
	"5:2: error: there is no such section"
refused "${head}dax-window = 3M\n" "3:14: error: must be a power of two"
refused "[share]\nshared-dir = /nowhere\n" "2:14: error: /nowhere: No such file"
refused "${head}shared-dir = /\n" "3:1: error: this file has this key already"
refused "${head}translate-uid = 1\n" "3:1: error: this option of virtiofsd is not taken"
refused "${head}xattr\n" "3:1: error: this is neither [section] nor key = value"
refused "${head}tag = \\xff\n" "3:7: error: byte 0xff is not UTF-8"
refused "readonly = yes\n" "1:1: error: a key before any section"
has "$("$FSDAXD" --config "$SCRATCH/share.conf" --config "$SCRATCH/share.conf" 2>&1)" "only one" \
	"one file is enough"
has "$("$FSDAXD" --config "$SCRATCH" 2>&1)" "Is a directory" "a folder is no file"

# What stands later on the command line wins, and yes and no are what they are.
printf '[share]\nshared-dir = /nowhere\nreadonly = no\nxattr = yes\n' >"$SCRATCH/half.conf"
start -- --readonly --config "$SCRATCH/half.conf" --shared-dir "$SHARE" --policy none \
	--control-socket "$SCRATCH/sock/control" --socket-path "$SCRATCH/sock/s"
noted READY=1
status=$("$FSDAX_CTL" status --json --socket="$SCRATCH/sock/control")
is "$(jq -r .dir <<<"$status")" "$SHARE" "the command line wins when it is later"
daemon=$(pgrep -P "$(pgrep -P "$MANAGER")" | head -n 1)
is "$(awk '{ print $6 }' "/proc/$daemon/mountinfo" | grep -c '^ro')" 0 "... and loses when it is earlier"
stop "half"

# ---- The units -------------------------------------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
	mkdir "$SCRATCH/units"
	sed -E 's|^(Exec[A-Za-z]*=)[^ ]+|\1/bin/true|; /^Documentation=/d' \
		"$FSDAX_BUILD_DIR/daemon/fsdaxd@.service" >"$SCRATCH/units/fsdaxd@.service"
	sed '/^Documentation=/d' "$FSDAX_SOURCE_DIR/daemon/systemd/fsdaxd@.socket" \
		>"$SCRATCH/units/fsdaxd@.socket"
	for unit in service socket; do
		is "$(cd "$SCRATCH/units" && systemd-analyze verify "./fsdaxd@x.$unit" 2>&1)" "" \
			"systemd understands all of fsdaxd@.$unit"
	done
else
	echo "# skip: no systemd-analyze"
fi

done_testing
