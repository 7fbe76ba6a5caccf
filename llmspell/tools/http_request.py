"""The tool `http_request`: one request to a granted host."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from llmspell.access.messages import Answer
from llmspell.settings import Method, ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.decoding import as_json, as_text
from llmspell.tools.network import network

if TYPE_CHECKING:
    from llmspell.access.dial import Resolver
    from llmspell.access.web import Web

PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "description": "an http or https address"},
        "method": {"enum": list(get_args(Method)), "description": "GET unless given"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "query": {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
            "description": "added to the URL",
        },
        "json": {"description": "sent as the body, as JSON"},
        "body": {"type": "string", "description": "sent as the body, as it is"},
    },
    "required": ["url"],
    "additionalProperties": False,
}


def http_request(settings: ToolSettings, environ: Mapping[str, str], resolve: Resolver | None = None) -> Tool:
    granted = network(settings, environ, resolve)

    async def run(arguments: Mapping[str, Any]) -> dict[str, Any]:
        web = granted()
        headers = dict(arguments.get("headers", {}))
        answer = await web.fetch(
            arguments["url"],
            method=arguments.get("method", "GET"),
            query=[(key, _query_value(value)) for key, value in arguments.get("query", {}).items()],
            body=_body(web, arguments, headers),
            headers=headers,
        )
        return {"status": answer.status, "headers": dict(answer.headers), "url": answer.url, **_content(web, answer)}

    return Tool(
        name=settings.name,
        description="Sends an HTTP request and gives the answer: its status, headers, and body, json or base64.",
        parameters=PARAMETERS,
        run=run,
    )


def _body(web: Web, arguments: Mapping[str, Any], headers: dict[Any, Any]) -> bytes:
    """What is sent; `headers` get the content type of JSON where they name none."""
    if "json" not in arguments:
        body = arguments.get("body", "")
        return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
    if "body" in arguments:
        raise web.failed("arguments", "give `json` or `body`, not both")
    if not any(isinstance(name, str) and name.lower() == "content-type" for name in headers):
        headers["content-type"] = "application/json"
    try:
        return json.dumps(arguments["json"], ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        said = "`json` holds what JSON cannot say: bytes, or a number that is none"
        raise web.failed("arguments", said) from None


def _query_value(value: Any) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))  # a number of Lua, which may be written 2.0
    return value if isinstance(value, (str, bytes)) else str(value)


def _content(web: Web, answer: Answer) -> dict[str, Any]:
    text = as_text(answer.body, answer.headers.get("content-type", ""))
    if text is None:
        return {"base64": base64.b64encode(answer.body).decode("ascii")}
    data = as_json(text, answer.media_type)
    return {"body": text} if data is None else {"json": web.scrubbed(data[0])}
