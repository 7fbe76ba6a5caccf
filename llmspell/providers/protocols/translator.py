"""What a protocol is: functions and facts, from which server.py makes a provider. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from llmspell.providers.body import Body
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest


class Asking(NamedTuple):
    """How a request is meant. `official` is true for the vendor's own hosts; `host` is host:port."""

    stream: bool = False
    official: bool = False
    host: str = ""


class Outgoing(NamedTuple):
    """One request as HTTP data. `path` and `query` are added to the server's address.

    `headers` hold no credential; their names are in lower case, and one that the manifest sets replaces them."""

    path: str
    body: Body
    query: str = ""
    headers: Mapping[str, str] = {}


class Decoder(Protocol):
    """One streamed answer: the body's bytes in, cut anywhere, deltas out, and last the whole ModelReply.

    It raises BadResponseError, or what an error inside the stream stands for.
    """

    @property
    def text(self) -> str:
        """The answer's text so far."""
        ...

    @property
    def done(self) -> bool:
        """The end mark was seen: no more bytes are needed."""
        ...

    @property
    def finished(self) -> bool:
        """A finish reason was seen: from here on a missing end is forgiven."""
        ...

    @property
    def started(self) -> bool:
        """The model's first token was seen: text, reasoning, or a tool call."""
        ...

    @property
    def events(self) -> int:
        """Events so far; comments and keep-alives are none."""
        ...

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas in these bytes. Take all of them before feeding more."""
        ...

    def close(self) -> Iterator[Delta]:
        """The last deltas and the ModelReply. Raises BadResponseError, retryable, when the stream was cut short."""
        ...


def bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """A protocol."""

    kind: str
    vendor_url: str
    """Where requests go without a base_url."""
    prefix: str
    """Where servers have this API when base_url names a host and nothing more."""
    key_env: str
    """The variable that the vendor's own tools read; used only for the vendor's own address."""
    key_headers: Callable[[str], Mapping[str, str]] = bearer
    capabilities: Capabilities = field(default_factory=Capabilities)
    max_tokens: int | None = None
    """The longest answer that is asked for where nobody names one, in protocols that want one named."""
    stream_type: str = "text/event-stream"
    """The content type of a streamed answer; another JSON type means that the server does not stream."""
    encode: Callable[[ModelRequest, Asking], Outgoing]
    """Raises InvalidArgument for a request that the protocol cannot express."""
    decode: Callable[[bytes, ModelRequest, str], ModelReply]
    """A whole answer's body, the request, and the server's id of it. Raises ProviderError."""
    decoder: Callable[[ModelRequest, str, int], Decoder]
    """For one streamed answer: the request, the server's id of it, and the most bytes of one event."""
