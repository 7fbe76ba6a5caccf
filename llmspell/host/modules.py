"""What `require` reads: NAME as a.b is a/b.lua or a/b/init.lua beneath one of the granted folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from llmspell.access.beneath import beneath
from llmspell.errors import ComponentNotFound, DeniedError, InvalidArgument

MAX_MODULE: Final = 1024 * 1024
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Modules:
    """The granted folders. Where they are is settled here, before a script runs."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple((folder, Path(os.path.realpath(folder))) for folder in folders)

    def load(self, name: Any) -> Mapping[str, str]:
        """{source, path} of a module. Raises ComponentNotFound; InvalidArgument for what is no name or cannot be read;
        DeniedError where no folder is granted and where a link leads out of one. Blocking."""
        if not isinstance(name, str) or not all(map(_is_word, name.split("."))):
            raise InvalidArgument(
                f"require: {str(name)[:80]!r} is not a module name (letters, digits, '_', '-', parts joined by '.')"
            )
        if not self._folders:
            raise DeniedError(
                f"require: no module folders are granted, so '{name[:80]}' cannot be loaded",
                hint='grant a folder with `modules = ["lib"]` under [run] in the manifest',
            )
        *above, last = name.split(".")
        for shown, folder in self._folders:
            for names in ([*above, f"{last}.lua"], [*above, last, "init.lua"]):
                try:
                    source = _read(folder, names)
                except OSError as error:  # not readable, a name too long, a ring of symlinks
                    why = error.strerror or error
                    raise InvalidArgument(f"require: module '{name[:80]}' cannot be read: {why}") from None
                except DeniedError as error:
                    raise DeniedError(f"require: module '{name[:80]}': {error.message}", hint=error.hint) from None
                if source is not None:
                    return {"source": source, "path": "/".join([shown.name, *names])[-55:]}
        looked = ", ".join(str(shown) for shown, _ in self._folders)
        raise ComponentNotFound(f"require: module '{name[:80]}' not found", hint=f"looked in {looked}")


def _is_word(part: str) -> bool:
    return part.replace("_", "a").replace("-", "a").isalnum()


def _read(folder: Path, names: list[str]) -> str | None:
    """The text of a regular file; None where there is none."""
    try:
        with beneath(folder, names) as (above, entry):
            file = os.open(entry, _FILE, dir_fd=above)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        data = opened.read(MAX_MODULE + 1)
    if len(data) > MAX_MODULE:
        raise InvalidArgument(f"require: {names[-1]} is larger than {MAX_MODULE >> 20} MB")
    return data.decode("utf-8", "replace")
