"""What changed between two texts, as `diff -u` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from typing import Any


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """{old, new, context} -> {diff, added, removed}, the last two in lines."""
    old, new = (payload[name].splitlines(keepends=True) for name in ("old", "new"))
    lines = list(unified_diff(old, new, "old", "new", n=payload["context"]))
    body = lines[2:]
    return {
        "diff": "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines),
        "added": sum(line.startswith("+") for line in body),
        "removed": sum(line.startswith("-") for line in body),
    }
