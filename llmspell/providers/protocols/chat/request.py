"""What is sent to a server that speaks OpenAI's chat completions, as pure functions.

Nothing is added that the script or the manifest did not ask for, but `stream` and `stream_options.include_usage`
(without it most servers report no tokens, and the run could not count them), and the format of audio that is asked for.
"""

from __future__ import annotations

from typing import Any

from llmspell.providers.body import json_body
from llmspell.providers.protocols.chat import media
from llmspell.providers.protocols.chat.dialect import Dialect, dialect
from llmspell.providers.protocols.chat.messages import messages
from llmspell.providers.protocols.parts import own_parameters
from llmspell.providers.protocols.strict import is_strict
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import ModelRequest, ToolSpec

PATH = "/chat/completions"
OWN_FIELDS = ("model", "messages", "stream")
"""What `parameters` cannot set: they have fields of their own."""
LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")
ANSWER = "answer"
"""What a schema is called, which needs a name; the model sees it."""


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS; InvalidMedia
    for a medium that the server has no place for.

    A length limit in `parameters` replaces the request's.
    """
    spoken = dialect(asking)
    body: dict[str, Any] = {"model": request.model, "messages": messages(request.messages, spoken)}
    if request.tools:
        body["tools"] = [_tool(tool, spoken) for tool in request.tools]
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None and not any(name in request.parameters for name in LENGTH_FIELDS):
        body[spoken.length_field] = request.max_tokens
    if request.schema is not None:
        strict = {"strict": True} if spoken.strict and is_strict(request.schema) else {}
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": ANSWER, "schema": request.schema} | strict,
        }
    body |= media.asked(request, stream=asking.stream)
    if asking.stream:
        body["stream"] = True
        if spoken.stream_options:
            body["stream_options"] = {"include_usage": True}
    parameters = own_parameters(request.parameters, OWN_FIELDS)
    if not asking.stream:  # refused without `stream`
        parameters = {name: value for name, value in parameters.items() if name != "stream_options"}
    return Outgoing(PATH, json_body(body | parameters, "the request"))


def _tool(tool: ToolSpec, spoken: Dialect) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters
    if spoken.strict and is_strict(tool.parameters):
        function["strict"] = True
    return {"type": "function", "function": function}
