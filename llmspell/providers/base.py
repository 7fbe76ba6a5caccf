"""What a provider is: two methods and its capabilities. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest


class Provider(Protocol):
    """One configured model server. Failures are ProviderErrors; cancelling a call closes its connection at once."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def model(self) -> str | None:
        """The model to use where an agent names none."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def settings(self) -> ProviderSettings:
        """What the manifest says of it."""
        ...

    @property
    def url(self) -> str:
        """The server's address, without a query; "" where there is none."""
        ...

    def account(self) -> str:
        """Names one key at one server, whose requests count together, and tells neither. Raises ProviderAuthError where
        the key cannot be read."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply:
        """One whole turn."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """One turn in pieces, each given as soon as the server sent it; the last one is the whole ModelReply.

        An async generator: wrap it in `contextlib.aclosing`, so that leaving early closes the connection at once.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
