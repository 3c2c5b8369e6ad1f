#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# try-libvirt.sh [SUITE]... - see libvirt use fsdaxd for a guest's share: in a debootstrapped root
# of each of these suites of Debian (bookworm, if none is named), with its own libvirt and QEMU, and
# fsdax installed from this work tree. Three domains, one after the other:
#
#	binary     libvirt starts fsdaxd in virtiofsd's place, by <binary path=...>
#	socket     fsdaxd runs already, as by fsdaxd@.service: <source socket=...>
#	window     the same, on the device with a DAX window, by <qemu:commandline>, on QEMU 11.1
#
# In each, a guest mounts the share, lists, reads and writes it, and is shut down; what it said is
# printed. Guests are emulated (no KVM). Nothing is installed on this machine, which starts no
# service, and whose network libvirt does not see. The roots are kept, where guest-tools.sh keeps
# what it fetches, so that a second run is quick; the mirror is taken from apt's own configuration.
set -u
cd "$(dirname "$0")/.." || exit 1

[ "$(id -u)" = 0 ] || { echo "try-libvirt.sh: must be root" >&2; exit 1; }
scripts/deps.sh build demo roots || exit 1

# shellcheck source=scripts/root-lib.sh
. scripts/root-lib.sh
# shellcheck source=tests/guest/lib.sh
. tests/guest/lib.sh
# shellcheck source=tests/guest/share.sh
. tests/guest/share.sh

KERNEL=${KERNEL:-trixie}
URI=qemu:///system
SOCKET=/run/fsdax/shares/share.sock # where fsdaxd@share would listen
root='' # of the suite at hand
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi

say()
{
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

die()
{
	echo "try-libvirt.sh: $*" >&2
	exit 1
}

# Run a command; what it says is shown only if it fails.
quietly()
{
	"$@" </dev/null >"$SCRATCH/log" 2>&1 && return
	tail -n 40 "$SCRATCH/log" >&2
	die "failed: $*"
}

# ---- A host -------------------------------------------------------------------------------------

# bind FROM TO: TO in the root, until the script ends.
bind()
{
	mkdir -p "$root/$2"
	mount --bind "$1" "$root/$2" || die "cannot mount $1 on $root/$2"
	MOUNTS+=("$root/$2")
}

debootstrap_root()
{
	local suite=$1 mirror
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt has no mirror of Debian"
	echo "fetching a root of $suite"
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	quietly debootstrap --variant=minbase "$suite" "$root" "$mirror"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	touch "$root/made"
}

install_in_root()
{
	[ ! -e "$root/installed" ] || return 0
	echo "installing libvirt and QEMU there"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	quietly in_root "$root" apt-get -q -y update
	quietly in_root "$root" apt-get -q -y install --no-install-recommends libvirt-daemon-system \
		libvirt-clients libvirt-daemon-driver-qemu qemu-system-x86 make
	# No init, and so no cgroups; and programs of this machine, which no profile knows.
	cat >>"$root/etc/libvirt/qemu.conf" <<-'CONF'
		security_driver = "none"
		cgroup_controllers = []
		namespaces = []
	CONF
	touch "$root/installed"
}

# As README says, from source.
install_fsdax()
{
	echo "building and installing fsdax there"
	copy_source "$root"
	quietly in_root "$root" /fsdax/scripts/deps.sh build
	quietly in_root "$root" make -C /fsdax install
}

# The root of a suite, with all in it and running libvirt.
host_start()
{
	local place
	root=$FSDAX_GUEST_DIR/libvirt-$1
	[ -e "$root/made" ] || debootstrap_root "$1"
	bind "$root" / # a mount point, for fsdaxd's mount namespace
	for place in dev dev/pts proc sys; do
		bind "/$place" "$place"
	done
	install_in_root
	install_fsdax
	bind "$SHARE" srv/share
	bind "$FSDAX_GUEST_DIR" opt/guest
	rm -rf "${root:?}/srv/guest" "$root/run/fsdax"
	mkdir -p "$root/srv/guest" "$root/run/fsdax/shares"
	# libvirt makes them QEMU's own.
	cp "$FSDAX_GUEST_DIR/kernels/$KERNEL/vmlinuz" "$root/srv/guest/vmlinuz"
	cp "$INITRD" "$root/srv/guest/initrd"
	mkdir -p "$SCRATCH/$GUEST"
	chmod 755 "$SCRATCH/$GUEST"
	bind "$SCRATCH/$GUEST" srv/guest/line
	quietly in_root "$root" virtlogd --daemon
	quietly in_root "$root" unshare --net libvirtd --daemon
	for _ in $(seq 100); do
		! in_root "$root" virsh -q -c $URI version >"$SCRATCH/version" 2>/dev/null || break
		sleep 0.1
	done
	grep -E '^(Using API|Running)' "$SCRATCH/version" || die "libvirtd does not start"
}

# End what has written its number to a file.
end()
{
	local pid
	[ -s "$root/$1" ] || return 0
	pid=$(<"$root/$1")
	[ "$(readlink "/proc/$pid/root")" = "$root" ] || return 0
	kill "$pid" 2>/dev/null
	for _ in $(seq 100); do
		[ -d "/proc/$pid" ] || break
		sleep 0.1
	done
	rm -f "$root/$1"
}

host_stop()
{
	[ -n "$root" ] || return 0
	in_root "$root" virsh -q -c $URI destroy share >/dev/null 2>&1
	in_root "$root" virsh -q -c $URI undefine share >/dev/null 2>&1
	end run/libvirtd.pid
	end run/virtlogd.pid
	while [ ${#MOUNTS[@]} -gt 0 ]; do
		umount "${MOUNTS[-1]}" 2>/dev/null || umount -l "${MOUNTS[-1]}"
		unset 'MOUNTS[-1]'
	done
	root=''
}

# ---- Domains -----------------------------------------------------------------------------------

# domain EMULATOR DEVICE ARGUMENT...: defines it. ARGUMENTs go to QEMU as they are.
domain()
{
	local emulator=$1 device=$2 arg
	shift 2
	cat <<-XML
		<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		  <name>share</name>
		  <memory unit='MiB'>512</memory>
		  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>/srv/guest/vmlinuz</kernel>
		    <initrd>/srv/guest/initrd</initrd>
		    <cmdline>console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='maximum'/>
		  <on_reboot>destroy</on_reboot>
		  <devices>
		    <emulator>$emulator</emulator>
		    <serial type='file'><source path='/srv/guest/line/console.log'/></serial>
		    <serial type='pipe'><source path='/srv/guest/line/agent'/></serial>
		    <memballoon model='none'/>
		    $device
		  </devices>
		  <qemu:commandline>
		$(for arg; do echo "    <qemu:arg value='$arg'/>"; done)
		  </qemu:commandline>
		</domain>
	XML
}

# Starts what domain() printed, and waits for the guest.
domain_start()
{
	local dir=$SCRATCH/$GUEST
	rm -f "$dir"/*
	mkfifo "$dir/agent.in" "$dir/agent.out"
	cat >"$root/srv/guest/share.xml"
	in_root "$root" virsh -q -c $URI define /srv/guest/share.xml &&
		in_root "$root" virsh -q -c $URI start share || return 1
	cp "$root/run/libvirt/qemu/share.pid" "$dir/pid"
	guest_reply 0 "${GUEST_BOOT_TIMEOUT:-180}" && return
	tail -n 20 "$dir/console.log" "$root/var/log/libvirt/qemu"/share*.log
	return 1
}

domain_stop()
{
	echo "0 poweroff" >"$SCRATCH/$GUEST/agent.in"
	for _ in $(seq 300); do
		[ "$(in_root "$root" virsh -q -c $URI domstate share)" != "shut off" ] || break
		sleep 0.1
	done
	echo "virsh domstate share: $(in_root "$root" virsh -q -c $URI domstate share)"
	in_root "$root" virsh -q -c $URI undefine share
}

# What is running there by that name, with its arguments.
running()
{
	local pid
	for pid in $(pgrep -x "$1"); do
		[ "$(readlink "/proc/$pid/root")" = "$root" ] || continue
		tr '\0' ' ' <"/proc/$pid/cmdline"
		echo
	done | head -n 1
}

# Print a request to the guest's agent, and what it says.
ask()
{
	printf '%sguest$ %s%s\n' "$bold" "$*" "$plain"
	guest "$@"
}

# use TAG [OPTION]: what a guest does with a share.
use()
{
	ask mount "$1" /mnt/fs virtiofs ${2:+"$2"}
	ask run "grep virtiofs /proc/mounts; ls -l /mnt/fs /mnt/fs/notes"
	ask run "cat /mnt/fs/notes/hello; echo written in the guest >/mnt/fs/notes/answer"
	ask run "sha256sum /mnt/fs/weights"
	echo "here: $(cd "$SHARE" && sha256sum weights), answer: $(cat "$SHARE/notes/answer")"
	printf 'DAX: weights %s, notes/hello %s\n' "$(sees weights)" "$(sees notes/hello)"
	rm -f "$SHARE/notes/answer"
	ask umount /mnt/fs
}

# fsdaxd, with the command line that fsdaxd@.service has.
fsdaxd_start()
{
	rm -f "$root$SOCKET"
	in_root "$root" setpriv --pdeathsig KILL fsdaxd --shared-dir=/srv/share --socket-path=$SOCKET \
		--tag=share --socket-group=kvm "$@" >"$SCRATCH/fsdaxd.log" 2>&1 </dev/null &
	DAEMON_PID=$!
	DAEMON_PIDS+=("$DAEMON_PID")
	await_socket "$root$SOCKET" "$SCRATCH/fsdaxd.log" || die "fsdaxd does not start"
}

try_binary()
{
	say "libvirt $suite: <binary path='/usr/sbin/fsdaxd'/>"
	domain /usr/bin/qemu-system-x86_64 "
		    <filesystem type='mount' accessmode='passthrough'>
		      <driver type='virtiofs'/>
		      <binary path='/usr/sbin/fsdaxd' xattr='on'><cache mode='always'/></binary>
		      <source dir='/srv/share'/>
		      <target dir='share'/>
		    </filesystem>" | domain_start || return 1
	echo "libvirt runs: $(running fsdaxd)"
	use share
	domain_stop
	cat "$root"/var/log/libvirt/qemu/share-fs0-virtiofsd.log
}

try_socket()
{
	say "libvirt $suite: <source socket='$SOCKET'/>"
	fsdaxd_start
	domain /usr/bin/qemu-system-x86_64 "
		    <filesystem type='mount'>
		      <driver type='virtiofs' queue='1024'/>
		      <source socket='$SOCKET'/>
		      <target dir='share'/>
		    </filesystem>" | domain_start || return 1
	use share
	domain_stop
	cat "$SCRATCH/fsdaxd.log"
}

try_window()
{
	local modules=qemu/usr/lib/x86_64-linux-gnu/qemu
	say "libvirt $suite: <qemu:commandline>, QEMU $("$QEMU" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')"
	# One QEMU refuses, and dies of, another one's modules.
	[ ! -d "$FSDAX_GUEST_DIR/$modules" ] || bind "$FSDAX_GUEST_DIR/$modules" "${modules#qemu/}"
	fsdaxd_start --dax-window=128M
	domain /opt/guest/bin/qemu-system-x86_64 "" \
		-chardev "socket,id=fs,path=$SOCKET" -device \
		vhost-user-test-device-pci,virtio-id=26,num_vqs=2,vq_size=1024,config_size=40,chardev=fs,bus=pcie.0,addr=0x10 |
		domain_start || return 1
	use share dax=inode
	in_root "$root" fsdax-ctl status
	domain_stop
	cat "$SCRATCH/fsdaxd.log"
}

finish()
{
	local status=$1
	host_stop
	share_cleanup "$status"
}

guest_tools "kernel-$KERNEL"
share_make 128M
trap 'finish $?' EXIT
mkdir "$SHARE/notes"
echo written on the host >"$SHARE/notes/hello"
make weights 8M
initrd "$KERNEL"
[ $# -gt 0 ] || set -- bookworm
failed=()
for suite in "$@"; do
	host_start "$suite"
	for part in ${PARTS:-binary socket window}; do
		"try_$part" || failed+=("$suite:$part")
		[ "$part" = binary ] || daemon_stop "$DAEMON_PID"
		in_root "$root" virsh -q -c $URI destroy share >/dev/null 2>&1
	done
	host_stop
done
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}"
say "Done"
