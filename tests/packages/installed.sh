#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# installed.sh - in a root that has booted, with the packages installed and nothing else of the
# project: the commands run, the manuals open, the completions load, and the service serves, is
# reloaded, started by its socket, and found in the journal. For scripts/packages-root.sh; it
# changes the machine that it runs on.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")" || exit 1

# shellcheck source=tests/tap.sh
. ./tap.sh

mkdir -p /srv/models
head -c 1M /dev/urandom >/srv/models/big.gguf
head -c 1000 /dev/urandom >/srv/models/small

# Of fsdax-probe's last run.
show_failures()
{
	grep -A 3 -e '^not ok' -e '^fsdax-probe:' /tmp/tap | head -n 20 | sed 's/^/# /'
}

# ---- Commands -------------------------------------------------------------------------------------

is "$(fsdax-ctl explain --root /srv/models /srv/models/big.gguf | cut -f 1,2)" \
	$'yes\t/usr/lib/fsdax/policy.d/50-default.ini:16:worth-a-chunk' \
	"fsdax-ctl explain finds the shipped policy"
has "$(fsdax-ctl scan --root /srv/models /srv/models)" "2 files in 1 folder" "fsdax-ctl scan"
has "$(fsdax-ctl check)" "no mistakes" "fsdax-ctl check"
has "$(fsdax-probe --version)" fsdax-probe "fsdax-probe runs"
mkdir -p /srv/checked /run/checked
fsdax-probe check --socket /run/checked/s --dir /srv/checked -- fsdaxd --tag probe --reconnect \
	--socket-path /run/checked/s --shared-dir /srv/checked --log-level error \
	>/tmp/tap 2>&1
is $? 0 "fsdax-probe finds nothing wrong with the installed fsdaxd"
show_failures

# ---- Manuals ------------------------------------------------------------------------------------------

for page in fsdax-ctl.1 fsdax-probe.1 libfsdax.3 fsdax-policy.5 fsdaxd.8; do
	name=${page%.*}
	has "$(man -w "${page##*.}" "$name" 2>&1)" "/$page" "man finds $page"
	has "$(MANWIDTH=80 man "${page##*.}" "$name" 2>/dev/null | col -b | head -n 5)" NAME "... and shows it"
done

# ---- Completions -----------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # for the inner shell
has "$(bash -ic '. /usr/share/bash-completion/bash_completion
	_comp_load fsdax-ctl 2>/dev/null || __load_completion fsdax-ctl || _completion_loader fsdax-ctl
	complete -p fsdax-ctl' 2>/dev/null)" fsdax-ctl "bash loads its completion"
# shellcheck disable=SC2016
has "$(zsh -ic 'autoload -U compinit && compinit -u -d /tmp/zcompdump && echo $_comps[fsdax-ctl]' \
	2>/dev/null)" _fsdax-ctl "zsh loads its completion"
has "$(fish -c 'complete -C "fsdax-ctl expl"' 2>/dev/null)" explain "fish loads its completion"

# ---- The service ----------------------------------------------------------------------------------------------

printf '[share]\nshared-dir = /srv/models\ndax-window = 64M\n' >/etc/fsdax/shares/models.conf
systemctl start fsdaxd@models
is $? 0 "service: starts"
holds "service: listens as soon as it has started" test -S /run/fsdax/shares/models.sock
has "$(systemctl show -P StatusText fsdaxd@models)" "waiting for a front-end" \
	"service: says what it does"
has "$(fsdax-ctl status)" models "service: fsdax-ctl status finds it"

connect='import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
sys.stdin.readline()'
coproc python3 -c "$connect" /run/fsdax/shares/models.sock
tries=0
until [[ $(systemctl show -P StatusText fsdaxd@models) == "a front-end is connected"* ]]; do
	((++tries < 100)) || break
	sleep 0.1
done
has "$(systemctl show -P StatusText fsdaxd@models)" "a front-end is connected" \
	"service: says that a front-end is there"
echo >&"${COPROC[1]}"
wait "$COPROC_PID"

systemctl reload fsdaxd@models
is $? 0 "service: systemctl reload"
echo nonsense >/etc/fsdax/policy.d/90-wrong.ini
systemctl reload fsdaxd@models 2>/dev/null
isnt $? 0 "service: ... fails if the policy has mistakes"
has "$(systemctl show -P StatusText fsdaxd@models)" "the new policy has mistakes" \
	"service: ... and its status says so"
has "$(journalctl -u fsdaxd@models -p err -o cat)" "90-wrong.ini:1:1" \
	"service: ... and the journal has the place, as an error"
is "$(systemctl is-active fsdaxd@models)" active "service: ... and it goes on"
rm /etc/fsdax/policy.d/90-wrong.ini
systemctl kill --kill-whom=main --signal=HUP fsdaxd@models
tries=0
while [[ $(systemctl show -P StatusText fsdaxd@models) == *mistakes* ]]; do
	((++tries < 100)) || break
	sleep 0.1
done
is "$(systemctl is-active fsdaxd@models) $(systemctl show -P StatusText fsdaxd@models)" \
	"active waiting for a front-end, DAX window 64M" "service: SIGHUP reloads, too"
has "$(journalctl FSDAX_SHARE=models -o cat)" "waiting for a front-end" \
	"service: the journal knows it by its share"
is "$(journalctl FSDAX_SHARE=models -o cat | grep -c '<[0-9]>')" 0 \
	"service: ... and takes the priorities off"

main=$(systemctl show -P MainPID fsdaxd@models)
is "$(grep -c . "/sys/fs/cgroup$(systemctl show -P ControlGroup fsdaxd@models)/cgroup.procs")" 4 \
	"service: has its four processes: outside, daemon, policy, view"
pkill -KILL -P "$main"
tries=0
until [[ $(systemctl show -P MainPID fsdaxd@models) != "$main" &&
	$(systemctl is-active fsdaxd@models) == active ]]; do
	((++tries < 100)) || break
	sleep 0.1
done
is "$(systemctl is-active fsdaxd@models)" active "service: is started again when it was killed"

systemctl stop fsdaxd@models
is "$(systemctl show -P Result fsdaxd@models)" success "service: ends in good order"
holds "service: leaves no socket" test ! -e /run/fsdax/shares/models.sock -a \
	! -e /run/fsdax/models.sock

# Each check of the daemon, within the unit's limits, and with a policy that none of them crosses.
printf '[rule all]\nsize = >= 1\ndax = yes\n' >/srv/checked.ini
cat >/etc/fsdax/shares/checked.conf <<'END'
[share]
shared-dir = /srv/checked
tag = probe
policy = /srv/checked.ini
dax-window = 32M
xattr = yes
posix-lock = yes
flock = yes
END
systemctl start fsdaxd@checked
fsdax-probe check --socket /run/fsdax/shares/checked.sock --dir /srv/checked >/tmp/tap 2>&1
is $? 0 "service: fsdax-probe finds nothing wrong with it"
show_failures
systemctl stop fsdaxd@checked

# What takes more than the rest: a user namespace, with a /proc of its own.
printf 'uid-map = :0:100000:65536:\ngid-map = :0:100000:65536:\n' >>/etc/fsdax/shares/models.conf
systemctl start fsdaxd@models
is $? 0 "service: with a user namespace"
systemctl stop fsdaxd@models
sed -i '/-map/d' /etc/fsdax/shares/models.conf
for sandbox in chroot none; do
	sed "\$a sandbox = $sandbox" /etc/fsdax/shares/models.conf >/etc/fsdax/shares/other.conf
	systemctl start fsdaxd@other
	is $? 0 "service: with sandbox = $sandbox"
	systemctl stop fsdaxd@other
done
echo 'shared-dri = /' >>/etc/fsdax/shares/other.conf
systemctl start fsdaxd@other 2>/dev/null
isnt $? 0 "service: a mistake in the file is a failure"
has "$(journalctl -u fsdaxd@other -p err -o cat)" "/etc/fsdax/shares/other.conf:5:1: error" \
	"service: ... with its place in the journal"
is "$(systemctl show -P NRestarts fsdaxd@other)" 0 "service: ... and is not tried again"
rm /etc/fsdax/shares/other.conf
systemctl reset-failed fsdaxd@other

# ---- By its socket ------------------------------------------------------------------------------------------------

systemctl start fsdaxd@models.socket
is "$(systemctl is-active fsdaxd@models.service)" inactive "socket: the daemon does not run yet"
coproc python3 -c "$connect" /run/fsdax/shares/models.sock
tries=0
until [[ $(systemctl show -P StatusText fsdaxd@models) == "a front-end is connected"* ]]; do
	((++tries < 100)) || break
	sleep 0.1
done
is "$(systemctl is-active fsdaxd@models.service)" active "socket: a front-end starts it"
has "$(systemctl show -P StatusText fsdaxd@models)" "a front-end is connected" "socket: ... and is served"
echo >&"${COPROC[1]}"
wait "$COPROC_PID"
systemctl stop fsdaxd@models.socket fsdaxd@models.service 2>/dev/null
holds "socket: it is gone when both are" test ! -e /run/fsdax/shares/models.sock

# ---- Another way to reload ------------------------------------------------------------------------------------------

if [[ $(systemctl --version | awk 'NR == 1 { print $2 }') -ge 253 ]]; then
	mkdir -p /etc/systemd/system/fsdaxd@models.service.d
	printf '[Service]\nType=notify-reload\nExecReload=\n' \
		>/etc/systemd/system/fsdaxd@models.service.d/reload.conf
	systemctl daemon-reload
	systemctl start fsdaxd@models
	timeout 10 systemctl reload fsdaxd@models
	is $? 0 "Type=notify-reload works as well"
	has "$(journalctl -u fsdaxd@models -o cat | tail -n 3)" "the policy was replaced" \
		"... and reloads the policy"
	systemctl stop fsdaxd@models
	rm -r /etc/systemd/system/fsdaxd@models.service.d
	systemctl daemon-reload
fi

# ---- The units ----------------------------------------------------------------------------------------------------------

is "$(systemd-analyze verify fsdaxd@models.service fsdaxd@models.socket 2>&1)" "" \
	"systemd-analyze verify has nothing to say"
holds "systemd-analyze security: exposed no more than it was" \
	sh -c 'systemd-analyze security --no-pager --threshold=60 fsdaxd@models.service >/dev/null'

# Left for the purge to remove: one that runs, and is enabled.
systemctl enable --now fsdaxd@models 2>/dev/null
is "$(systemctl is-active fsdaxd@models)" active "enabled, and started"
rm -r /srv/models /srv/checked /srv/checked.ini /etc/fsdax/shares/*.conf

done_testing
