"""`llmspell init`: a project that runs at once, and what an editor needs to know of the script API."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from llmspell.cli.session import Session
from llmspell.errors import UsageError

_DATA: Final = Path(__file__).parent.parent / "data"
_ANNOTATIONS: Final = (".llmspell/llmspell.lua", "llmspell.lua")
_PROJECT: Final = (
    (".luarc.json", "project/luarc.json"),
    ("llmspell.toml", "project/llmspell.toml"),
    ("main.lua", "project/main.lua"),
)
"""(name in the project, name among the package's data)."""


def init(folder: str, session: Session) -> int:
    """Write the project into `folder`, which is made where it is missing. What is there is kept, but for the
    annotations: they are ours. The exit code; raises UsageError for a folder that cannot be written."""
    base = Path(folder)
    at = base
    try:
        name, data = _ANNOTATIONS
        at = base / name
        at.parent.mkdir(parents=True, exist_ok=True)
        done = [(name, "refreshed" if at.is_file() else "wrote")]
        at.unlink(missing_ok=True)  # a link would be followed
        _create(at, data)
        for name, data in _PROJECT:
            at = base / name
            done.append((name, "wrote" if _create(at, data) else "kept"))
    except OSError as error:
        raise UsageError(
            f"{at} cannot be written: {error.strerror or error}", hint="name a folder in which you may create files"
        ) from None
    lines = [f"{what:<9}  {base / name}" for name, what in done]
    run = f"run it with: llmspell run {shlex.quote(str(base / 'llmspell.toml'))}"
    session.out.text("\n".join([*lines, run]) + "\n")
    return session.end_quietly()


def _create(path: Path, data: str) -> bool:
    """Copy a file of the package's data to where nothing is; False where something is."""
    try:
        with path.open("xb") as file:
            file.write((_DATA / data).read_bytes())
    except FileExistsError:
        return False
    return True
