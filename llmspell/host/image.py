"""Where the guest's module is: beside the package in a wheel, under wasm/ in a checkout."""

from __future__ import annotations

from pathlib import Path

from llmspell.errors import HostError

_PACKAGE = Path(__file__).resolve().parent.parent


def image_path() -> Path:
    """The path of lua.wasm; beside it stands lua.wasm.sha256."""
    for path in (_PACKAGE / "lua.wasm", _PACKAGE.parent / "wasm" / "lua.wasm"):
        if path.is_file():
            return path
    raise HostError("lua.wasm is missing: the installation is incomplete", hint="install llmspell again")


def image_hash(path: Path) -> str:
    """The module's sha256, hex, as the file beside it says; CI keeps the two in step."""
    try:
        return path.with_name("lua.wasm.sha256").read_text("ascii").split()[0]
    except (OSError, IndexError) as error:
        raise HostError("lua.wasm.sha256 is missing: the installation is incomplete") from error
