"""Servers with TLS for tests, whose certificates are signed by an authority of the test's own."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import trustme

from .loopback import whole


class Authority:
    """Signs what 127.0.0.1 shows. `file` is its own certificate, for those who shall trust it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self._certificate = authority.issue_cert("127.0.0.1")
        self.file = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.file)

    def context(self, *protocols: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        context.set_alpn_protocols(list(protocols))
        return context


class Http2Server:
    """Answers every chat completion with "over HTTP/2". `streams` counts its requests, `connections` who connected."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.streams = 0
        self.models: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext) -> AsyncIterator[Http2Server]:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self._tasks)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        writer.write(state.data_to_send())
        bodies: dict[int, bytes] = {}
        try:
            while data := await reader.read(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                        state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded):
                        self._answer(state, event.stream_id, bodies.pop(event.stream_id, b""))
                writer.write(state.data_to_send())
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass  # the client went away
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def _answer(self, state: h2.connection.H2Connection, stream: int, body: bytes) -> None:
        self.streams += 1
        self.models.append(json.loads(body)["model"])
        state.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        state.send_data(stream, whole("over HTTP/2"), end_stream=True)
