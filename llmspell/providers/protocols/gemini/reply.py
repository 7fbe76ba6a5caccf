"""What a Gemini server answers: the JSON objects of one answer in, deltas out, and last the ModelReply. Pure.

A whole answer is one such object, a streamed one is several of the same shape, so both are read here.
Whatever the server sends, the outcome is a ModelReply or a ProviderError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from llmspell.errors import BadResponseError, RefusedError
from llmspell.providers import faults, wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.error_body import report, tidy
from llmspell.providers.protocols import media
from llmspell.providers.protocols.gemini import pcm
from llmspell.providers.protocols.gemini.signatures import KIND, Of, Signature
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    check_media,
    check_parts,
    count,
    kind_of,
    quoted,
    tool_call,
    word,
)
from llmspell.providers.protocols.text import Pieces
from llmspell.types import (
    Delta,
    FinishReason,
    MediaDelta,
    ModelReply,
    ModelRequest,
    RawMedia,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

MAX_SIGNATURES: Final = 1_000
"""Of one answer. A part that is signed is a part that the model thought about; real answers have a few."""

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        "CONTINUATION": "length",
        "SAFETY": "content_filter",
        "RECITATION": "content_filter",
        "LANGUAGE": "content_filter",
        "BLOCKLIST": "content_filter",
        "PROHIBITED_CONTENT": "content_filter",
        "SPII": "content_filter",
        "IMAGE_SAFETY": "content_filter",
        "IMAGE_PROHIBITED_CONTENT": "content_filter",
        "IMAGE_RECITATION": "content_filter",
        "ESCALATION": "content_filter",
        "PUP_LIMITED_DISABLED": "content_filter",
        "MODEL_ARMOR": "content_filter",
        "FINISH_REASON_UNSPECIFIED": "other",
        "OTHER": "other",
        "IMAGE_OTHER": "other",
        "NO_IMAGE": "other",
        "MALFORMED_FUNCTION_CALL": "other",
        "MALFORMED_RESPONSE": "other",
        "UNEXPECTED_TOOL_CALL": "other",
        "TOO_MANY_TOOL_CALLS": "other",
        "MISSING_THOUGHT_SIGNATURE": "other",
    }
)
"""All that the vendor's client knows; a word that is not here is "other"."""


@dataclass(slots=True)
class _Thought:
    """A run of thought parts: until something else comes, or one that is signed."""

    texts: list[str] = field(default_factory=list)
    size: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


class Collected:
    """One answer while it is being received."""

    def __init__(self, request: ModelRequest, request_id: str = "") -> None:
        self._request = request
        self._request_id = request_id
        self._ids = CallIds(request)
        self._text = Pieces()
        self._size = 0  # of the text
        self._calls: list[ToolCall] = []
        self._media: list[RawMedia] = []
        self._samples = pcm.Samples()
        self._thoughts: list[_Thought] = []
        self._open: _Thought | None = None
        self._signatures: list[Signature] = []
        self._usage = Usage()
        self._model = ""
        self._reply_id = ""
        self.finish = ""
        """The server's word for why the answer ended; "" before it did."""
        self.started = False
        """The model's first token was seen."""
        self.answered = False
        """A candidate was seen."""

    @property
    def text(self) -> str:
        return self._text.whole

    def take(self, payload: Any) -> Iterator[Delta]:
        """The deltas of one object. Raises BadResponseError, what an error in it stands for, and RefusedError for a
        prompt that was blocked."""
        if isinstance(payload, list) and payload:  # what a gateway makes of a stream that nobody asked it for
            for item in payload:
                yield from self._object(item)
        else:
            yield from self._object(payload)

    def _object(self, payload: Any) -> Iterator[Delta]:
        if not isinstance(payload, dict):
            raise BadResponseError(f"the answer is {kind_of(payload)}, not an object")
        if found := report(payload, failed=False):
            raise faults.from_report(found)
        self._model = self._model or word(payload.get("modelVersion"))
        self._reply_id = self._reply_id or word(payload.get("responseId"))
        self._usage = usage(payload.get("usageMetadata")) or self._usage  # the last counts are the whole turn's
        candidate = _first(payload.get("candidates"))
        if candidate is None:
            self._refuse_blocked(payload.get("promptFeedback"))
            return
        self.answered = True
        for part in _parts(candidate.get("content")):
            yield from self._part(part)
        if reason := word(candidate.get("finishReason")):
            self.finish = reason
            self.started = True

    def last(self) -> Iterator[Delta]:
        """The deltas that only the end completes, and the ModelReply."""
        if text := self._text.end():
            yield TextDelta(text)
        if self._samples:
            sound = self._samples.whole()
            self._media.append(sound)
            yield MediaDelta(sound)
        calls = tuple(self._calls)
        yield ModelReply(
            text=self.text,
            tool_calls=calls,
            usage=self._usage,
            finish_reason=finish_reason(self.finish, calls=bool(calls)),
            raw_finish_reason=self.finish,
            model=self._model or self._request.model,
            request_id=self._request_id or self._reply_id,
            media=tuple(self._media),
            reasoning=(
                *(Reasoning(kind=KIND, text="".join(item.texts), data=item.data) for item in self._thoughts),
                *(Reasoning(kind=KIND, data=item.to_data()) for item in self._signatures),
            ),
        )

    def _refuse_blocked(self, feedback: Any) -> None:
        reason = word(feedback.get("blockReason")) if isinstance(feedback, dict) else ""
        if reason and not self.answered:
            said = feedback.get("blockReasonMessage")
            more = f": {tidy(said)}" if isinstance(said, str) and said else ""
            raise RefusedError(f"the prompt was blocked ({reason}){more}", hint="say it in other words")

    def _part(self, part: Mapping[str, Any]) -> Iterator[Delta]:
        """Parts of other kinds (code that the server ran, its own tools) are no part of the answer."""
        signature = part.get("thoughtSignature")
        signature = wirejson.clean(signature) if isinstance(signature, str) else ""
        text = part.get("text")
        if part.get("thought") is True:
            yield from self._thought(wirejson.clean(text) if isinstance(text, str) else "", signature)
            return
        self._open = None
        if isinstance(part.get("functionCall"), dict):
            yield self._call(part["functionCall"], signature)
        elif isinstance(part.get("inlineData"), dict):
            yield from self._medium(part["inlineData"], signature)
        elif isinstance(text, str):
            text = self._text.add(text)
            self._sign(signature, "text", self._size, self._size + len(text))
            self._size += len(text)
            if text:
                self.started = True
                yield TextDelta(text)

    def _thought(self, text: str, signature: str) -> Iterator[Delta]:
        if self._open is None:
            self._open = _Thought()
            check_parts(len(self._thoughts) + 1)
            self._thoughts.append(self._open)
        thought, start = self._open, self._open.size
        thought.texts.append(text)
        thought.size += len(text)
        if signature:
            thought.data = Signature(signature, "thought", start, thought.size).to_data()
            self._open = None
        if text:
            self.started = True
            yield ReasoningDelta(text)

    def _call(self, call: Mapping[str, Any], signature: str) -> Delta:
        check_count(len(self._calls) + 1)
        fragment = arguments_text(call.get("args"))
        check_arguments(len(fragment))
        place = len(self._calls)
        made = tool_call(self._ids.unique(word(call.get("id"))), word(call.get("name")), call.get("args"))
        self._sign(signature, "call", place, place)
        self._calls.append(made)
        self.started = True
        return ToolCallDelta(place, made.id, made.name, wirejson.clean(fragment))

    def _medium(self, data: Mapping[str, Any], signature: str) -> Iterator[Delta]:
        text = data.get("data")
        plain = text.replace("-", "+").replace("_", "/") if isinstance(text, str) else ""  # either alphabet is allowed
        medium = media.from_base64(plain, word(data.get("mimeType")))
        self.started = True
        if self._samples.take(medium):
            return
        check_media(len(self._media) + 1)
        self._sign(signature, "medium", len(self._media), len(self._media))
        self._media.append(medium)
        yield MediaDelta(medium)

    def _sign(self, signature: str, of: Of, start: int, end: int) -> None:
        if signature and len(self._signatures) < MAX_SIGNATURES:
            self._signatures.append(Signature(signature, of, start, end))


def decode(body: bytes, request: ModelRequest, request_id: str = "") -> ModelReply:
    """A whole reply. Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    collected = Collected(request, request_id)
    for _ in collected.take(payload):
        pass
    if not collected.answered:
        if found := report(payload, failed=True):
            raise faults.from_report(found)
        raise BadResponseError("the answer holds no candidate")
    *_, reply = collected.last()
    assert isinstance(reply, ModelReply)
    return reply


def _first(candidates: Any) -> Mapping[str, Any] | None:
    """The candidate with index 0 (or the first without an index), None where there is none."""
    if not candidates:
        return None
    if not isinstance(candidates, list) or not all(isinstance(candidate, dict) for candidate in candidates):
        raise BadResponseError("the answer's candidates are not a list of objects")
    return next((candidate for candidate in candidates if not candidate.get("index")), None)


def _parts(content: Any) -> list[Mapping[str, Any]]:
    parts = content.get("parts") if isinstance(content, dict) else content
    if not parts:
        return []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise BadResponseError("the parts of the answer are not a list of objects")
    return parts


def finish_reason(raw: str, *, calls: bool) -> FinishReason:
    """Normalised: Gemini says STOP where the model called tools."""
    if calls and FINISH_REASONS.get(raw, "stop") == "stop":
        return "tool_calls"
    return FINISH_REASONS.get(raw, "other")


def usage(value: Any) -> Usage | None:
    """Token counts; what is missing or senseless is 0. None where there are no counts at all."""
    if not isinstance(value, dict) or not value:
        return None
    thoughts = count(value.get("thoughtsTokenCount"))
    return Usage(
        input_tokens=count(value.get("promptTokenCount")) + count(value.get("toolUsePromptTokenCount")),
        output_tokens=count(value.get("candidatesTokenCount")) + thoughts,
        cached_tokens=count(value.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
    )
