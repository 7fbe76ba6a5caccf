"""The items of a Responses answer, as whole replies and streams both have them: pure functions over JSON.

What an item does not hold is empty; what it holds in the wrong type is a BadResponseError only where it would lose a
tool call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from llmspell.errors import BadResponseError, ProviderError
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import Report, report
from llmspell.providers.protocols import media
from llmspell.providers.protocols.parts import count, word
from llmspell.types import FinishReason, RawMedia, Usage

KIND = "openai-responses"
INCOMPLETE: Mapping[str, FinishReason] = MappingProxyType(
    {"max_output_tokens": "length", "content_filter": "content_filter"}
)
BREAK = "\n\n"
"""Between the parts of one item's reasoning, which have no line ends of their own."""


def outputs(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a response. Raises BadResponseError where they are no list of objects."""
    items = response.get("output") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadResponseError("the answer's output is not a list of objects")
    return items


def message_parts(item: Mapping[str, Any]) -> Iterator[tuple[int, str, bool]]:
    """The texts of a message: the number of each part, its text, and whether it is a refusal."""
    content = item.get("content")
    for number, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, dict):
            continue
        refused = part.get("type") == "refusal"
        text = part.get("refusal" if refused else "text")
        if isinstance(text, str):
            yield number, text, refused


def call_of(item: Mapping[str, Any]) -> tuple[str, str, Any]:
    """The id, the name and the arguments of a function_call; the id of the call, not of the item, where both are."""
    return word(item.get("call_id")) or word(item.get("id")), word(item.get("name")), item.get("arguments")


def thoughts(item: Mapping[str, Any]) -> list[tuple[tuple[str, int], str]]:
    """The texts of a reasoning item: which part, its text. OpenAI sends summaries, others what was thought itself."""
    found = []
    for field in ("summary", "content"):
        parts = item.get(field)
        for number, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, dict) and isinstance(text := part.get("text"), str):
                found.append(((field, number), wirejson.clean(text)))
    return found


def thought_data(item: Mapping[str, Any], place: int) -> dict[str, Any]:
    """What the next request sends back, and its place among the items; empty where that would mean nothing.

    Without the encrypted form a server that keeps nothing does not know a summary; the thoughts themselves it does.
    """
    texts = thoughts(item)
    encrypted = item.get("encrypted_content")
    content = [{"type": "reasoning_text", "text": text} for (field, _), text in texts if field == "content"]
    if not content and not isinstance(encrypted, str):
        return {}
    summary = [{"type": "summary_text", "text": text} for (field, _), text in texts if field == "summary"]
    back: dict[str, Any] = {"type": "reasoning", "id": word(item.get("id")), "summary": summary}
    if content:
        back["content"] = content
    if isinstance(encrypted, str):
        back["encrypted_content"] = wirejson.clean(encrypted)
    return {"item": back, "place": place}


def image_of(item: Mapping[str, Any], field: str = "result") -> RawMedia | None:
    """The image of an image_generation_call or, in `partial_image_b64`, of a partial_image event."""
    data = item.get(field)
    if not isinstance(data, str) or not data:
        return None
    return media.from_base64(data, f"image/{word(item.get('output_format')) or 'png'}")


def failure(item: Mapping[str, Any]) -> ProviderError | None:
    """Why an item that the server worked on itself, such as an image, did not come about."""
    found = report(item, failed=False) if item.get("status") == "failed" else None
    return faults.from_report(found) if found else None


def failed(response: Mapping[str, Any]) -> ProviderError:
    """The error of a response whose status says that it failed."""
    found = report(response, failed=True) or Report("", ())
    return faults.from_report(found)


def finish(response: Mapping[str, Any], *, calls: bool, refused: bool) -> tuple[FinishReason, str]:
    """Normalised, and the server's own word."""
    details = response.get("incomplete_details")
    reason = word(details.get("reason")) if isinstance(details, dict) else ""
    status = word(response.get("status"))
    if status == "incomplete" or reason:
        return INCOMPLETE.get(reason, "other"), reason or status
    if calls:
        return "tool_calls", status
    if refused:
        return "content_filter", status
    return "stop" if status in ("completed", "") else "other", status


def usage(response: Mapping[str, Any]) -> Usage:
    """Token counts; what is missing or senseless is 0."""
    value = response.get("usage")
    if not isinstance(value, dict):
        return Usage()
    given, made = value.get("input_tokens_details"), value.get("output_tokens_details")
    return Usage(
        input_tokens=count(value.get("input_tokens")),
        output_tokens=count(value.get("output_tokens")),
        cached_tokens=count(given.get("cached_tokens")) if isinstance(given, dict) else 0,
        reasoning_tokens=count(made.get("reasoning_tokens")) if isinstance(made, dict) else 0,
    )
