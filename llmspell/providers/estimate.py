"""What a request will take, guessed before a server counts it, and what an answer has, where none counts it. Pure.

The guesses are meant to be near, and rather too high: they are what budgets reserve. Sources are the vendors' pages on
counting tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from llmspell.content import AudioMetadata, ImageMetadata, MediaContent, VideoMetadata
from llmspell.types import Delta, MediaDelta, Message, ModelReply, ModelRequest, RawMedia, ToolCallDelta

BYTES_PER_TOKEN: Final = 4
"""English on common tokenizers. By bytes, so that other scripts, which take more tokens a character, count for more."""
MESSAGE_TOKENS: Final = 4
"""Around each message: its role and its ends."""
UNSTATED_OUTPUT: Final = 1_000
"""Of an answer whose length nobody bounded."""
PIXELS_PER_TOKEN: Final = 750
SMALLEST_IMAGE: Final = 85
LARGEST_IMAGE: Final = 1_600
"""Servers scale larger images down."""
AUDIO_TOKENS: Final = 32
VIDEO_TOKENS: Final = 300
"""A second."""
AUDIO_BYTES: Final = 16_000
VIDEO_BYTES: Final = 125_000
"""A second, where the file does not say how long it is: 128 kbit/s and 1 Mbit/s."""
DOCUMENT_BYTES: Final = 50
"""A token, of a PDF: a page has some 2,000 tokens and 100 KB."""
LENGTHS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "num_predict")
ANSWERS: Final = ("n", "candidateCount")
"""Names in `parameters`, or in a table within them, that multiply or bound what an answer costs."""
OUTPUT_MEDIA: Final[Mapping[str, int]] = MappingProxyType({"image": 1_600, "audio": 1_600, "video": 10_000})
"""Of a medium in an answer."""


def input_tokens(request: ModelRequest) -> int:
    """Of everything that is sent: messages, media, tools, the schema, and what `parameters` may hold of such."""
    tools = sum(text_tokens(tool.name + tool.description) + _json_tokens(tool.parameters) for tool in request.tools)
    schema = 0 if request.schema is None else _json_tokens(request.schema)
    return sum(map(_message_tokens, request.messages)) + tools + schema + _json_tokens(request.parameters)


def output_tokens(request: ModelRequest, longest: int | None) -> int:
    """Of the answer, or of all where several are asked for. `longest` is the provider's `max_tokens`, which holds where
    the request has none; `parameters` may have a bound by the protocol's own name, and that is what the server sees."""
    bound = _parameter(request, LENGTHS)
    if bound is None:
        bound = longest if request.max_tokens is None else request.max_tokens
    media = sum(OUTPUT_MEDIA.get(kind, 0) for kind in request.output_modalities)
    return ((UNSTATED_OUTPUT if bound is None else bound) + media) * (_parameter(request, ANSWERS) or 1)


def received_bytes(delta: Delta) -> int:
    """Of a piece of an answer: bytes of its text; for a medium what counts as much."""
    if isinstance(delta, MediaDelta):
        return _raw_tokens(delta.media) * BYTES_PER_TOKEN if delta.is_final else 0
    if isinstance(delta, ModelReply):
        return 0
    return _size(delta.fragment if isinstance(delta, ToolCallDelta) else delta.text)


def answer_tokens(reply: ModelReply) -> int:
    """Of a whole answer that its server did not count."""
    calls = sum(text_tokens(call.name) + _json_tokens(call.arguments) for call in reply.tool_calls)
    thoughts = sum(text_tokens(item.text) for item in reply.reasoning)
    return text_tokens(reply.text) + calls + thoughts + sum(map(_raw_tokens, reply.media))


def text_tokens(text: str) -> int:
    return tokens_of(_size(text))


def tokens_of(size: int) -> int:
    """Of so many bytes of text."""
    return -(-size // BYTES_PER_TOKEN)


def media_tokens(medium: MediaContent) -> int:
    known = medium.metadata
    if medium.type == "image":
        if not isinstance(known, ImageMetadata):
            return LARGEST_IMAGE
        return min(max(known.width * known.height // PIXELS_PER_TOKEN, SMALLEST_IMAGE), LARGEST_IMAGE)
    if medium.type == "audio":
        return _seconds(known.duration if isinstance(known, AudioMetadata) else None, medium, AUDIO_BYTES, AUDIO_TOKENS)
    if medium.type == "video":
        return _seconds(known.duration if isinstance(known, VideoMetadata) else None, medium, VIDEO_BYTES, VIDEO_TOKENS)
    return tokens_of(medium.size) if medium.type == "text" else -(-medium.size // DOCUMENT_BYTES)


def _parameter(request: ModelRequest, names: tuple[str, ...]) -> int | None:
    """The largest whole number above zero that one of these parameters has."""
    tables = [request.parameters, *(item for item in request.parameters.values() if isinstance(item, Mapping))]
    values = [table[name] for table in tables for name in names if name in table]
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool) and value > 0]
    return max(numbers, default=None)


def _seconds(duration: float | None, medium: MediaContent, rate: int, tokens: int) -> int:
    seconds = medium.size / rate if duration is None else duration
    return int(seconds * tokens) + 1


def _message_tokens(message: Message) -> int:
    calls = sum(text_tokens(call.name) + _json_tokens(call.arguments) for call in message.tool_calls)
    thoughts = sum(text_tokens(item.text) + _json_tokens(item.data) for item in message.reasoning)
    return MESSAGE_TOKENS + text_tokens(message.text) + calls + thoughts + sum(map(media_tokens, message.media))


def _raw_tokens(medium: RawMedia) -> int:
    return OUTPUT_MEDIA.get(medium.mime.partition("/")[0], tokens_of(len(medium.data)))


def _json_tokens(value: Mapping[str, Any]) -> int:
    if not value:
        return 0
    try:
        return text_tokens(json.dumps(value, ensure_ascii=False, default=_plain, skipkeys=True))
    except RecursionError:  # nor can it be sent: the translator says so
        return 0


def _plain(value: object) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)  # frozen settings are mapping proxies


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
