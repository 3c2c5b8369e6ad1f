#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A daemon that runs: what its processes have and can reach, in each mode, as /proc shows it.
# And one that was not started as root.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$SCRATCH/sock"
cat >"$SCRATCH/policy.ini" <<'END'
[rule all]
size = >= 1
dax = yes
END
DAEMON=

# shellcheck disable=SC2317 # it is called by the trap
end_all() {
	[[ -z $DAEMON ]] || kill -9 "$DAEMON" 2>/dev/null
	cleanup
}
trap end_all EXIT

# The leak checker finds no /proc in there.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

# start [OPTION]...: a daemon for $SHARE; returns when it waits for a front-end. Inherits a
# descriptor of the host's root that it must not keep.
start() {
	: >"$SCRATCH/log"
	"$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" \
		--policy "$SCRATCH/policy.ini" --control-socket "$SCRATCH/sock/control" \
		"$@" 2>"$SCRATCH/log" 9</ &
	DAEMON=$!
	until grep -q "waiting for a front-end" "$SCRATCH/log"; do
		kill -0 "$DAEMON" 2>/dev/null || break
		sleep 0.05
	done
}

stop() {
	kill -TERM "$DAEMON"
	wait "$DAEMON"
	is $? 0 "$1: ends in good order"
	DAEMON=
}

# Sets VIEW, READER and SERVER to the numbers of the processes; SERVER may be $DAEMON itself.
find_processes() {
	local pid

	VIEW='' READER='' SERVER=$DAEMON
	for pid in $(<"/proc/$DAEMON/task/$DAEMON/children"); do
		case $(<"/proc/$pid/comm") in
		fsdaxd-view) VIEW=$pid ;;
		fsdaxd-policy) READER=$pid ;;
		*) SERVER=$pid ;;
		esac
	done
}

# field PID NAME: from status, of all threads, each value once.
field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1"/task/*/status | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# caps NAME...: as /proc/PID/status has them.
caps() {
	local name bits=0
	local -A number=([CHOWN]=0 [DAC_OVERRIDE]=1 [DAC_READ_SEARCH]=2 [FOWNER]=3 [FSETID]=4
		[KILL]=5 [SETGID]=6 [SETUID]=7 [SYS_ADMIN]=21 [MKNOD]=27 [SETFCAP]=31)

	for name in "$@"; do
		bits=$((bits | 1 << number[$name]))
	done
	printf '%016x' "$bits"
}

# confined_process NAME PID EFFECTIVE PERMITTED
confined_process() {
	is "$(field "$2" CapEff)" "$3" "$1: effective capabilities"
	is "$(field "$2" CapPrm)" "$4" "$1: permitted capabilities"
	is "$(field "$2" CapInh)$(field "$2" CapAmb)$(field "$2" CapBnd)" \
		"$(caps)$(caps)$(caps)" "$1: no others can be had or passed on"
	is "$(field "$2" NoNewPrivs)" 1 "$1: no new privileges"
	is "$(field "$2" Seccomp)" 2 "$1: its system calls are filtered"
	is "$(awk '/^Max core/ { print $5 $6 }' "/proc/$2/limits")" 00 "$1: makes no core file"
}

# same_namespaces PID: those that are this script's.
same_namespaces() {
	local ns

	for ns in cgroup ipc mnt net pid uts; do
		[[ $(readlink "/proc/$1/ns/$ns") != "$(readlink "/proc/$$/ns/$ns")" ]] || echo $ns
	done | tr '\n' ' '
}

# What leads somewhere: not sockets, events and the like, nor what is meant to be there.
open_files() {
	find "/proc/$1/fd" -type l -printf '%f %l\n' | sort -n |
		grep -vE '^[01] /dev/null$|^2 |(socket|pipe):|anon_inode:|/memfd:' |
		cut -d ' ' -f 2 | sort -u | tr '\n' ' '
}

root_of() {
	stat -L -c %d:%i "/proc/$1/root/"
}

serving=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID SETGID SETUID MKNOD)
new_share tmpfs
echo x >"$SHARE/file"
echo secret >"$SCRATCH/secret"
mkfifo "$SCRATCH/hold"
has_view=
start --dax-window 32M
find_processes
[[ -z $VIEW ]] || has_view=yes
stop "a first one"

# ---- While others are busy -------------------------------------------------------------------

# Descriptors that root's processes have on the way count for each of them.
python3 -c 'import socket, sys
a, b = socket.socketpair()
for i in range(10):
    socket.send_fds(a, [b"x"], [0] * 50)
print("sent", flush=True)
sys.stdin.read()' <"$SCRATCH/hold" >"$SCRATCH/sent" &
exec 8>"$SCRATCH/hold"
until grep -q sent "$SCRATCH/sent"; do sleep 0.01; done
start
holds "busy: a daemon starts while others pass on many descriptors" kill -0 "$DAEMON"
[[ -z ${FSDAX_CTL:-} ]] ||
	holds "busy: and reloads" "$FSDAX_CTL" reload --socket="$SCRATCH/sock/control"
exec 8>&-
stop "busy"

# ---- In namespaces, the default ------------------------------------------------------------

start --dax-window 32M --xattr
find_processes
isnt "$SERVER" "$DAEMON" "namespace: the daemon is another process than the one that was started"
confined_process "namespace: outside" "$DAEMON" "$(caps DAC_OVERRIDE KILL)" \
	"$(caps DAC_OVERRIDE KILL)"
confined_process "namespace: serving" "$SERVER" "$(caps "${serving[@]}" SETFCAP)" \
	"$(caps "${serving[@]}" SETFCAP SYS_ADMIN)"
confined_process "namespace: policy" "$READER" "$(caps DAC_READ_SEARCH)" "$(caps DAC_READ_SEARCH)"
[[ -z $has_view ]] ||
	confined_process "namespace: view" "$VIEW" "$(caps SYS_ADMIN)" "$(caps SYS_ADMIN)"
is "$(same_namespaces "$SERVER")" "" "namespace: serving: all are its own"
is "$(field "$SERVER" NSpid | wc -w)" "$((2 * $(ls "/proc/$SERVER/task" | wc -l)))" \
	"namespace: serving: all threads are in the PID namespace"
is "$(for t in /proc/"$SERVER"/task/*; do root_of "${t#/proc/}"; done | sort -u)" \
	"$(stat -c %d:%i "$SHARE")" "namespace: serving: each thread's root is the share"
is "$(awk '{ print $5 }' "/proc/$SERVER/mountinfo")" / "namespace: serving: nothing else is mounted"
has "$(awk '{ print $6 }' "/proc/$SERVER/mountinfo")" nosuid,nodev "namespace: serving: by nodev"
# If this runs in a chroot, the share takes the place of that in the daemon's namespace.
is "$(open_files "$SERVER" | sed "s|^/ $(readlink "/proc/$SERVER/root") $|/ |")" "/ " \
	"namespace: serving: no descriptor leads elsewhere"
is "$(same_namespaces "$READER")" "cgroup mnt pid " "namespace: policy: has no network"
is "$(open_files "$READER")" "" "namespace: policy: has no file open"
is "$(open_files "$DAEMON")" "" "namespace: outside: has no file open"
if [[ $has_view ]]; then
	is "$(same_namespaces "$VIEW")" "cgroup pid " "namespace: view: has no network nor mounts"
	is "$(find "/proc/$VIEW/root/" -mindepth 1 2>/dev/null)" "" "namespace: view: its root is empty"
	is "$(open_files "$VIEW")" "/dev/fuse " "namespace: view: has FUSE open, and nothing else"
fi
stop "namespace"

start --policy none --dax-window 32M --inode-file-handles never --readonly
find_processes
confined_process "less to do" "$SERVER" "$(caps DAC_OVERRIDE FOWNER SETGID SETUID)" \
	"$(caps DAC_OVERRIDE FOWNER SETGID SETUID)"
is "$READER" "" "less to do: without a policy, nobody reads one"
is "$VIEW" "" "less to do: nor is there a view of what is read-only"
has "$(awk '{ print $6 }' "/proc/$SERVER/mountinfo")" ro,nosuid,nodev "less to do: mounted read-only"
stop "less to do"

start --policy none --modcaps=+sys_admin:-mknod
find_processes
serving=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID SETGID SETUID)
confined_process "modcaps" "$SERVER" "$(caps "${serving[@]}" SYS_ADMIN)" \
	"$(caps "${serving[@]}" SYS_ADMIN)"
stop "modcaps"

# ---- In a chroot, and without -----------------------------------------------------------------

serving+=(MKNOD)
start --sandbox chroot
find_processes
confined_process "chroot: serving" "$SERVER" "$(caps "${serving[@]}")" \
	"$(caps "${serving[@]}" SYS_ADMIN)"
is "$(for t in /proc/"$SERVER"/task/*; do root_of "${t#/proc/}"; done | sort -u)" \
	"$(stat -c %d:%i "$SHARE")" "chroot: each thread's root is the share"
is "$(open_files "$SERVER")" "/ $SHARE " "chroot: no descriptor leads elsewhere"
stop "chroot"

start --sandbox none
find_processes
is "$SERVER" "$DAEMON" "none: the daemon is the process that was started"
confined_process "none: serving" "$SERVER" "$(caps "${serving[@]}")" \
	"$(caps "${serving[@]}" SYS_ADMIN)"
stop "none"

start --seccomp none
find_processes
is "$(field "$SERVER" Seccomp)" 0 "--seccomp=none: there is no filter"
is "$(field "$SERVER" NoNewPrivs)" 1 "--seccomp=none: but all else is"
stop "--seccomp=none"

# ---- A policy that asks for more than the daemon has kept ----------------------------------------

if [[ -n ${FSDAX_CTL:-} ]]; then
	cp "$SCRATCH/policy.ini" "$SCRATCH/kept.ini"
	sed -i '1i [tag]\nxattr = user.fsdax\n' "$SCRATCH/policy.ini"
	start
	find_processes
	is "$(field "$SERVER" CapPrm)" "$(caps "${serving[@]}")" \
		"tags in user.*: CAP_SYS_ADMIN is not kept"
	cp "$SCRATCH/kept.ini" "$SCRATCH/policy.ini"
	out=$("$FSDAX_CTL" reload --socket="$SCRATCH/sock/control" 2>&1)
	is $? 1 "tags in user.*: a policy with trusted.* is refused then"
	has "$out" "start it again" "tags in user.*: and what to do is said"
	kill -9 "$READER"
	out=$("$FSDAX_CTL" reload --socket="$SCRATCH/sock/control" 2>&1)
	is $? 1 "without its reader, reload fails"
	"$FSDAX_CTL" status --socket="$SCRATCH/sock/control" >/dev/null
	is $? 0 "... and the daemon goes on"
	stop "tags in user.*"
fi

# ---- Not as root ------------------------------------------------------------------------------------

USER_DIR=$SCRATCH/user
mkdir -p "$USER_DIR"/{share,sock}
chown -R 1000:1000 "$USER_DIR"
as_user=(setpriv --reuid 1000 --regid 1000 --clear-groups)
if ! "${as_user[@]}" unshare -U true 2>/dev/null; then
	echo "# skip: this host allows no user namespaces to users"
	done_testing
fi

# What needs other users of the guest to be users of the host.
todo=()
for check in attr-same attr-forget attr-setattr attr-chown attr-owner attr-denied attr-access; do
	todo+=(--todo "$check")
done
"${as_user[@]}" timeout -k 5 280 "$FSDAX_PROBE" check --socket "$USER_DIR/sock/s" \
	--dir "$USER_DIR/share" "${todo[@]}" -- "$FSDAXD" --socket-path "$USER_DIR/sock/s" \
	--shared-dir "$USER_DIR/share" --policy "$SCRATCH/policy.ini" --tag probe --xattr \
	--dax-window 32M --control-socket "$USER_DIR/sock/control" --reconnect \
	>"$SCRATCH/tap" 2>"$SCRATCH/log"
is $? 0 "user: the checks pass that need no other user"
grep '^not ok' "$SCRATCH/tap" | grep -v TODO | sed 's/^/# /'
for text in "no file will be DAX" "files have no handles" "all files belong to one user" \
	"xattrs in trusted.* can't be read"; do
	is "$(grep -c "$text" "$SCRATCH/log")" 1 "user: says once: $text"
done

# start_as_user [OPTION]...
start_as_user() {
	: >"$SCRATCH/log"
	"${as_user[@]}" "$FSDAXD" --socket-path "$USER_DIR/sock/s" --policy none \
		--shared-dir "$USER_DIR/share" --control-socket "$USER_DIR/sock/control" \
		"$@" 2>"$SCRATCH/log" 9</ &
	DAEMON=$!
	until grep -q "waiting for a front-end" "$SCRATCH/log"; do
		kill -0 "$DAEMON" 2>/dev/null || break
		sleep 0.05
	done
}

# map uid|gid: as this namespace sees it.
map() {
	xargs <"/proc/$SERVER/$1_map"
}

start_as_user
find_processes
is "$(map uid) / $(map gid)" "0 1000 1 / 0 1000 1" "user: is root of a namespace, and alone there"
confined_process "user: serving" "$SERVER" "$(caps "${serving[@]}")" "$(caps "${serving[@]}")"
is "$(same_namespaces "$SERVER")" "" "user: all namespaces are its own"
is "$(open_files "$SERVER")" "/ " "user: no descriptor leads elsewhere"
stop "user"
holds "user: the sockets are gone" test ! -e "$USER_DIR/sock/s"

# Ranges: by root, and by a user to whom /etc/subuid gives some.
start --policy none --uid-map :0:100000:65536: --gid-map :0:200000:65536:
find_processes
is "$(map uid) / $(map gid)" "0 100000 65536 / 0 200000 65536" "ranges: by root"
is "$(stat -c %u:%g "/proc/$SERVER/task/$SERVER/ns" | head -n 1)" 0:0 "ranges: nobody may look in"
is "$(awk '/^Uid/ { print $2, $3 }' "/proc/$SERVER/status")" "100000 100000" \
	"ranges: the daemon is the first of the range"
stop "ranges"
holds "ranges: the sockets are gone" test ! -e "$SCRATCH/sock/s"

"$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" --uid-map :0:1:1: 2>"$SCRATCH/log"
is $? 2 "ranges: one of the two alone makes no sense"
has "$(<"$SCRATCH/log")" "one needs the other" "... and it says why"

if command -v newuidmap >/dev/null; then
	echo 1000:300000:65536 >"$SCRATCH/subid"
	mount --bind "$SCRATCH/subid" /etc/subuid && MOUNTS+=(/etc/subuid)
	mount --bind "$SCRATCH/subid" /etc/subgid && MOUNTS+=(/etc/subgid)
	chmod 777 "$USER_DIR/share"
	start_as_user --uid-map :0:300000:65536: --gid-map :0:300000:65536:
	find_processes
	is "$(map uid) / $(map gid)" "0 300000 65536 / 0 300000 65536" "ranges: by newuidmap"
	stop "ranges: by newuidmap"
	holds "ranges: the user's sockets are gone" test ! -e "$USER_DIR/sock/s"
	"${as_user[@]}" "$FSDAXD" --socket-path "$USER_DIR/sock/s" --policy none \
		--shared-dir "$USER_DIR/share" --uid-map :0:400000:10: --gid-map :0:300000:10: \
		2>"$SCRATCH/log"
	is $? 1 "ranges: what was not given to the user is refused"
	has "$(<"$SCRATCH/log")" "see /etc/subuid" "... with where to look"
	holds "... and no socket is left" test ! -e "$USER_DIR/sock/s"
else
	echo "# skip: no newuidmap"
fi

done_testing
