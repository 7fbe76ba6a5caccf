"""Header fields of requests and answers on the web: what a script may set, and how much a server may send. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from llmspell.access.failures import failure
from llmspell.errors import DeniedError

MAX_FIELDS: Final = 100
MAX_BYTES: Final = 64 * 1024
"""Of all fields of one message; servers take 8 to 32 KB, and send less."""

HEADER_NAME: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
FRAMING: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "accept-encoding", "connection", "keep-alive"),
        *("te", "trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection", "http2-settings"),
    }
)
"""Fields that say where a request goes and how it is written, or belong to one connection."""
FOR_EVERYBODY: Final = frozenset({"accept", "accept-language", "content-type", "content-language", "user-agent"})
"""Fields of the script's own that follow a redirect to another host; the others are for the host that it named."""


def checked(given: Mapping[object, object], attached: Iterable[str]) -> dict[str, str]:
    """A script's fields by lower-case name; `attached` are those that the manifest sets. Raises ToolError, and
    DeniedError for a field that is not the script's to set."""
    fields: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not re.fullmatch(HEADER_NAME, name):
            raise failure("arguments", f"{str(name)[:60]!r} is not the name of a header")
        lower = name.lower()
        if lower in FRAMING or lower in attached:
            whose = "the manifest" if lower in attached else "llmspell"
            raise DeniedError(f"the header '{lower}' is set by {whose} itself")
        if lower in fields:
            raise failure("arguments", f"the header '{lower}' is given twice")
        if not isinstance(value, str) or not re.fullmatch(r"[\t -~]*", value):
            raise failure("arguments", f"the header '{lower}' has a value that is not one line of printable ASCII text")
        fields[lower] = value.strip(" \t")
    if len(fields) > MAX_FIELDS or _size(fields.items()) > MAX_BYTES:
        raise failure("arguments", f"too many headers: at most {MAX_FIELDS}, with {MAX_BYTES >> 10} KB together")
    return fields


def received(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """A server's fields by lower-case name; what is sent several times stands on one line, cookies on one line each.
    Raises ToolError for too many."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]
    if len(pairs) > MAX_FIELDS or _size(pairs) > MAX_BYTES:
        raise failure(
            "too_large", f"the server sends too many headers: over {MAX_FIELDS}, or over {MAX_BYTES >> 10} KB"
        )
    fields: dict[str, str] = {}
    for name, value in pairs:
        between = "\n" if name == "set-cookie" else ", "
        fields[name] = fields[name] + between + value if name in fields else value
    return fields


def _size(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in pairs)
