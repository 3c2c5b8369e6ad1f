#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a back-end under test can do to the host: nothing. And what the probe removes: what it
# has made.

# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$SCRATCH"/{in,out/kept,sock}
echo kept >"$SCRATCH/out/kept/file"

# tries WHAT COMMAND...: must fail, confined to in/.
tries() {
	local what=$1

	shift
	if confined "$SCRATCH/in" "$@" >"$SCRATCH/log" 2>&1; then
		report no "confined: $what"
	else
		report yes "confined: $what"
	fi
}

holds "confined: its folder can be written to" confined "$SCRATCH/in" touch "$SCRATCH/in/mine"
holds "... and is the one that all see" test -e "$SCRATCH/in/mine"
tries "a folder can't be moved in from outside" mv "$SCRATCH/out/kept" "$SCRATCH/in/"
tries "... nor by rename(2)" perl -e 'rename($ARGV[0], $ARGV[1]) or exit 1' \
	"$SCRATCH/out/kept" "$SCRATCH/in/kept"
tries "nothing can be removed" rm -r "$SCRATCH/out/kept"
tries "nothing can be made" touch "$SCRATCH/out/new"
tries "... nor beside the folder" touch "$SCRATCH/in/../new"
tries "a file can't be opened for writing" bash -c "echo x >>'$SCRATCH/out/kept/file'"
tries "nor through a link" bash -c \
	"ln -s '$SCRATCH/out/kept/file' '$SCRATCH/in/link' && echo x >>'$SCRATCH/in/link'"
is "$(cat "$SCRATCH/out/kept/file")" kept "all is there as it was"
for dir in / /etc /usr /var /tmp /dev/shm; do
	tries "$dir is read-only" bash -c \
		"t=$dir/fsdax-test-\$\$; (echo >\$t) 2>/dev/null && rm -f \$t"
done

# What is read-only already stays so.
mkdir -p "$SCRATCH/in/ro"
mount -t tmpfs -o ro fsdax-test "$SCRATCH/in/ro"
MOUNTS+=("$SCRATCH/in/ro")
tries "a read-only mount in the folder stays read-only" touch "$SCRATCH/in/ro/new"

confined /tmp true 2>"$SCRATCH/err"
is $? 1 "a folder directly below / is refused"
has "$(<"$SCRATCH/err")" "make one inside of it" "... with what to do"
confined "$SCRATCH/none" true 2>"$SCRATCH/err"
is $? 1 "a folder that is not there is refused"

# ---- fsdax-probe check does the same to its back-end, and removes with care ----

new_share tmpfs
mkdir "$SHARE/precious" "$SHARE/old"
echo kept >"$SHARE/precious/file"
echo kept >"$SHARE/old/file"
# Births are compared by the second.
sleep 1.1
cat >"$SCRATCH/backend" <<EOF
#!/bin/bash
touch "$SCRATCH/out/new" 2>/dev/null
mv "$SCRATCH/out/kept" "$SHARE/" 2>/dev/null
for dir in "$SHARE"/fsdax-probe.*; do
	mv "$SHARE/old" "\$dir/" 2>/dev/null
	mkdir -p "\$dir/mount" && mount --bind "$SHARE/precious" "\$dir/mount"
	ln -s "$SHARE/precious" "\$dir/link"
done
exec "$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" --policy none \\
	--control-socket "$SCRATCH/sock/control" --sandbox none --log-level error
EOF
chmod +x "$SCRATCH/backend"
timeout -k 5 60 "$FSDAX_PROBE" check --socket "$SCRATCH/sock/s" --dir "$SHARE" --only attr-root \
	-- "$SCRATCH/backend" >"$SCRATCH/out.tap" 2>"$SCRATCH/err"
is $? 0 "a check with a back-end that first does harm"
is "$(cat "$SCRATCH/out/kept/file" 2>&1)" kept "the back-end could not move what is outside"
isnt "$(ls "$SCRATCH/out")" new "... nor make anything there"
is "$(cat "$SHARE/precious/file" 2>&1)" kept "what was mounted in the scratch folder is there"
is "$(cat "$SHARE"/fsdax-probe.*/old/file 2>&1)" kept "what was moved into it was not removed"
has "$(<"$SCRATCH/err")" "older than the scratch folder" "... and the probe says so"

# ---- One that runs already ----

# serve COMMAND...: fsdaxd in the background, by what COMMAND makes of it.
serve() {
	rm -f "$SCRATCH/sock/s"
	"$@" "$FSDAXD" --socket-path "$SCRATCH/sock/s" --shared-dir "$SHARE" --policy none \
		--control-socket "$SCRATCH/sock/control" --sandbox none --reconnect \
		--log-level error 2>"$SCRATCH/log" &
	DAEMON=$!
	while [[ ! -S $SCRATCH/sock/s ]] && kill -0 "$DAEMON" 2>/dev/null; do
		sleep 0.05
	done
}

check_it() {
	timeout -k 5 60 "$FSDAX_PROBE" check --socket "$SCRATCH/sock/s" --dir "$SHARE" \
		--only attr-root >"$SCRATCH/out.tap" 2>"$SCRATCH/err"
}

end_it() {
	kill "$DAEMON"
	wait "$DAEMON"
}

serve env
check_it
is $? 1 "a back-end that runs already, and is not confined, is refused"
has "$(<"$SCRATCH/err")" "fsdax-probe confine" "... with what to do"
is "$(<"$SCRATCH/out.tap")" "" "... before any check"
end_it
serve "$FSDAX_PROBE" confine --writable "$SCRATCH/sock" --writable "$SHARE" --
check_it
is $? 0 "one that was started by fsdax-probe confine is not"
end_it

done_testing
