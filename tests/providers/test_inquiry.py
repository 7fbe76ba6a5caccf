"""What servers tell of their models when they are asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import ProviderAuthError, RefusedError
from llmspell.providers.base import Provider
from llmspell.providers.inquiry import CONTEXT_FIELDS, INQUIRIES, META_FIELDS, told
from llmspell.providers.manager import ProviderManager
from llmspell.settings import CapabilitySettings, ProviderSettings
from llmspell.types import Capabilities

from .loopback import Handler, Loopback, answer
from .recorded import ANYTHING


def of(kind: str, value: Any, model: str = "m") -> Any:
    return dict(told(INQUIRIES[kind](model), json.dumps(value).encode(), model))


def listed(**entry: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "other", "max_model_len": 1}, {"id": "m", "object": "model", **entry}]}


VISION = {"capabilities": {"image_input": {"supported": True}, "pdf_input": {"supported": False}}}


@pytest.mark.parametrize(
    ("kind", "answered", "expected"),
    [
        ("openai", listed(max_model_len=32_768), {"max_context": 32_768}),
        ("openai", listed(meta={"n_ctx_train": 131_072}), {"max_context": 131_072}),
        ("openai", listed(meta={"n_ctx": 4_096, "n_ctx_train": 131_072}), {"max_context": 4_096}),
        ("openai", listed(loaded_context_length=8_192, max_context_length=65_536), {"max_context": 8_192}),
        ("openai-responses", listed(context_window=5), {"max_context": 5}),
        (
            "openai",
            listed(
                context_length=200_000,
                architecture={"input_modalities": ["text", "file", "image", "smell"], "output_modalities": ["text"]},
            ),
            {
                "max_context": 200_000,
                "input_modalities": ("text", "binary", "image"),
                "output_modalities": ("text",),
            },
        ),
        ("openai", {"data": [{"id": "served-under-another-name", "max_model_len": 7}]}, {"max_context": 7}),
        ("openai", {"data": [{"id": "a", "max_model_len": 7}, {"id": "b", "max_model_len": 8}]}, {}),
        ("openai", listed(max_model_len=0), {}),
        ("openai", listed(max_model_len=True), {}),
        (
            "gemini",
            {"name": "models/m", "inputTokenLimit": 1_048_576, "outputTokenLimit": 5},
            {"max_context": 1_048_576},
        ),
        ("anthropic", {"id": "m", "max_input_tokens": 200_000}, {"max_context": 200_000}),
        ("anthropic", VISION, {"input_modalities": ("text", "image")}),
        ("anthropic", {"capabilities": {"structured_outputs": {"supported": False}}}, {"json_schema": False}),
        (
            "ollama",
            {
                "model_info": {"general.architecture": "gemma3", "gemma3.context_length": 131_072},
                "capabilities": ["completion", "vision"],
            },
            {"max_context": 131_072, "tools": False, "input_modalities": ("text", "image")},
        ),
        ("ollama", {"model_info": {"general.architecture": "x"}, "details": {}}, {}),
    ],
)
def test_what_a_server_says_is_read(kind: str, answered: Any, expected: dict[str, Any]) -> None:
    assert of(kind, answered) == expected


FIELDS = st.sampled_from(
    (
        *CONTEXT_FIELDS,
        *META_FIELDS,
        *("data", "id", "meta", "architecture", "input_modalities", "capabilities", "image_input", "pdf_input"),
        *("supported", "model_info", "general.architecture", "inputTokenLimit", "structured_outputs"),
    )
)
SAID = st.recursive(
    ANYTHING, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=20
)


@given(st.sampled_from(sorted(INQUIRIES)), SAID)
def test_no_answer_breaks_anything(kind: str, value: Any) -> None:
    found = of(kind, value)
    assert set(found) <= {"max_context", "tools", "json_schema", "input_modalities", "output_modalities"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_says_nothing(body: bytes) -> None:
    for ask in INQUIRIES.values():
        assert told(ask("m"), body, "m") == {}


@pytest.mark.parametrize("kind", ["gemini", "anthropic"])
def test_a_models_name_stays_within_its_place_in_the_path(kind: str) -> None:
    assert "/.." not in INQUIRIES[kind]("a/../../x?y#z").path.replace("%2F..%2F", "")
    assert INQUIRIES[kind]("x?y#z").path == "/models/x%3Fy%23z"


async def inquired(settings: ProviderSettings, key: str = "k") -> Capabilities:
    manager = ProviderManager({"p": settings}, "p", environ={"K": key} if key else {})
    provider: Provider = manager.get("p")
    try:
        return await provider.inquire("m")
    finally:
        await manager.aclose()


def asked(handler: Handler, **fields: Any) -> tuple[Capabilities, Loopback]:
    with Loopback(handler) as server:
        settings = ProviderSettings(name="p", base_url=server.url, api_key_env="K", **fields)
        return asyncio.run(inquired(settings)), server


def test_the_question_is_a_get_with_the_key_and_its_answer_is_over_what_was_known() -> None:
    able, server = asked(answer(200, json.dumps(listed(max_model_len=99)).encode(), content_type="application/json"))
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == "Bearer k"
    assert "content-type" not in request.headers
    assert able.max_context == 99


def test_the_manifest_is_over_what_the_server_says() -> None:
    body = json.dumps(listed(max_model_len=99)).encode()
    able, _ = asked(answer(200, body), capabilities=CapabilitySettings(max_context=5))
    assert able.max_context == 5


def test_a_server_that_refuses_is_an_error_and_a_missing_key_asks_nobody() -> None:
    with pytest.raises(RefusedError):
        asked(answer(404, b"{}"))
    with pytest.raises(ProviderAuthError, match="K is not set"):
        asyncio.run(inquired(ProviderSettings(name="p", api_key_env="K"), key=""))


def test_a_provider_whose_kind_cannot_tell_says_what_is_known() -> None:
    assert asyncio.run(inquired(ProviderSettings(name="p", kind="scripted"))) == Capabilities()
