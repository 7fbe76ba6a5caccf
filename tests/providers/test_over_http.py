"""Every protocol over a real connection: its recordings arrive as they are, and what breaks is the error that names it.

What one protocol alone does stands in its own tests; what the network layer does for all of them, in test_http.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmspell.errors import BadResponseError, ProviderError
from llmspell.providers.manager import ProviderManager
from llmspell.providers.protocols.translator import Translator
from llmspell.settings import ProviderSettings
from llmspell.types import Delta, ModelReply

from .helpers import ask, reply_of, texts
from .loopback import Handler, Loopback, answer, stream
from .recorded import PROTOCOLS, STREAMS, WHOLE, Recording, hear, name_of

JSON = "application/json"


def over_http(kind: str, handler: Handler, *, streaming: bool) -> tuple[list[Delta], ProviderError | None]:
    """What the provider of this kind makes of what the server does."""
    deltas: list[Delta] = []

    async def main(url: str) -> None:
        settings = ProviderSettings(name="local", kind=kind, base_url=url)  # type: ignore[arg-type]
        manager = ProviderManager({"local": settings}, "local", environ={})
        provider = manager.get("local")
        try:
            if streaming:
                async for delta in provider.stream(ask()):
                    deltas.append(delta)
            else:
                deltas.append(await provider.complete(ask()))
        finally:
            await manager.aclose()

    with Loopback(handler) as server:
        try:
            asyncio.run(main(server.url))
        except ProviderError as error:
            return deltas, error
    return deltas, None


def pieces(source: bytes) -> Iterator[bytes]:
    return (source[at : at + 100] for at in range(0, len(source), 100))


@pytest.mark.parametrize("recording", STREAMS, ids=name_of)
def test_a_stream_arrives_as_it_was_recorded(recording: Recording) -> None:
    expected = hear(recording.translator, recording.source)
    handler = stream(*pieces(recording.source), content_type=recording.translator.stream_type)
    deltas, error = over_http(recording.kind, handler, streaming=True)
    assert deltas == expected.deltas
    assert type(error) is type(expected.error)
    if error is not None:
        assert error.partial_text == expected.decoder.text


@pytest.mark.parametrize("streaming", [False, True], ids=["asked for whole", "asked for as a stream"])
@pytest.mark.parametrize("recording", WHOLE, ids=name_of)
def test_a_whole_answer_arrives_as_it_was_recorded(recording: Recording, streaming: bool) -> None:
    expected: ModelReply | str
    try:
        expected = recording.translator.decode(recording.source, ask(), "")
    except ProviderError as failure:
        expected = type(failure).__name__
    handler = answer(200, recording.source, content_type=JSON)
    deltas, error = over_http(recording.kind, handler, streaming=streaming)
    if isinstance(expected, str):
        assert type(error).__name__ == expected
    else:
        assert error is None
        assert reply_of(deltas) == expected
        assert "".join(texts(deltas)) == (expected.text if streaming else "")


WITH_TEXT = {
    kind: next(
        recording
        for recording in STREAMS
        if recording.kind == kind and len(hear(translator, recording.source).decoder.text) > 5
    )
    for kind, translator in PROTOCOLS.items()
}
BROKEN: list[tuple[str, bool]] = [("the connection breaks", False), ("the stream just ends", True)]


@pytest.mark.parametrize("end", [end for _, end in BROKEN], ids=[name for name, _ in BROKEN])
@pytest.mark.parametrize("kind", PROTOCOLS)
def test_an_answer_that_stops_in_its_middle_is_an_error_that_keeps_what_had_come(kind: str, end: bool) -> None:
    recording = WITH_TEXT[kind]
    cut, heard = _cut(recording)
    handler = stream(recording.source[:cut], content_type=recording.translator.stream_type, end=end)
    deltas, error = over_http(kind, handler, streaming=True)
    assert isinstance(error, BadResponseError)
    assert error.retryable
    assert ("cut off" if end else "broke in the middle") in error.message
    assert error.partial_text == heard == "".join(texts(deltas))


def _cut(recording: Recording) -> tuple[int, str]:
    """After the first piece of text, and in the middle of what follows."""
    for cut in range(len(recording.source)):
        heard = hear(recording.translator, recording.source[:cut])
        if heard.decoder.text:
            return cut + 9, heard.decoder.text
    raise AssertionError("no text")


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", PROTOCOLS)
def test_what_is_no_answer_is_said(kind: str, streaming: bool) -> None:
    translator: Translator = PROTOCOLS[kind]
    good = translator.stream_type if streaming else JSON
    cases: list[tuple[Handler, str]] = [
        (answer(200, b"<html><body>Welcome</body></html>", content_type="text/html; charset=utf-8"), "an HTML page"),
        (answer(200, b"", content_type=good), "the answer is empty"),
        (answer(200, b"", content_type="text/plain"), "the answer is empty"),
        (answer(200, b"\n\n", content_type=good), "the answer is empty"),
        (answer(200, b"{", content_type=JSON), "not JSON"),
    ]
    for handler, problem in cases:
        deltas, error = over_http(kind, handler, streaming=streaming)
        assert deltas == []
        assert type(error) is BadResponseError
        assert problem in error.message


@pytest.mark.parametrize("kind", PROTOCOLS)
@pytest.mark.parametrize("content_type", ["text/plain", "text/event-stream", "application/octet-stream"])
def test_an_answer_that_is_no_stream_is_quoted(kind: str, content_type: str) -> None:
    handler = answer(200, b"upstream connect error\n\n", content_type=content_type)
    deltas, error = over_http(kind, handler, streaming=True)
    assert deltas == []
    assert type(error) is BadResponseError
    assert "upstream connect error" in error.message


ERROR: dict[str, Any] = {"error": {"message": "the dog ate it", "type": "dog", "code": 500}}


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_an_error_as_a_whole_answer_with_status_200_is_that_error(kind: str) -> None:
    for streaming in (False, True):
        deltas, error = over_http(kind, answer(200, json.dumps(ERROR).encode(), content_type=JSON), streaming=streaming)
        assert deltas == []
        assert error is not None
        assert "the dog ate it" in error.message
