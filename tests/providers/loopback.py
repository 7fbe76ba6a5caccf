"""A real HTTP/1.1 server on a loopback port, in a thread of its own, that does exactly what a test tells it.

    with Loopback(chat("Hello!")) as server:
        ...                         # ask server.url; afterwards server.requests holds what came

A handler is `async def handler(request, reply)` and runs on the server's own event loop, so the client under test may
block its own. Nothing is checked for the handler: it may send broken HTTP, pause, or cut the connection.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

# A proxy of the environment must not stand between a test and its own machine.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, (os.environ.get(_name, ""), "127.0.0.1", "localhost")))

PATIENCE = 10.0
"""Seconds after which a test that waits for the server fails. Never reached when all is well."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. Header names are in lower case; `connection` counts the connections from 0."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Reply:
    """What a handler answers with."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: threading.Event) -> None:
        self._reader = reader
        self._writer = writer
        self._gone = gone
        self.reusable = False

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer with a content-length; `content_type` and other headers by name, with _ for -."""
        lines = {"content-length": str(len(body)), **{name.replace("_", "-"): v for name, v in headers.items()}}
        self.reusable = True
        await self.raw(_head(status, lines) + body)

    async def start(self, status: int = 200, **headers: str) -> None:
        """The head of a chunked answer."""
        lines = {"transfer-encoding": "chunked", **{name.replace("_", "-"): v for name, v in headers.items()}}
        await self.raw(_head(status, lines))

    async def chunk(self, data: bytes) -> None:
        if data:
            await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        self.reusable = True
        await self.raw(b"0\r\n\r\n")

    async def stream(
        self, pieces: Iterable[bytes], *, content_type: str = "text/event-stream", end: bool = True
    ) -> None:
        """A chunked answer, one chunk and one turn of the event loop a piece; `end=False` cuts the connection."""
        await self.start(content_type=content_type)
        for piece in pieces:
            await self.chunk(piece)
            await asyncio.sleep(0)
        if end:
            await self.end()

    async def client_gone(self) -> None:
        """Waits until the client closed the connection, and tells `Loopback.wait_gone`."""
        with suppress(ConnectionError):
            while await self._reader.read(1024):
                pass
        self._gone.set()


Handler = Callable[[Request, Reply], Awaitable[None]]


class Loopback:
    """The server. `url` is its base_url, without a path; `requests` and `connections` are what it saw so far."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._gone = threading.Event()
        self._asked = threading.Event()
        self._failure: Exception | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.connections = 0
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def wait_asked(self) -> bool:
        """True when a request has arrived."""
        return await asyncio.to_thread(self._asked.wait, PATIENCE)

    async def wait_gone(self) -> bool:
        """True when a handler saw the client close the connection, in `client_gone` or while it was writing."""
        return await asyncio.to_thread(self._gone.wait, PATIENCE)

    def __enter__(self) -> Loopback:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number = self.connections
        self.connections += 1
        try:
            while request := await _read(reader, number):
                self.requests.append(request)
                self._asked.set()
                reply = Reply(reader, writer, self._gone)
                await self._handler(request, reply)
                if not reply.reusable:
                    break
        except ConnectionError:
            self._gone.set()  # in the middle of what the handler was writing
        except asyncio.CancelledError:
            pass  # the test is over
        except Exception as exc:
            self._failure = exc  # the handler's own mistake: raised where the test leaves the server
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, connection)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Handler:
    """A handler that always sends this."""

    async def handler(_: Request, reply: Reply) -> None:
        await reply.send(status, body, **headers)

    return handler


def stream(*pieces: bytes, content_type: str = "text/event-stream", end: bool = True) -> Handler:
    """A handler that always streams these pieces; with `end=False` it cuts the connection after the last."""

    async def handler(_: Request, reply: Reply) -> None:
        await reply.stream(pieces, content_type=content_type, end=end)

    return handler


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def delta(text: str | None = None, finish: str | None = None, **fields: object) -> bytes:
    """One event of a chat completions stream."""
    content = {"content": text} if text is not None else {}
    return event({"choices": [{"index": 0, "delta": content | fields, "finish_reason": finish}]})


DONE = b"data: [DONE]\n\n"


def whole(text: str, **fields: object) -> bytes:
    """The body of a chat completions reply."""
    message = {"role": "assistant", "content": text} | fields
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "chatcmpl-1", "model": "served-model", "choices": [choice], "usage": usage}).encode()


def chat(text: str) -> Handler:
    """A chat completions server that always gives this answer, streamed word by word or whole, as it is asked."""

    async def handler(request: Request, reply: Reply) -> None:
        if not request.json.get("stream"):
            await reply.send(200, whole(text), content_type="application/json")
            return
        words = [word + " " for word in text.split(" ")]
        words[-1] = words[-1][:-1]
        usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
        await reply.stream([*(delta(word) for word in words), delta(finish="stop"), event(usage), DONE])

    return handler
