/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_proto.h - what fsdaxd and fsdax-ctl say to each other on the control socket.
 *
 * A client connects, sends one line, and gets one JSON object; then the daemon closes. The
 * line has words with one space between, all of it printable ASCII, and a newline at the end:
 *
 *	status [TOP]			the share, its guest, its window, and its decisions;
 *					of the files with most mappings, the first TOP
 *	reload				read the policy again
 *	pickup DEV:INO[:NODEID]...	decide anew about these inodes, and if one is a folder
 *					about all below it that the guest knows; the numbers
 *					are stat(2)'s, in decimal. With a NODEID, from an
 *					earlier answer, only that inode is looked at, and no
 *					search is made
 *
 * Each answer has "ok"; if it is false, "error" is a sentence that says why. That of reload
 * has "remarks", as those of `fsdax-ctl check --json`, and in each "formatted", which is
 * what fsdax_remark_format() makes of it.
 *
 * A file in an answer is an object with
 *
 *	path (path_bytes)	below the share's root, as the guest knows it; "?" if there is
 *				none that could be used
 *	dev, ino, nodeid
 *	dax, reason, rule, file, line	the decision as of now
 *	unmappable		why it can't be mapped, in words, or null
 *	told			what the guest was told: true, false, or null: nothing yet
 *	opens			how many handles of it the guest has
 *	pending			told is not what is decided, and will be once opens is 0
 *	pending_since		since when, in seconds since the epoch, or null
 */
#ifndef DAEMON_CONTROL_PROTO_H
#define DAEMON_CONTROL_PROTO_H

/* Where sockets are, unless --control-socket names another place: NAME-PID.sock. */
#define CONTROL_DIR "/run/fsdax"
#define CONTROL_SUFFIX ".sock"

#define CONTROL_STATUS "status"
#define CONTROL_RELOAD "reload"
#define CONTROL_PICKUP "pickup"

enum {
	CONTROL_LINE_MAX = 64 * 1024, /* bytes of a request, with the newline */
	CONTROL_INODES_MAX = 2000,    /* inodes of one pickup */
	CONTROL_FILES_MAX = 1000,     /* files in one list of an answer */
	CONTROL_TOP = 10,	      /* TOP, if it is not given */
};

#endif
