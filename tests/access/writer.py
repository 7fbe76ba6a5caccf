"""A process that writes, appends, copies and moves large files without end, to be killed in the middle: `writer.py
FOLDER`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from llmspell.settings import FileRoot
from tests.access.grants import files

SIZE = 1 << 20


def main(folder: Path) -> None:
    granted = files(folder, FileRoot(path=".", mode="write"), max_written=1 << 60)
    granted.write("moved.txt", b"m" * SIZE)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for turn in count():
        letter = b"ab"[turn % 2 : turn % 2 + 1]
        granted.write("written.txt", letter * SIZE)
        if turn % 5 == 0:
            granted.write("appended.txt", b"")
        granted.append("appended.txt", b"c" * SIZE)
        granted.copy("written.txt", "copied.txt", overwrite=True)
        granted.move("moved.txt", f"moved-{turn % 2}.txt")
        granted.move(f"moved-{turn % 2}.txt", "moved.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
