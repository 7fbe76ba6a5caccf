"""A streamed chat completion: the body's bytes in, deltas out, and last the whole ModelReply. Pure.

Everything that decides what a stream means is here; the provider only moves bytes and keeps time by `progress`.
The order of what servers get wrong, and what is made of it, stands at the methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.error_body import report
from llmspell.providers.protocols.chat.media import Audio, audio_format, images
from llmspell.providers.protocols.chat.reasoning import Thoughts
from llmspell.providers.protocols.chat.reply import finish_reason, first_choice, links, text_of, usage
from llmspell.providers.protocols.events import EventStream, check_answered
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    check_media,
    event_value,
    kind_of,
    tool_call,
    tool_entry,
    word,
)
from llmspell.providers.protocols.text import Pieces
from llmspell.providers.sse import MAX_EVENT_BYTES, ServerEvent, SseParser
from llmspell.types import (
    Delta,
    MediaDelta,
    ModelReply,
    ModelRequest,
    RawMedia,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)

DONE = "[DONE]"
UNNAMED = ("", "message", "error")
"""Events of other names are a server's own business (pings), unless they hold choices or an error."""


@dataclass(slots=True)
class _Call:
    """A tool call that is being received: its place among the calls, and what the server called it."""

    slot: int
    id: str
    server_id: str
    name: str
    fragments: list[str] = field(default_factory=list)
    size: int = 0
    whole: Any = None
    """The arguments, where the server gave them as an object."""


class ChatStream(EventStream[ServerEvent]):
    """See EventStream."""

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._request = request
        self._request_id = request_id
        super().__init__(SseParser(max_bytes=max_event_bytes))
        self._ids = CallIds(request)
        self._text = Pieces()
        self._thoughts = Thoughts()
        self._audio = Audio(audio_format(request, stream=True))
        self._media: list[RawMedia] = []
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        """The last one at each index."""
        self._by_id: dict[tuple[int, str], _Call] = {}
        self._usage = Usage()
        self._model = ""
        self._reply_id = ""
        self._refused = False
        self._finish = ""
        self._answered = False

    @property
    def text(self) -> str:
        return self._text.whole

    def _last(self) -> Iterator[Delta]:
        check_answered(self._answered)
        if thought := self._thoughts.end():
            yield ReasoningDelta(thought)
        if text := self._text.end():
            yield TextDelta(text)
        for medium in self._audio.made():
            self._media.append(medium)
            yield MediaDelta(medium)
        yield self._reply()

    def _take(self, event: ServerEvent, *, last: bool = False) -> Iterator[Delta]:
        if self.done or not event.data.strip():
            return
        self.events += 1
        if event.data.strip() == DONE:
            self.done = True
            return
        payload = event_value(event, optional=last or event.event not in UNNAMED)
        if payload is None:
            return
        if found := report(payload, failed=event.event == "error"):
            raise faults.from_report(found)
        if not isinstance(payload, dict):
            raise BadResponseError(f"an event of the stream is {kind_of(payload)}, not an object")
        self._model = self._model or word(payload.get("model"))
        self._reply_id = self._reply_id or word(payload.get("id"))
        choice = first_choice(payload)
        self._usage = usage(payload, choice) or self._usage  # the last counts are the whole turn's
        if choice is not None:
            yield from self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> Iterator[Delta]:
        self._answered = True
        delta = choice.get("delta") or {}
        if not isinstance(delta, dict):
            raise BadResponseError(f"a delta of the stream is {kind_of(delta)}, not an object")
        refusal = text_of(delta.get("refusal"))
        self._refused = self._refused or bool(refusal)
        if thought := self._thoughts.add(delta):
            self.started = True
            yield ReasoningDelta(thought)
        held = [item for item in images(delta) if item not in self._media]  # some send them again with the last delta
        said = text_of(delta.get("content")) + refusal + self._audio.add(delta.get("audio")) + links(held)
        self.started = self.started or bool(said or held or delta.get("audio"))
        if text := self._text.add(said):
            yield TextDelta(text)
        for medium in held:
            if isinstance(medium, RawMedia):
                check_media(len(self._media) + 1)
                self._media.append(medium)
                yield MediaDelta(medium)
        entries = delta.get("tool_calls") or []
        if not isinstance(entries, list):
            raise BadResponseError("the tool calls of a delta are not a list")
        touched: set[int] = set()
        for entry in entries:
            yield self._tool_entry(entry, touched)
        if reason := word(choice.get("finish_reason")):
            self._finish = reason
            self.finished = self.started = True

    def _tool_entry(self, entry: Any, touched: set[int]) -> Delta:
        server_id, name, arguments = tool_entry(entry)
        index = entry.get("index")
        index = index if isinstance(index, int) and not isinstance(index, bool) else 0
        call = self._by_id.get((index, server_id)) or self._by_index.get(index)
        if call is None or self._is_another(call, server_id, name, touched):
            check_count(len(self._calls) + 1)
            call = _Call(len(self._calls), self._ids.unique(server_id), server_id, name)
            self._calls.append(call)
        touched.add(call.slot)
        # Some servers repeat id and name in every delta: the first ones count, nothing is ever appended to them.
        call.server_id = call.server_id or server_id
        call.name = call.name or name
        self._by_index[index] = call
        if call.server_id:
            self._by_id[index, call.server_id] = call
        fragment = self._fragment(call, arguments)
        self.started = True
        return ToolCallDelta(call.slot, call.id, call.name, fragment)

    @staticmethod
    def _is_another(call: _Call, server_id: str, name: str, touched: set[int]) -> bool:
        """Whether an entry at the index of `call` begins a new call: Ollama and Gemini send index 0 for all of them.

        A new id alone does not say so (vLLM used to make one up for every delta), a new id with a name does; without
        ids, two named entries of one delta are two calls.
        """
        if not name:
            return False
        if server_id and call.server_id:
            return server_id != call.server_id
        return not server_id and call.slot in touched

    @staticmethod
    def _fragment(call: _Call, arguments: Any) -> str:
        fragment = arguments_text(arguments)
        call.size += len(fragment)
        check_arguments(call.size)
        if isinstance(arguments, str):
            call.fragments.append(arguments)
        elif arguments is not None:
            call.whole = arguments  # an object is whole at once
        return wirejson.clean(fragment)

    def _reply(self) -> ModelReply:
        calls = tuple(tool_call(call.id, call.name, call.whole or "".join(call.fragments)) for call in self._calls)
        return ModelReply(
            text=self.text,
            tool_calls=calls,
            usage=self._usage,
            finish_reason=finish_reason(self._finish, calls=bool(calls), refused=self._refused),
            raw_finish_reason=self._finish,
            model=self._model or self._request.model,
            request_id=self._request_id or self._reply_id,
            media=tuple(self._media),
            reasoning=self._thoughts.made(),
        )
