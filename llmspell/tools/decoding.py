"""From the bytes of an answer to text or JSON, by what its content type says. Pure."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, Final

CHARSETS: Final = re.compile(
    r"utf-8|utf-16(-[lb]e)?|iso8859-\d+|cp125\d|cp437|cp85\d|cp866|cp874|cp932|cp949|koi8-[ru]|mac-roman"
    r"|shift_jis|euc_jp|iso2022_jp|euc_kr|gbk?|gb2312|gb18030|big5"
)
"""Names that Python gives to charsets of the web. It has others, some of which take quadratic time."""
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_META: Final = re.compile(rb"<meta[^>]{1,400}?charset[^>]{1,60}", re.IGNORECASE)
_TEXT: Final = re.compile(
    r"text/.*|application/(?:.*\+)?(?:json|xml|yaml|toml)|application/(?:x-)?(?:javascript|ecmascript|ndjson|jsonl)"
    r"|application/(?:json-seq|x-www-form-urlencoded|graphql|sql|x-yaml|x-ndjson)|image/svg\+xml"
)


def charset(text: str) -> str | None:
    """The charset that a content type or a `meta` element names, as Python calls it; None for none and for an unknown
    one. Those that people mean by Latin-1 and ASCII are Windows', as browsers have it."""
    match = _CHARSET.search(text)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1]).name
    except LookupError:
        return None
    if name in ("iso8859-1", "ascii"):
        return "cp1252"
    return name if CHARSETS.fullmatch(name) else None


def page_text(body: bytes, content_type: str) -> str:
    """A page in HTML, whose charset its content type says, its first bytes, or a `meta` element near its beginning."""
    named = charset(content_type)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        named = "utf-16"
    elif named is None and (meta := _META.search(body[:4096])):
        named = charset(meta[0].decode("latin-1"))
        named = "utf-8" if named and named.startswith("utf-16") else named  # it could not be read if it were
    if named is None:
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            named = "cp1252"
    return body.decode("utf-8-sig" if named == "utf-8" else named, "replace")


def as_text(body: bytes, content_type: str) -> str | None:
    """The text, by its charset, else as UTF-8; None where it is none. In what is said to be text, bytes that do not fit
    become U+FFFD."""
    named, media_type = charset(content_type), content_type.partition(";")[0].strip().lower()
    if named or _TEXT.fullmatch(media_type):
        encoding = "utf-8-sig" if named in (None, "utf-8") else named
        return body.decode(encoding, "replace")
    if media_type not in ("", "application/octet-stream", "binary/octet-stream"):
        return None
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def as_json(text: str, media_type: str) -> tuple[Any] | None:
    """The value in a tuple of one, for it may be null; None for what is not said to be JSON, or is not."""
    if not re.fullmatch(r"(?:application|text)/(?:.*\+)?json", media_type):
        return None
    try:
        return (json.loads(text, parse_constant=_refused),)
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
