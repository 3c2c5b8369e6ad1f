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
 * Make the socket, and start the thread, which then waits. Says on the log what is wrong.
 * 0 or -errno.
 *
 * Call it before the sandbox is entered: namespaces, root and working directory belong to a
 * thread, and this one is to keep those it has, in which the policy's files are found by the
 * names that the admin gave them, links and later folders included. It opens nothing else by
 * a name. When this returns, the thread has its own.
 */
int control_start(struct share *share, struct control **control);

/* The share is open: answer from now on. NULL is fine. */
void control_serve(struct control *control);

/* End the thread, and remove the socket. NULL is fine. */
void control_stop(struct control *control);

#endif
