"""`uuid`: makes and reads UUIDs (RFC 9562). Version 1 is not made: it tells the machine's address."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool

NAMESPACES: Final = {
    "dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID, "x500": uuid.NAMESPACE_X500,
}  # fmt: skip
MAX_COUNT: Final = 1_000


def uuid_tool(_settings: ToolSettings, _base: Path) -> Tool:
    """Makes UUIDs, or reads one."""

    async def run(arguments: Arguments) -> Any:
        if "read" in arguments:
            return described(arguments["read"])
        made = [str(make(arguments)) for _ in range(int(arguments.get("count", 1)))]
        return made if "count" in arguments else made[0]

    return Tool(
        name="uuid",
        description="A new UUID: version 4 (random), 7 (random, sorted by time) or 5 (of a name in a namespace); or "
        "what a given one is.",
        parameters={
            "type": "object",
            "properties": {
                "version": {"enum": [4, 5, 7], "description": "4 by default"},
                "namespace": {"type": "string", "description": "of version 5: dns, url, oid, x500, or a UUID"},
                "name": {"type": "string", "description": "of version 5"},
                "count": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "description": "a list of so many"},
                "read": {"type": "string", "description": "a UUID to look at"},
            },
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )


def make(arguments: Arguments) -> uuid.UUID:
    """A new one, by `version`, `namespace` and `name`. Raises ToolError."""
    version = arguments.get("version", 4)
    if version == 4:
        return uuid.uuid4()
    if version == 7:
        milliseconds = time.time_ns() // 1_000_000
        value = milliseconds << 80 | int.from_bytes(os.urandom(10))
        return uuid.UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 7 << 76 | 0b10 << 62)
    if "name" not in arguments:
        raise ToolError("uuid: version 5 needs a `name`")
    return uuid.uuid5(_namespace(arguments.get("namespace", "dns")), arguments["name"])


def described(text: str) -> dict[str, Any]:
    try:
        found = uuid.UUID(text.strip())
    except ValueError:
        return {"valid": False}
    version = {} if found.version is None else {"version": found.version}
    return {"valid": True, "uuid": str(found), **version, "variant": found.variant}


def _namespace(name: str) -> uuid.UUID:
    if name in NAMESPACES:
        return NAMESPACES[name]
    try:
        return uuid.UUID(name)
    except ValueError:
        raise ToolError(f"uuid: '{name[:80]}' is no namespace: give {', '.join(NAMESPACES)}, or a UUID") from None
