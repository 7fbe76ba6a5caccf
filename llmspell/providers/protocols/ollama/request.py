"""What is sent to Ollama's chat, as pure functions. Nothing is added that nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument
from llmspell.providers.body import Embedded, json_body
from llmspell.providers.protocols.media import not_taken, text_of
from llmspell.providers.protocols.parts import own_parameters
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import Message, ModelRequest, ToolSpec

KIND = "ollama"
PATH = "/chat"
OWN_FIELDS = ("model", "messages", "stream")
"""What `parameters` cannot set: they have fields of their own."""
TOP_LEVEL = ("tools", "format", "think", "keep_alive", "logprobs", "top_logprobs", "truncate", "shift")
"""Parameters that stand beside `messages`; all others are the model's, and stand in `options`: seed, top_k, num_ctx."""


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS; InvalidMedia
    for a medium that is neither an image nor text."""
    parameters = own_parameters(request.parameters, OWN_FIELDS)
    top = {name: parameters.pop(name) for name in TOP_LEVEL if name in parameters}
    given = parameters.pop("options", {})
    if not isinstance(given, Mapping):
        raise InvalidArgument("the parameter 'options' is not a table of options")
    limits = {"num_predict": request.max_tokens, "temperature": request.temperature}
    options = {name: value for name, value in limits.items() if value is not None} | parameters | dict(given)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": asking.stream,  # it streams where nothing is said
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        body["format"] = request.schema
    if options:
        body["options"] = options
    return Outgoing(PATH, json_body(body | top, "the request"))


def _message(message: Message) -> dict[str, Any]:
    # text has no place of its own in this protocol: it follows what the message says
    texts = [message.text, *(text_of(medium) for medium in message.media if medium.type == "text")]
    made: dict[str, Any] = {"role": message.role}
    if content := "\n\n".join(filter(None, texts)):
        made["content"] = content
    if images := [_image(medium) for medium in message.media if medium.type != "text"]:
        made["images"] = images
    if message.role == "tool":
        made["tool_name"] = message.name
    if thinking := "".join(item.text for item in message.reasoning if item.kind == KIND):
        made["thinking"] = thinking
    if message.tool_calls:
        made["tool_calls"] = [
            {"function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls
        ]
    return made


def _image(medium: MediaContent) -> Embedded:
    if medium.type != "image":
        raise not_taken(medium, "Ollama", ("images", "text"))
    return Embedded(medium.blob)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.parameters}}
