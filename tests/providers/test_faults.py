"""Errors from servers: every shape of body, every way to say how long to wait, and no secret in any of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import ProviderError, RateLimitError, RefusedError
from llmspell.providers.credentials import Key, read_key, secrets
from llmspell.providers.error_body import MAX_MESSAGE, tidy
from llmspell.providers.faults import Asked, dress, from_status, retry_after
from llmspell.providers.key_sources import Source
from llmspell.settings import ProviderSettings

from .test_openai_reply import ANYTHING

NOW = 1_700_000_000.0
ASKED = Asked(url="http://h:1/v1/chat/completions", key_source="the environment variable K")


def said(body: bytes, status: int = 400) -> str:
    return from_status(status, {}, body, asked=ASKED, now=NOW).message.partition(": ")[2]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "openai", "type": "t", "param": None, "code": None}}, "openai"),
        ({"error": "ollama"}, "ollama"),
        ({"type": "error", "error": {"type": "t", "message": "anthropic"}, "request_id": "r"}, "anthropic"),
        ([{"error": {"code": 400, "message": "gemini", "status": "INVALID_ARGUMENT"}}], "gemini"),
        ({"detail": "fastapi"}, "fastapi"),
        ({"detail": [{"loc": ["body", "n", 0], "msg": "too small", "type": "x"}]}, "body.n.0: too small"),
        ({"detail": [{"msg": "a"}, {"msg": "b"}, {}, {"msg": "no more"}]}, "a; b"),
        ({"detail": {"message": "inner"}}, "inner"),
        ({"object": "error", "message": "vllm", "type": "BadRequestError", "code": 400}, "vllm"),
        ({"message": "mistral"}, "mistral"),
        ({"error": {"code": 5}}, "Bad Request"),
        ({"error": None}, "Bad Request"),
        ([], "Bad Request"),
        ("text in json", "Bad Request"),
    ],
)
def test_the_servers_own_message_is_found(body: Any, message: str) -> None:
    assert said(json.dumps(body).encode()) == message


def test_a_plain_text_is_the_message() -> None:
    assert said(b"upstream connect error\r\n\x1b[31mred\x00") == "upstream connect error [31mred"
    assert said(b"") == "Bad Request"
    assert said(b"", 529) == ""


def test_a_message_is_cut() -> None:
    for text in ("x" * 10_000, "x " * 10_000, " " * 10_000 + "x", "é" * 501):
        message = said(text.encode())
        assert len(message) <= MAX_MESSAGE
        assert message.endswith("…")
    assert said(b"x" * MAX_MESSAGE) == "x" * MAX_MESSAGE


@given(st.text(alphabet=st.characters()), st.integers(2, 50))
def test_what_a_server_wrote_becomes_one_printable_line(text: str, limit: int) -> None:
    line = tidy(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert tidy(line, limit) == line


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "Tue, 14 Nov 99999 22:00:00 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "tomorrow"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system's time zone cannot be set here")
@pytest.mark.parametrize(
    "date", ["Tue, 14 Nov 2023 22:13:50", "Tue Nov 14 22:13:50 2023", "14 Nov 2023 22:13:50 -0000"]
)
def test_a_date_without_a_zone_is_of_utc_wherever_we_are(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "EST+5")
    time.tzset()
    try:
        assert retry_after({"retry-after": date}, NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_no_retry_after_breaks_anything(value: str) -> None:
    seconds = retry_after({"retry-after": value, "retry-after-ms": value}, NOW)
    assert seconds is None or 0 <= seconds < float("inf")


@given(st.integers(300, 999), ANYTHING, st.binary(max_size=20))
def test_no_body_breaks_the_error(status: int, value: Any, raw: bytes) -> None:
    for body in (
        json.dumps(value).encode(),
        json.dumps({"error": value, "detail": value}).encode(),
        raw,
        b"[" * 50_000,
    ):
        error = from_status(status, {}, body, asked=ASKED, now=NOW)
        assert isinstance(error, ProviderError)
        assert error.status == status


def test_an_error_is_dressed_once() -> None:
    error = RefusedError("no")
    for _ in range(2):
        dress(error, provider="p", request_id="r", partial_text="so far")
    assert (error.message, str(error), error.args) == ("provider 'p': no",) * 2 + (("provider 'p': no",),)
    assert error.details == {"provider": "p", "request_id": "r", "partial_text": "so far"}


@given(st.text(min_size=4, alphabet=st.characters(min_codepoint=33, max_codepoint=126)), st.text())
def test_no_secret_is_left_in_an_error(secret: str, around: str) -> None:
    text = f"{around}{secret}{around}"
    error = RefusedError(text, hint=text, request_id=text, partial_text=text)
    dress(error, provider="p", secrets=(secret,))
    left = [
        error.message,
        str(error),
        error.hint,
        error.request_id,
        error.partial_text,
        *map(str, error.details.values()),
    ]
    assert all(secret not in part.replace("[redacted]", "") for part in left)


def test_keys_and_secret_headers_are_the_secrets() -> None:
    settings = ProviderSettings(
        name="p", api_key_env="K", headers={"Authorization": "Bearer abcd", "X-Title": "my app", "X-API-Key": "efgh"}
    )
    key = read_key(settings, {"K": " the-key\n"}, "OPENAI_API_KEY")
    assert key == Key("the-key", Source("api_key_env", "K"))
    assert "the-key" not in repr(key)
    assert secrets(settings, key) == ("the-key", "Bearer abcd", "abcd", "efgh")


@pytest.mark.parametrize(
    ("api_key_env", "base_url", "environ", "value"),
    [
        (None, None, {"OPENAI_API_KEY": "k1"}, "k1"),
        ("MINE", None, {"OPENAI_API_KEY": "k1", "MINE": "k2"}, "k2"),
        ("MINE", "http://h", {"MINE": "k2"}, "k2"),
        (None, "http://h", {"OPENAI_API_KEY": "k1"}, ""),
    ],
)
def test_which_key_is_sent(api_key_env: str | None, base_url: str | None, environ: dict[str, str], value: str) -> None:
    settings = ProviderSettings(name="p", api_key_env=api_key_env, base_url=base_url)
    assert read_key(settings, environ, "OPENAI_API_KEY").value == value


def test_the_cause_that_stands_in_the_details_counts_more_than_the_type() -> None:
    spent = {"type": "rate_limit_error", "message": "no", "details": {"error_code": "enforced_spend_limit_reached"}}
    error = from_status(429, {}, json.dumps({"error": spent}).encode(), asked=ASKED, now=NOW)
    assert (type(error), error.retryable) == (RateLimitError, False)
    error = from_status(429, {}, json.dumps({"error": spent | {"details": None}}).encode(), asked=ASKED, now=NOW)
    assert (type(error), error.retryable) == (RateLimitError, True)
