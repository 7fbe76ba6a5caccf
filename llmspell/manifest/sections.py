"""A section is a table with known keys that becomes a dataclass. It is read, written and described as JSON Schema from
one list of keys, so that the three cannot disagree.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from llmspell.manifest.positions import Path
from llmspell.manifest.report import USE_API_KEY_ENV, At, is_secret_name, nearest, path_text
from llmspell.manifest.values import BAD, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. Two keys may give the same `field` of the dataclass in two spellings; the last is how it is written."""

    name: str
    kind: Kind
    doc: str
    field: str = ""

    @property
    def target(self) -> str:
        return self.field or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table that becomes an instance of `build`."""

    build: type[Any]
    doc: str
    keys: tuple[Key, ...]

    def read(self, value: Any, at: At, **given: Any) -> Any:
        """The instance, from the table and from `given`, or BAD."""
        values = self.values(value, at)
        return BAD if values is None else self.make(given | values, at)

    def values(self, table: Any, at: At) -> dict[str, Any] | None:
        """The fields that the table gives, each with its value or BAD; None when it is no table."""
        if not isinstance(table, dict):
            element = any(isinstance(part, int) for part in at.path)
            at.wrong("a table", table, "" if element else f"write [{path_text(at.path)}] and its keys below")
            return None
        known = {key.name: key for key in self.keys}
        spelled: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name, value in table.items():
            key = known.get(name)
            if key is None:
                unknown_key(name, value, at.child(name), list(known))
            elif (other := spelled.setdefault(key.target, name)) != name:
                at.child(name).refuse(f"`{name}` and `{other}` say the same thing", "keep one of them", on_key=True)
            else:
                values[key.target] = key.kind.read(value, at.child(name))
        return values

    def make(self, values: dict[str, Any], at: At) -> Any:
        """The instance of these fields, or BAD when one is bad or a needed one is missing."""
        missing = [f.name for f in fields(self.build) if _is_required(f) and f.name not in values]
        for name in missing:
            at.refuse(f"{at.label} needs `{name}`")
        bad = missing or any(value is BAD for value in values.values())
        return BAD if bad else self.build(**values)

    def write(self, instance: Any) -> dict[str, Any]:
        """The table that reads back as this instance."""
        kinds = {key.target: key for key in self.keys}
        written = {key.name: key.kind.write(getattr(instance, target)) for target, key in kinds.items()}
        return {name: value for name, value in written.items() if value is not None}

    def schema(self) -> dict[str, Any]:
        defaults = {f.name: f.default for f in fields(self.build) if f.default is not MISSING}
        properties: dict[str, Any] = {}
        spellings: dict[str, list[str]] = {}
        for key in self.keys:
            default = key.kind.write(defaults[key.target]) if defaults.get(key.target) is not None else None
            described = key.kind.schema() | {"description": key.doc}
            properties[key.name] = described if default is None else described | {"default": default}
            spellings.setdefault(key.target, []).append(key.name)
        schema: dict[str, Any] = {"type": "object", "description": self.doc, "properties": properties}
        schema["additionalProperties"] = False
        required = [f.name for f in fields(self.build) if _is_required(f) and f.name in properties]
        twice = [{"not": {"required": names}} for names in spellings.values() if len(names) > 1]
        return schema | ({"required": required} if required else {}) | ({"allOf": twice} if twice else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table within a table, which may be left out."""

    section: Section

    def read(self, value: Any, at: At) -> Any:
        return self.section.read(value, at)

    def write(self, value: Any) -> Any:
        return None if value is None else self.section.write(value)

    def schema(self) -> dict[str, Any]:
        return self.section.schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """An array of tables, each of the same section, as a tuple."""

    section: Section

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, list):
            hint = f"write [[{path_text(at.path)}]] above each" if isinstance(value, dict) else ""
            at.wrong("an array of tables", value, hint)
            return BAD
        items = [self.section.read(item, at.child(index)) for index, item in enumerate(value)]
        return BAD if any(item is BAD for item in items) else tuple(items)

    def write(self, value: Any) -> Any:
        return [self.section.write(item) for item in value] or None

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.section.schema()}


def unknown_key(name: str, value: Any, at: At, known: list[str]) -> None:
    """Report a key that is not among `known`: one that would hold a secret, one that belongs elsewhere, or a slip."""
    if is_secret_name(name) and isinstance(value, str):
        at.refuse(f"{at.label} would hold a secret", USE_API_KEY_ENV, on_key=True, secret=True)
        return
    near = nearest(name, known)
    home = "" if isinstance(value, dict) else at.report.homes.get(name, "")
    hint = f"did you mean `{near}`?" if near else f"`{name}` is a key of [{home}]" if home else ""
    if near and home:
        hint += f" Or the `{name}` of [{home}]?"
    what = "section" if len(at.path) == 1 and isinstance(value, dict) else "key"
    others = f"known: {', '.join(known)}" if known else f"write [{path_text(at.path)}] and its keys below"
    at.refuse(f"{at.label} is not a {what} of {_table(at.path[:-1])}", hint or others, on_key=True)


def _table(path: Path) -> str:
    """What a table is called in a message."""
    if not path:
        return "a manifest"
    return f"[[{path_text(path[:-1])}]]" if isinstance(path[-1], int) else f"[{path_text(path)}]"


def _is_required(f: Field[Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING
