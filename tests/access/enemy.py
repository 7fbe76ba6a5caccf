"""A process that changes a folder as fast as it can while another one works in it: `enemy.py FOLDER`.

`flip` is by turns a folder and a link to ../outside, `leaf.txt` a file and a link to ../outside/secret.txt, and
`kind` by turns a file and a pipe, until standard input is closed. Each is exchanged in one step, so the name is there
all the time.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2

exchange = ctypes.CDLL(None, use_errno=True).renameat2
os.chdir(sys.argv[1])
os.symlink("../outside", "flip.other")
os.symlink("../outside/secret.txt", "leaf.txt.other")
os.mkfifo("kind.other")
sys.stdout.write("ready\n")
sys.stdout.flush()
while not select.select([sys.stdin], [], [], 0)[0]:
    for name in (b"flip", b"leaf.txt", b"kind"):
        if exchange(AT_FDCWD, name, AT_FDCWD, name + b".other", RENAME_EXCHANGE):
            sys.exit(os.strerror(ctypes.get_errno()))
