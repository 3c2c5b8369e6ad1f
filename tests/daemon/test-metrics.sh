#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fsdax-ctl metrics, of real daemons with a front-end: that it is the text format of Prometheus,
# that it says what has happened, and that the file is replaced as a whole. promtool looks at
# it too, where there is one.

# shellcheck source=tests/daemon/daemons.sh
. "$(dirname "$0")/daemons.sh"
# shellcheck source=tests/daemon/lib.sh
. "$(dirname "$0")/lib.sh"

FSDAX_CTL=${FSDAX_CTL:?must name the fsdax-ctl to test}
own_run
mkdir "$SCRATCH/sock" "$SCRATCH/policy.d" "$SCRATCH/plain"

# start CONTROL OPTION...: a daemon, until it answers there. Sets DAEMON.
start() {
	local control=$1

	shift
	# The leak checker needs /proc, which is outside.
	ASAN_OPTIONS=detect_leaks=0 "$FSDAXD" --socket-path "$SCRATCH/sock/s" --log-level info \
		--reconnect "$@" 2>"$SCRATCH/log" &
	await_daemon "$control"
}

# run COMMAND ARG...: sets OUT, ERR and STATUS.
run() {
	OUT=$("$@" 2>"$SCRATCH/err")
	STATUS=$?
	ERR=$(<"$SCRATCH/err")
}

metrics() {
	timeout -k 5 60 "$FSDAX_CTL" metrics "$@"
}

# value SERIES: of OUT, as it is written there.
value() {
	awk -v series="$1" 'substr($0, 1, length(series) + 1) == series " " { print $NF }' <<<"$OUT"
}

# grown SERIES NAME
grown() {
	is "$(awk -v v="$(value "$1")" 'BEGIN { print (v > 0) }')" 1 "$2"
}

# What is wrong with OUT as such. (Whatever a label's value has in it, it stands on one line.)
faults() {
	awk '
	/^# HELP / { if ($3 in help || NF < 4) print "HELP: " $0; help[$3] = 1; name = $3; next }
	/^# TYPE / {
		if ($3 != name || $4 !~ /^(counter|gauge)$/ || NF != 4) print "TYPE: " $0
		if (($4 == "counter") != ($3 ~ /_total$/)) print "not a name of a " $4 ": " $3
		next
	}
	{
		series = $0; sub(/ [^ ]*$/, "", series)
		if (series in seen) print "twice: " series
		seen[series] = 1
		metric = series; sub(/{.*/, "", metric)
		if (metric != name) print "out of its place: " $0
		if ($NF !~ /^[0-9]+(\.[0-9]+)?$/) print "not a number: " $0
		rest = substr(series, length(metric) + 1)
		if (rest != "" && rest !~ /^{([a-z_]+="([^"\\]|\\["\\n])*",?)*}$/) print "labels: " $0
	}' <<<"$OUT"
}

is_sound() {
	is "$(faults)" "" "$1: is well formed"
	if command -v promtool >/dev/null; then
		is "$(promtool check metrics <<<"$OUT" 2>&1)" "" "$1: promtool finds nothing"
	fi
}

command -v promtool >/dev/null || echo "# skip: promtool (Debian's prometheus has it) is not there"

# ---- Nobody ----------------------------------------------------------------------------------

run metrics
is "$STATUS $(value fsdaxd_daemons)" "0 0" "nobody: that is no failure, but a number"
is_sound "nobody"
run metrics --socket="$SCRATCH/none"
is "$STATUS $(value 'fsdaxd_up{share="none"}')" "1 0" "a socket that is named must answer"
has "$ERR" "cannot ask the daemon at $SCRATCH/none" "and is named"
run metrics --textfile="$SCRATCH/out.prom" --socket="$SCRATCH/none"
is "$(tail -n 1 "$SCRATCH/out.prom" | grep -c '^#')" 1 "the file is written all the same"
has "$(<"$SCRATCH/out.prom")" 'fsdaxd_up{share="none"} 0' "and says that it is down"

# ---- One with a guest -----------------------------------------------------------------------

new_share ext4
printf '[rule all]\nsize = >= 1\ndax = yes\n' >"$SCRATCH/policy.d/10-all.ini"
start /run/fsdax/models-PID.sock --shared-dir "$SHARE" --tag models --dax-window 32M \
	--policy "$SCRATCH/policy.d"
run metrics
is "$STATUS $ERR" "0 " "started: all is well"
is_sound "started"
is "$(value 'fsdaxd_up{share="models"}') $(value fsdaxd_daemons)" "1 1" "started: it is up"
is "$(value 'fsdaxd_guest_connected{share="models"}')" 0 "started: no guest is there"
is "$(value 'fsdaxd_window_size_bytes{share="models"}')" $((32 << 20)) "started: the window's size"
is "$(value 'fsdaxd_policy_rules{share="models"}')" 1 "started: the policy"
is "$(value 'fsdaxd_pending_oldest_timestamp_seconds{share="models"}')" "" \
	"started: nothing is pending since ever"
has "$OUT" "fsdaxd_info{share=\"models\",tag=\"models\",dir=\"$SHARE\"," "started: what is what"

# Checks that map a lot, and undo it.
timeout 120 "$FSDAX_PROBE" check --only map-many --only map-sizes --socket "$SCRATCH/sock/s" \
	--dir "$SHARE" >"$SCRATCH/tap" 2>&1
is "$(grep -c '^ok' "$SCRATCH/tap")" 2 "a guest has been there" || cat "$SCRATCH/tap"
timeout 120 "$FSDAX_PROBE" load --op write4k --seconds 1 --socket "$SCRATCH/sock/s" \
	--dir "$SHARE" --json >"$SCRATCH/load" 2>&1
printf 'GET / HTTP/1.0\r\n\r\n' |
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
while s.recv(100): pass' "$SCRATCH/sock/s" 2>/dev/null
until grep -q "is not vhost-user" "$SCRATCH/log"; do sleep 0.05; done
run metrics models
is_sound "used"
if grep -q '# SKIP' "$SCRATCH/tap"; then
	echo "# skip: what is about mappings: $(grep -m 1 '# SKIP' "$SCRATCH/tap")"
else
	grown 'fsdaxd_window_maps_total{share="models"}' "used: chunks were mapped"
	grown 'fsdaxd_window_unmaps_total{share="models"}' "used: and given back"
	grown 'fsdaxd_requests_total{share="models",opcode="SETUPMAPPING"}' "used: by requests"
fi
is "$(value 'fsdaxd_window_mapped_chunks{share="models"}')" 0 "used: none is left"
is "$(value 'fsdaxd_frontend_connections_total{share="models"}')" \
	"$(grep -c 'a front-end has connected' "$SCRATCH/log")" "used: connections"
is "$(value 'fsdaxd_frontend_malformed_total{share="models"}')" 1 "used: one was not vhost-user"
is "$(value 'fsdaxd_frontend_failures_total{share="models"}')" 0 "used: and none failed"
grown 'fsdaxd_requests_total{share="models",opcode="WRITE"}' "used: requests"
grown 'fsdaxd_cpu_seconds_total{share="models"}' "used: processor time"
is "$(($(value 'fsdaxd_written_bytes_total{share="models"}') >= \
	4096 * $(jq .ops "$SCRATCH/load")))" 1 "used: what was written"
is "$(value 'fsdaxd_request_errors_total{share="models",opcode="WRITE",error="EIO"}')" 0 \
	"used: errors that somebody is called for are there before they happen"

# ---- Reloads --------------------------------------------------------------------------------------

reloads() {
	run metrics
	echo "$(value 'fsdaxd_policy_reloads_total{share="models",result="ok"}')" \
		"$(value 'fsdaxd_policy_reloads_total{share="models",result="failed"}')" \
		"$(value 'fsdaxd_policy_last_reload_successful{share="models"}')" \
		"$(value 'fsdaxd_policy_generation{share="models"}')"
}

is "$(reloads)" "0 0 1 0" "policy: as it was at the start"
"$FSDAX_CTL" reload >/dev/null
is "$(reloads)" "1 0 1 1" "policy: reloaded"
echo "dax" >"$SCRATCH/policy.d/20-bad.ini"
"$FSDAX_CTL" reload >/dev/null 2>&1
is "$(reloads)" "1 1 0 1" "policy: a reload failed"
rm "$SCRATCH/policy.d/20-bad.ini"
"$FSDAX_CTL" reload >/dev/null
is "$(reloads)" "2 1 1 2" "policy: and all is well again"

# ---- The examples ----------------------------------------------------------------------------------

examples=${FSDAX_SOURCE_DIR:?}/examples/monitoring
grep -oE '^# HELP [a-z_]+' <<<"$OUT" | cut -d' ' -f3 | sort >"$SCRATCH/names"
# The manual has each of them, in full, or as \_END behind one that begins alike.
page=$(<"$FSDAX_SOURCE_DIR/man/fsdax-ctl.1.scd")
ends=$(grep -oE '\\_[a-z_]+' <<<"$page" | cut -c2-)
undocumented=
while read -r name; do
	known=no
	[[ $page == *"$name"[!a-z_]* ]] && known=yes
	for end in $ends; do
		[[ $name == *"$end" ]] && known=yes
	done
	[[ $known == yes ]] || undocumented+="$name "
done <"$SCRATCH/names"
is "$undocumented" "" "manual: has all metrics"
# What they ask for, and is not there. up and node_textfile_* are Prometheus' and node_exporter's.
unknown() {
	grep -oE 'fsdaxd?_[a-z_]+' | sort -u | comm -23 - "$SCRATCH/names" | tr '\n' ' '
}
is "$(jq -r '.. | .expr? // empty' "$examples/grafana-dashboard.json" | grep -c fsdaxd_)" \
	"$(jq -r '.. | .expr? // empty' "$examples/grafana-dashboard.json" | wc -l)" \
	"dashboard: each of its queries is about fsdaxd"
is "$(jq -r '.. | .expr? // .query? // empty | strings' "$examples/grafana-dashboard.json" |
	unknown)" "" "dashboard: asks for nothing that is not there"
is "$(jq -r '[.panels[] | select(.type != "row") | .targets | length == 0] | any' \
	"$examples/grafana-dashboard.json")" false "dashboard: no panel is without a query"
is "$(jq -r '[.panels[].id] | length == (unique | length)' "$examples/grafana-dashboard.json")" \
	true "dashboard: panels have numbers of their own"
is "$(grep -E '^ *(expr:|-? *[|>]|.*fsdaxd_)' "$examples/fsdax.rules.yml" | unknown)" "" \
	"rules: ask for nothing that is not there"
if command -v promtool >/dev/null; then
	holds "rules: promtool can read them" promtool check rules "$examples/fsdax.rules.yml"
	# As recording rules, whose grammar is that of queries.
	jq '{groups: [{name: "dashboard", rules: [[.. | .expr? // empty] | to_entries[] | {
		record: "query:\(.key)",
		expr: (.value | gsub("\\$__rate_interval"; "5m") | gsub("\\$(instance|share)"; ".*"))
		}]}]}' "$examples/grafana-dashboard.json" >"$SCRATCH/queries.yml"
	holds "dashboard: promtool can read its queries" promtool check rules "$SCRATCH/queries.yml"
	holds "rules: each alert comes when it should" \
		promtool test rules "$examples/fsdax.rules.test.yml"
fi

# ---- The file --------------------------------------------------------------------------------------

mkdir "$SCRATCH/textfile"
out=$SCRATCH/textfile/fsdax.prom
echo old >"$out"
before=$(stat -c %i "$out")
run metrics --textfile="$out"
is "$STATUS|$OUT$ERR" "0|" "file: nothing is printed"
is "$(grep -c '^fsdaxd_up' "$out")" 1 "file: has it all"
is "$(stat -c %a "$out")" 644 "file: node_exporter may read it"
isnt "$(stat -c %i "$out")" "$before" "file: is another one, for who reads the old one"
(cd "$SCRATCH/textfile" && "$FSDAX_CTL" metrics --textfile=here.prom)
is "$(find "$SCRATCH/textfile" -type f -printf '%f\n' | sort | tr '\n' ' ')" "fsdax.prom here.prom " \
	"file: nothing else is left"
run metrics --textfile="$SCRATCH/none/fsdax.prom"
is "$STATUS" 1 "file: no such folder"
has "$ERR" "cannot write $SCRATCH/none/fsdax.prom: No such file or directory
  = make the folder" "file: says so, and what to do"
ln -s "$SCRATCH/elsewhere" "$SCRATCH/textfile/link"
mkfifo "$SCRATCH/textfile/fifo"
for what in "" /link /fifo; do
	run metrics --textfile="$SCRATCH/textfile$what"
	is "$STATUS" 1 "file: a ${what:-folder} is in its place"
	has "$ERR" "not a file that could be replaced" "file: and is left alone"
done
is "$(stat -c %F "$SCRATCH/textfile/link" "$SCRATCH/textfile/fifo" | tr '\n' ' ')" "symbolic link fifo " \
	"file: as it was"
is "$(find "$SCRATCH" -maxdepth 2 -name '.*.??????')" "" "file: nothing is left of it"
if [[ -c /dev/full ]]; then
	"$FSDAX_CTL" metrics >/dev/full 2>"$SCRATCH/err"
	is $? 1 "file: a full disk is a failure"
fi

# ---- Names -----------------------------------------------------------------------------------------

run metrics "$SHARE"
is "$STATUS $(value fsdaxd_daemons)" "0 1" "names: by the folder"
run metrics models other
is "$STATUS $(value 'fsdaxd_up{share="models"}') $(value 'fsdaxd_up{share="other"}')" "1 1 0" \
	"names: what is not there is down"
has "$ERR" "other: no fsdaxd that answers has this name" "names: and is named"
is_sound "names"
first=$DAEMON
start /run/fsdax/models-PID.sock --socket-path "$SCRATCH/sock/s2" --shared-dir "$SCRATCH/plain" \
	--policy none --tag models
run metrics
is "$STATUS $(value fsdaxd_daemons)" "0 2" "the same tag: there are two"
is_sound "the same tag"
is "$(value "fsdaxd_up{share=\"models-$first\"}") $(value "fsdaxd_up{share=\"models-$DAEMON\"}")" \
	"1 1" "the same tag: they have the number of their process"
stop
start "$SCRATCH/sock/named.sock" --socket-path "$SCRATCH/sock/s2" --shared-dir "$SCRATCH/plain" \
	--policy none --tag $'a"b\\c\nd\xff' --control-socket "$SCRATCH/sock/named.sock" --sandbox none
run metrics --socket="$SCRATCH/sock/named.sock"
is_sound "odd names"
has "$OUT" 'fsdaxd_info{share="named",tag="a\"b\\c\nd�",' "odd names: are escaped"
is "$(value 'fsdaxd_policy_rules{share="named"}')$(value 'fsdaxd_window_size_bytes{share="named"}')" \
	"" "no policy and no window: have no numbers"
stop KILL
run metrics --socket="$SCRATCH/sock/named.sock"
is "$STATUS $(value 'fsdaxd_up{share="named"}')" "1 0" "killed: it is down"
mv "$SCRATCH/sock/named.sock" /run/fsdax/named.sock
run metrics
is "$STATUS $(value 'fsdaxd_up{share="named"}') $(value 'fsdaxd_up{share="models"}')" "0 0 1" \
	"killed: so it is where nobody asked for it by name"
has "$ERR" "/run/fsdax/named.sock: nobody listens there any more" "killed: with a warning"

done_testing
