# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# lib.sh - for the tests in a real guest: starts daemons and guests, has the guest do one
# thing after the other, and sees to it that nothing is left when the test ends. Sourced by
# test-*.sh, and by what else wants a guest.
#
#	FSDAX_CTL         fsdax-ctl, for the guest and the host; may be missing
#	FSDAXD            the daemon, for daemon_start
#	FSDAX_GUEST_DIR   where guest-tools.sh has put QEMU and kernels: see guest-dir.sh
#	FSDAX_GUEST_LOGS  where the logs of a test that fails go
#	FSDAX_ACCEL       QEMU's accelerator: tcg,thread=multi if not given
#	GUEST_TIMEOUT     seconds that a guest has for one command, 90 if not given
#
# A guest that does not answer in time is a result: `guest` prints TIMEOUT, and the console
# log has the stacks of what was blocked in it.

set -u
export LC_ALL=C.UTF-8
GUEST_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GUEST=${GUEST:-guest} # which guest is meant, where a test has several
GUEST_PIDS=()
DAEMON_PIDS=()
MOUNTS=() # what is to be unmounted when the test ends

# shellcheck source=tests/tap.sh
. "$GUEST_SOURCE/../tap.sh"
# shellcheck source=tests/guest/tools.sh
. "$GUEST_SOURCE/tools.sh"

if [[ $(uname -m) != x86_64 ]]; then
	echo "1..0 # skip: the guests are for x86_64"
	exit 77
fi
if [[ $(id -u) != 0 ]]; then
	echo "1..0 # skip: shares have files of several owners, which needs root"
	exit 77
fi

# Sockets have short names, and some file systems no xattrs: not below the build folder.
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/fsdax-guest.XXXXXX")
chmod 755 "$SCRATCH"

cleanup() {
	local pid i

	for pid in "${GUEST_PIDS[@]}" "${DAEMON_PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	for ((i = ${#MOUNTS[@]} - 1; i >= 0; i--)); do
		umount "${MOUNTS[i]}" 2>/dev/null || umount -l "${MOUNTS[i]}"
	done
	[[ $N_FAILED == 0 && ${1:-0} == 0 ]] || keep_logs
	rm -rf --one-file-system "$SCRATCH"
}
trap 'cleanup $?' EXIT
trap 'exit 1' INT TERM HUP

# What guests and daemons said goes where it can be read after the test.
keep_logs() {
	local to=${FSDAX_GUEST_LOGS:-${FSDAX_BUILD_DIR:-$FSDAX_GUEST_DIR}/guest-logs} log name

	to=$to/$(basename "$0" .sh)
	rm -rf "$to"
	mkdir -p "$to"
	for log in "$SCRATCH"/*/console.log "$SCRATCH"/*/qemu.log "$SCRATCH"/*.log; do
		[[ -s $log ]] || continue
		name=${log#"$SCRATCH/"}
		cp "$log" "$to/${name//\//-}"
	done
	echo "# logs are in $to"
}

# ---- What a guest is made of -------------------------------------------------------

guest_tools qemu busybox
QEMU=$FSDAX_GUEST_DIR/bin/qemu-system-x86_64
BUSYBOX=$FSDAX_GUEST_DIR/bin/busybox
# Named by its sources, since work trees share the folder. On the host too: `"$AGENT" tree DIR`
AGENT=$FSDAX_GUEST_DIR/bin/agent-$(cat "$GUEST_SOURCE"/agent/*.[ch] | cksum | cut -d ' ' -f 1)

# Several tests may want it at a time.
agent_build() {
	(
		flock 9
		[[ ! -x $AGENT ]] || exit 0
		"${CC:-cc}" -std=c17 -D_GNU_SOURCE -O2 -static -Wall -Wextra -Wshadow \
			-o "$AGENT.new" "$GUEST_SOURCE"/agent/*.c && mv "$AGENT.new" "$AGENT"
	) 9>"$FSDAX_GUEST_DIR/lock" && return
	echo "Bail out! cannot build the agent"
	exit 1
}
agent_build

# pack DIR: as an initramfs.
pack() {
	(cd "$1" && find . | "$BUSYBOX" cpio -o -H newc -R 0:0 2>/dev/null)
}

# Copy a program into a guest's root, with the libraries it needs.
with_libraries() {
	local program=$1 root=$2 lib

	mkdir -p "$root"/{bin,lib,lib64}
	cp "$program" "$root/bin/"
	ldd "$program" | grep -oE '/[^ ]+' | while read -r lib; do
		case $lib in
		*/ld-linux*) cp -L "$lib" "$root/lib64/" ;;
		*) cp -L "$lib" "$root/lib/" ;;
		esac
	done
}

# initrd KERNEL PROGRAM...: sets INITRD to one with those programs.
initrd() {
	local kernel=$1 root=$SCRATCH/root name

	INITRD=$SCRATCH/initrd-$(cksum <<<"$*" | tr ' ' '-')
	[[ ! -e $INITRD ]] || return 0
	shift
	mkdir -p "$root/bin"
	cp "$AGENT" "$root/init"
	cp "$BUSYBOX" "$root/bin/busybox"
	for name in $("$BUSYBOX" --list); do
		ln -s busybox "$root/bin/$name" 2>/dev/null
	done
	for name in "$@"; do
		with_libraries "$name" "$root"
	done
	cp -r "$FSDAX_GUEST_DIR/kernels/$kernel/modules" "$root/modules"
	pack "$root" >"$INITRD"
	rm -rf "$root"
}

# ---- Guests ------------------------------------------------------------------------

# device N KEY=VALUE: adds to ARGS what QEMU needs for it, and to MACHINE and MORE_MEMORY.
device() {
	local n=$1 value=${2#*=} window=vhost-user-test-device-pci,virtio-id=26

	case $2 in
	window=*)
		ARGS+=(-chardev "socket,id=c$n,path=$value" -device)
		ARGS+=("$window,num_vqs=$((QUEUES + 1)),vq_size=1024,config_size=40,chardev=c$n")
		;;
	plain=*)
		ARGS+=(-chardev "socket,id=c$n,path=$value" -device)
		ARGS+=("vhost-user-fs-pci,chardev=c$n,tag=plain,num-request-queues=$QUEUES")
		;;
	nvdimm=*)
		MACHINE=q35,nvdimm=on
		MORE_MEMORY=,slots=8,maxmem=16G
		value+=,size=$(stat -c %s "$value")
		ARGS+=(-object "memory-backend-file,id=n$n,share=on,pmem=off,mem-path=$value")
		ARGS+=(-device "nvdimm,id=d$n,memdev=n$n")
		;;
	esac
}

# guest_start KERNEL [KEY=VALUE]...: boots the kernel of a suite, and waits until the agent
# answers; fails if it doesn't. $GUEST is its name.
#
#	window=SOCKET    a virtiofs back-end, on the device that gives it a DAX window
#	plain=SOCKET     a virtiofs back-end on vhost-user-fs-pci, without; its tag is "plain"
#	nvdimm=IMAGE     an NVDIMM; see guest_pmem
#	program=FILE     a program for the guest, with its libraries
#	cpus=N memory=SIZE queues=N append=WORDS
guest_start() {
	local kernel=$1 dir=$SCRATCH/$GUEST word cpus=1 memory=512M append='' n=0 programs=()
	local ARGS=() QUEUES=1 MACHINE=q35 MORE_MEMORY='' INITRD

	shift
	for word in "$@"; do
		case $word in
		cpus=*) cpus=${word#*=} ;;
		memory=*) memory=${word#*=} ;;
		queues=*) QUEUES=${word#*=} ;;
		append=*) append=${word#*=} ;;
		program=*) programs+=("${word#*=}") ;;
		window=* | plain=* | nvdimm=*) ;;
		*) echo "Bail out! guest_start does not know $word"; exit 1 ;;
		esac
	done
	for word in "$@"; do
		n=$((n + 1))
		device "$n" "$word"
	done
	guest_tools "kernel-$kernel"
	initrd "$kernel" "${programs[@]}"
	rm -rf "$dir"
	mkdir "$dir"
	mkfifo "$dir/agent.in" "$dir/agent.out"
	setpriv --pdeathsig KILL -- "$QEMU" -accel "${FSDAX_ACCEL:-tcg,thread=multi}" -cpu max \
		-M "$MACHINE" -nodefaults -no-user-config -display none -no-reboot \
		-m "$memory$MORE_MEMORY" -smp "$cpus" \
		-object "memory-backend-memfd,id=mem,size=$memory,share=on" -numa node,memdev=mem \
		-kernel "$FSDAX_GUEST_DIR/kernels/$kernel/vmlinuz" -initrd "$INITRD" \
		-append "console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check $append" \
		-serial "file:$dir/console.log" -serial "pipe:$dir/agent" "${ARGS[@]}" \
		>"$dir/qemu.log" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	GUEST_PIDS+=("$!")
	guest_reply 0 "${GUEST_BOOT_TIMEOUT:-180}" && return
	echo "# the guest with the kernel of $kernel did not start"
	tail -n 20 "$dir/console.log" "$dir/qemu.log" | sed 's/^/# /'
	return 1
}

# guest_reply ID SECONDS: what came for a request: prints its lines, and the name of an
# error. 1: an error; 124: nothing in time; 125: the guest is gone.
guest_reply() {
	local id=$1 until=$((SECONDS + $2)) dir=$SCRATCH/$GUEST line='' part fd status

	exec {fd}<>"$dir/agent.out"
	while :; do
		IFS= read -r -t 1 part <&"$fd"
		status=$?
		line+=${part%$'\r'}
		if [[ $status != 0 ]]; then
			guest_alive || { echo GONE; status=125; break; }
			((SECONDS < until)) && continue
			touch "$dir/hung"
			guest_tell_hang >&2
			echo TIMEOUT
			status=124
			break
		fi
		case $line in
		"$id - "*) printf '%s\n' "${line#"$id - "}" ;;
		"$id ok") status=0; break ;;
		"$id error "*) echo "${line##* }"; status=1; break ;;
		"$id exit "*) status=${line##* }; break ;;
		esac
		line=''
	done
	exec {fd}<&-
	return "$status"
}

# Where the threads of a process and of all below it stand.
tell_threads() {
	local task child

	for task in "/proc/$1/task"/*; do
		echo "$(<"$task/comm") ${task##*/}: $(<"$task/syscall")"
		cat "$task/stack"
		for child in $(<"$task/children"); do
			tell_threads "$child"
		done
	done
}

# What there is to see of a guest that hangs: the next one of the test overwrites its logs.
guest_tell_hang() {
	local pid

	echo "# the guest does not answer; the end of its console:"
	tail -n 150 "$SCRATCH/$GUEST/console.log" | sed 's/^/# /'
	echo "# and its back-ends, and QEMU:"
	for pid in "${DAEMON_PIDS[@]}" "$(<"$SCRATCH/$GUEST/pid")"; do
		tell_threads "$pid"
	done 2>/dev/null | sed 's/^/# /'
}

guest_alive() {
	# Of a process that has ended and was not waited for, no program is known.
	[[ -e $SCRATCH/$GUEST/pid && -e /proc/$(<"$SCRATCH/$GUEST/pid")/exe ]]
}

# quoted WORD: as the agent takes it.
quoted() {
	if [[ $1 =~ ^[A-Za-z0-9_./,=:@+-]+$ ]]; then
		printf ' %s' "$1"
	elif [[ -z $1 ]]; then
		printf ' %%'
	else
		printf ' %s' "$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g')"
	fi
}

# guest COMMAND ARG...: has the agent do it; `guest help` lists what it can. Prints what the
# agent says, or an errno's name. Returns 0, 1 after an error, the status of `run`, 124 if
# it takes too long (and then at once for all that follows), 125 if the guest is gone.
guest() {
	local dir=$SCRATCH/$GUEST id=$BASHPID.$SRANDOM word

	guest_alive || { echo GONE; return 125; }
	[[ ! -e $dir/hung ]] || { echo TIMEOUT; return 124; }
	{
		printf %s "$id"
		for word in "$@"; do
			quoted "$word"
		done
		echo
	} >"$dir/request.$id"
	# One request at a time, whole.
	(
		flock 9
		cat "$dir/request.$id" >"$dir/agent.in"
		rm "$dir/request.$id"
		guest_reply "$id" "${GUEST_TIMEOUT:-90}"
	) 9>"$dir/lock"
}

# guest_stop: power off, and wait for QEMU; 1 if it has to be killed.
guest_stop() {
	local dir=$SCRATCH/$GUEST i

	[[ -e $dir/hung ]] || echo "0 poweroff" >"$dir/agent.in"
	for ((i = 0; i < 600; i++)); do
		if [[ -e $dir/hung ]] || ! guest_alive; then break; fi
		sleep 0.05
	done
	guest_kill && return 1
	return 0
}

# guest_kill: pull the plug; 1 if it is off already.
guest_kill() {
	local pid status=0

	pid=$(<"$SCRATCH/$GUEST/pid")
	guest_alive || status=1
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return "$status"
}

# guest_pmem N: makes of the guest's NVDIMM N what ndctl calls an fsdax namespace, with page
# structs for its memory, without which there is no DAX: /dev/pmemN. All that is on it goes.
guest_pmem() {
	guest modules nvdimm && guest run "
		cd /sys/bus/nd/devices &&
		pfn=\$(cat region$1/pfn_seed) &&
		echo namespace$1.0 >../drivers/nd_pmem/unbind &&
		echo ram >\$pfn/mode &&
		cat /proc/sys/kernel/random/uuid >\$pfn/uuid &&
		echo namespace$1.0 >\$pfn/namespace &&
		echo \$pfn >../drivers/nd_pmem/bind &&
		grep -q 1 /sys/block/pmem$1/queue/dax"
}

# field NAME WORDS: of "size=5 dax=no", what NAME is.
field() {
	sed -nE "s/(^|.* )$1=([^ ]*).*/\2/p" <<<"$2" | tail -n 1
}

# same_tree DIR GUEST-DIR NAME [read|mmap]: both sides have the same files, bytes and
# attributes below those folders.
same_tree() {
	local how=${4:-read}

	is "$(guest tree "$2" "$how")" "$("$AGENT" tree "$1" read)" "$3"
}

# ---- Back-ends ---------------------------------------------------------------------

# background LOG COMMAND...: with an end when the test ends. Sets DAEMON_PID.
background() {
	local log=$1

	shift
	setpriv --pdeathsig KILL -- "$@" >"$log" 2>&1 </dev/null &
	DAEMON_PID=$!
	DAEMON_PIDS+=("$DAEMON_PID")
}

# await_socket SOCKET LOG: until the last daemon listens there.
await_socket() {
	local i

	for ((i = 0; i < 400; i++)); do
		[[ ! -S $1 ]] || return 0
		kill -0 "$DAEMON_PID" 2>/dev/null || break
		sleep 0.05
	done
	echo "# the daemon does not listen on $1"
	sed 's/^/# /' "$2" | tail -n 20
	return 1
}

# daemon_start SHARE [OPTION]...: fsdaxd, with the tag TAG. Sets DAEMON_SOCKET, DAEMON_CONTROL,
# DAEMON_LOG and DAEMON_PID.
daemon_start() {
	local share=$1 n=${#DAEMON_PIDS[@]}

	shift
	DAEMON_SOCKET=$SCRATCH/fs$n.sock
	DAEMON_CONTROL=$SCRATCH/ctl$n.sock
	DAEMON_LOG=$SCRATCH/fsdaxd$n.log
	# In its sandbox the leak checker finds no /proc.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 background "$DAEMON_LOG" \
		"${FSDAXD:?must name the daemon}" --socket-path "$DAEMON_SOCKET" \
		--shared-dir "$share" --tag TAG --control-socket "$DAEMON_CONTROL" "$@"
	await_socket "$DAEMON_SOCKET" "$DAEMON_LOG"
}

# virtiofsd_start SUITE SHARE [OPTION]...: Debian's. Sets the same, but DAEMON_CONTROL.
virtiofsd_start() {
	local suite=$1 share=$2 n=${#DAEMON_PIDS[@]}

	shift 2
	guest_tools "virtiofsd-$suite"
	DAEMON_SOCKET=$SCRATCH/fs$n.sock
	DAEMON_LOG=$SCRATCH/virtiofsd$n.log
	background "$DAEMON_LOG" "$FSDAX_GUEST_DIR/bin/virtiofsd-$suite" \
		--socket-path "$DAEMON_SOCKET" --shared-dir "$share" --sandbox none "$@"
	await_socket "$DAEMON_SOCKET" "$DAEMON_LOG"
}

# daemon_stop [PID]: the last one, if none is named. Returns its exit status.
daemon_stop() {
	local pid=${1:-$DAEMON_PID}

	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
}
