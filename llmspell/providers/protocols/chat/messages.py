"""A conversation as the messages of a chat completions request. Pure.

Only a user's message can hold media. Those of a tool's result and the images of an answer therefore follow in the
next user message, behind a line that says where they are from; a tool's results come first, all of them, for servers
want them directly after the calls. The audio of an answer does not go back: its transcript is the answer's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmspell.providers.body import to_json
from llmspell.providers.protocols.chat import media, reasoning
from llmspell.providers.protocols.chat.dialect import Dialect
from llmspell.types import Message

TOOL_MEDIA = "From the tool {name}:"
ANSWER_MEDIA = "From the answer before:"


def messages(conversation: Sequence[Message], dialect: Dialect) -> list[dict[str, Any]]:
    """Raises InvalidMedia for a medium, and InvalidArgument for a tool call, that the server cannot be sent."""
    made: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    asked = max((at for at, message in enumerate(conversation) if message.role == "user"), default=-1)
    for at, message in enumerate(conversation):
        if waiting and message.role in ("system", "assistant"):
            made.append({"role": "user", "content": waiting})
            waiting = []
        match message.role:
            case "tool":
                made.append({"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text})
                waiting += _shown(message, TOOL_MEDIA.format(name=message.name), dialect)
            case "assistant":
                # Thoughts go back while their turn's tools are answered: later servers drop them, or refuse them.
                made.append(_answer(message, dialect, thoughts=at > asked))
                waiting += _shown(message, ANSWER_MEDIA, dialect)
            case role:
                made.append({"role": role, "content": _content(message, waiting, dialect)})
                waiting = []
    return [*made, {"role": "user", "content": waiting}] if waiting else made


def _content(message: Message, before: list[dict[str, Any]], dialect: Dialect) -> Any:
    if not before and not message.media:
        return message.text
    text = [{"type": "text", "text": message.text}] if message.text else []
    return [*before, *text, *(media.part(medium, dialect) for medium in message.media)]


def _shown(message: Message, note: str, dialect: Dialect) -> list[dict[str, Any]]:
    held = [medium for medium in message.media if message.role == "tool" or medium.type != "audio"]
    return [{"type": "text", "text": note}, *(media.part(medium, dialect) for medium in held)] if held else []


def _answer(message: Message, dialect: Dialect, *, thoughts: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant", "content": message.text}
    if message.tool_calls:
        made["content"] = message.text or None
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": to_json(call.arguments, "a tool call")},
            }
            for call in message.tool_calls
        ]
    return made | reasoning.sent_back(message) if thoughts and dialect.takes_thoughts else made
