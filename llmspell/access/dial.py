"""How a connection is made: a name is looked up once, every address that it has is judged, and one of these very
addresses is connected to. httpcore calls this for each connection, so no request comes past it, redirected or not.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import httpcore

from llmspell.access.addresses import Address, parse_address
from llmspell.access.failures import failure
from llmspell.access.hosts import Hosts
from llmspell.access.urls import Host, parse_authority, shown_host
from llmspell.errors import DeniedError

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""From a name to its addresses, as texts. Raises OSError for a name that has none."""

CONNECT_SECONDS: Final = 5.0
"""Of one address, where a name has several: a connection across the world takes less than one."""
MAX_ADDRESSES: Final = 64


async def system_resolver(name: str) -> Sequence[str]:
    """What the system's own look-up gives: its hosts file, then DNS.

    The system cannot be told to stop looking, so a thread of its own does it, for which nobody waits: the event loop's
    own threads would keep the process from ending, and be taken from others for as long as a nameserver is silent."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[str]] = loop.create_future()

    def look_up() -> None:
        try:
            addresses = [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            tell(found.set_exception, error)
        else:
            tell(found.set_result, addresses)

    def tell(settle: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if found.done() else settle(value))

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return await found


class Dialler(httpcore.AsyncNetworkBackend):
    """Of one request. Raises DeniedError for what is not granted, ToolError for a name or a connection that fails and
    for more than `max_bytes` from the other side."""

    def __init__(self, hosts: Hosts, section: str, resolve: Resolver, max_bytes: int) -> None:
        self._hosts = hosts
        self._section = section
        self._resolve = resolve
        self._max_bytes = max_bytes
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._granted(parse_authority(shown_host(host))[0], port)
        for address in addresses:
            try:
                inner = await self._inner.connect_tcp(str(address), port, CONNECT_SECONDS, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == addresses[-1]:
                    raise
            else:
                return _Counted(inner, self._max_bytes)
        raise failure("unreachable", f"{host} has no address")

    async def _granted(self, host: Host, port: int) -> list[Address]:
        """The addresses of a host, none of which is forbidden."""
        place = f"{shown_host(host)}:{port}"
        if not self._hosts.grants(host, port):
            raise DeniedError(f"{place} is not granted", hint=f'add "{place}" to `hosts` under {self._section}')
        addresses = [host] if not isinstance(host, str) else await self._looked_up(host)
        for address in addresses:
            if what := self._hosts.objection(address, port):
                leads = f"{place} leads to {address}, which" if isinstance(host, str) else place
                entry = f"{shown_host(address)}:{port}"
                raise DeniedError(
                    f"{leads} is not on the public internet ({what})",
                    hint=f'such an address must be granted by itself: add "{entry}" to `hosts` under {self._section}',
                )
        return addresses

    async def _looked_up(self, name: str) -> list[Address]:
        try:
            found = await self._resolve(name)
            addresses = list(dict.fromkeys(map(parse_address, found)))
        except (OSError, ValueError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            said = f"the name {name} cannot be looked up: {reason or 'it has no address'}"
            raise failure("unreachable", said, retryable=True) from None
        if len(addresses) > MAX_ADDRESSES:
            raise failure("unreachable", f"the name {name} has more than {MAX_ADDRESSES} addresses")
        return addresses

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise DeniedError(f"the socket {path} is not granted")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Counted(httpcore.AsyncNetworkStream):
    """A connection that ends when it has brought too much, whatever that was: heads, bodies, what is between chunks."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, left: int) -> None:
        self._inner = inner
        self._left = left

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._inner.read(max_bytes, timeout)
        self._left -= len(data)
        if self._left < 0:
            raise failure("too_large", "the server sends more than is granted")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Counted(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
