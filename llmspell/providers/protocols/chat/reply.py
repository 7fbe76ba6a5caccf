"""What a chat completions server answers, whole or as the parts that a stream also has: pure functions over JSON.

Whatever the server sends, the outcome is a ModelReply or a ProviderError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.error_body import report
from llmspell.providers.protocols.chat.media import Audio, audio_format, images
from llmspell.providers.protocols.chat.reasoning import Thoughts
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    check_media,
    count,
    kind_of,
    quoted,
    tool_call,
    tool_entry,
    word,
)
from llmspell.types import FinishReason, ModelReply, ModelRequest, RawMedia, Usage

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "stop": "stop",
        "length": "length",
        "model_length": "length",  # Mistral
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
    }
)


def decode(body: bytes, request: ModelRequest, request_id: str = "") -> ModelReply:
    """A whole reply. Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    if found := report(payload, failed=not isinstance(payload, dict) or not payload.get("choices")):
        raise faults.from_report(found)
    choice = first_choice(payload)
    message = choice.get("message") if choice else None
    if not isinstance(message, dict):
        raise BadResponseError("the answer holds no message")
    thoughts, audio = Thoughts(), Audio(audio_format(request, stream=False))
    thoughts.add(message)
    thoughts.end()
    refusal = text_of(message.get("refusal"))
    text = text_of(message.get("content")) + refusal + audio.add(message.get("audio"))
    held = list(images(message))
    check_media(len(held))
    entries = message.get("tool_calls") or []
    if not isinstance(entries, list):
        raise BadResponseError("the answer's tool calls are not a list")
    check_count(len(entries))
    ids = CallIds(request)
    calls = []
    for entry in entries:
        call_id, name, arguments = tool_entry(entry)
        check_arguments(len(arguments_text(arguments)))
        calls.append(tool_call(ids.unique(call_id), name, arguments))
    raw = word(choice.get("finish_reason")) if choice else ""
    return ModelReply(
        text=wirejson.clean(text + links(held)),
        tool_calls=tuple(calls),
        usage=usage(payload, choice) or Usage(),
        finish_reason=finish_reason(raw, calls=bool(calls), refused=bool(refusal)),
        raw_finish_reason=raw,
        model=word(payload.get("model")) or request.model,
        request_id=request_id or word(payload.get("id")),
        media=(*(item for item in held if isinstance(item, RawMedia)), *audio.made()),
        reasoning=thoughts.made(),
    )


def links(held: Iterable[RawMedia | str]) -> str:
    """Images that are only linked, as text: nothing is fetched from an address that a model gave."""
    return "".join(f"\n{item}\n" for item in held if isinstance(item, str))


def first_choice(payload: Any) -> dict[str, Any] | None:
    """The choice with index 0 (or the first without an index), None where there is none."""
    choices = payload.get("choices") if isinstance(payload, dict) else None
    if not choices:
        return None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise BadResponseError("the answer's choices are not a list of objects")
    return next((choice for choice in choices if not choice.get("index")), None)


def text_of(content: Any) -> str:
    """The text of a content field: a string, null, or a list of parts, of which only text parts are the answer."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            parts = (part if isinstance(part, str) else _part(part) for part in content)
            return "".join(parts)
    raise BadResponseError(f"the answer's content is {kind_of(content)}, not text")


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text") else None
    return text if isinstance(text, str) else ""


def finish_reason(raw: str, *, calls: bool, refused: bool) -> FinishReason:
    """Normalised: several servers say "stop", or nothing, where the model called tools."""
    if calls and raw in ("stop", ""):
        return "tool_calls"
    if refused and raw in ("stop", ""):
        return "content_filter"
    return FINISH_REASONS.get(raw, "other")


def usage(payload: Mapping[str, Any], choice: Mapping[str, Any] | None = None) -> Usage | None:
    """Token counts; what is missing or senseless is 0. None where there are no counts at all.

    They are at the top, in `x_groq` (Groq's streams), or in the choice (Moonshot's).
    """
    groq = payload.get("x_groq")
    places = (payload, groq if isinstance(groq, dict) else {}, choice or {})
    value = next((held for place in places if isinstance(held := place.get("usage"), dict) and held), None)
    if value is None:
        return None
    prompt, completion = value.get("prompt_tokens_details"), value.get("completion_tokens_details")
    cached = prompt.get("cached_tokens") if isinstance(prompt, dict) else None
    reasoning = count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0
    given, made = count(value.get("prompt_tokens")), count(value.get("completion_tokens"))
    if reasoning and count(value.get("total_tokens")) == given + made + reasoning:
        made += reasoning  # xAI counts them beside the answer's, others among them
    return Usage(
        input_tokens=given,
        output_tokens=made,
        cached_tokens=count(cached) or count(value.get("prompt_cache_hit_tokens")) or count(value.get("cached_tokens")),
        reasoning_tokens=reasoning,
    )
