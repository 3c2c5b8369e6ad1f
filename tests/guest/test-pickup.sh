#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What an admin sees of a change: set --wait, status and reload, of a daemon that has a guest.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

share_make
write_policy '[rule large]
size = >= 32K
dax = yes'
make big 100000
make other 100000
make folder/a 100000
make folder/b 100000

status() {
	"$FSDAX_CTL" status --json --socket "$DAEMON_CONTROL" | jq -r "$1"
}

reload() {
	"$FSDAX_CTL" reload --socket "$DAEMON_CONTROL" 2>&1
}

serve
holds "the guest boots" guest_start trixie window="$DAEMON_SOCKET"
guest mount TAG /mnt/fs virtiofs dax=inode

is "$(status .guest.connected)" true "status: a guest is there"
is "$(status .window.size)" $((128 << 20)) "status: how large the window is"
guest open 1 /mnt/fs/big rw >/dev/null
guest sum @1 mmap >/dev/null
is "$(status '.window.mapped_chunks')" 1 "status: a chunk is mapped"
has "$(status '.window | tostring')" big "status: ... of that file"
has "$(status '.decisions | tostring')" large "status: decisions by rule"

make empty 0
ctl set "$SHARE/empty" >/dev/null
guest stat /mnt/fs/empty >/dev/null
has "$(ctl explain --socket "$DAEMON_CONTROL" "$SHARE/empty")" "it is empty" \
	"explain: says why the daemon can't map a file"
has "$(ctl explain -v --socket "$DAEMON_CONTROL" "$SHARE/big")" "told yes, and has it open" \
	"explain: what the guest was told"
has "$(status '.decisions | tostring')" unmappable "status: files that can't be mapped"

# ---- set --wait --------------------------------------------------------------------------

wait_in_background() {
	ctl "$@" --socket "$DAEMON_CONTROL" >"$SCRATCH/wait.out" 2>"$SCRATCH/wait.err" &
	WAITING=$!
}

wait_in_background set --wait --dax=no "$SHARE/big"
sleep 1.5
holds "set --wait: waits while the file is open" kill -0 "$WAITING"
has "$(cat "$SCRATCH/wait.err")" big "set --wait: says for which file"
has "$(cat "$SCRATCH/wait.err")" open "set --wait: ... and that it is open"
is "$(status '.pending | length')" 1 "status: one change is pending"
is "$(guest dax @1)" yes "the open file is as it was"
guest close 1 >/dev/null
wait "$WAITING"
is $? 0 "set --wait: ends when the file is closed"
is "$(status '.pending | length')" 0 "status: nothing is pending"
is "$(sees big)" no "the next open has the new state"

guest open 1 /mnt/fs/other ro >/dev/null
ctl set --wait=1 --dax=no --socket "$DAEMON_CONTROL" "$SHARE/other" >/dev/null 2>"$SCRATCH/err"
is $? 1 "set --wait=1: gives up after a second"
has "$(cat "$SCRATCH/err")" other "... and names what is held"
guest close 1 >/dev/null
holds "clear --wait: nothing is open" ctl clear --wait --socket "$DAEMON_CONTROL" "$SHARE/other"
is "$(sees other)" yes "... and the rules decide again"

guest open 1 /mnt/fs/folder/a ro >/dev/null
guest stat /mnt/fs/folder/b >/dev/null
wait_in_background set --wait --dax=no "$SHARE/folder"
sleep 1.5
holds "set --wait of a folder: waits for a file below" kill -0 "$WAITING"
is "$(sees folder/b)" no "... while another has picked it up"
guest close 1 >/dev/null
wait "$WAITING"
is $? 0 "... and ends when it is closed"
is "$(sees folder/a)" no "... with the new state"

# ---- reload ------------------------------------------------------------------------------

write_policy '[rule large]
size = >= 32K
dax = maybe'
out=$(reload)
is $? 65 "reload: a bad policy is refused"
has "$out" "policy.ini:3:" "... and its mistake is shown"
is "$(sees other)" yes "... and the one before stays in force"
write_policy '[rule small]
size = < 1M
dax = no'
holds "reload: a good one is taken" reload
is "$(sees other)" no "... and decides at the next open"
guest open 1 /mnt/fs/other ro >/dev/null
write_policy '[rule all]
dax = yes'
reload >/dev/null
guest sleep 1.1 >/dev/null
is "$(guest dax @1 sync)" no "... but not for a file that is open"
guest close 1 >/dev/null
is "$(sees other)" yes "... until it was closed"
kill -HUP "$DAEMON_PID"
sleep 0.5
is "$(status .guest.connected)" true "SIGHUP: reloads, and goes on"

# ---- state, in the guest -------------------------------------------------------------------

guest umount /mnt/fs
holds "the guest powers off" guest_stop
daemon_stop
serve
holds "a guest with fsdax-ctl boots" guest_start trixie window="$DAEMON_SOCKET" program="$FSDAX_CTL"
guest mount TAG /mnt/fs virtiofs dax=inode
has "$(guest run 'fsdax-ctl state /mnt/fs/other')" yes "state: in the guest, what is in effect"
has "$(guest run 'fsdax-ctl state /mnt/fs/big')" no "state: ... by the tag"
guest umount /mnt/fs
guest_stop

done_testing
