"""What is sent to a server that speaks OpenAI's chat completions, as pure functions.

Nothing is added that the script or the manifest did not ask for, but `stream` and `stream_options.include_usage`
(without it most servers report no tokens, and the run could not count them).
"""

from __future__ import annotations

from typing import Any

from llmspell.providers.body import json_body, to_json
from llmspell.providers.protocols.parts import own_parameters
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import Message, ModelRequest, ToolSpec

PATH = "/chat/completions"
OWN_FIELDS = ("model", "messages", "stream")
"""What `parameters` cannot set: they have fields of their own."""
LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS.

    The length limit is `max_completion_tokens` for OpenAI's own hosts, whose newer models refuse `max_tokens`, and
    `max_tokens` everywhere else, where it is what servers know; a limit in `parameters` replaces either.
    """
    body: dict[str, Any] = {"model": request.model, "messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None and not any(name in request.parameters for name in LENGTH_FIELDS):
        body["max_completion_tokens" if asking.official else "max_tokens"] = request.max_tokens
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema},
        }
    if asking.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    parameters = own_parameters(request.parameters, OWN_FIELDS)
    if not asking.stream:  # refused without `stream`
        parameters = {name: value for name, value in parameters.items() if name != "stream_options"}
    return Outgoing(PATH, json_body(body | parameters, "the request"))


def _message(message: Message) -> dict[str, Any]:
    match message.role:
        case "tool":
            return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
        case "assistant" if message.tool_calls:
            calls = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": to_json(call.arguments, "a tool call")},
                }
                for call in message.tool_calls
            ]
            return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function | {"parameters": tool.parameters}}
