"""What a provider is: two methods and what its models can do. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from llmspell.providers.key_sources import Source
from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest


class Access(NamedTuple):
    """How a provider is reached: its address, where its key is read (None where none is), whether there is something,
    and what is wrong with the key, which is never shown."""

    address: str = ""
    key_source: Source | None = None
    key_set: bool = False
    key_problem: str = ""


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

    def capabilities_of(self, model: str) -> Capabilities:
        """What it can do with this model, as far as is known without asking the server."""
        ...

    @property
    def access(self) -> Access:
        """As it is now: the key is read anew."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What it has sent so far that must be written down nowhere."""
        ...

    async def inquire(self, model: str) -> Capabilities:
        """What it can do with this model, after asking the server where that can tell. Raises ProviderError."""
        ...

    @property
    def settings(self) -> ProviderSettings:
        """What the manifest says of it."""
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
