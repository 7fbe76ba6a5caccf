"""JSON Schemas that scripts, manifests and tools bring: values are checked against them, in bounded time.

jsonschema-rs does the checking. It takes any schema, and a small one can ask for any amount of work: references that
fan out, references that come back to themselves. So the work is counted first, from above, and too much is refused.
Nothing is fetched, and patterns run in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from llmspell.errors import InvalidArgument

MAX_VALUES: Final = 2_000
"""Values in a schema; the longest that vendors accept for structured answers have some hundred properties."""
MAX_WORK: Final = 20_000_000
"""Steps of checking one value, counted from above: well under a second."""
MAX_PROBLEMS: Final = 5
"""Told of one value; a model or a person mends them from these."""
MAX_MESSAGE: Final = 200
MAX_PATTERNS: Final = 32
"""In one schema: each may take twice _REGEX_BYTES while it is held."""
_REGEX_BYTES: Final = 1 << 20
_CHARS_A_STEP: Final = 32

_SAME: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
"""Keywords whose schemas look at the same value,"""
_DEEPER: Final = (
    "properties", "patternProperties", "additionalProperties", "propertyNames", "unevaluatedProperties",
    "items", "prefixItems", "additionalItems", "contains", "unevaluatedItems",
)  # fmt: skip
"""and at what is in it."""
_LISTS: Final = ("enum", "const", "required")
_MAPS: Final = ("properties", "patternProperties", "dependentSchemas", "dependencies")
_REFUSED: Final = ("$dynamicRef", "$recursiveRef")


class Misfit(NamedTuple):
    """One thing that is wrong with a value: where, why, and the name of what is missing there, if that is it."""

    path: str
    reason: str
    missing: str = ""


class Schema:
    """A schema that has been looked at. Raises InvalidArgument for one that is none, or that cannot be bounded."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.source = schema
        root = _thawed(schema)
        if _weigh(root)[0] > MAX_VALUES:
            raise InvalidArgument(f"the schema holds more than {MAX_VALUES:,} values")
        if _patterns(root) > MAX_PATTERNS:
            raise InvalidArgument(f"the schema holds more than {MAX_PATTERNS} patterns")
        self._work = _Work(root)
        self._validator = _validator(root)

    def problems(self, value: Any) -> list[str]:
        """What is wrong with a plain value, each as "$.path: reason"; see `misfits`."""
        return [f"${misfit.path}: {misfit.reason}" for misfit in self.misfits(value)]

    def misfits(self, value: Any) -> list[Misfit]:
        """What is wrong with a plain value; nothing when it fits. Raises InvalidArgument for a value that is too large
        to be checked against this schema."""
        weight, depth = _weigh(value)
        if weight * self._work.steps(depth) > MAX_WORK:
            raise InvalidArgument("the value is too large to be checked against its schema")
        found = []
        for error in self._validator.iter_errors(value):
            reason = error.message if len(error.message) <= MAX_MESSAGE else error.message[:MAX_MESSAGE] + "…"
            missing = error.kind.property if error.kind.name == "required" else ""
            found.append(Misfit(_path(error.instance_path), reason, missing))
            if len(found) == MAX_PROBLEMS:
                break
        return found


class _Work:
    """How many schemas one value is compared with, counted from above: the schema as a graph of its parts."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = id(root)
        self._own: dict[int, int] = {}
        self._same: dict[int, list[int]] = {}
        self._deeper: dict[int, list[int]] = {}
        left: list[Any] = [root]
        while left:
            node = left.pop()
            if not isinstance(node, dict) or id(node) in self._own:
                continue
            self._own[id(node)] = 1 + _weigh({name: node[name] for name in _LISTS if name in node})[0]
            parts = list(_parts(root, node))
            left.extend(part for part, _ in parts)
            self._same[id(node)] = [id(part) for part, deeper in parts if not deeper and isinstance(part, dict)]
            self._deeper[id(node)] = [id(part) for part, deeper in parts if deeper and isinstance(part, dict)]
        order = _sorted(self._same)
        if order is None:
            raise InvalidArgument("the schema refers to itself without going deeper into the value")
        self._order = order
        whole = _sorted({node: [*self._same[node], *self._deeper[node]] for node in self._own})
        self._steps = None if whole is None else self._sum(whole, None)[self._root]

    def steps(self, depth: int) -> int:
        """For a value that is nested `depth` levels deep."""
        if self._steps is not None:
            return self._steps
        below = dict.fromkeys(self._own, 1)  # the schema comes back to itself: as often as the value is deep
        for _ in range(depth):
            below = self._sum(self._order, below)
        return below[self._root]

    def _sum(self, order: list[int], below: Mapping[int, int] | None) -> dict[int, int]:
        sums: dict[int, int] = {}
        for node in order:
            inner = sums if below is None else below
            total = self._own[node] + sum(sums[part] for part in self._same[node])
            sums[node] = min(total + sum(inner[part] for part in self._deeper[node]), MAX_WORK + 1)
        return sums


def _sorted(edges: Mapping[int, list[int]]) -> list[int] | None:
    """Every node after those that it leads to; None when some stand in a ring."""
    try:
        return list(TopologicalSorter(edges).static_order())
    except CycleError:
        return None


def _parts(root: Any, node: dict[str, Any]) -> Iterator[tuple[Any, int]]:
    """The schemas that this one leads to; 1 with those that look at a part of the value, 0 with the others."""
    for name in _REFUSED:
        if name in node:
            raise InvalidArgument(f"the schema uses '{name}'; only '$ref' within the schema can be checked")
    if node is not root and isinstance(node.get("$id"), str):
        raise InvalidArgument("the schema has a '$id' within it; references are to the whole schema")
    reference = node.get("$ref")
    if isinstance(reference, str):
        yield _target(root, reference), 0
    for names, deeper in ((_SAME, 0), (_DEEPER, 1)):
        for name in names:
            inner = node.get(name)
            if isinstance(inner, list):
                yield from ((item, deeper) for item in inner)
            elif isinstance(inner, dict) and name in _MAPS:
                yield from ((item, deeper) for item in inner.values())
            elif inner is not None:
                yield inner, deeper


def _target(root: Any, reference: str) -> Any:
    at = root
    if reference != "#":
        if not reference.startswith("#/"):
            raise InvalidArgument(
                f"the schema refers to '{reference[:80]}'", hint='write references like "#/$defs/name"; none is fetched'
            )
        for part in unquote(reference[2:]).split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            index = int(name) if isinstance(at, list) and name.isdecimal() and len(name) < 6 else -1
            if isinstance(at, dict) and name in at:
                at = at[name]
            elif isinstance(at, list) and 0 <= index < len(at):
                at = at[index]
            else:
                raise InvalidArgument(f"the schema refers to '{reference[:80]}', which is not in it")
    return at


def _validator(schema: dict[str, Any]) -> Any:
    import jsonschema_rs  # 16 ms, and only who has a schema needs it

    try:
        return jsonschema_rs.validator_for(
            schema,
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        where = _path(getattr(error, "instance_path", []))
        reason = str(getattr(error, "message", error)).partition("\n")[0][:MAX_MESSAGE]
        raise InvalidArgument(f"this is not a JSON Schema: ${where}: {reason}") from None


def _weigh(value: Any) -> tuple[int, int]:
    """How much there is to look at, and how deep it goes."""
    weight, depth, level = 0, 0, [value]
    while level:
        inner: list[Any] = []
        for item in level:
            weight += 1
            if isinstance(item, dict):
                inner.extend(item.values())
                weight += sum(map(len, item)) // _CHARS_A_STEP
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, str):
                weight += len(item) // _CHARS_A_STEP
        level = inner
        depth += 1
    return weight, depth


def _patterns(value: Any) -> int:
    """How many there may be; what only looks like one counts too."""
    if isinstance(value, list):
        return sum(map(_patterns, value))
    if not isinstance(value, dict):
        return 0
    named = value.get("patternProperties")
    own = isinstance(value.get("pattern"), str) + (len(named) if isinstance(named, dict) else 0)
    return own + sum(map(_patterns, value.values()))


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in list(parts)[:20])


def _thawed(value: Any) -> Any:
    """Plain dicts and lists: frozen settings are mapping proxies and tuples. Raises InvalidArgument for what is no
    JSON."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise InvalidArgument("the schema has keys that are not strings")
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_thawed(item) for item in value]
    if isinstance(value, bytes):
        raise InvalidArgument("the schema holds a string that is not UTF-8")
    return value
