"""The tool `web_fetch`: a page of a granted host, as text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from llmspell.access.messages import Answer
from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.decoding import as_text, page_text
from llmspell.tools.network import network
from llmspell.tools.readable import Unreadable, readable

if TYPE_CHECKING:
    from llmspell.access.dial import Resolver
    from llmspell.access.web import Web

MAX_CHARACTERS: Final = 50_000
"""Of a text, unless the call says otherwise: ten thousand words, which models still read."""
MAX_READ_AT_ONCE: Final = 4
"""Pages; each takes a process that computes."""
PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
ACCEPT: Final = "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.1"


def web_fetch(settings: ToolSettings, environ: Mapping[str, str], resolve: Resolver | None = None) -> Tool:
    granted = network(settings, environ, resolve)

    reading = asyncio.Semaphore(MAX_READ_AT_ONCE)

    async def run(arguments: Mapping[str, Any]) -> dict[str, Any]:
        web = granted()
        answer = await web.fetch(arguments["url"], headers={"accept": ACCEPT})
        if not 200 <= answer.status < 300:
            raise web.failed("status", f"{answer.url} answers with the status {answer.status}")
        async with reading:
            page = web.scrubbed(await _page(web, answer))
        text, most = page["text"], int(arguments.get("max_characters", MAX_CHARACTERS))
        return {"url": answer.url, **page, "text": text[:most], "truncated": page["truncated"] or len(text) > most}

    return Tool(
        name=settings.name,
        description="Fetches a web page and gives its title, its text as Markdown, and its links.",
        parameters={
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "an http or https address"},
                "max_characters": {
                    "type": "integer",
                    "minimum": 1,
                    "description": f"of the text; {MAX_CHARACTERS} unless given",
                },
            },
            "required": ["url"],
            "additionalProperties": False,
        },
        run=run,
    )


async def _page(web: Web, answer: Answer) -> dict[str, Any]:
    content_type = answer.headers.get("content-type", "")
    looks_like_html = not content_type and answer.body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
    if answer.media_type in PAGES or looks_like_html:
        try:
            return await readable(page_text(answer.body, content_type), answer.url)
        except Unreadable:
            raise web.failed("too_large", f"{answer.url} takes too long, or too much memory, to be read") from None
    pdf = answer.media_type == "application/pdf" or answer.body.startswith(b"%PDF-")
    text = None if pdf else as_text(answer.body, content_type)
    if text is None:
        what = "a PDF document" if pdf else f"{answer.media_type[:60] or 'binary data'}"
        raise web.failed("wrong_type", f"{answer.url} is {what}, and only HTML and other text can be read")
    return {"title": "", "text": text, "links": [], "truncated": False}
