#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# place.sh begin SOURCE | place.sh end - for the commands of one page: a share with some files in
# it, policies to try, and a daemon that has them mounted on /mnt, where a guest would. Only
# where test-commands.sh has made /srv, /run and /mnt its own.
set -euo pipefail

home=/run/home

fill()
{
	rm -rf --one-file-system /srv/share /srv/probe "$home" /etc/fsdax /run/fsdax
	mkdir -p /srv/share/{models,bin,postgresql} "$home" \
		/var/lib/prometheus/node-exporter /etc/fsdax/policy.d
	truncate -s 3M /srv/share/models/weights.bin
	truncate -s 2G /srv/share/models/a.gguf
	truncate -s 48536 /srv/share/bin/program
}

policies()
{
	printf '[rule notes]\npath = /notes/**\ndax = yes\n' >"$home/new.ini"
	# With the mistakes that README.md shows.
	cat >"$home/wrong.ini" <<-END
		[rule libraries]
		path = /libraries/**
		path = /lib[/*.so
		dax = no

		[rule notes]
		pth = /notes/**
		size = 64K..32K
		dax = maybe
	END
	printf '[rule all]\nsize = >= 1\ndax = yes\n' >"$home/all.ini"
	ln -s "$1/examples" "$home/examples"
}

mounted()
{
	grep -q '^[^ ]* /mnt fuse' /proc/mounts
}

serve()
{
	setsid fsdaxd --shared-dir=/srv/share --mount=/mnt --tag=models \
		--control-socket=/run/fsdax/models.sock >/run/daemon.log 2>&1 </dev/null &
	echo $! >/run/daemon.pid
	for _ in {1..500}; do
		! fsdax-ctl status >/dev/null 2>&1 || ! mounted || return 0
		sleep 0.02
	done
	cat /run/daemon.log
	return 1
}

case $1 in
begin)
	fill
	policies "$2"
	serve
	;;
end)
	pid=$(cat /run/daemon.pid)
	kill "$pid"
	# Not before it has ended: it removes its control socket, which would be the next one's.
	while mounted || [ -e "/proc/$pid/exe" ]; do sleep 0.02; done
	;;
esac
