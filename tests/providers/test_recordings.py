"""Every protocol's decoder on every recording: cut everywhere, broken in bytes and in structure."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileAmberSnapshotExtension

from llmspell.errors import BadResponseError, ProviderError
from llmspell.providers.manager import KINDS
from llmspell.providers.protocols.translator import Translator
from llmspell.types import MediaDelta, ModelReply, ReasoningDelta

from .helpers import ask, texts
from .recorded import (
    ALTERED_STREAMS,
    ALTERED_WHOLE,
    MUTATIONS,
    PROTOCOLS,
    RECORDINGS,
    STREAMS,
    WHOLE,
    Recording,
    hear,
    mangle,
    name_of,
)

every_stream = pytest.mark.parametrize("recording", STREAMS, ids=name_of)
every_whole = pytest.mark.parametrize("recording", WHOLE, ids=name_of)
every_protocol = pytest.mark.parametrize("translator", PROTOCOLS.values(), ids=lambda translator: translator.kind)


def test_every_protocol_is_a_kind_and_has_recordings_of_both_sorts() -> None:
    assert PROTOCOLS.keys() <= KINDS.keys()
    assert {recording.kind for recording in STREAMS} == {recording.kind for recording in WHOLE} == PROTOCOLS.keys()


def test_no_recording_is_too_large_to_be_cut_everywhere() -> None:
    assert not [name_of(recording) for recording in RECORDINGS if len(recording.source) > 6000]


@every_stream
def test_each_stream_gives_its_deltas(recording: Recording, snapshot: SnapshotAssertion) -> None:
    heard = hear(recording.translator, recording.source)
    assert heard.outcome == snapshot(extension_class=SingleFileAmberSnapshotExtension)


@every_whole
def test_each_whole_answer_gives_its_reply(recording: Recording, snapshot: SnapshotAssertion) -> None:
    outcome: object
    try:
        outcome = recording.translator.decode(recording.source, ask(), "")
    except ProviderError as error:
        outcome = (type(error).__name__, str(error), error.retryable)
    assert outcome == snapshot(extension_class=SingleFileAmberSnapshotExtension)


@every_stream
def test_every_split_point_of_every_stream_gives_the_same_deltas(recording: Recording) -> None:
    translator, source = recording.translator, recording.source
    expected = hear(translator, source).outcome
    assert hear(translator, *(source[i : i + 1] for i in range(len(source)))).outcome == expected
    for cut in range(1, len(source)):
        assert hear(translator, source[:cut], source[cut:]).outcome == expected


@every_stream
def test_the_deltas_are_the_reply(recording: Recording) -> None:
    heard = hear(recording.translator, recording.source)
    assert "".join(texts(heard.deltas)) == heard.decoder.text
    if heard.error is not None:
        return
    assert heard.reply.text == heard.decoder.text
    thoughts = "".join(delta.text for delta in heard.deltas if isinstance(delta, ReasoningDelta))
    assert thoughts == "".join(block.text for block in heard.reply.reasoning)
    media = tuple(delta.media for delta in heard.deltas if isinstance(delta, MediaDelta) and delta.is_final)
    assert media == heard.reply.media


@every_stream
def test_a_stream_cut_off_anywhere_is_whole_or_an_error_that_keeps_its_text(recording: Recording) -> None:
    translator, source = recording.translator, recording.source
    whole = hear(translator, source)
    for cut in range(len(source)):
        heard = hear(translator, source[:cut])
        assert "".join(texts(heard.deltas)) == heard.decoder.text
        assert whole.decoder.text.startswith(heard.decoder.text)
        if heard.error is None:
            assert heard.decoder.finished or heard.decoder.done
            assert said(heard.reply) == said(whole.reply)
        else:
            assert heard.error.retryable or str(heard.error) == str(whole.error)


def said(reply: ModelReply) -> tuple[object, ...]:
    return reply.text, reply.tool_calls, reply.media, [block.text for block in reply.reasoning]


@every_protocol
def test_nothing_and_an_event_without_end_are_errors(translator: Translator) -> None:
    empty = hear(translator)
    assert isinstance(empty.error, BadResponseError)
    assert empty.error.retryable
    decoder = translator.decoder(ask(), "", 1000)
    with pytest.raises(BadResponseError, match="of more than 1,000 bytes"):
        list(decoder.feed(b'data: {"text": "' + b"x" * 2000))


@settings(max_examples=400)
@given(recording=st.sampled_from(STREAMS), mutations=MUTATIONS)
def test_no_stream_with_broken_bytes_raises_anything_but_a_provider_error(
    recording: Recording, mutations: list[tuple[str, int, int, bytes]]
) -> None:
    hear(recording.translator, mangle(recording.source, mutations))


@settings(max_examples=400)
@given(ALTERED_STREAMS)
def test_no_stream_with_other_values_raises_anything_but_a_provider_error(case: tuple[Recording, bytes]) -> None:
    recording, source = case
    heard = hear(recording.translator, source)
    assert "".join(texts(heard.deltas)) == heard.decoder.text
    assert heard.error is not None or heard.reply.text == heard.decoder.text


@settings(max_examples=300)
@given(ALTERED_WHOLE)
def test_no_whole_answer_with_other_values_raises_anything_but_a_provider_error(case: tuple[Recording, bytes]) -> None:
    recording, source = case
    with suppress(ProviderError):
        recording.translator.decode(source, ask(), "")
