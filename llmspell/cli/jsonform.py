"""What is said in JSON: the one object of `--output json`, the lines of `--output events`. Pure.

Lua has values that JSON has not: bytes that are not UTF-8 become U+FFFD, NaN and infinities null, keys strings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from llmspell.cli.printers import Ending
from llmspell.cli.report import hint_of
from llmspell.cli.sources import Sources
from llmspell.errors import LlmspellError, ManifestError
from llmspell.events import NAMES, Event


def ending_object(ending: Ending, output: str) -> dict[str, Any]:
    return {
        "status": "ok" if ending.error is None else "failed",
        "result": ending.result,
        "output": output,
        "usage": dict(ending.usage),
        "error": error_object(ending.error, ending.sources),
        "run": dict(ending.run),
    }


def done_object(ending: Ending) -> dict[str, Any]:
    """The last line of `--output events`: the event Done, and all of the object that the events before do not say."""
    return {
        "event": "done",
        "at": round(ending.usage.get("elapsed_ms", 0) / 1000, 6),
        "ok": ending.error is None,
        "usage": dict(ending.usage),
        "result": ending.result,
        "error": error_object(ending.error, ending.sources),
        "run": dict(ending.run),
    }


def event_object(event: Event) -> dict[str, Any]:
    """{"event": name, "at": seconds, ...}, by the fields of events.py."""
    said = {name: value for name, value in event._asdict().items() if name != "raw"}
    return {"event": NAMES[type(event)], **said, "at": round(event.at, 6)}


def error_object(error: LlmspellError | None, sources: Sources) -> dict[str, Any] | None:
    if error is None:
        return None
    file, line = sources.place(error)
    details: Mapping[str, Any] = error.details
    if isinstance(error, ManifestError):
        details = {"problems": [problem._asdict() for problem in error.problems]}
        line = error.problems[0].line if error.problems else 0
    return {
        "kind": error.kind,
        "message": sources.real(error.message),
        "file": file or None,
        "line": line or None,
        "traceback": sources.real(error.traceback) or None,
        "hint": hint_of(error) or None,
        "details": details,
    }


def json_line(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """The value as JSON can say it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else json.dumps(key)
