#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The agent and lib.sh: what other tests rely on, down to how a guest that hangs is seen.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

share=$SCRATCH/share
mkdir "$share"
virtiofsd_start trixie "$share" --cache=auto --xattr
holds "a guest with two CPUs boots" guest_start bookworm plain="$DAEMON_SOCKET" cpus=2 \
	append=STUCK=1
is "$(guest run nproc)" 2 "it has two"
holds "the share mounts" guest mount plain /mnt/fs virtiofs
cd "$share" || exit

# Words, errors and statuses.
is "$(guest echo 'a b' '' % $'new\nline' 'ä"*')" $'a b  % new\nline ä"*' \
	"words arrive as they are"
is "$(guest nonsense)" $'no command: nonsense\nEINVAL' "an unknown command"
is "$(guest stat)" $'usage: stat T [sync|nosync]: type=, mode=, size=, ino=, dax=, ...\nEINVAL' \
	"too few arguments"
is "$(guest unlink /nothing)" ENOENT "an error has its name"
guest unlink /nothing >"$SCRATCH/out"
is $? 1 "and is a failure"
guest run 'echo out; echo err >&2; exit 7' >"$SCRATCH/out"
is "$? $(paste -s -d ' ' "$SCRATCH/out")" "7 out err" "a program's output and status"
has "$(guest help)" "mread T OFFSET LENGTH" "help lists commands"

# Bytes: both sides agree.
for size in 0 1 4095 4096 4097 100001 3146505; do
	guest write "/mnt/fs/f$size" "$size" 5
	is "$(guest sum "/mnt/fs/f$size") $(guest sum "/mnt/fs/f$size" mmap)" \
		"$("$AGENT" sum "f$size") $("$AGENT" sum "f$size")" "$size bytes have the same sum"
	is "$("$AGENT" check "f$size" 0 "$size" 5)" same "and are the pattern"
done
guest pwrite /mnt/fs/f4097 4096 10 6
is "$("$AGENT" check f4097 0 4106 5) $("$AGENT" check f4097 4096 10 6)" "differs at=4096 same" \
	"a difference is found, and where"
guest append /mnt/fs/f1 8191 5
is "$("$AGENT" check f1 0 8192 5)" same "append goes on with the pattern"
guest truncate /mnt/fs/f1 3
is "$(guest hex /mnt/fs/f1 0 10)" "$(od -An -tx1 f1 | tr -d ' \n')" "hex"
is "$(guest size /mnt/fs/f1) $(stat -c %s f1)" "3 3" "truncate"
is "$(guest mread /mnt/fs/f1 5 10)" "n=0 sum=0000000000000000" "mapped memory ends with the file"

# Handles and mappings stay.
guest open 5 /mnt/fs/f100001 rw
guest rename /mnt/fs/f100001 /mnt/fs/moved
is "$(guest pread @5 4096 100)" "$("$AGENT" pread moved 4096 100)" "a handle outlives a rename"
is "$(guest open 5 /mnt/fs/moved ro)" EBUSY "a handle in use"
guest map 2 @5 0 8192 rw
guest close 5
is "$(guest stat @5)" EBADF "a closed handle"
guest poke 2 100 50 8
guest msync 2
is "$(guest peek 2 100 50) $("$AGENT" check moved 100 50 8)" \
	"$("$AGENT" pread moved 100 50) same" "a mapping outlives the handle, and writes"
guest truncate /mnt/fs/moved 0
is "$(guest peek 2 4096 10)" SIGBUS "memory that is gone is SIGBUS"
guest unmap 2

# Names and attributes.
chown 1000:100 moved
chmod 640 moved
stat=$(guest stat /mnt/fs/moved sync)
is "$(field uid "$stat") $(field gid "$stat") $(field mode "$stat") $(field dax "$stat")" \
	"1000 100 0640 no" "stat"
is "$(guest as 1000 100 access /mnt/fs/moved rw) $(guest as 1001 100 access /mnt/fs/moved w)" \
	" EACCES" "commands as somebody else"
is "$(guest as 1001 1001,100 access /mnt/fs/moved r) $(guest as 1001 1001 access /mnt/fs/moved r)" \
	" EACCES" "with further groups"
is "$(guest as 1000 100 run id -u)" 1000 "and programs"
guest setxattr /mnt/fs/moved user.name "a value"
is "$(getfattr --only-values -n user.name moved) $(guest getxattr /mnt/fs/moved user.name)" \
	"a value a%20value" "xattrs"
is "$(guest list /mnt/fs | cut -d ' ' -f 1 | paste -s -d ' ')" \
	"f0 f1 f3146505 f4095 f4096 f4097 moved" "list is sorted"
same_tree "$share" /mnt/fs "the trees are the same"
touch -d @1000 f0
isnt "$(guest tree /mnt/fs)" "$(guest tree /mnt/fs none)" "with contents and without"
before=$(guest tree /mnt/fs)
touch -d @1001 f0
isnt "$(guest tree /mnt/fs)" "$before" "another mtime is another tree"

# At the same time.
guest spawn 1 sleep 1000
guest spawn 2 sum /mnt/fs/f4096
is "$(guest wait 2) $(guest running 1)" "$("$AGENT" sum f4096) yes" "jobs run beside each other"
guest signal 1
is "$(guest wait 1)" ECANCELED "and can be killed"
first=$(GUEST=other guest run uname -r)
is "$first" GONE "a guest that was not started"
holds "a second guest" eval 'GUEST=other guest_start trixie'
is "$(GUEST=other guest run uname -r) $(guest run uname -r)" \
	"$(cat "$FSDAX_GUEST_DIR"/kernels/{trixie,bookworm}/release | paste -s -d ' ')" \
	"each answers for itself"
holds "which powers off" eval 'GUEST=other guest_stop'

# A back-end that stands still: the guest hangs.
kill -STOP "$DAEMON_PID"
is "$(GUEST_TIMEOUT=8 guest stat /mnt/fs/f1 sync)" TIMEOUT "a hang is noticed"
is "$(guest stat /)" TIMEOUT "and remembered"
has "$(<"$SCRATCH/guest/console.log")" fuse_simple_request "the console has the stack"
kill -CONT "$DAEMON_PID"
guest_stop
is $? 1 "such a guest is not powered off, but killed"
is "$(guest stat /)" GONE "and gone"

cd / || exit
done_testing
