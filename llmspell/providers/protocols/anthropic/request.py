"""What is sent to a server that speaks Anthropic's Messages, as pure functions.

Nothing is added that the script or the manifest did not ask for, but `max_tokens`, which the API requires.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmspell.content import MediaContent
from llmspell.errors import InvalidMedia
from llmspell.providers.body import Embedded, json_body
from llmspell.providers.protocols.anthropic.schema import enforceable
from llmspell.providers.protocols.media import not_taken, text_of
from llmspell.providers.protocols.parts import count, own_parameters
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import Message, ModelRequest, ToolCall, ToolSpec

KIND = "anthropic"
PATH = "/messages"
VERSION = "2023-06-01"
"""The version whose requests have `temperature`, which manifests and scripts set, and the one that compatible servers
know. In 2026-10-21 it is refused; who wants that version names it under `headers`."""
MAX_TOKENS = 16_384
"""Where nobody says it. A long answer fits, and the vendor's own client still lets it come in one piece: it reckons ten
minutes for 21,333 tokens, and wants a stream above."""
OWN_FIELDS = ("model", "messages", "system", "stream")
"""What `parameters` cannot set: they have fields of their own."""
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
PDF = "application/pdf"


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS, or where the
    schema of the answer cannot be enforced; InvalidMedia for a medium that the API does not take."""
    body: dict[str, Any] = {"model": request.model, "max_tokens": request.max_tokens or MAX_TOKENS}
    system = [message.text for message in request.messages if message.role == "system" and message.text.strip()]
    if system:
        body["system"] = "\n\n".join(system)
    body["messages"] = _turns(request)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.temperature is not None:
        body["temperature"] = request.temperature
    parameters = own_parameters(request.parameters, OWN_FIELDS)
    if request.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": enforceable(request.schema)}}
        if isinstance(given := parameters.get("output_config"), Mapping):  # such as an effort
            parameters["output_config"] = {**body["output_config"], **given}
    if asking.stream:
        body["stream"] = True
    return Outgoing(PATH, json_body(body | parameters, "the request"), headers={"anthropic-version": VERSION})


def _turns(request: ModelRequest) -> list[dict[str, Any]]:
    """Users and assistants in turn: what follows in one role is one message, so the results of parallel calls are too.

    What would be empty is left out: the API refuses text of white space only.
    """
    turns: list[dict[str, Any]] = []
    for message in request.messages:
        match message.role:
            case "system":
                continue
            case "assistant":
                role, blocks = "assistant", _answer(message)
            case "tool":
                role, blocks = "user", [_result(message)]
            case _:
                # images before the text that speaks of them, as the vendor advises
                role, blocks = "user", [*map(_medium, message.media), *_text(message.text)]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text.strip() else []


def _answer(message: Message) -> list[dict[str, Any]]:
    """The blocks of an answer in the order in which they came: the API checks thinking against what stood before it."""
    if message.media:
        raise InvalidMedia(
            "an answer of the conversation holds media, and this protocol takes none in answers",
            hint="give them again with what the user says",
        )
    blocks: list[dict[str, Any]] = []
    said = called = 0
    for item in message.reasoning:
        block = item.data.get("block")
        if item.kind != KIND or not isinstance(block, Mapping):
            continue
        text, calls = max(said, count(item.data.get("text"))), max(called, count(item.data.get("calls")))
        blocks += [*_text(message.text[said:text]), *map(_call, message.tool_calls[called:calls]), dict(block)]
        said, called = text, calls
    return [*blocks, *_text(message.text[said:]), *map(_call, message.tool_calls[called:])]


def _call(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": call.arguments}


def _id(call_id: str) -> str:
    """As the API takes it: other servers put dots and colons into theirs, and a conversation may come from there."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", call_id)


def _result(message: Message) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": _id(message.tool_call_id)}
    if message.media:
        block["content"] = [*_text(message.text), *map(_medium, message.media)]
    elif message.text:
        block["content"] = message.text
    if message.is_error and "content" in block:  # an error that says nothing is refused
        block["is_error"] = True
    return block


def _medium(medium: MediaContent) -> dict[str, Any]:
    if medium.mime in IMAGES:
        source = {"type": "base64", "media_type": medium.mime, "data": Embedded(medium.blob)}
        return {"type": "image", "source": source}
    if medium.mime == PDF:
        source = {"type": "base64", "media_type": PDF, "data": Embedded(medium.blob)}
    elif medium.type == "text":
        source = {"type": "text", "media_type": "text/plain", "data": text_of(medium)}
    else:
        raise not_taken(medium, "Anthropic's API", ("images (JPEG, PNG, GIF, WebP)", "PDF", "text"))
    title = {"title": medium.filename} if medium.filename else {}
    return {"type": "document", "source": source, **title}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": tool.parameters}
