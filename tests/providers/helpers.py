"""What the tests of this folder share: short requests, small media, and the two ways to consume a provider."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from llmspell.content import MediaContent, MediaType
from llmspell.media.blobs import InMemory
from llmspell.providers.base import Provider
from llmspell.types import Delta, Message, ModelReply, ModelRequest, TextDelta


def ask(text: str = "Hello", **fields: Any) -> ModelRequest:
    return ModelRequest(**({"model": "m", "messages": (Message(role="user", text=text),)} | fields))


def medium(kind: MediaType, form: str, mime: str, data: bytes = b"abc", filename: str | None = None) -> MediaContent:
    return MediaContent(type=kind, format=form, mime=mime, blob=InMemory(data), filename=filename)


PNG = medium("image", "png", "image/png")
WAV = medium("audio", "wav", "audio/wav")
MP4 = medium("video", "mp4", "video/mp4")
PDF = medium("binary", "pdf", "application/pdf", filename="plan.pdf")
NOTES = medium("text", "text", "text/plain", "Grüße".encode())


async def deltas_of(provider: Provider, request: ModelRequest) -> list[Delta]:
    async with aclosing(provider.stream(request)) as stream:
        return [delta async for delta in stream]


def texts(deltas: list[Delta]) -> list[str]:
    return [delta.text for delta in deltas if isinstance(delta, TextDelta)]


def reply_of(deltas: list[Delta]) -> ModelReply:
    """The last delta, which is the only ModelReply."""
    replies = [delta for delta in deltas if isinstance(delta, ModelReply)]
    assert [deltas[-1]] == replies
    return replies[0]
