"""What Gemini alone says in its answers; cutting and breaking them is in test_recordings.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmspell.errors import (
    BadResponseError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
    RefusedError,
)
from llmspell.providers.faults import Asked, from_status
from llmspell.providers.protocols.gemini import TRANSLATOR
from llmspell.providers.protocols.gemini.reply import FINISH_REASONS
from llmspell.types import ModelReply, RawMedia, TextDelta, Usage

from .helpers import ask
from .loopback import event
from .recorded import Heard, hear


def said(*parts: Any, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, "index": 0}
    return {"candidates": [{key: value for key, value in candidate.items() if value is not None}], **fields}


def whole(answer: Any) -> ModelReply:
    return TRANSLATOR.decode(json.dumps(answer).encode(), ask(), "")


def streamed(*answers: Any) -> Heard:
    return hear(TRANSLATOR, *map(event, answers))


STOP = said(finish="STOP")
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
CALL = {"functionCall": {"name": "f", "args": {}}}


@pytest.mark.parametrize("raw", [*FINISH_REASONS, "SOMETHING_NEW"])
def test_every_reason_to_finish_has_a_meaning_whole_and_streamed(raw: str) -> None:
    answer = said({"text": "a"}, finish=raw)
    reply, heard = whole(answer), streamed(answer)
    assert reply == heard.reply
    assert (reply.finish_reason, reply.raw_finish_reason) == (FINISH_REASONS.get(raw, "other"), raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("STOP", "tool_calls"), ("FUNCTION_CALL", "tool_calls"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter")],
)
def test_a_turn_with_calls_that_just_stops_is_a_turn_of_tool_calls(raw: str, expected: str) -> None:
    assert whole(said(CALL, finish=raw)).finish_reason == expected


def test_the_last_token_counts_are_the_turns_and_thoughts_are_output() -> None:
    counts = {"promptTokenCount": 9, "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 3}
    first = said({"text": "a"}, usageMetadata=counts)
    last = said(finish="STOP", usageMetadata={**counts, "candidatesTokenCount": 5, "thoughtsTokenCount": 7})
    expected = Usage(input_tokens=12, output_tokens=12, cached_tokens=4, reasoning_tokens=7)
    assert streamed(first, last).reply.usage == expected
    assert streamed(first, last, {"usageMetadata": {}}).reply.usage == expected


@pytest.mark.parametrize("value", [-5, "9", True, 10**30, None])
def test_senseless_token_counts_are_zero(value: Any) -> None:
    assert whole(said(finish="STOP", usageMetadata={"promptTokenCount": value})).usage == Usage()


def test_of_several_candidates_the_first_counts() -> None:
    second = {"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP", "index": 1}
    answer = said({"text": "a"}, finish="STOP")
    assert whole({"candidates": [second, *answer["candidates"]]}).text == "a"
    assert streamed({"candidates": [second]}, answer).reply.text == "a"


def test_a_text_part_is_given_at_once() -> None:
    decoder = TRANSLATOR.decoder(ask(), "", 10_000)
    assert list(decoder.feed(event(said({"text": "one"})))) == [TextDelta("one")]
    assert (decoder.started, decoder.finished, decoder.done) == (True, False, False)
    assert list(decoder.feed(event(STOP))) == []
    assert (decoder.finished, decoder.done) == (True, False)


def test_an_answer_without_any_part_is_an_empty_text() -> None:
    contents: list[Any] = [{}, {"parts": []}, {"parts": None}, {"role": "model"}, None]
    for content in contents:
        reply = whole({"candidates": [{"content": content, "finishReason": "MAX_TOKENS"}]})
        assert (reply.text, reply.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    "samples", [["AQACAA=="], ["AQA=", "AgA="], ["AQ==", "AAIA"]], ids=["one piece", "two pieces", "cut in a sample"]
)
def test_bare_samples_become_one_wav_file(samples: list[str]) -> None:
    mime = "audio/L16;codec=pcm;rate=16000"
    heard = streamed(*(said({"inlineData": {"mimeType": mime, "data": piece}}) for piece in samples), STOP)
    (sound,) = heard.reply.media
    assert (sound.mime, sound.data[:4], sound.data[-4:]) == ("audio/wav", b"RIFF", b"\1\0\2\0")
    assert int.from_bytes(sound.data[24:28], "little") == 16_000


@pytest.mark.parametrize("data", ["+/8=", "-_8=", "-_8"])
def test_media_are_read_in_either_alphabet_of_base64(data: str) -> None:
    answer = said({"inlineData": {"mimeType": "image/png", "data": data}}, finish="STOP")
    assert whole(answer).media == (RawMedia(data=b"\xfb\xff", mime="image/png"),)


def test_a_character_that_is_cut_in_two_escapes_arrives_whole() -> None:
    first = b'data: {"candidates": [{"content": {"parts": [{"text": "a\\ud83d"}]}}]}\n\n'
    last = b'data: {"candidates": [{"content": {"parts": [{"text": "\\udc4bb"}]}, "finishReason": "STOP"}]}\n\n'
    assert hear(TRANSLATOR, first, last).reply.text == "a\N{WAVING HAND SIGN}b"


@pytest.mark.parametrize("feedback", [{"blockReason": "SAFETY"}, {"blockReason": "OTHER", "blockReasonMessage": "no"}])
def test_a_blocked_prompt_is_refused(feedback: dict[str, str]) -> None:
    answer = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 3}}
    heard = streamed(answer)
    assert type(heard.error) is RefusedError
    assert feedback["blockReason"] in heard.error.message
    with pytest.raises(RefusedError) as caught:
        whole(answer)
    assert caught.value.message == heard.error.message


def test_feedback_that_blocks_nothing_is_none() -> None:
    assert streamed({"promptFeedback": {"safetyRatings": []}}, said({"text": "a"}), STOP).reply.text == "a"


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([said({"text": "a"})], "cut off"),
        ([{}], "cut off"),
        ([said({"inlineData": {"mimeType": "image/png", "data": "***"}})], "medium of the answer is not base64"),
        ([said({"inlineData": {"mimeType": "image/png", "data": "A"}})], "medium of the answer is not base64"),
        ([said(*[CALL] * 129)], "more than 128 tool calls"),
        ([said(*[IMAGE] * 65)], "more than 64 media"),
        ([said(*[{"text": "a", "thought": True}, {"text": "b"}] * 1_001)], "more than 1,000 parts"),
        ([said({"functionCall": {"name": "f", "args": {"x": "y" * 1_000_001}}})], "characters of arguments"),
        ([{"candidates": 5}], "candidates are not a list"),
        ([{"candidates": [5]}], "candidates are not a list"),
        ([said(5)], "parts of the answer are not a list"),
        ([5], "a number, not an object"),
        ([[5]], "a number, not an object"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(answers: list[Any], problem: str) -> None:
    heard = streamed(*answers)
    assert type(heard.error) is BadResponseError
    assert problem in heard.error.message


def test_a_whole_answer_without_a_candidate_is_a_bad_response() -> None:
    answers: list[Any] = [{}, {"candidates": []}, []]
    for answer in answers:
        with pytest.raises(BadResponseError):
            whole(answer)


def google(code: int, status: str, *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "boom", "status": status, "details": list(details)}}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}


@pytest.mark.parametrize("shape", [lambda error: error, lambda error: [error]], ids=["object", "list"])
@pytest.mark.parametrize(
    ("error", "expected", "retryable"),
    [
        (google(429, "RESOURCE_EXHAUSTED", RETRY), RateLimitError, True),
        (google(400, "INVALID_ARGUMENT"), RefusedError, False),
        (google(400, "INVALID_ARGUMENT", BAD_KEY), ProviderAuthError, False),
        (google(403, "PERMISSION_DENIED"), ProviderAuthError, False),
        (google(500, "INTERNAL"), OverloadedError, True),
        (google(503, "UNAVAILABLE"), OverloadedError, True),
    ],
)
def test_an_error_is_the_same_as_a_status_in_a_stream_and_in_an_answer(
    shape: Any, error: dict[str, Any], expected: type[ProviderError], retryable: bool
) -> None:
    body = json.dumps(shape(error)).encode()
    by_status = from_status(error["error"]["code"], {}, body, asked=Asked(url="u"), now=0.0)
    in_stream = streamed(said({"text": "a"}), shape(error)).error
    with pytest.raises(ProviderError) as caught:
        TRANSLATOR.decode(body, ask(), "")
    for found in (by_status, in_stream, caught.value):
        assert found is not None
        assert (type(found), found.retryable) == (expected, retryable)
        assert "boom" in found.message
        assert found.retry_after == (17.5 if expected is RateLimitError else None)


def test_a_wrong_key_names_its_variable_although_gemini_calls_it_a_bad_request() -> None:
    body = json.dumps(google(400, "INVALID_ARGUMENT", BAD_KEY)).encode()
    asked = Asked(url="u", key_source="the environment variable GEMINI_API_KEY")
    error = from_status(400, {}, body, asked=asked, now=0.0)
    assert error.hint == "check the key in the environment variable GEMINI_API_KEY"
