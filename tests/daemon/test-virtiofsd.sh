#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# In virtiofsd's place: every option that one of its versions has is taken, or refused with a
# sentence that says what to use; and who looks for virtiofs daemons is told what it needs to
# know. Where virtiofsds are at hand (scripts/guest-tools.sh), the list below is compared with
# what they say of themselves.

set -u
export LC_ALL=C.UTF-8

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

guest_dir=$("$(dirname "$0")/../../scripts/guest-dir.sh")

FSDAXD=${FSDAXD:?must name the fsdaxd to test}
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

# Those of 1.13 and 1.14 (Rust), and of QEMU 7.2 (C). The last word: an example of a value.
taken='--shared-dir /tmp
--tag x
--socket /s
--socket-path /s
--socket-group root
--fd 3
--thread-pool-size 0
--thread-pool-size 64
--xattr
--posix-acl
--posix-acl=auto
--posix-acl=always
--posix-acl=never
--sandbox namespace
--sandbox chroot
--sandbox none
--readonly
--seccomp none
--seccomp kill
--seccomp log
--seccomp trap
--announce-submounts
--no-announce-submounts
--inode-file-handles=never
--inode-file-handles=prefer
--inode-file-handles=fallback
--inode-file-handles=mandatory
--cache auto
--cache always
--cache never
--cache metadata
--allow-mmap
--no-readdirplus
--writeback
--allow-direct-io
--print-capabilities
--modcaps=+sys_admin:-chown
--log-level error
--log-level warn
--log-level info
--log-level debug
--log-level trace
--log-level off
--syslog
--rlimit-nofile 0
--rlimit-nofile 1000
-d
-f
--no-killpriv-v2
--killpriv-v2
--security-label=never
--uid-map :0:100000:65536:
--gid-map :0:100000:65536:
--preserve-noatime
--help
-h
--version
-V
-o debug
-o cache=auto
-o cache=always
-o cache=none
-o flock
-o no_flock
-o log_level=debug
-o log_level=info
-o log_level=warn
-o log_level=err
-o max_idle_threads=10
-o posix_lock
-o no_posix_lock
-o readdirplus
-o no_readdirplus
-o sandbox=namespace
-o sandbox=chroot
-o writeback
-o no_writeback
-o xattr
-o no_xattr
-o modcaps=+sys_admin:-chown
-o allow_direct_io
-o no_allow_direct_io
-o announce_submounts
-o posix_acl
-o no_posix_acl
-o no_security_label
-o killpriv_v2
-o no_killpriv_v2
-o source=/tmp
-o allow_root
-o source=/tmp,cache=auto,no_xattr'
# And what the sentence has in it.
refused='--xattrmap :map::user.virtiofs.:|use --xattr
--security-label|leave the option out
--security-label=auto|leave the option out
--translate-uid map:0:1:2|see --uid-map
--translate-gid map:0:1:2|see --gid-map
--migration-mode find-paths|leave the option out
--migration-on-error abort|leave the option out
--migration-verify-handles|leave the option out
--migration-confirm-paths|leave the option out
--daemonize|systemd
-o timeout=1|is --cache
-o xattrmap=:map::user.virtiofs.:|use --xattr
-o security_label|leave the option out'

while read -r -a words; do
	out=$("$FSDAXD" "${words[@]}" --print-capabilities 2>&1)
	is "$?" 0 "${words[*]}: is taken" || echo "# $out"
done <<<"$taken"

while IFS='|' read -r words sentence; do
	read -r -a words <<<"$words"
	out=$("$FSDAXD" "${words[@]}" --print-capabilities 2>&1)
	is "$?" 2 "${words[*]}: is refused"
	has "$out" "$sentence" "${words[*]}: and it is said what to use"
	is "$(wc -l <<<"$out")" 1 "${words[*]}: in one line"
done <<<"$refused"

# ---- What they say of themselves ------------------------------------------------------------------

# options_of VIRTIOFSD: each on a line: --option, -x, or -o word.
options_of() {
	"$1" --help 2>&1 | awk '
		/^ +-/ { for (i = 1; i <= NF && $i ~ /^-/; i++) if ($i !~ /^-o?$/) print $i }
		/^ +(-d +)?-o [a-z]/ { for (i = 1; i < NF; i++) if ($i == "-o") print "-o " $(i + 1) }' |
		sed -E 's/[=<,[].*//' | awk '$1 == "-o" { n = split($2, w, /[|\/]/)
			for (i = 1; i <= n; i++) print "-o " w[i]; next } { print }' | sort -u
}

known=$({ echo "$taken"; cut -d'|' -f1 <<<"$refused"; } |
	awk '$1 == "-o" { print "-o " $2; next } { print $1 }' | sed -E 's/[=,].*//' | sort -u)
for version in bookworm trixie forky; do
	program=$guest_dir/bin/virtiofsd-$version
	if [[ ! -x $program ]]; then
		echo "# skip: there is no $program"
		continue
	fi
	options_of "$program" >"$SCRATCH/theirs"
	isnt "$(wc -l <"$SCRATCH/theirs")" 0 "$version: has options"
	is "$(comm -13 <(echo "$known") "$SCRATCH/theirs" | tr '\n' ' ')" "" \
		"$version: all of them are in the list"
done

# ---- Discovery ---------------------------------------------------------------------------------------

capabilities=$("$FSDAXD" --print-capabilities)
is "$(jq -r .type <<<"$capabilities")" fs "capabilities: what it is"
is "$(jq -c .features <<<"$capabilities")" '["separate-options"]' "capabilities: what it has"
description=${FSDAX_BUILD_DIR:?}/daemon/60-fsdaxd.json
is "$(jq -r '[.description, .type, .binary | type] | unique[]' "$description")" string \
	"description: has what QEMU's vhost-user.json asks for"
is "$(jq -c '[.type, .features]' "$description")" "$(jq -c '[.type, .features]' <<<"$capabilities")" \
	"description: says the same as the program"
like "$(jq -r .binary "$description")" "/*/sbin/fsdaxd" "description: names the program"

done_testing
