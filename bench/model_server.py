"""A model server in a process of its own, which does nothing but send: `with started() as url`.

What it sends is said by the model's name, COUNT or COUNT@MILLISECONDS: so many chunks, each written by itself, one
after the other or after a pause. Each chunk's text is when it was written, by the clock that all processes share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(**choice: object) -> bytes:
    choices = [{"index": 0, "finish_reason": None, **choice}]
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


TEMPLATE = _event(delta={"content": "STAMP "})
STAMP = re.compile(rb'"content": "(\d+) "')
LAST = _event(delta={}, finish_reason="stop") + b"data: [DONE]\n\n"


def stamps(data: bytes) -> list[int]:
    """When the chunks in these bytes were written, in nanoseconds."""
    return [int(stamp) for stamp in STAMP.findall(data)]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = json.loads(await reader.readexactly(int(length[1]) if length else 0))
            count, _, pause = body["model"].partition("@")
            writer.write(HEAD)
            for _ in range(int(count)):
                if pause:
                    await asyncio.sleep(float(pause) / 1000)
                data = TEMPLATE.replace(b"STAMP", b"%d" % time.monotonic_ns())
                writer.write(b"%x\r\n%b\r\n" % (len(data), data))
                await writer.drain()
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(LAST), LAST))
            await writer.drain()
    writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until who started it ends
    os._exit(0)


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Its address, as a base_url."""
    command = [sys.executable, "-m", "bench.model_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_main())
