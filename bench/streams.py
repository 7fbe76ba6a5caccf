"""A stream's chunks in one process, from the scripted provider to the script's `for` loop, and the provider's share."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

from llmspell.manifest.load import parse_manifest
from llmspell.providers.scripted import ScriptedProvider
from llmspell.runtime import ScriptRuntime
from llmspell.types import Message, ModelRequest

READ = 'local n = 0 for chunk in Agent.create {}:stream_execute("x") do n = n + 1 end return n'


class ChunkCost(NamedTuple):
    """Microseconds of wall time a chunk: all of it, and the part of it that the provider takes when it runs alone."""

    whole: float
    provider: float


def chunk(count: int) -> ChunkCost:
    """One stream of `count` text chunks; what starting a run costs is not subtracted."""
    manifest = parse_manifest(
        f'[providers.p]\nkind = "scripted"\n[[providers.p.replies]]\nchunk_words = 1\ntext = "{"word " * count}"',
        file="bench.toml",
        base=Path.cwd(),
    )
    runtime = ScriptRuntime(manifest)

    async def whole() -> float:
        start = time.perf_counter()
        output = await runtime.execute_script(READ)
        if output.as_number() < count:
            raise RuntimeError(f"{output.result} chunks came, and {count} were sent")
        return (time.perf_counter() - start) / count * 1e6

    async def provider() -> float:
        scripted = ScriptedProvider(manifest.providers.entries["p"])
        request = ModelRequest(model="m", messages=(Message(role="user", text="x"),))
        start = time.perf_counter()
        async for _ in scripted.stream(request):
            pass
        return (time.perf_counter() - start) / count * 1e6

    async def main() -> ChunkCost:
        await whole()  # imports and caches
        return ChunkCost(await whole(), await provider())

    return asyncio.run(main())
