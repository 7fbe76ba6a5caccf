"""What a request will take: everything that is sent counts."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell.content import AudioMetadata, ImageMetadata, MediaContent, MediaType, Metadata, VideoMetadata
from llmspell.media.blobs import InMemory
from llmspell.providers import estimate
from llmspell.types import (
    MediaDelta,
    Message,
    ModelReply,
    RawMedia,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
)

from .helpers import ask

LONG = "word " * 100


def medium(kind: MediaType, size: int = 1000, metadata: Metadata | None = None) -> MediaContent:
    return MediaContent(type=kind, format=kind, mime=f"{kind}/x", blob=InMemory(b"x" * size), metadata=metadata)


def test_a_token_is_four_bytes_of_text() -> None:
    more, less = ask(LONG * 2), ask(LONG)
    assert estimate.input_tokens(more) - estimate.input_tokens(less) == len(LONG) // 4
    assert estimate.input_tokens(ask("語" * 100)) > estimate.input_tokens(ask("a" * 100))


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": (ToolSpec(name="t", description=LONG),)},
        {"tools": (ToolSpec(name="t", parameters={"type": "object", "description": LONG}),)},
        {"parameters": {"tools": [{"description": LONG}]}},
        {"schema": {"type": "string", "description": LONG}},
        {"messages": (Message(role="assistant", tool_calls=(ToolCall(id="1", name="t", arguments={"a": LONG}),)),)},
        {"messages": (Message(role="assistant", reasoning=(Reasoning(kind="k", text=LONG),)),)},
        {"messages": (Message(role="assistant", reasoning=(Reasoning(kind="k", data={"signature": LONG}),)),)},
        {"messages": (Message(role="user", text="", media=(medium("text", len(LONG)),)),)},
    ],
)
def test_everything_that_is_sent_counts(fields: dict[str, Any]) -> None:
    assert estimate.input_tokens(ask("", **fields)) >= len(LONG) // 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (medium("image"), 1600),
        (medium("image", metadata=ImageMetadata(width=600, height=500, color_space="rgb")), 400),
        (medium("image", metadata=ImageMetadata(width=1, height=1, color_space="rgb")), 85),
        (medium("image", metadata=ImageMetadata(width=9000, height=9000, color_space="rgb")), 1600),
        (medium("audio", metadata=AudioMetadata(codec="mp3", duration=10.0)), 321),
        (medium("audio", size=160_000), 321),
        (medium("video", metadata=VideoMetadata(duration=10.0)), 3001),
        (medium("video", size=1_250_000), 3001),
        (medium("text", size=400), 100),
        (medium("binary", size=100_000), 2000),
    ],
)
def test_media_count_by_what_servers_make_of_them(given: MediaContent, expected: int) -> None:
    assert estimate.media_tokens(given) == expected


def test_the_longest_answer_is_the_requests_or_the_providers_or_a_guess() -> None:
    assert estimate.output_tokens(ask(max_tokens=50), 200) == 50
    assert estimate.output_tokens(ask(), 200) == 200
    assert estimate.output_tokens(ask(), None) == estimate.UNSTATED_OUTPUT
    assert estimate.output_tokens(ask(max_tokens=50, output_modalities=("text", "image")), None) == 50 + 1600


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"max_completion_tokens": 7}, 7),
        ({"max_output_tokens": 7, "n": 3}, 21),
        ({"n": 3}, 150),
        ({"options": {"num_predict": 7}}, 7),
        ({"generationConfig": {"maxOutputTokens": 7, "candidateCount": 2}}, 14),
        ({"n": True, "max_tokens": "many"}, 50),
        ({"num_predict": -1}, 50),
    ],
)
def test_parameters_that_lengthen_an_answer_count(parameters: dict[str, Any], expected: int) -> None:
    assert estimate.output_tokens(ask(max_tokens=50, parameters=parameters), 200) == expected


def test_what_has_arrived_of_a_stream_counts() -> None:
    assert estimate.received_bytes(TextDelta("four")) == 4
    assert estimate.received_bytes(ReasoningDelta("é")) == 2
    assert estimate.received_bytes(ToolCallDelta(0, "1", "t", "{}")) == 2
    image = RawMedia(data=b"", mime="image/png")
    assert estimate.received_bytes(MediaDelta(image)) == 1600 * 4
    assert estimate.received_bytes(MediaDelta(image, is_final=False)) == 0


def test_an_answer_that_nobody_counted_counts_with_all_its_parts() -> None:
    reply = ModelReply(
        text="x" * 40,
        tool_calls=(ToolCall(id="1", name="name", arguments={"a": 1}),),
        reasoning=(Reasoning(kind="k", text="y" * 40),),
        media=(RawMedia(data=b"", mime="image/png"),),
    )
    assert estimate.answer_tokens(reply) == 10 + 1 + 2 + 10 + 1600
