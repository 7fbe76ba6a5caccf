"""Whether a model can do what a request needs, asked before anything is sent: nothing is left out silently. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from llmspell.content import ImageMetadata, MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia, LlmspellError
from llmspell.types import Capabilities, Message, ModelRequest

SMALLER: Final = "`resize = true` under [media] makes images smaller"


def check(provider: str, able: Capabilities, request: ModelRequest) -> None:
    """Raises InvalidMedia for a medium that the model cannot take, InvalidArgument for what else it cannot do."""
    for problem in _problems(able, request):
        model = f"model '{request.model[:80]}' of provider '{provider}'"
        problem.message = f"{model} {problem.message}"
        problem.args = (problem.message,)
        can = f"if it can, say so under [providers.{provider}.capabilities]"
        problem.hint = f"{problem.hint}; {can}" if problem.hint else can
        raise problem


def in_words(message: Message, able: Capabilities) -> Message:
    """A tool's result whose media the model cannot take, with a word of them: the model asked for it, and nobody else
    could do anything about it."""
    if message.role != "tool" or all(medium.type in able.input_modalities for medium in message.media):
        return message
    kept = tuple(medium for medium in message.media if medium.type in able.input_modalities)
    left_out = [f"{medium.mime}, {medium.size:,} bytes" for medium in message.media if medium not in kept]
    told = f"{message.text}\n[left out, because you cannot be shown it: {'; '.join(left_out)}]"
    return replace(message, text=told.lstrip(), media=kept)


def _problems(able: Capabilities, request: ModelRequest) -> Iterator[LlmspellError]:
    for message in request.messages:
        for medium in message.media:
            if medium.type not in able.input_modalities:
                yield InvalidMedia(f"takes {', '.join(able.input_modalities)}, not {medium.type}")
            limit = able.max_media_size.get(medium.type)
            if limit is not None and medium.size > limit:
                yield _too_large(medium, limit)
            seen, side = medium.metadata, able.max_image_side
            if side is not None and isinstance(seen, ImageMetadata) and max(seen.width, seen.height) > side:
                yield _too_wide(medium, seen, side)
    for kind in request.output_modalities:
        if kind not in able.output_modalities:
            yield InvalidArgument(f"gives {', '.join(able.output_modalities)}, not {kind[:80]}")
    if request.tools and not able.tools:
        yield InvalidArgument("cannot call tools")


def _too_large(medium: MediaContent, limit: int) -> InvalidMedia:
    return InvalidMedia(
        f"takes {medium.type} of at most {_bytes(limit)}, and {_called(medium)} has {_bytes(medium.size)}",
        hint=_what_would_fit(medium, limit),
        details={"type": medium.type, "size": medium.size, "limit": limit},
    )


def _too_wide(medium: MediaContent, seen: ImageMetadata, side: int) -> InvalidMedia:
    width, height = (max(size * side // max(seen.width, seen.height), 1) for size in (seen.width, seen.height))
    return InvalidMedia(
        f"takes images of at most {side:,} x {side:,} pixels, and {_called(medium)} has {seen.width:,} x "
        f"{seen.height:,}",
        hint=f"{width:,} x {height:,} pixels of it would fit; {SMALLER}",
        details={"type": medium.type, "width": seen.width, "height": seen.height, "limit": side},
    )


def _called(medium: MediaContent) -> str:
    return f"'{medium.filename}'" if medium.filename else "this"


def _what_would_fit(medium: MediaContent, limit: int) -> str:
    seen = medium.metadata
    if isinstance(seen, ImageMetadata):
        factor = (limit / medium.size) ** 0.5  # about as many bytes a pixel as it has now
        size = f"{max(int(seen.width * factor), 1):,} x {max(int(seen.height * factor), 1):,} pixels"
        return f"about {size} of it would fit; {SMALLER}"
    if seen is not None and seen.duration:
        return f"about {seen.duration * limit / medium.size:,.0f} of its {seen.duration:,.0f} seconds would fit"
    return ""


def _bytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB" if size >= 1_000_000 else f"{size:,} bytes"
