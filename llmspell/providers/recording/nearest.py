"""Which recorded request was probably meant, and what differs from it. Pure, and bounded in what it looks at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

COMPARED: Final = 500
"""Requests, at most."""
LEAVES: Final = 5_000
"""Values of one request, at most."""
SHOWN: Final = 60
"""Characters of a value in a message."""
BEFORE: Final = 20
"""Of these, how many stand before the first that differs."""
NOTHING: Final = "nothing"


class Difference(NamedTuple):
    """One value that differs, in words; `path` is like messages[1].text."""

    path: str
    recorded: str
    asked: str

    def __str__(self) -> str:
        return f"{self.path} was {self.recorded} and is {self.asked}"


def nearest(asked: Mapping[str, Any], recorded: Iterable[Mapping[str, Any]]) -> tuple[int, list[Difference]] | None:
    """The index of the request that differs least, and how it does; None where there is none."""
    now = _leaves(asked)
    best: tuple[float, int, dict[str, str]] | None = None
    for index, request in enumerate(islice(recorded, COMPARED)):
        then = _leaves(request)
        score = _distance(then, now)
        if best is None or score < best[0]:
            best = score, index, then
    if best is None:
        return None
    _, index, then = best
    paths = [path for path in {**then, **now} if then.get(path) != now.get(path)]
    return index, [Difference(path, *_shown(then.get(path), now.get(path))) for path in paths]


def _leaves(value: Any) -> dict[str, str]:
    return dict(islice(_walk("", value), LEAVES))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every value that holds no other, as JSON."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _walk(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", item)
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _distance(then: Mapping[str, str], now: Mapping[str, str]) -> float:
    """1 to 4 for each value that is another, 2 for each that only one has: what counts most is how alike texts are."""
    return sum(
        4 - 3 * _alike(then[path], now[path]) if path in then and path in now else 2
        for path in then.keys() | now.keys()
        if then.get(path) != now.get(path)
    )


def _alike(one: str, other: str) -> float:
    start = _common(one, other)
    end = _common(one[start:][::-1], other[start:][::-1])
    return (start + end) / max(len(one), len(other))


def _common(one: str, other: str) -> int:
    """How many characters they begin with alike. By comparing slices: a character at a time is slow for long texts."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shown(then: str | None, now: str | None) -> tuple[str, str]:
    """Both, or where that is long, both from a little before the first character that differs."""
    one, other = then or "", now or ""
    long = max(len(one), len(other)) > SHOWN
    start = max(0, _common(one, other) - BEFORE) if long else 0
    return _cut(then, start), _cut(now, start)


def _cut(text: str | None, start: int) -> str:
    if text is None:
        return NOTHING
    end = start + SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
