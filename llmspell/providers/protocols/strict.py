"""Whether OpenAI's strict mode takes a JSON Schema: the server refuses the whole request where it does not. Pure.

In strict mode the model cannot leave the schema. It asks for a root of type object, for objects that name all of
their properties as required and allow no others, and it knows few keywords; `pattern` it knows only in part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KEYWORDS: Final = frozenset(
    [
        "type",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "definitions",
        "title",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "format",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    ]
)
FORMATS: Final = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])
TYPES: Final = frozenset(["string", "number", "integer", "boolean", "object", "array", "null"])
MAX_DEPTH: Final = 10
MAX_PROPERTIES: Final = 5000
MAX_ENUM: Final = 1000


def is_strict(schema: Mapping[str, Any]) -> bool:
    """True only where every part is known to be taken."""
    return schema.get("type") == "object" and "anyOf" not in schema and _fits(schema, MAX_DEPTH, [MAX_PROPERTIES])


def _fits(schema: Any, depth: int, left: list[int]) -> bool:
    if not isinstance(schema, Mapping) or depth < 0 or not KEYWORDS.issuperset(schema):
        return False
    if "$ref" in schema:
        return str(schema["$ref"]).startswith("#") and len(schema) == 1  # nothing may stand beside it
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(kinds, list | tuple) or not all(isinstance(kind, str) and kind in TYPES for kind in kinds):
        return False
    if not kinds and not {"enum", "const", "anyOf"} & set(schema):
        return False
    if str(schema.get("format", "date")) not in FORMATS or not _short(schema.get("enum", ())):
        return False
    branches = schema.get("anyOf", ())
    inner = [*branches] if isinstance(branches, list | tuple) else [None]
    inner += [item for name in ("$defs", "definitions") for item in _values(schema.get(name, {}))]
    if "array" in kinds:
        inner.append(schema.get("items"))
    if "object" in kinds:
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, Mapping) or not isinstance(required, list | tuple):
            return False
        left[0] -= len(properties)
        if left[0] < 0 or set(map(str, required)) != set(properties) or schema.get("additionalProperties") is not False:
            return False
        inner += properties.values()
    return all(_fits(item, depth - 1, left) for item in inner)


def _short(values: Any) -> bool:
    return isinstance(values, list | tuple) and len(values) <= MAX_ENUM


def _values(definitions: Any) -> list[Any]:
    return list(definitions.values()) if isinstance(definitions, Mapping) else [None]
