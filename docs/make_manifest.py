"""Writes docs/manifest.md from the manifest's own schema: `python docs/make_manifest.py`. A test compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmspell.manifest.schema import manifest_schema

TARGET = Path(__file__).with_name("manifest.md")
HEAD = """# The manifest

One TOML file a run. Unknown keys are errors that name the nearest known one, all errors are reported at once with their
line, and nothing is converted: `fuel = "12"` is an error. Paths are relative to the manifest. `llmspell schema` prints
the JSON Schema for editors. Flags of the command line override a manifest; `llmspell validate FILE --resolved` prints
what a run would really get.

This page is made from the schema by `docs/make_manifest.py`.
"""


def kind(schema: Mapping[str, Any]) -> str:
    """What a key takes, in a few words."""
    if "anyOf" in schema:
        return " or ".join(kind(option) for option in schema["anyOf"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(word)}`" for word in schema["enum"])
    if schema.get("type") == "array":
        inner = kind(schema["items"])
        return f"array of {inner}" if inner.startswith("`") else f"array of {inner}s"
    return {"integer": "integer", "number": "number", "boolean": "boolean", "object": "table"}.get(
        schema.get("type", ""), "string"
    )


def table(title: str, schema: Mapping[str, Any]) -> list[str]:
    """A section's heading and its keys; tables within it get a section of their own."""
    head = ["| key | takes | default | |", "|---|---|---|---|"]
    lines = ["", f"## {title}", "", schema.get("description", ""), "", *head]
    inner = []
    for name, key in schema["properties"].items():
        default = f"`{json.dumps(key['default'])}`" if "default" in key else ""
        about = key.get("description", "").replace("|", "\\|")
        lines.append(f"| `{name}` | {kind(key)} | {default} | {about} |")
        if key.get("items", {}).get("properties"):
            inner.append((f"[[{title.strip('[]')}.{name}]]", key["items"]))
        elif key.get("properties"):
            inner.append((f"[{title.strip('[]')}.{name}]", key))
    for heading, items in inner:
        lines += table(heading, items)
    return lines


def manifest_page() -> str:
    lines = [HEAD.rstrip("\n")]
    for name, section in manifest_schema()["properties"].items():
        named = isinstance(section.get("additionalProperties"), Mapping)
        if named and section.get("properties"):
            lines += table(f"[{name}]", section)
        lines += table(f"[{name}.NAME]", section["additionalProperties"]) if named else table(f"[{name}]", section)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(manifest_page(), encoding="utf-8")
