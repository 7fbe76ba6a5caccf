"""What is sent to a server that speaks OpenAI's Responses, as pure functions.

The server is told to keep nothing (`store` is false; OpenAI keeps every answer for 30 days otherwise), so each request
holds the whole conversation, and what the model thought goes there and back encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.providers.body import json_body
from llmspell.providers.protocols.parts import own_parameters
from llmspell.providers.protocols.responses.conversation import conversation
from llmspell.providers.protocols.strict import is_strict
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import ModelRequest, ToolSpec

PATH = "/responses"
OWN_FIELDS = ("model", "input", "instructions", "stream")
"""What `parameters` cannot set: they have fields of their own."""
LENGTH_FIELD = "max_output_tokens"
ENCRYPTED = "reasoning.encrypted_content"
IMAGES = "image_generation"
ANSWER = "answer"
"""What a schema is called, which needs a name; the model sees it."""


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS; InvalidMedia
    for a medium that the protocol has no place for.

    `parameters` add to `tools` (those that the server runs itself), to `text` and to `include`; everything else in them
    replaces what stands here.
    """
    parameters = own_parameters(request.parameters, OWN_FIELDS)
    instructions, items = conversation(request.messages)
    body: dict[str, Any] = {"model": request.model}
    if instructions:
        body["instructions"] = instructions
    body |= {"input": items, "store": False}
    if "reasoning" in parameters:
        # Only a model that reasons is asked for it: others refuse the request. Without the wish it is up to the server.
        body["include"] = [*dict.fromkeys([*_list(parameters.pop("include", ())), ENCRYPTED])]
    tools = [*map(_tool, request.tools), *_list(parameters.pop("tools", ()))]
    if "image" in request.output_modalities:
        if not any(isinstance(tool, Mapping) and tool.get("type") == IMAGES for tool in tools):
            tools.append({"type": IMAGES})
        if "text" not in request.output_modalities:
            body["tool_choice"] = {"type": IMAGES}
    if tools:
        body["tools"] = tools
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body[LENGTH_FIELD] = request.max_tokens
    if request.schema is not None:
        shape = {"type": "json_schema", "name": ANSWER, "schema": request.schema, "strict": is_strict(request.schema)}
        given = parameters.pop("text", {})
        body["text"] = {"format": shape} | (dict(given) if isinstance(given, Mapping) else {})
    if asking.stream:
        body["stream"] = True
    else:  # refused without `stream`
        parameters.pop("stream_options", None)
    return Outgoing(PATH, json_body(body | parameters, "the request"))


def _tool(tool: ToolSpec) -> dict[str, Any]:
    """`strict` is always said: left out it is true, and makes optional parameters required."""
    made: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        made["description"] = tool.description
    return made | {"parameters": tool.parameters, "strict": is_strict(tool.parameters)}


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if value else []  # Lua's empty table may be an empty object
