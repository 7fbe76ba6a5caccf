"""Whether a model can do what a request needs, asked before anything is sent: nothing is left out silently. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia, LlmspellError
from llmspell.types import Capabilities, ModelRequest


def check(provider: str, able: Capabilities, request: ModelRequest) -> None:
    """Raises InvalidMedia for a medium that the model cannot take, InvalidArgument for what else it cannot do."""
    for problem in _problems(able, request):
        model = f"model '{request.model[:80]}' of provider '{provider}'"
        problem.message = f"{model} {problem.message}"
        problem.args = (problem.message,)
        problem.hint = f"if it can, say so under [providers.{provider}.capabilities]"
        raise problem


def _problems(able: Capabilities, request: ModelRequest) -> Iterator[LlmspellError]:
    for message in request.messages:
        for medium in message.media:
            if medium.type not in able.input_modalities:
                yield InvalidMedia(f"takes {', '.join(able.input_modalities)}, not {medium.type}")
            limit = able.max_media_size.get(medium.type)
            if limit is not None and medium.size > limit:
                yield _too_large(medium, limit)
    for kind in request.output_modalities:
        if kind not in able.output_modalities:
            yield InvalidArgument(f"gives {', '.join(able.output_modalities)}, not {kind[:80]}")
    if request.tools and not able.tools:
        yield InvalidArgument("cannot call tools")


def _too_large(medium: MediaContent, limit: int) -> InvalidMedia:
    return InvalidMedia(
        f"takes {medium.type} of at most {_bytes(limit)}, and this has {_bytes(medium.size)}",
        details={"type": medium.type, "size": medium.size, "limit": limit},
    )


def _bytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB" if size >= 1_000_000 else f"{size:,} bytes"
