"""Become a command that is told to stop when the process that started it dies, however that died.

Usage: tether.py SIGNAL UID:GID PARENT COMMAND…   ("-" keeps the user). A program of its own, because Python code
between fork and exec can deadlock in a process with threads, and because a change of user clears the tether.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    stop_signal, owner, parent, *command = sys.argv[1:]
    if owner != "-":
        uid, gid = map(int, owner.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != int(parent):
            sys.exit("The process that started this one is gone.")
    os.execv(command[0], command)  # noqa: S606
