"""An answer that is being received, item by item: what has come of each, and what is new in a later version of it.

Servers say everything several times: in deltas, when a part is done, when its item is done, and when all is. Each
method takes one such version and gives what had not been given before, so it does not matter which of them a server
leaves out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any

from llmspell.errors import BadResponseError, ProviderError
from llmspell.providers import wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    check_media,
    check_parts,
    tool_call,
    word,
)
from llmspell.providers.protocols.responses import items
from llmspell.providers.protocols.text import Pieces
from llmspell.types import (
    Delta,
    MediaDelta,
    ModelReply,
    ModelRequest,
    RawMedia,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)


@dataclass(slots=True)
class _Call:
    slot: int
    id: str
    name: str
    fragments: list[str] = field(default_factory=list)
    size: int = 0
    whole: Any = None
    done: bool = False


@dataclass(slots=True)
class _Thought:
    """`sizes` counts the characters that came of each part."""

    place: int
    text: Pieces = field(default_factory=Pieces)
    sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


class Answer:
    """Of one request. `index` is an item's place in the output."""

    def __init__(self, request: ModelRequest, request_id: str) -> None:
        self._request = request
        self._request_id = request_id
        self._ids = CallIds(request)
        self._text = Pieces()
        self._sizes: dict[tuple[int, int], int] = {}  # characters that came of each part of each message
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}
        self._thoughts: dict[int, _Thought] = {}
        self._media: dict[int, RawMedia] = {}
        self._phases: set[str] = set()
        self._failure: ProviderError | None = None
        self._refused = False
        self._response: Mapping[str, Any] = {}

    @property
    def text(self) -> str:
        """So far."""
        return self._text.whole

    def began(self, response: Mapping[str, Any]) -> None:
        """What is known of the response before its end."""
        self._response = {name: response.get(name) for name in ("id", "model")}

    def said(self, index: int, part: int, text: str, *, refused: bool = False, whole: bool = False) -> Iterator[Delta]:
        """A piece of a message's part, or with `whole` all of it."""
        known = self._sizes.get((index, part), 0)
        if whole:
            text = text[known:]
        check_parts(len(self._sizes))
        self._sizes[index, part] = known + len(text)
        self._refused = self._refused or (refused and bool(text))
        if new := self._text.add(text):
            yield TextDelta(new)

    def thought(self, index: int, part: tuple[str, int], text: str, *, whole: bool = False) -> Iterator[Delta]:
        """A piece of a part of a reasoning item, or with `whole` all of it."""
        held = self._thought(index)
        known = held.sizes.get(part, 0)
        if whole:
            text = text[known:]
        if not text:
            return
        if not known and held.sizes:
            text = items.BREAK + text
            known = -len(items.BREAK)
        check_parts(len(held.sizes))
        held.sizes[part] = known + len(text)
        if new := held.text.add(text):
            yield ReasoningDelta(new)

    def arguments(self, index: int, arguments: Any, *, whole: bool = False) -> Iterator[Delta]:
        """A piece of a call's arguments, or with `whole` all of them."""
        call = self._at.get(index)
        if call is None:
            raise BadResponseError("the answer has arguments of a tool call that it did not begin")
        text = arguments_text(arguments)
        if whole:
            call.whole = arguments if arguments else call.whole
            text = "" if call.size else text
        call.size += len(text)
        check_arguments(max(call.size, len(arguments_text(arguments))))
        if text:
            call.fragments.append(text)
            yield ToolCallDelta(call.slot, call.id, call.name, wirejson.clean(text))

    def item(self, index: int, item: Mapping[str, Any], *, done: bool) -> Iterator[Delta]:
        """An item as it begins, or with `done` as it ends."""
        match item.get("type"):
            case "message":
                for part, text, refused in items.message_parts(item):
                    yield from self.said(index, part, text, refused=refused, whole=True)
                if done:
                    self._phases.add(word(item.get("phase")))
            case "reasoning":
                held = self._thought(index)
                for place, text in items.thoughts(item):
                    yield from self.thought(index, place, text, whole=True)
                if done:  # what is encrypted is whole only then
                    held.data = items.thought_data(item, held.place) or held.data
            case "function_call":
                yield from self._call(index, item, done=done)
            case "image_generation_call" if done and index not in self._media:
                self._failure = items.failure(item) or self._failure
                if (medium := items.image_of(item)) is not None:
                    check_media(len(self._media) + 1)
                    self._media[index] = medium
                    yield MediaDelta(medium)

    def end(self, response: Mapping[str, Any]) -> Iterator[Delta]:
        """The response as it ended. Raises the error that it ended in.

        Its items count where none of their type has come: not every server numbers them as it numbered the events.
        """
        status = response.get("status")
        if status in ("failed", "cancelled"):
            raise items.failed(response)
        if status in ("queued", "in_progress"):
            raise BadResponseError(f"the answer is not finished: its status is {status}")
        self._response = {**self._response, **response}
        received: dict[str, Sized] = {
            "message": self._sizes,
            "reasoning": self._thoughts,
            "function_call": self._calls,
            "image_generation_call": self._media,
        }
        come = [kind for kind, held in received.items() if held]
        for index, item in enumerate(items.outputs(response)):
            if item.get("type") not in come:
                yield from self.item(index, item, done=True)
        for held in self._thoughts.values():
            if thought := held.text.end():
                yield ReasoningDelta(thought)
        if text := self._text.end():
            yield TextDelta(text)

    def reply(self) -> ModelReply:
        """After its end. Raises the error of an image that is missing, where there is nothing else."""
        calls = tuple(tool_call(call.id, call.name, call.whole or "".join(call.fragments)) for call in self._calls)
        if self._failure is not None and not (self.text or calls or self._media):
            raise self._failure
        finish_reason, raw = items.finish(self._response, calls=bool(calls), refused=self._refused)
        return ModelReply(
            text=self.text,
            tool_calls=calls,
            usage=items.usage(self._response),
            finish_reason=finish_reason,
            raw_finish_reason=raw,
            model=word(self._response.get("model")) or self._request.model,
            request_id=self._request_id or word(self._response.get("id")),
            media=tuple(self._media.values()),
            reasoning=tuple(self._reasoning()),
        )

    def _reasoning(self) -> Iterator[Reasoning]:
        for held in self._thoughts.values():
            if held.data or held.text.whole:
                yield Reasoning(kind=items.KIND, text=held.text.whole, data=held.data)
        if len(self._phases) == 1 and all(self._phases):  # one text cannot say what is of which phase
            yield Reasoning(kind=items.KIND, data={"phase": self._phases.copy().pop()})

    def _thought(self, index: int) -> _Thought:
        if index not in self._thoughts:
            check_parts(len(self._thoughts))
            place = len(self._calls) + 1 if self._calls or self.text else 0
            self._thoughts[index] = _Thought(place)
        return self._thoughts[index]

    def _call(self, index: int, item: Mapping[str, Any], *, done: bool) -> Iterator[Delta]:
        server_id, name, arguments = items.call_of(item)
        call = self._at.get(index)
        if call is None or (call.done and not done):  # some servers number all of them alike
            check_count(len(self._calls) + 1)
            call = self._at[index] = _Call(len(self._calls), self._ids.unique(server_id), name)
            self._calls.append(call)
            if not arguments:
                yield ToolCallDelta(call.slot, call.id, call.name, "")
        call.name = call.name or name
        if arguments:
            yield from self.arguments(index, arguments, whole=done)
        call.done = done
