# SPDX-License-Identifier: BSD-3-Clause
"""manager.py - a service manager, as far as a daemon can tell.

manager.py LOG [--listen PATH] -- COMMAND [ARG]...

Starts the command with $NOTIFY_SOCKET, and writes what is sent there to LOG, a message a line:
"main" or "other", by the process that sent it, and the message's own lines, with "|" between.
--listen: hands a listening socket over, as $LISTEN_FDS. Passes SIGTERM and SIGHUP on, and ends as
the command did.
"""
import os
import select
import signal
import socket
import struct
import sys


def start(command, notify, listener):
    pid = os.fork()
    if pid:
        return pid
    os.environ["NOTIFY_SOCKET"] = notify
    if listener:
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = "1"
        if listener.fileno() == 3:
            os.set_inheritable(3, True)
        else:
            os.dup2(listener.fileno(), 3)
    os.execvp(command[0], command)


def receive(notify, main, log):
    text, control, _, _ = notify.recvmsg(4096, 256)
    sender = [struct.unpack("iii", data[:12])[0] for level, kind, data in control
              if kind == socket.SCM_CREDENTIALS]
    who = "main" if sender == [main] else "other"
    log.write(who + " " + text.decode().replace("\n", "|") + "\n")


def main():
    split = sys.argv.index("--")
    options, command = sys.argv[1:split], sys.argv[split + 1:]
    log = open(options[0], "a", buffering=1)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(options[0] + ".sock")
    notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    listener = None
    if "--listen" in options:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(options[options.index("--listen") + 1])
        listener.listen(1)
    child = start(command, options[0] + ".sock", listener)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, frame: os.kill(child, signum))
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        # Also after its end: its last words.
        while select.select([notify], [], [], 0 if ended else 0.05)[0]:
            receive(notify, child, log)
        if ended:
            os.unlink(options[0] + ".sock")
            sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
