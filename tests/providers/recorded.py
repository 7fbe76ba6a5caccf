"""The recordings of all protocols, what a decoder makes of them, and the ways to break them.

Protocols are found as the packages of llmspell/providers/protocols/ that have a TRANSLATOR, their recordings in the
folder recordings/KIND/ (see the README there).
"""

from __future__ import annotations

import copy
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from llmspell.errors import ProviderError
from llmspell.providers import protocols
from llmspell.providers.protocols.translator import Decoder, Translator
from llmspell.providers.sse import MAX_EVENT_BYTES
from llmspell.types import Delta, ModelReply, ModelRequest

from .helpers import ask, reply_of

HERE = Path(__file__).parent / "recordings"


def _protocols() -> Iterator[Translator]:
    for module in pkgutil.iter_modules(protocols.__path__, f"{protocols.__name__}."):
        if module.ispkg:
            yield import_module(module.name).TRANSLATOR


PROTOCOLS = {translator.kind: translator for translator in _protocols()}


class Recording(NamedTuple):
    kind: str
    name: str
    source: bytes
    is_stream: bool

    @property
    def translator(self) -> Translator:
        return PROTOCOLS[self.kind]


def _recordings() -> Iterator[Recording]:
    for path in sorted(HERE.glob("*/*.*")):
        yield Recording(path.parent.name, path.stem, path.read_bytes(), path.suffix != ".json")


RECORDINGS = tuple(_recordings())
STREAMS = tuple(recording for recording in RECORDINGS if recording.is_stream)
WHOLE = tuple(recording for recording in RECORDINGS if not recording.is_stream)


def name_of(recording: Recording) -> str:
    """For the ids of parametrized tests."""
    return f"{recording.kind}-{recording.name}"


@dataclass(slots=True)
class Heard:
    """What came of a stream: the deltas, and the error that ended it, if one did."""

    decoder: Decoder
    deltas: list[Delta] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def reply(self) -> ModelReply:
        assert self.error is None
        return reply_of(self.deltas)

    @property
    def outcome(self) -> list[Any]:
        """For comparing: the deltas, and the error as what it says."""
        if self.error is None:
            return list(self.deltas)
        return [*self.deltas, (type(self.error).__name__, str(self.error), self.error.retryable)]


def hear(translator: Translator, *chunks: bytes, request: ModelRequest | None = None) -> Heard:
    """Decode a stream that comes in these chunks."""
    heard = Heard(translator.decoder(request or ask(), "", MAX_EVENT_BYTES))
    try:
        for chunk in chunks:
            heard.deltas.extend(_one_by_one(heard, heard.decoder.feed(chunk)))
        heard.deltas.extend(_one_by_one(heard, heard.decoder.close()))
    except ProviderError as error:
        heard.error = error
    return heard


def _one_by_one(heard: Heard, deltas: Iterator[Delta]) -> Iterator[Delta]:
    """Those before an error count."""
    for delta in deltas:
        heard.deltas.append(delta)
    return iter(())


KINDS = st.sampled_from(["delete", "replace", "insert", "repeat"])
MUTATIONS = st.lists(
    st.tuples(KINDS, st.integers(0, 6000), st.integers(1, 30), st.binary(max_size=6)), min_size=1, max_size=6
)


def mangle(source: bytes, mutations: list[tuple[str, int, int, bytes]]) -> bytes:
    """Break the bytes."""
    for kind, where, size, fresh in mutations:
        at = where % (len(source) + 1)
        old = source[at : at + size]
        new = {"delete": b"", "replace": fresh, "insert": fresh + old, "repeat": old + old}[kind]
        source = source[:at] + new + source[at + size :]
    return source


Place = tuple[int, int, tuple[Any, ...]]
"""One value in a recording: where its line's JSON begins and ends, and the keys that lead to it."""


def places(source: bytes) -> list[Place]:
    """Every value of every JSON text in a recording."""
    found: list[Place] = []
    for line in re.finditer(rb"(?:data: ?)?([^\r\n]+)", source):
        try:
            value = json.loads(line[1].decode("utf-8-sig"))
        except ValueError:
            continue
        found += [(line.start(1), line.end(1), path) for path in _paths(value)]
    return found


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


MISSING = object()


def altered(source: bytes, place: Place, new: Any) -> bytes:
    """Put another value in its place, or nothing at all where it is MISSING."""
    start, end, path = place
    whole = json.loads(source[start:end].decode("utf-8-sig"))
    if not path:
        whole = {} if new is MISSING else new
    else:
        holder = whole
        for key in path[:-1]:
            holder = holder[key]
        if new is MISSING:
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.copy(new)
    return source[:start] + json.dumps(whole).encode() + source[end:]


def _words() -> list[str]:
    """The keys and the short strings of all recordings: what a server might put in the wrong place."""
    found = set()
    for recording in RECORDINGS:
        found |= set(re.findall(rb'"([a-zA-Z_.]{2,30})"', recording.source))
    return sorted(word.decode() for word in found)


WORDS = st.sampled_from(_words())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def _altered(draw: st.DrawFn, recordings: tuple[Recording, ...]) -> tuple[Recording, bytes]:
    recording = draw(st.sampled_from(recordings))
    source = recording.source
    for _ in range(draw(st.integers(1, 2))):
        source = altered(source, draw(st.sampled_from(places(source))), draw(ANYTHING | st.just(MISSING)))
    return recording, source


ALTERED_STREAMS = _altered(STREAMS)
ALTERED_WHOLE = _altered(WHOLE)
