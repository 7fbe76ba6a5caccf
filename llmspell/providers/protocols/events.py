"""What the decoders of streams share: bytes through a parser, event by event, and how an answer may end. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, Protocol, TypeVar

from llmspell.errors import BadResponseError
from llmspell.providers.protocols.parts import quoted
from llmspell.types import Delta

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Parser(Protocol[T_co]):
    """sse.py and ndjson.py."""

    @property
    def strange(self) -> bytes:
        """The beginning of the first line that is no part of the format; b"" where there is none."""
        ...

    def feed(self, data: bytes) -> Iterator[T_co]: ...

    def close(self) -> Iterator[T_co]: ...


class EventStream(ABC, Generic[T]):
    """Of one request. Raises BadResponseError, or what an error inside the stream stands for.

    After `done` no more bytes are needed; when the bytes end before, `close()` decides whether the answer is whole.
    """

    EVENT: ClassVar = "event"
    END: ClassVar = "its end mark"

    def __init__(self, parser: Parser[T]) -> None:
        self._parser = parser
        self.done = False
        """The end mark was seen."""
        self.finished = False
        """A finish reason was seen: from here on a missing end is forgiven."""
        self.started = False
        """The model's first token was seen: text, reasoning, a tool call, or a medium."""
        self.events = 0
        """Events so far; comments and keep-alives are none."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The answer's text so far."""

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas in these bytes. Take all of them before feeding more."""
        for event in self._parser.feed(data):
            yield from self._take(event)

    def close(self) -> Iterator[Delta]:
        """The last deltas and the ModelReply. Raises BadResponseError, retryable, when the stream was cut short."""
        for event in self._parser.close():
            yield from self._take(event, last=True)
        if not self.events and self._parser.strange:
            begins = quoted(self._parser.strange)
            raise BadResponseError(f"the answer is not a stream of {self.EVENT}s; it begins: {begins}", retryable=True)
        if not self.events:
            raise BadResponseError(f"the answer is empty: it holds no {self.EVENT}", retryable=True)
        if not (self.done or self.finished):
            raise BadResponseError(f"the answer was cut off: the stream ended without {self.END}", retryable=True)
        yield from self._last()

    @abstractmethod
    def _take(self, event: T, *, last: bool = False) -> Iterator[Delta]:
        """One event; the `last` one may be cut in its middle."""

    @abstractmethod
    def _last(self) -> Iterator[Delta]:
        """Of an answer that has ended."""


def check_answered(answered: bool) -> None:
    if not answered:
        raise BadResponseError("the stream ended without an answer", retryable=True)
