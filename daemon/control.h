/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.h - the control socket: where fsdax-ctl asks a running daemon for its state, for a
 * new policy, and whether a change has been picked up. What is said there: control_proto.h.
 *
 * All of it is the work of one thread, which serves one client after the other, each in a
 * bounded time. The thread also reloads the policy on SIGHUP, which all threads must have
 * blocked.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

struct control;
struct settings;
struct share;

/*
 * Fill in what the settings leave open: pid, and control_path, if sockets can be made at the
 * usual place; else that stays NULL. First of all, since in a sandbox the process has another
 * number, and the process outside has to know the socket.
 */
#define CONTROL_PATH_MAX 108 /* as of struct sockaddr_un */
void control_settle(struct settings *settings, char path[CONTROL_PATH_MAX]);

/*
 * Make the socket: in a sandbox there is no such path. Says on the log what is wrong. 0 or
 * -errno.
 */
int control_start(struct share *share, struct control **control);

/* As listen_again(), for this socket. 0 or -errno. */
int control_listen_again(struct control *control);

/* The share is open: start the thread, which answers. 0 or -errno. */
int control_serve(struct control *control);

/*
 * End the thread, and remove the socket if no process outside the sandbox does it. NULL is fine.
 */
void control_stop(struct control *control);

#endif
