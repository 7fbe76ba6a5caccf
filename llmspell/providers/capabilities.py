"""What a model can do: what its protocol can carry, what data/models.toml knows of it, what its server says of it, and
over all of them what the manifest says. Nothing here does I/O but reading the package's own data, once, at first use.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from llmspell.settings import CapabilitySettings
from llmspell.types import Capabilities

DATA: Final = Path(__file__).parent.parent / "data" / "models.toml"


class Entry(NamedTuple):
    """One entry of the data: which models it is for, and what it says of them, by the names of Capabilities."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    said: Mapping[str, Any]

    def fits(self, kind: str, name: str) -> bool:
        return kind in self.kinds and any(fnmatchcase(name, pattern) for pattern in self.names)


@functools.cache
def entries() -> tuple[Entry, ...]:
    import tomllib

    tables = tomllib.loads(DATA.read_text("utf-8"))["models"]
    return tuple(Entry(tuple(table.pop("kinds")), tuple(table.pop("names")), table) for table in tables)


@functools.lru_cache(maxsize=256)
def known(kind: str, model: str) -> Mapping[str, Any]:
    """What the data says of a model, by the names of Capabilities."""
    name = model.rpartition("/")[2].lower()
    said: dict[str, Any] = {}
    for entry in entries():
        if entry.fits(kind, name):
            said |= entry.said
    return MappingProxyType(said)


def capabilities_of(
    protocol: Capabilities,
    *,
    kind: str,
    model: str,
    settings: CapabilitySettings | None = None,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> Capabilities:
    """`told` is what the server says, by the names of Capabilities. Neither it nor the data go beyond the protocol."""
    able = _within(protocol, {**known(kind, model), **told})
    limits = {kind: size for kind, size in able.max_media_size.items() if kind in able.input_modalities}
    side = able.max_image_side if "image" in able.input_modalities else None
    return overridden(replace(able, max_media_size=limits, max_image_side=side), settings)


def overridden(able: Capabilities, settings: CapabilitySettings | None) -> Capabilities:
    """With what the manifest says, which is believed."""
    if settings is None:
        return able
    said = {name: value for name, value in asdict(settings).items() if value is not None}
    sizes = {kind: size for kind, size in (said.pop("max_media_size", None) or {}).items() if size is not None}
    return replace(able, max_media_size={**able.max_media_size, **sizes}, **said)


def _within(protocol: Capabilities, known: Mapping[str, Any]) -> Capabilities:
    fields: dict[str, Any] = {}
    for name, value in known.items():
        bound = getattr(protocol, name)
        if isinstance(bound, bool):
            fields[name] = bound and bool(value)
        elif isinstance(bound, tuple):
            fields[name] = tuple(kind for kind in bound if kind in value)
        else:
            fields[name] = value
    return replace(protocol, **fields)
