"""The JSON Schema of a manifest, for editors: made from the same keys as the loader, which knows some rules more."""

from __future__ import annotations

from typing import Any

from llmspell.manifest.keys import NAMED, SECTIONS
from llmspell.manifest.keys.kinds import NAME_PATTERN
from llmspell.manifest.keys.providers import DEFAULT_PROVIDER


def manifest_schema() -> dict[str, Any]:
    """A JSON Schema, draft 2020-12. It has every key with its kind, range and default, and refuses unknown ones; what
    joins keys (a provider that an agent names exists, a key of [tools.NAME] is one that this tool takes) only the
    loader checks.
    """
    properties = {name: section.schema() for name, section in SECTIONS.items()}
    properties["run"]["oneOf"] = [{"required": ["script"]}, {"required": ["source"]}]
    for name in NAMED:
        properties[name] = {
            "type": "object",
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": properties[name],
        }
    default = DEFAULT_PROVIDER.kind.schema() | {"description": DEFAULT_PROVIDER.doc}
    properties["providers"] |= {"description": "The model providers, by name.", "properties": {"default": default}}
    properties["agents"]["description"] = "Agents that are ready when the script starts, by name."
    properties["tools"]["description"] = "What is granted to single tools, by name."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "llmspell manifest",
        "description": "Everything that a run of an agent script may do.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
