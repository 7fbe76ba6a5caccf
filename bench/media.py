"""Media: the metadata of a large photograph beside what Pillow takes for it, and the memory of a large film that is
attached and sent."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from llmspell.manifest.load import parse_manifest
from llmspell.media.blobs import keep
from llmspell.media.inspect import inspect
from llmspell.runtime import ScriptRuntime
from llmspell.settings import MediaSettings

ASK = 'Agent.create { name = "a" }:execute { text = "?", media = Run.media }'
ANSWER = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]}'


class PhotoCost(NamedTuple):
    """Milliseconds: all that is done to a photograph of 20 MB when it is loaded but the copy, and Pillow's part."""

    whole: float
    library: float


class FilmCost(NamedTuple):
    """Megabytes of peak memory beyond a run without it: up to the first byte that is sent, and to the end."""

    attached: float
    sent: float


def photo(rounds: int) -> PhotoCost:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((5_200, 4_750), 100).save(file, "JPEG", quality=90)
    data = file.getvalue()
    blob = keep([data])

    def best(act: object) -> float:
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            act()  # type: ignore[operator]
            times.append((time.perf_counter() - start) * 1000)
        return sorted(times)[len(times) // 2]

    def library() -> None:
        with Image.open(io.BytesIO(data)) as image:
            image.info.get("dpi")

    settings = MediaSettings()
    return PhotoCost(best(lambda: inspect(blob, settings)), best(library))


def film(megabytes: int) -> FilmCost:
    """In a process of its own: the peak of a process never falls."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        path = Path(folder, "film.mp4")
        _write(path, megabytes)
        at_first_byte: list[int] = []
        server = threading.Thread(target=_serve, args=(listener, at_first_byte), daemon=True)
        server.start()
        manifest = parse_manifest(
            f'[runtime]\ntimeout = "10m"\n[providers.p]\nkind = "gemini"\nmodel = "m"\nfirst_token_timeout = "10m"\n'
            f'base_url = "http://127.0.0.1:{listener.getsockname()[1]}"\n'
            '[providers.p.capabilities]\ninput_modalities = ["text", "video"]\nmax_media_size = { video = "1GB" }',
            file="bench.toml",
            base=Path.cwd(),
        )
        runtime = ScriptRuntime(manifest, environ={"GEMINI_API_KEY": "x"})
        asyncio.run(runtime.execute_script('Agent.create { model = "mock" }:execute("?")'))  # imports
        import httpx  # noqa: F401

        from llmspell.media import outgoing  # noqa: F401

        before = _forget_peak()
        asyncio.run(runtime.report(ASK, attach=[str(path)]))
        if not at_first_byte:
            raise RuntimeError("the film was not sent")
        return FilmCost((at_first_byte[0] - before) / 1024, (_peak() - before) / 1024)


def _write(path: Path, megabytes: int) -> None:
    """A film of one track whose data are noise."""
    head = b"\0\0\0\x18ftypisom\0\0\2\0isommp41"
    handler = _box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    moov = _box(
        b"moov",
        _box(b"mvhd", bytes(12) + b"\0\0\3\xe8\0\0\x27\x10" + bytes(80)) + _box(b"trak", _box(b"mdia", handler)),
    )
    noise = os.urandom(1 << 20)
    with path.open("wb") as file:
        file.write(head + moov + ((megabytes << 20) + 8).to_bytes(4, "big") + b"mdat")
        for _ in range(megabytes):
            file.write(noise)


def _box(kind: bytes, data: bytes) -> bytes:
    return (8 + len(data)).to_bytes(4, "big") + kind + data


def _serve(listener: socket.socket, at_first_byte: list[int]) -> None:
    """Reads one request of known length, keeping nothing of it, and answers."""
    connection, _ = listener.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        at_first_byte.append(_peak())
        fields, _, begun = head.partition(b"\r\n\r\n")
        sizes = (line for line in fields.lower().split(b"\r\n") if line.startswith(b"content-length"))
        left = int(next(sizes).split(b":")[1]) - len(begun)
        while left > 0:
            left -= len(connection.recv(min(left, 1 << 18))) or left
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER))


def _peak() -> int:
    """Kilobytes, since it was last forgotten."""
    return _status("VmHWM")


def _forget_peak() -> int:
    """Gives what is in memory now, in kilobytes, from which the peak grows again."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
