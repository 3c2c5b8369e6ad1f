#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# demo-guest.sh - the second half of the demo: a guest on QEMU, with a share whose files are
# DAX or not as the policy says; and a tag that is changed while the file is open. Called by
# demo.sh, which has built everything. Uses the same words to start and ask guests as the
# tests do.
set -u
cd "$(dirname "$0")/.." || exit 1
export FSDAXD=$PWD/build/release/daemon/fsdaxd FSDAX_CTL=$PWD/build/release/cli/fsdax-ctl

# shellcheck source=tests/guest/lib.sh
. tests/guest/lib.sh
# shellcheck source=tests/guest/share.sh
. tests/guest/share.sh

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi

say()
{
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# Print a command of fsdax-ctl as one would type it, and run it.
run()
{
	printf '\n%s$ fsdax-ctl %s%s\n' "$bold" "$*" "$plain"
	timeout 60 "$FSDAX_CTL" "$@"
}

fill()
{
	mkdir -p "$SHARE"/{programs,libraries,notes}
	cp /bin/bash /usr/bin/env "$SHARE/programs/"
	cp -L /lib/*/libc.so.6 "$SHARE/libraries/"
	cp /usr/lib/os-release /etc/passwd "$SHARE/notes/"
	: >"$SHARE/notes/empty"
}

# What the policy says of each file, and what the guest reports.
table()
{
	local file size decision

	printf '\n%10s  %-9s  %-12s  %s\n' SIZE DECISION IN-THE-GUEST 'FILE (DECIDED BY)'
	(cd "$SHARE" && find . -type f -printf '%P\n' | sort) | while read -r file; do
		[[ $file != lost+found* ]] || continue
		size=$(stat -c %s "$SHARE/$file")
		decision=$(ctl explain "$SHARE/$file")
		printf '%10s  %-9s  %-12s  %s (%s)\n' "$size" "$(cut -f1 <<<"$decision")" \
			"$(sees "$file")" "$file" "$(cut -f2 <<<"$decision" | sed "s|.*/||")"
	done
}

kernel=${DEMO_KERNEL:-bookworm}
guest_tools "kernel-$kernel"
say "A guest: QEMU $("$QEMU" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p'), Debian's kernel $(<"$FSDAX_GUEST_DIR/kernels/$kernel/release")"
share_make 128M
fill
cp policy.d/50-default.ini "$POLICY"
serve
echo "fsdaxd --shared-dir $SHARE --dax-window 128M --policy $POLICY --socket-path $DAEMON_SOCKET"
guest_start "$kernel" window="$DAEMON_SOCKET" || exit 1
guest mount TAG /mnt/fs virtiofs dax=inode || exit 1
echo "in the guest: mount -t virtiofs TAG /mnt/fs -o dax=inode"

say "What the policy decides, and what the guest reports (statx)"
table

say "A tag is changed while the guest has the file open and mapped"
guest open 1 /mnt/fs/programs/bash ro >/dev/null
guest sum @1 mmap >/dev/null
printf 'before:             %s\n' "$(guest dax @1)"
run set -v --dax=no --policy "$POLICY" --root "$SHARE" "$SHARE/programs/bash"
printf 'while open:         %s\n' "$(guest dax @1 sync)"
run status --socket "$DAEMON_CONTROL"
guest close 1 >/dev/null
printf '\nafter the reopen:   %s\n' "$(sees programs/bash)"

guest umount /mnt/fs
guest_stop || true
daemon_stop
say "Done. The guest is off, and its share is removed"
