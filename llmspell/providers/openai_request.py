"""What is sent to a server that speaks OpenAI's chat completions: address and body, as pure functions.

Nothing is added that the script or the manifest did not ask for, but `stream` and `stream_options.include_usage`
(without it most servers report no tokens, and the run could not count them).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from llmspell.errors import InvalidArgument, UsageError
from llmspell.types import Message, ModelRequest, ToolSpec

OFFICIAL_URL = "https://api.openai.com/v1"
PATH = "/chat/completions"
"""Of the one request there is, a POST."""
DEFAULT_PREFIX = "/v1"
"""Where every OpenAI-compatible server has its API; used when base_url names a host and nothing more."""

OWN_FIELDS = ("model", "messages", "stream")
"""What `parameters` cannot set: they have fields of their own."""
LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")


class Address(NamedTuple):
    """Where requests go. `url` may have a query, `label` never has; `official` is true for OpenAI's own hosts."""

    url: str
    label: str
    host: str
    official: bool


def address(base_url: str | None, *, provider: str) -> Address:
    """The rule: PATH is added to base_url as written, and DEFAULT_PREFIX before it when base_url has no path.

    So "http://h:1/v1" and "http://h:1" both give http://h:1/v1/chat/completions, and "http://h:1/api" gives
    http://h:1/api/chat/completions. A query is kept. Raises UsageError for what is not an http(s) address, and for
    one with a user name or a password in it.
    """
    text = base_url or OFFICIAL_URL
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or any(not c.isprintable() or c.isspace() for c in text):
        raise UsageError(
            f"provider '{provider}': base_url is not an http or https address",
            hint=f'write it like base_url = "{OFFICIAL_URL}"',
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"provider '{provider}': base_url holds a user name or a password",
            hint="put the key into an environment variable and name that with `api_key_env`",
        )
    path = (parts.path.rstrip("/") or DEFAULT_PREFIX) + PATH
    label = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    where = f"[{host}]" if ":" in host else host
    official = host == "api.openai.com" or host.endswith(".api.openai.com")
    return Address(url, label, f"{where}:{port or (443 if parts.scheme == 'https' else 80)}", official)


def encode(request: ModelRequest, *, stream: bool, official: bool) -> bytes:
    """The body. Raises InvalidArgument where `parameters` or a tool's schema is not JSON, or sets one of OWN_FIELDS.

    The length limit is `max_completion_tokens` for OpenAI's own hosts, whose newer models refuse `max_tokens`, and
    `max_tokens` everywhere else, where it is what servers know; a limit in `parameters` replaces either.
    """
    body: dict[str, Any] = {"model": request.model, "messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None and not any(name in request.parameters for name in LENGTH_FIELDS):
        body["max_completion_tokens" if official else "max_tokens"] = request.max_tokens
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema},
        }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    body |= _parameters(request.parameters, stream=stream)
    return _json(body, "the request").encode("utf-8", "replace")


def _parameters(parameters: Mapping[str, Any], *, stream: bool) -> Mapping[str, Any]:
    for name in OWN_FIELDS:
        if name in parameters:
            raise InvalidArgument(f"`parameters` cannot set '{name}'", hint="it has a place of its own in the request")
    if stream:
        return parameters
    return {name: value for name, value in parameters.items() if name != "stream_options"}  # refused without `stream`


def _mapping(value: object) -> Any:
    if isinstance(value, Mapping):  # frozen settings are mapping proxies
        return dict(value)
    if isinstance(value, bytes):
        raise TypeError("a string in it is not UTF-8")
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _message(message: Message) -> dict[str, Any]:
    match message.role:
        case "tool":
            return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
        case "assistant" if message.tool_calls:
            calls = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": _json(call.arguments, "a tool call")},
                }
                for call in message.tool_calls
            ]
            return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}


def _json(value: Mapping[str, Any], what: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_mapping)
    except (TypeError, ValueError) as exc:
        raise InvalidArgument(f"{what} cannot be written as JSON: {exc}") from None
    except RecursionError:
        raise InvalidArgument(f"{what} cannot be written as JSON: it is nested too deeply") from None


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function | {"parameters": tool.parameters}}
