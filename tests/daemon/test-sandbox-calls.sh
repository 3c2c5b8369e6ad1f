#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The lists of system calls (filter.c), compared with what is called while every check of
# fsdax-probe is served, the policy is reloaded, and the control socket is asked: with the filter
# in force, so that a call that is missing is a failure of the check, too; and each call that is
# allowed must have been made, or have its reason beside it. Without a sanitizer, whose run time
# makes calls of its own.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

LIST=${FSDAX_BUILD_DIR:?}/tests/daemon-sandbox
if nm "$FSDAXD" | grep -qE "__[at]san_init"; then
	echo "1..0 # skip: the sanitizer makes system calls of its own"
	exit 77
fi

mkdir "$SCRATCH"/{sock,lists}
cat >"$SCRATCH/policy.ini" <<'END'
[tag]
inode-flag = yes

[rule all]
size = >= 1
dax = yes
END

# What is called by each kind of process, once it has its filter: lists/KIND. The threads are
# those that are nothing else.
cat >"$SCRATCH/sort.py" <<'END'
import collections, re, sys

newer = {"syscall_0x1d0": "getxattrat", "syscall_0x1d4": "file_getattr"}
sandbox = "none" not in sys.argv[3:]
kinds, filtered, calls = {}, set(), collections.defaultdict(set)
first = None
for line in open(sys.argv[1], errors="replace"):
    found = re.match(r"(\d+) +([a-z0-9_]+)\((.*)", line)
    if not found:
        continue
    pid, name, rest = found.groups()
    first = first or pid
    if name == "prctl" and rest.startswith("PR_SET_NAME"):
        for kind in ("view", "policy"):
            if '"fsdaxd-' + kind + '"' in rest:
                kinds[pid] = kind
    if name == "seccomp":
        # The library first asks the kernel what it can do.
        if "{len=" not in rest:
            continue
        filtered.add(pid)
        kinds.setdefault(pid, "outside" if pid == first and sandbox else "serve")
        continue
    if pid in filtered or ("serve" in kinds.values() and pid not in kinds and pid != first):
        calls[kinds.get(pid, "serve")].add(newer.get(name, name))
for kind in ("serve", "view", "policy", "outside"):
    with open(sys.argv[2] + "/" + kind, "a") as out:
        out.writelines(name + "\n" for name in calls[kind])
END

# ask: while a daemon runs, at its control socket.
ask() {
	local socket=$SCRATCH/sock/control

	while [[ ! -e $SCRATCH/stop ]]; do
		"$FSDAX_CTL" status --socket="$socket"
		"$FSDAX_CTL" reload --socket="$socket"
		"$FSDAX_CTL" set --wait --socket="$socket" "$SHARE/asked"
		sleep 0.3
	done >/dev/null 2>&1
}

# probe COMMAND NAME [FSDAXD-OPTION]...: fsdax-probe COMMAND, with a daemon under strace.
probe() {
	local command=$1 name=$2 status

	shift 2
	# shellcheck disable=SC2086 # words
	timeout -k 5 400 "$FSDAX_PROBE" $command --socket "$SCRATCH/sock/s" --dir "$SHARE" -- \
		strace -D -f -qq -o "$SCRATCH/sock/trace" "$FSDAXD" --socket-path "$SCRATCH/sock/s" \
		--shared-dir "$SHARE" --policy "$SCRATCH/policy.ini" --tag probe --reconnect \
		--control-socket "$SCRATCH/sock/control" --log-level error "$@" \
		>"$SCRATCH/tap" 2>"$SCRATCH/log"
	status=$?
	is "$status" 0 "$name: all checks pass with the filter in force"
	[[ $status == 0 ]] || grep -A 5 '^not ok' "$SCRATCH/tap" | grep -v '^ok' | sed 's/^/# /'
	is "$(grep -c SIGSYS "$SCRATCH/sock/trace")" 0 "$name: no process was ended by it"
	python3 "$SCRATCH/sort.py" "$SCRATCH/sock/trace" "$SCRATCH/lists"
}

# serve_all NAME [OPTION]...: every check, while the control socket is asked. Under strace all is
# slow: with 32 us, a queue might never learn that it pays off to be watched.
serve_all() {
	local asker

	rm -f "$SCRATCH/stop"
	echo x >"$SHARE/asked"
	ask &
	asker=$!
	probe check "$@" --poll-us 1024
	touch "$SCRATCH/stop"
	wait "$asker"
}

# end_all NAME [OPTION]...: as a service, with a policy in a folder, and the end that an admin asks
# for.
end_all() {
	local name=$1 daemon

	shift
	mkdir -p "$SCRATCH/policy.d"
	cp "$SCRATCH/policy.ini" "$SCRATCH/policy.d/"
	python3 "$(dirname "$0")/manager.py" "$SCRATCH/notes" -- \
		strace -D -f -qq -o "$SCRATCH/trace" "$FSDAXD" --socket-path "$SCRATCH/sock/s" \
		--shared-dir "$SHARE" --policy "$SCRATCH/policy.d" --dax-window 32M \
		--control-socket "$SCRATCH/sock/control" "$@" 2>"$SCRATCH/log" &
	daemon=$!
	until "$FSDAX_CTL" reload --socket="$SCRATCH/sock/control" >/dev/null 2>&1; do
		sleep 0.1
	done
	kill -HUP "$daemon"
	until [[ $(grep -c "the policy was replaced" "$SCRATCH/log") -gt 1 ]]; do
		sleep 0.1
	done
	kill -TERM "$daemon"
	wait "$daemon"
	is $? 0 "$name: ends in good order"
	is "$(grep -c SIGSYS "$SCRATCH/trace")" 0 "$name: no process was ended by the filter"
	holds "$name: the sockets are gone" test ! -e "$SCRATCH/sock/s" -a \
		! -e "$SCRATCH/sock/control"
	python3 "$SCRATCH/sort.py" "$SCRATCH/trace" "$SCRATCH/lists" "$@"
}

new_share tmpfs
end_all "in namespaces"
end_all "in a chroot" --sandbox chroot
end_all "without a sandbox" --sandbox none

new_share ext4
serve_all "handles" --dax-window 32M --xattr --posix-lock --flock --request-queues 4
new_share tmpfs
serve_all "descriptors" --dax-window 32M --xattr --posix-lock --flock --killpriv-v2 --posix-acl \
	--inode-file-handles never --cache always --writeback
# What stands for a file that the host has cut is a copy.
probe "race --only race-host-cut --seconds 1" "cut by the host" --dax-window 32M --request-queues 8
is "$(grep -c '# SKIP' "$SCRATCH/tap")" 0 "cut by the host: it was"

for kind in serve view policy outside; do
	"$LIST" "$kind" >"$SCRATCH/allowed"
	cut -f 1 "$SCRATCH/allowed" | sort -u >"$SCRATCH/names"
	# Who has a reason may be there without it.
	awk -F '\t' '!$2 { print $1 }' "$SCRATCH/allowed" | sort -u >"$SCRATCH/wanted"
	sort -u "$SCRATCH/lists/$kind" >"$SCRATCH/made"
	isnt "$(wc -l <"$SCRATCH/made")" 0 "$kind: was seen"
	is "$(comm -23 "$SCRATCH/made" "$SCRATCH/names" | tr '\n' ' ')" "" \
		"$kind: nothing is called that is not in the list"
	is "$(comm -13 "$SCRATCH/made" "$SCRATCH/wanted" | tr '\n' ' ')" "" \
		"$kind: nothing is in the list without a call or a reason"
	echo "# $kind: called: $(tr '\n' ' ' <"$SCRATCH/made")"
done

done_testing
