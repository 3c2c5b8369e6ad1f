#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# booted-root.sh ROOT COMMAND [ARG]... - boot a root with systemd as its first process, in
# namespaces of its own, on this machine's kernel; run a command in it once all has started; and
# end it. The status is the command's. Needs cgroup2, mounted anywhere, and no support of the
# systemd that this machine may run itself.
set -euo pipefail

root=$(cd "$1" && pwd)
shift
[ "$(id -u)" = 0 ] || { echo "booted-root.sh: must be root" >&2; exit 1; }
groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[ -n "$groups" ] || { echo "booted-root.sh: no cgroup2 is mounted here" >&2; exit 77; }
group=$groups/fsdax-boot.$$
scratch=$(mktemp -d)
launcher=

cleanup()
{
	# Its first process ends all others.
	[ -z "$launcher" ] || pkill -KILL -P "$launcher" || true
	wait
	[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} \; || true
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# In the namespaces. What it sees of this machine is read-only, or of its own.
cat >"$scratch/init" <<'END'
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
# One in which nothing is hidden, or the kernel would let no user namespace in there have its own.
mkdir run/proc
mount -t proc proc run/proc
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty fuse; do
	[ -e /dev/$name ] || continue
	touch dev/$name
	mount --bind /dev/$name dev/$name
done
touch dev/console
mount --bind "$(tty)" dev/console
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
# A login on the console would end with it what was started there.
mkdir -p run/systemd/system
ln -s /dev/null run/systemd/system/console-getty.service
pivot_root . .
umount -l .
exec env -i container=fsdax PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_LOG_TARGET=console \
	/lib/systemd/systemd
END

mkdir "$group"
# A terminal, for /dev/console; and its own group, so that systemd finds nobody else in it.
cat >"$scratch/launch" <<END
echo \$\$ >'$group/cgroup.procs'
echo \$\$ >'$scratch/pid'
exec unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child \
	bash '$scratch/init' '$root'
END
script -qfec "bash '$scratch/launch'" "$scratch/console" </dev/null >/dev/null 2>&1 &

# How far it is; nothing, if it has ended.
inside()
{
	nsenter --target "$first" --mount --pid --ipc --uts --net --cgroup --root -- \
		env -C / -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}
first=
for ((i = 0; i < 200; i++)); do
	sleep 0.1
	launcher=$(cat "$scratch/pid" 2>/dev/null || true)
	first=$(pgrep -P "${launcher:-0}" || true)
	[ -n "$first" ] || continue
	# Degraded is good enough: this machine may not have all that a unit wants.
	case $(inside systemctl is-system-running 2>/dev/null || true) in
	running | degraded) break ;;
	esac
done
if [ $i = 200 ]; then
	echo "booted-root.sh: it did not start:" >&2
	tail -n 20 "$scratch/console" >&2
	exit 1
fi
status=0
inside "$@" </dev/null || status=$?
exit $status
