"""What a vendor's own client sends, and what we send, to the same server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderKind, ProviderSettings
from llmspell.types import ModelReply, ModelRequest

from ..helpers import deltas_of, reply_of
from ..loopback import Handler, Request
from .compare import received

KEY_ENV = "VENDOR_TEST_KEY"
KEY = "test-key-0123456789"


def caught(handler: Handler, ask: Callable[[str], Any]) -> tuple[Request, Any]:
    """The one request that `ask` makes when it is called with the server's address, and what it made of the answer."""
    made: list[Any] = []
    (request,) = received(handler, lambda url: made.append(ask(url)))
    return request, made[0]


def ours(
    kind: ProviderKind, handler: Handler, request: ModelRequest, *, stream: bool = False, **settings: Any
) -> tuple[Request, ModelReply]:
    """The request of our provider of this kind, and its reply."""

    async def main(url: str) -> ModelReply:
        given = replace(ProviderSettings(name="vendor", base_url=url, api_key_env=KEY_ENV), kind=kind, **settings)
        manager = ProviderManager({"vendor": given}, "vendor", environ={KEY_ENV: KEY})
        provider = manager.get("vendor")
        try:
            return reply_of(await deltas_of(provider, request)) if stream else await provider.complete(request)
        finally:
            await manager.aclose()

    return caught(handler, lambda url: asyncio.run(main(url)))


def headers(request: Request, ignored: tuple[str, ...]) -> dict[str, str]:
    """Without those that begin with one of these words."""
    return {name: value for name, value in request.headers.items() if not name.startswith(ignored)}
