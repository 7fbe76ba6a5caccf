"""The tool `web_search`: asks one search engine, of the manifest's choice."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.network import network

if TYPE_CHECKING:
    from llmspell.access.dial import Resolver

MAX_RESULTS: Final = 20
"""What engines give in one answer."""
MAX_TITLE, MAX_URL, MAX_SNIPPET = 200, 2_000, 500
_TAG: Final = re.compile(r"<[^<>]{0,200}>")


class Engine(NamedTuple):
    """How one engine is asked and answers. `results` is the way to the list in its JSON, `hint` what to look at when it
    does not answer."""

    url: str
    query: Callable[[str, int], list[tuple[str, str]]]
    results: tuple[str, ...]
    snippet: str
    hint: str


ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {
        "searxng": Engine(
            "http://127.0.0.1:8080/search",
            lambda query, _: [("q", query), ("format", "json")],
            ("results",),
            "content",
            "its settings.yml must list json under search.formats, and `url` must end in /search",
        ),
        "brave": Engine(
            "https://api.search.brave.com/res/v1/web/search",
            lambda query, count: [("q", query), ("count", str(count))],
            ("web", "results"),
            "description",
            "its key goes into the header x-subscription-token: see `credentials` under [tools.web_search]",
        ),
    }
)


def web_search(settings: ToolSettings, environ: Mapping[str, str], resolve: Resolver | None = None) -> Tool:
    granted = network(settings, environ, resolve)
    name = settings.engine or ("searxng" if settings.url else "brave")
    engine, url = ENGINES[name], settings.url or ENGINES[name].url

    async def run(arguments: Mapping[str, Any]) -> list[dict[str, str]]:
        web = granted()
        count = int(arguments.get("count", 10))
        query = engine.query(arguments["query"], count)
        answer = await web.fetch(url, query=query, headers={"accept": "application/json"})
        if answer.status != 200:
            raise web.failed("status", f"{name} answers with the status {answer.status}", hint=engine.hint)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise web.failed("bad_answer", f"{name} does not answer in JSON", hint=engine.hint) from None
        results: list[dict[str, str]] = web.scrubbed(list(_results(found, engine)))
        return results[:count]

    return Tool(
        name=settings.name,
        description="Searches the web and gives a list of results, each with title, url and snippet.",
        parameters={
            "type": "object",
            "properties": {
                "query": {"type": "string", "minLength": 1, "maxLength": 400},
                "count": {"type": "integer", "minimum": 1, "maximum": MAX_RESULTS, "description": "10 unless given"},
            },
            "required": ["query"],
            "additionalProperties": False,
        },
        run=run,
    )


def _results(found: Any, engine: Engine) -> Iterator[dict[str, str]]:
    for step in engine.results:
        found = found.get(step) if isinstance(found, dict) else None
    for entry in found if isinstance(found, list) else ():
        url = entry.get("url") if isinstance(entry, dict) else None
        if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= MAX_URL:
            title, snippet = _line(entry.get("title"), MAX_TITLE), _line(entry.get(engine.snippet), MAX_SNIPPET)
            yield {"title": title, "url": url, "snippet": snippet}


def _line(text: Any, most: int) -> str:
    """One line of text, without the tags with which engines show what they found."""
    if not isinstance(text, str):
        return ""
    line = " ".join(html.unescape(_TAG.sub("", text[: 10 * most])).split())
    return line if len(line) <= most else line[: most - 1] + "…"
