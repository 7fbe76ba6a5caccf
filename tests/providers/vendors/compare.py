"""What a vendor's client sends, as a server receives it, and where another request differs from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.providers.protocols.translator import Asking, Translator
from llmspell.types import ModelRequest

from ..loopback import Handler, Loopback, Request

ABSENT = "(absent)"
Difference = tuple[Any, Any]
"""Ours and theirs."""


def received(handler: Handler, use: Callable[[str], object]) -> list[Request]:
    """The requests that `use` makes to a server at the address that it is given."""
    with Loopback(handler) as server:
        use(server.url)
        return server.requests


def sent(translator: Translator, request: ModelRequest, asking: Asking) -> Any:
    """What we send, as JSON that a server would read."""
    return json.loads(bytes(translator.encode(request, asking).body))


def differences(ours: Any, theirs: Any, path: str = "") -> Mapping[str, Difference]:
    """Every place where two JSON values differ, as a path such as "messages.0.content"."""
    if ours == theirs and type(ours) is type(theirs):
        return {}
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = [*ours, *(key for key in theirs if key not in ours)]
        pairs = [(str(key), ours.get(key, ABSENT), theirs.get(key, ABSENT)) for key in keys]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(str(at), *pair) for at, pair in enumerate(zip(ours, theirs, strict=True))]
    else:
        return {path: (ours, theirs)}
    found: dict[str, Difference] = {}
    for key, our, their in pairs:
        found |= differences(our, their, f"{path}.{key}".lstrip("."))
    return found
