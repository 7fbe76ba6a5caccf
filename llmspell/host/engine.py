"""The wasmtime engine, the compiled module and its cache. One a process; wasmtime is imported with this file.

Compiling takes up to a second, loading the compiled form under a millisecond, so the compiled form is kept in the
user's cache folder. A compiled file is native code: it is loaded only when nobody else can have written it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import threading
from pathlib import Path
from typing import NamedTuple

import wasmtime

from llmspell.host.image import image_hash, image_path

MAX_WASM_STACK = 1024 * 1024
"""Native stack for Lua's C recursion: 200 nested C calls (LUAI_MAXCCALLS) need about half of it."""

_KEPT = 4
"""Compiled modules that stay in the folder, the newest: several versions of llmspell may share it."""

_SETTINGS = "fuel-epoch-eh-1"
"""Changes whenever _config() does: part of the cache key. wasmtime itself refuses what another version compiled."""


_NO_SURPRISES = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"))
"""For opening: no symlink, nothing for child processes, no waiting for the other end of a pipe."""


class Compiled(NamedTuple):
    engine: wasmtime.Engine
    module: wasmtime.Module


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.wasm_exceptions = True
    config.max_wasm_stack = MAX_WASM_STACK
    config.wasm_threads = False
    config.wasm_memory64 = False
    return config


_compiling = threading.Lock()


def compiled() -> Compiled:
    """The engine with the guest's module in it, from the cache where that is safe: one, if many threads ask at once."""
    with _compiling:
        return _compiled()


def is_compiled() -> bool:
    """Does `compiled` answer at once?"""
    return _compiled.cache_info().currsize > 0


@functools.cache
def _compiled() -> Compiled:
    engine = wasmtime.Engine(_config())
    image = image_path()
    name = f"lua-{image_hash(image)[:24]}-{_SETTINGS}.cwasm"
    folder = _cache_folder()
    if folder is None:
        return Compiled(engine, wasmtime.Module.from_file(engine, str(image)))
    module = _load(engine, folder / name)
    if module is None:
        module = wasmtime.Module.from_file(engine, str(image))
        _store(module, folder, name)
    return Compiled(engine, module)


def _cache_folder() -> Path | None:
    """The folder, ours alone; None when there can be none (no home, a read-only disk, a folder others can write)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / "llmspell"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder if _ours_alone(os.lstat(folder), folder=True) else None
    except OSError:
        return None


def _ours_alone(info: os.stat_result, *, folder: bool) -> bool:
    kind_fits = stat.S_ISDIR(info.st_mode) if folder else stat.S_ISREG(info.st_mode)
    owner_fits = not hasattr(os, "getuid") or info.st_uid == os.getuid()
    return kind_fits and owner_fits and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _load(engine: wasmtime.Engine, path: Path) -> wasmtime.Module | None:
    """Load what the open file is, not what the name may mean a moment later."""
    try:
        fd = os.open(path, os.O_RDONLY | _NO_SURPRISES)
    except OSError:
        return None
    try:
        if not _ours_alone(os.fstat(fd), folder=False):
            return None
        link = f"/proc/self/fd/{fd}"
        if os.path.exists(link):
            return wasmtime.Module.deserialize_file(engine, link)
        with os.fdopen(os.dup(fd), "rb") as file:
            return wasmtime.Module.deserialize(engine, file.read())
    except (OSError, wasmtime.WasmtimeError):
        return None
    finally:
        os.close(fd)


def _store(module: wasmtime.Module, folder: Path, name: str) -> None:
    """Whole or not at all: a process that dies here leaves no half file under the name. Failing is no error."""
    import tempfile  # once a version of the guest

    with contextlib.suppress(OSError):
        fd, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(module.serialize())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, folder / name)
            for old in sorted(folder.glob("lua-*.cwasm"), key=os.path.getmtime)[:-_KEPT]:
                old.unlink()
        except OSError:
            os.unlink(temporary)
