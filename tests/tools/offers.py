"""Functions that tests make tools of."""

from __future__ import annotations

import asyncio
import base64
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from llmspell.errors import DeniedError
from llmspell.types import RawMedia

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""


@dataclass
class Place:
    """Somewhere."""

    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


class Options(TypedDict, total=False):
    loud: bool


def describe(
    name: str,
    count: int,
    place: Place,
    kind: Literal["a", "b"] = "a",
    scale: float | None = None,
    extra: dict[str, int] = {},  # noqa: B006
    options: Options | None = None,
) -> dict[str, Any]:
    """Tell what was given.

    More about it,
    in two lines.

    Args:
        name: What it is called.
        count: How many.
    """
    return {
        "name": name,
        "count": count,
        "place": [place.x, place.y, place.tags],
        "kind": kind,
        "scale": scale,
        "extra": extra,
        "options": options,
    }


async def waits(seconds: float = 0) -> str:
    await asyncio.sleep(seconds)
    return threading.current_thread().name


def thread() -> str:
    return threading.current_thread().name


def bounded(n: Annotated[int, msgspec.Meta(ge=1, le=3)]) -> int:
    return n


def untyped(a, b=2):  # type: ignore[no-untyped-def]
    return [a, b]


def broken() -> None:
    raise RuntimeError("it broke")


def denies() -> None:
    raise DeniedError("not this one")


def picture() -> RawMedia:
    return RawMedia(data=PICTURE, mime="image/png")


def odd() -> object:
    return object()


def leaves() -> None:
    sys.exit(3)


async def leaves_later() -> None:
    sys.exit(3)


def much() -> bytes:
    return bytes(40 * 1024 * 1024)


def strange(path: Path) -> str:
    return str(path)


def starred(*args: int) -> int:
    return sum(args)


class Callable:
    def method(self, a: int) -> int:
        """Add one."""
        return a + 1


offered = Callable().method
