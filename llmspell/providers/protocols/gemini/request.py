"""What is sent to a server that speaks Gemini's protocol, as pure functions.

Nothing is added that the script or the manifest did not ask for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.providers.body import Embedded, json_body
from llmspell.providers.call_ids import is_made
from llmspell.providers.protocols.gemini.signatures import pieces, read, signatures
from llmspell.providers.protocols.parts import own_parameters
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import Message, ModelRequest, ToolCall, ToolSpec

OWN_FIELDS = ("model", "contents", "systemInstruction")
"""What `parameters` cannot set: they have fields of their own."""
TOP_LEVEL = frozenset(
    {"cachedContent", "continuationToken", "labels", "safetySettings", "serviceTier", "store", "toolConfig", "tools"}
)
"""Parameters that stand beside generationConfig; all others stand in it."""
IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
DOCUMENTS = frozenset({"application/pdf"})
_MODEL = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*(?:/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)*")
"""It becomes part of the address: nothing in it may lead elsewhere."""


def encode(request: ModelRequest, asking: Asking) -> Outgoing:
    """Raises InvalidArgument where `parameters` or a tool's schema is not JSON, sets one of OWN_FIELDS, or where the
    model's name cannot stand in an address; InvalidMedia for a medium that Gemini does not take."""
    body: dict[str, Any] = {"contents": _contents(request.messages)}
    if system := [{"text": message.text} for message in request.messages if message.role == "system"]:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
    config = _config(request)
    for name, value in own_parameters(request.parameters, OWN_FIELDS).items():
        if name == "generationConfig" and isinstance(value, Mapping):
            config |= value
        elif name in TOP_LEVEL:
            body[name] = value
        else:
            config[name] = value
    if config:
        body["generationConfig"] = config
    method, query = ("streamGenerateContent", "alt=sse") if asking.stream else ("generateContent", "")
    return Outgoing(f"/{_model(request.model)}:{method}", json_body(body, "the request"), query)


def _model(name: str) -> str:
    if not _MODEL.fullmatch(name):
        raise InvalidArgument(f"the model's name {name[:80]!r} cannot stand in an address")
    return name if name.startswith(("models/", "tunedModels/")) else f"models/{name}"


def _config(request: ModelRequest) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.max_tokens is not None:
        config["maxOutputTokens"] = request.max_tokens
    if request.schema is not None:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": request.schema}
    if request.output_modalities:
        config["responseModalities"] = [kind.upper() for kind in request.output_modalities]
    return config


def _declaration(tool: ToolSpec) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parametersJsonSchema": tool.parameters}


def _contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The results of one turn's calls go together: Gemini wants as many in one content as there were calls."""
    contents: list[dict[str, Any]] = []
    previous = ""
    for message in messages:
        if message.role == "tool" and previous == "tool":
            contents[-1]["parts"].append(_result(message))
        elif message.role == "tool":
            contents.append({"role": "user", "parts": [_result(message)]})
        elif message.role == "user":
            texts = [{"text": message.text}] if message.text or not message.media else []
            contents.append({"role": "user", "parts": [*map(_medium, message.media), *texts]})
        elif message.role == "assistant" and (parts := _said(message)):  # a content without parts is refused
            contents.append({"role": "model", "parts": parts})
        previous = message.role
    return contents


def _said(message: Message) -> list[dict[str, Any]]:
    """What the model said, with its signatures where it put them. Thoughts that bear none are not asked for again."""
    parts: list[dict[str, Any]] = []
    for item in message.reasoning:
        signed = read(item)
        if signed is not None and signed.of == "thought":
            text = item.text[signed.start : signed.end]
            parts.append({"text": text, "thought": True, "thoughtSignature": signed.value})
    media = {item.start: item.value for item in signatures(message, "medium")}
    calls = {item.start: item.value for item in signatures(message, "call")}
    parts += pieces(message.text, signatures(message, "text"))
    parts += [_signed(_medium(medium), media.get(place)) for place, medium in enumerate(message.media)]
    parts += [_signed(_call(call), calls.get(place)) for place, call in enumerate(message.tool_calls)]
    return parts


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return part if signature is None else {**part, "thoughtSignature": signature}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"functionCall": {**_id(call.id), "name": call.name, "args": call.arguments}}


def _result(message: Message) -> dict[str, Any]:
    result: dict[str, Any] = {
        **_id(message.tool_call_id),
        "name": message.name,
        "response": {"error" if message.is_error else "output": message.text},
    }
    if message.media:
        result["parts"] = [_medium(medium) for medium in message.media]
    return {"functionResponse": result}


def _id(call_id: str) -> dict[str, str]:
    """The server's own id; one that we made up it has never seen, and pairs calls by name and order."""
    return {} if is_made(call_id) else {"id": call_id}


def _medium(medium: MediaContent) -> dict[str, Any]:
    taken = {"image": IMAGES, "binary": DOCUMENTS}.get(medium.type)
    if taken is not None and medium.mime not in taken:
        names = ", ".join(sorted(mime.partition("/")[2] for mime in taken))
        kind = "images" if medium.type == "image" else "documents"
        raise InvalidMedia(f"Gemini takes {kind} of the formats {names}, not {medium.mime}")
    return {"inlineData": {"mimeType": medium.mime, "data": Embedded(medium.blob)}}
