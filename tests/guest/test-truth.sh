#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# In a guest, file system operations at random on a share, and on a file system of the guest's own
# beside it: the same results, and the same tree; with DAX and without. And one file that is
# churned while its tag flips on the host, so that it is opened with DAX and without in turn.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/share.sh
. "$(dirname "$0")/share.sh"

TRUTH_SOURCE=$GUEST_SOURCE/../truth
RUNS=${TRUTH_RUNS:-2}
SEED=${TRUTH_SEED:-1}
STRIDE=${TRUTH_STRIDE:-12007}
CHURN_SECONDS=${TRUTH_CHURN_SECONDS:-10}

# compile NAME SOURCE...: for a guest, without libraries.
compile() {
	local name=$1

	shift
	"${CC:-cc}" -std=c17 -D_GNU_SOURCE -O2 -static -pthread -o "$SCRATCH/bin/$name" "$@" && return
	echo "Bail out! cannot build $name"
	exit 1
}
mkdir "$SCRATCH/bin"
compile truth "$TRUTH_SOURCE"/*.c
compile churn "$TRUTH_SOURCE"/churn/churn.c

share_make 512M
mount -o remount,noatime,nodev,nosuid "$SHARE"

# same NAME OPTION...: what differs is printed.
same() {
	local name=$1 out status

	shift
	# Clocks of guests are coarse, and not those of the host. A file that has become DAX is a
	# new inode: until it is asked for again, the old one is as it was.
	out=$(guest run truth --oracle /mnt/oracle --subject /mnt/fs --no-times --fresh "$@")
	status=$?
	is "$status" 0 "$name"
	sed 's/^/# /' <<<"$out"
}

# flip FILE SECONDS: its tag, three times a second.
flip() {
	local until=$((SECONDS + $2)) value=yes

	while ((SECONDS < until)); do
		setfattr -n trusted.fsdax -v $value "$SHARE/$1" 2>/dev/null
		[[ $value == yes ]] && value=no || value=yes
		sleep 0.3
	done
}

churned() {
	local out status

	flip file $((CHURN_SECONDS + 5)) &
	DAEMON_PIDS+=("$!")
	out=$(guest run churn --seconds "$CHURN_SECONDS" --reopen 20 --seed "$SEED" /mnt/fs/file)
	status=$?
	is "$status" 0 "$1: one file, while its tag flips"
	sed 's/^/# /' <<<"$out" | tail -n 70
	holds "$1: it was opened in both ways" \
		test "$(sed -n 's/.*which changed \([0-9]*\) times/\1/p' <<<"$out")" -gt 0
}

GUEST_TIMEOUT=${GUEST_TIMEOUT:-600}
read -ra kernels <<<"${FSDAX_KERNELS:-bookworm-security trixie}"
for kernel in "${kernels[@]}"; do
	for dax in yes no; do
		# A short run is without DAX on one kernel alone.
		[[ $dax == yes || $kernel == trixie || ${TRUTH_RUNS:-} ]] || continue
		write_policy "[rule all]
dax = $dax"
		rm -f "$SCRATCH/oracle.img"
		truncate -s 128M "$SCRATCH/oracle.img"
		serve --modcaps=+sys_admin --posix-acl --posix-lock --flock
		holds "$kernel boots" guest_start "$kernel" nvdimm="$SCRATCH/oracle.img" \
			window="$DAEMON_SOCKET" program="$SCRATCH/bin/truth" \
			program="$SCRATCH/bin/churn" program="$(command -v mkfs.ext4)" || break
		guest modules ext4 >/dev/null
		holds "$kernel: a file system of its own" guest_pmem 0
		guest run mkfs.ext4 -q -b 4096 /dev/pmem0
		guest mount /dev/pmem0 /mnt/oracle ext4 noatime,nodev,nosuid
		guest mount TAG /mnt/fs virtiofs dax=inode,nodev,nosuid
		same "$kernel, dax=$dax: at random" --runs "$RUNS" --ops 200 --seed "$SEED"
		same "$kernel, dax=$dax: every call" --matrix --stride "$STRIDE" \
			--seed $((1 + SEED % STRIDE))
		[[ $dax == no ]] || churned "$kernel"
		holds "$kernel: the guest powers off" guest_stop
		daemon_stop
		SEED=$((SEED + 100))
	done
done

done_testing
