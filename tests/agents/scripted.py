"""Manifests with a scripted provider, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ECHO = {"text": "the tools said: {input}"}


def replies(*items: Mapping[str, Any], provider: str = "p", max_retries: int = 0) -> str:
    """A provider that gives these replies in order, the last one again and again."""
    lines = [f"[providers.{provider}]", 'kind = "scripted"', f"max_retries = {max_retries}"]
    for item in items:
        lines.append(f"[[providers.{provider}.replies]]")
        lines += [f"{key} = {_toml(value)}" for key, value in item.items()]
    return "\n".join(lines) + "\n"


def calls(*names: str, **arguments: Any) -> dict[str, Any]:
    """A reply that asks for these tools with these arguments."""
    return {"text": "", "tool_calls": [{"name": name, "arguments": arguments} for name in names]}


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
