"""From a page to what a person would read of it: title, text as Markdown, links.

A process of its own does it, `python -m llmspell.tools.readable`: pages are hostile, and a process can be held to an
amount of time and memory, which a thread cannot. Of the environment it
gets nothing, and so no secrets.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urljoin

MAX_PAGE: Final = 2_000_000
"""Characters that are read of a page: ten times what long articles have."""
SECONDS: Final = 30
"""A page of a million characters takes two, and five on a busy machine."""
MEMORY: Final = 1 << 30
"""Bytes of addresses; a page of eight million characters would take a third of that."""
MAX_LINKS: Final = 500
MAX_LINE: Final = 300
"""Characters of a title, or of a link's text."""
NOT_READ: Final = (
    "script, style, noscript, template, iframe, object, svg, math, canvas, img, picture, video, audio, form, button, "
    "nav, aside, footer, dialog"
)
CONTENT: Final = ("main", "[role=main]", "article", "body")
"""Where the content of a page stands, the likeliest first."""
MAX_PARTS: Final = 20
"""Of them that are looked at; one may be in the other."""
ENOUGH: Final = 200
"""Characters: less than that is a stray element, and the next is tried."""


class Unreadable(Exception):
    """The page took too long, or too much memory."""


async def readable(page: str, url: str) -> dict[str, Any]:
    """{title, text, links = {{text, url}}, truncated}. Raises Unreadable."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "llmspell.tools.readable", url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # that it finds what this process found
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate(page[:MAX_PAGE].encode("utf-8", "replace"))
        found: dict[str, Any] = json.loads(output)
    except (TimeoutError, ValueError):
        raise Unreadable from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return {**found, "truncated": len(page) > MAX_PAGE}


def extract(page: str, url: str) -> dict[str, Any]:
    from justhtml import JustHTML

    document = JustHTML(page, sanitize=False)  # nothing of it is ever shown as HTML
    base = document.query_one("base[href]")
    at = (None if base is None else _absolute(url, (base.attrs or {}).get("href"))) or url
    title = document.query_one("head title")
    heading = "" if title is None else " ".join(title.to_text().split())[:MAX_LINE]
    for node in document.query(NOT_READ):
        if node.parent is not None:
            node.parent.remove_child(node)
    links: dict[str, str] = {}
    for link in document.query("a"):
        target = _absolute(at, (link.attrs or {}).get("href"))
        link.attrs = {} if target is None else {"href": target}
        if target is not None and len(links) < MAX_LINKS:
            links.setdefault(target, " ".join(link.to_text().split())[:MAX_LINE])
    text = ""
    for place in CONTENT:
        found = [node.to_markdown().strip() for node in document.query(place)[:MAX_PARTS]]
        text = max([*found, text], key=len)
        if len(text) >= ENOUGH:
            break
    return {"title": heading, "text": text, "links": [{"text": links[to], "url": to} for to in links]}


def _absolute(base: str, href: str | None) -> str | None:
    """Where a link leads, if that is on the web."""
    try:
        target = urljoin(base, (href or "").strip())
    except ValueError:
        return None
    return target if href and target.startswith(("http://", "https://")) and len(target) <= 2_000 else None


def main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with suppress(ValueError, OSError):  # some systems have no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(extract(sys.stdin.buffer.read().decode(), sys.argv[1]), sys.stdout)


if __name__ == "__main__":
    main()
