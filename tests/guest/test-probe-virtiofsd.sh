#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fsdax-probe against Debian's virtiofsd: what a kernel sends is served by that daemon as the
# checks want it, so they don't ask for what only fsdaxd does. It needs no guest, but what
# guest-tools.sh fetches.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/../daemon/lib.sh"

# shellcheck source=tests/guest/tools.sh
. "$(dirname "$0")/tools.sh"

guest_tools virtiofsd-trixie
virtiofsd=$FSDAX_GUEST_DIR/bin/virtiofsd-trixie

# Left out: names and requests that no kernel sends, some of which end this daemon or have it
# do what they say; and a FORGET of the root.
known=(--skip 'name-impossible*' --skip name-nul --skip name-rename --skip xattr-lengths
	--skip 'hostile-*' --skip 'ring-*' --skip attr-forget)

new_share tmpfs
mkdir "$SCRATCH/sock"
timeout -k 5 200 "$FSDAX_PROBE" check --socket "$SCRATCH/sock/s" --dir "$SHARE" "${known[@]}" \
	-- "$virtiofsd" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" --sandbox none \
	--xattr >"$SCRATCH/tap" 2>"$SCRATCH/log"
is $? 0 "virtiofsd passes what a kernel would ask" || {
	grep -A 10 '^not ok' "$SCRATCH/tap" | grep -v '^ok' | sed 's/^/# /'
	tail -n 20 "$SCRATCH/log" | sed 's/^/# /'
}
for group in attr file data dir xattr session; do
	n=$(grep "^ok .* - $group-" "$SCRATCH/tap" | grep -vc '# SKIP')
	holds "checks of $group-* did run: $n" test "$n" -gt 3
done

done_testing
