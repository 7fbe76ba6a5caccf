"""`hash` and `base64`: bytes told in other ways."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool

ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")


def hash_tool(_settings: ToolSettings, _base: Path) -> Tool:
    """Gives the digest of a text, or compares it."""

    async def run(arguments: Arguments) -> Any:
        algorithm, data = arguments.get("algorithm", "sha256"), as_bytes(arguments["input"])
        key = arguments.get("key")
        if key is None:
            digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
        else:
            digest = hmac.digest(as_bytes(key), data, algorithm)
        shown = digest.hex() if arguments.get("encoding", "hex") == "hex" else base64.b64encode(digest).decode()
        expected = arguments.get("expected")
        if expected is None:
            return shown
        wanted = expected.lower() if arguments.get("encoding", "hex") == "hex" else expected
        return hmac.compare_digest(shown.encode(), as_bytes(wanted))

    return Tool(
        name="hash",
        description="The digest of a text; with `key` its HMAC; with `expected` whether it is that one.",
        parameters={
            "type": "object",
            "properties": {
                "input": {"type": "string"},
                "algorithm": {"enum": list(ALGORITHMS), "description": "sha256 by default"},
                "encoding": {"enum": ["hex", "base64"], "description": "hex by default"},
                "key": {"type": "string", "description": "the key of an HMAC"},
                "expected": {"type": "string", "description": "a digest to compare with"},
            },
            "required": ["input"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )


def base64_tool(_settings: ToolSettings, _base: Path) -> Tool:
    """Encodes and decodes."""

    async def run(arguments: Arguments) -> Any:
        data, safe = as_bytes(arguments["input"]), arguments.get("url_safe", False)
        if arguments["operation"] == "encode":
            return (base64.urlsafe_b64encode(data) if safe else base64.b64encode(data)).decode()
        try:
            return as_text(decoded(data, url_safe=safe))
        except binascii.Error as error:
            raise ToolError(f"base64: `input` is not base64: {str(error).lower()}") from None

    return Tool(
        name="base64",
        description="Encodes bytes as base64, or decodes them.",
        parameters={
            "type": "object",
            "properties": {
                "operation": {"enum": ["encode", "decode"]},
                "input": {"type": "string"},
                "url_safe": {"type": "boolean", "description": "with - and _ instead of + and /"},
            },
            "required": ["operation", "input"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )


def decoded(data: bytes, *, url_safe: bool = False) -> bytes:
    """The bytes of base64 text, white space and missing padding forgiven. Raises binascii.Error."""
    data = b"".join(data.split())
    data += b"=" * (-len(data) % 4)
    return base64.b64decode(data, altchars=b"-_" if url_safe else None, validate=True)


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def as_text(data: bytes) -> str | bytes:
    """Text where it is some: a Lua string holds both."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
