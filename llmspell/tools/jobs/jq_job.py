"""A jq program over one JSON document, by libjq."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import jq

from llmspell.tools.jobs import Refused

MAX_RESULTS: Final = 10_000
_MODULES: Final = re.compile(r"\A\s*(?:#[^\n]*\n\s*)*(?:module|import|include)\b")
"""They come first in a program, and would be looked for on the disk."""


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """{query, text | data, variables} -> {results, truncated}."""
    if _MODULES.match(payload["query"]):
        raise Refused("jq: a program cannot import modules here")
    try:
        program = jq.compile(payload["query"], args=payload["variables"])
        given = program.input_text(payload["text"]) if "text" in payload else program.input_value(payload["data"])
        found: list[Any] = []
        for value in given:
            if len(found) == MAX_RESULTS:
                return {"results": found, "truncated": True}
            found.append(value)
    except (ValueError, TypeError, json.JSONDecodeError) as error:
        raise Refused(f"jq: {error}") from None
    return {"results": found, "truncated": False}
