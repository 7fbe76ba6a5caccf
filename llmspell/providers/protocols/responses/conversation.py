"""A conversation as the `instructions` and the `input` of a Responses request. Pure.

A tool's result may hold media; an answer may not. The images of an answer therefore follow in the next user message,
behind a line that says where they are from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmspell.content import MediaContent
from llmspell.providers.body import to_json
from llmspell.providers.protocols import media
from llmspell.providers.protocols.responses.items import KIND
from llmspell.types import Message

ANSWER_MEDIA = "From the answer before:"
TAKES = ("text", "images", "files")


def conversation(messages: Sequence[Message]) -> tuple[str, list[dict[str, Any]]]:
    """Raises InvalidMedia for a medium, and InvalidArgument for a tool call, that the server cannot be sent."""
    instructions = ""
    if messages and messages[0].role == "system":
        instructions, messages = messages[0].text, messages[1:]
    items: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for message in messages:
        if waiting and message.role in ("system", "assistant"):
            items.append({"role": "user", "content": waiting})
            waiting = []
        match message.role:
            case "tool":
                content = _content(message) if message.media else message.text
                items.append({"type": "function_call_output", "call_id": message.tool_call_id, "output": content})
            case "assistant":
                items += _answer(message)
                if message.media:
                    waiting += [_text(ANSWER_MEDIA), *map(_part, message.media)]
            case role:
                content = [*waiting, *_content(message)] if waiting or message.media else message.text
                items.append({"role": role, "content": content})
                waiting = []
    if waiting:
        items.append({"role": "user", "content": waiting})
    return instructions, items


def _answer(message: Message) -> Iterator[dict[str, Any]]:
    """Its items in the order in which they came: the server refuses a thought without what followed from it.

    Models that mark a text as commentary or as the answer (`phase`) want that back, too.
    """
    thoughts = [block.data for block in message.reasoning if block.kind == KIND and block.data]
    yield from _placed(thoughts, 0)
    if message.text or not (message.tool_calls or message.media or thoughts):
        phase = next(({"phase": data["phase"]} for data in thoughts if "phase" in data), {})
        yield {"role": "assistant", "content": message.text} | phase
    for place, call in enumerate(message.tool_calls, 1):
        yield from _placed(thoughts, place)
        yield {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": to_json(call.arguments, "a tool call"),
        }


def _placed(thoughts: Sequence[Mapping[str, Any]], place: int) -> Iterator[dict[str, Any]]:
    """Those that came before the text (0), or before the call of this number (1 and on)."""
    for data in thoughts:
        item = data.get("item")
        if data.get("place", 0) == place and isinstance(item, Mapping):
            yield dict(item)


def _content(message: Message) -> list[dict[str, Any]]:
    return [*([_text(message.text)] if message.text else []), *map(_part, message.media)]


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}


def _part(medium: MediaContent) -> dict[str, Any]:
    match medium.type:
        case "text":
            return _text(media.text_of(medium))
        case "image":
            # `detail` is optional at OpenAI, but vLLM checks requests against the client's types, which demand it.
            return {"type": "input_image", "image_url": media.data_url(medium), "detail": "auto"}
        case "binary":
            return {"type": "input_file", "filename": media.filename(medium), "file_data": media.data_url(medium)}
    raise media.not_taken(medium, "the openai-responses protocol", TAKES)
