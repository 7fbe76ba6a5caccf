"""The JSON Schema of an answer in the form that Anthropic's API can enforce. Pure.

The API knows a part of JSON Schema and refuses the rest: every object must name its keys and be closed, and there are
no ranges, lengths or patterns. What it does not know goes into the description, where the model reads it, as the
vendor's own client does it. Nothing is lost: an answer is checked against the whole schema when it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.errors import InvalidArgument

REFERENCE = ("$ref", "$defs", "definitions")
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")


def enforceable(schema: Any) -> Any:
    """Raises InvalidArgument for an object whose keys the schema does not name."""
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:  # nothing may stand beside it, as the vendor's client has it
        schema = {name: value for name, value in schema.items() if name in REFERENCE}
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in schema.items():
        rule = RULES.get(name)
        made = rule(value) if rule else UNKNOWN
        if made is UNKNOWN:
            unknown[name] = value
        elif made is not DROPPED:
            known[name] = made
    if "oneOf" in known:
        known["anyOf"] = known.pop("oneOf")
    if "enum" in known or "const" in known:
        known.pop("type", None)  # the values say it; the vendor's client leaves it out too
    if "object" in (schema.get("type"), *_listed(schema.get("type"))):
        _close(schema, known)
    if unknown:
        said = json.dumps(unknown, ensure_ascii=False, default=dict)
        known["description"] = "\n\n".join(filter(None, (known.get("description"), said)))
    return known


def _close(schema: Mapping[str, Any], known: dict[str, Any]) -> None:
    others = schema.get("additionalProperties")
    if (
        isinstance(others, Mapping)
        or "patternProperties" in schema
        or not isinstance(schema.get("properties"), Mapping)
    ):
        raise InvalidArgument(
            "the schema of the answer holds an object with any keys, which the provider's API cannot enforce",
            hint="name its keys under `properties`, or ask for a list of objects with a key and a value",
        )
    known["additionalProperties"] = False


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _same(value: Any) -> Any:
    return value


def _each(value: Any) -> Any:
    return [enforceable(item) for item in _listed(value)]


def _by_name(value: Any) -> Any:
    return {key: enforceable(item) for key, item in value.items()} if isinstance(value, Mapping) else UNKNOWN


UNKNOWN, DROPPED = object(), object()
RULES: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("type", "enum", "const", "title", "description", "required", "$ref"), _same),
    **dict.fromkeys(("anyOf", "allOf", "oneOf"), _each),
    **dict.fromkeys(("properties", "$defs", "definitions"), _by_name),
    **dict.fromkeys(("$schema", "$id", "$comment", "additionalProperties"), lambda _: DROPPED),
    "items": enforceable,
    "format": lambda value: value if value in FORMATS else UNKNOWN,
    "minItems": lambda value: value if value in (0, 1) else UNKNOWN,
}
"""What becomes of a keyword's value."""
