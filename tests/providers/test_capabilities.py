"""What models can do: of the package's own data, and of the manifest over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from llmspell.content import MEDIA_TYPES
from llmspell.providers.capabilities import capabilities_of, entries
from llmspell.providers.inquiry import INQUIRIES
from llmspell.providers.manager import KINDS, ProviderManager
from llmspell.settings import CapabilitySettings, MediaSizes, ProviderSettings
from llmspell.types import Capabilities

from .recorded import PROTOCOLS

GEMINI = PROTOCOLS["gemini"].capabilities


def of(model: str, settings: CapabilitySettings | None = None, **told: Any) -> Capabilities:
    return capabilities_of(GEMINI, kind="gemini", model=model, settings=settings, told=told)


@pytest.mark.parametrize(
    ("kind", "model", "expected"),
    [
        ("gemini", "gemini-3-flash-preview", {"output_modalities": ("text",), "max_context": 1_048_576, "tools": True}),
        ("gemini", "models/Gemini-2.5-Pro", {"output_modalities": ("text",), "max_context": 1_048_576}),
        ("gemini", "gemini-2.5-flash-image", {"output_modalities": ("text", "image"), "tools": False}),
        ("gemini", "gemini-2.5-flash-preview-tts", {"input_modalities": ("text",), "output_modalities": ("audio",)}),
        ("openai", "gpt-4", {"json_schema": False, "max_context": 8_192}),
        ("openai", "gpt-4o-mini", {"json_schema": True, "max_context": 128_000}),
        ("openai", "openai/gpt-5-mini", {"json_schema": True, "max_context": 400_000}),
        ("openai", "gpt-5.4-mini", {"max_context": 400_000}),
        ("openai", "gpt-5.4-2026-03-05", {"max_context": 1_050_000}),
        ("openai-responses", "gpt-5.1", {"output_modalities": ("text", "image"), "max_context": 400_000}),
        ("anthropic", "claude-opus-4-8", {"max_context": 1_000_000, "json_schema": True, "max_image_side": 8_000}),
        ("anthropic", "claude-2.1", {"input_modalities": ("text",), "max_image_side": None}),
        ("anthropic", "claude-haiku-4-5-20251001", {"max_context": 200_000, "json_schema": True}),
        ("anthropic", "claude-3-5-haiku-latest", {"max_context": 200_000, "json_schema": False}),
        ("openai", "o3-mini", {"input_modalities": ("text",), "max_context": 200_000}),
    ],
)
def test_a_known_model_has_what_the_data_says(kind: str, model: str, expected: Mapping[str, Any]) -> None:
    able = capabilities_of(PROTOCOLS[kind].capabilities, kind=kind, model=model)
    assert {name: getattr(able, name) for name in expected} == expected


def test_a_model_that_nobody_knows_can_do_what_its_protocol_can_carry() -> None:
    protocol = Capabilities(json_schema=True, input_modalities=("text", "image"))
    assert capabilities_of(protocol, kind="openai", model="somebody/their-model") == protocol


def test_neither_the_data_nor_a_server_goes_beyond_the_protocol() -> None:
    protocol = Capabilities(tools=False, streaming=False)
    told = {"tools": True, "streaming": True, "input_modalities": ("text", "image"), "max_context": 5}
    able = capabilities_of(protocol, kind="openai", model="gpt-5", told=told)
    assert able == Capabilities(tools=False, streaming=False, max_context=5)


def test_a_server_is_over_the_data_and_the_manifest_over_both() -> None:
    assert of("gemini-3-flash").max_context == 1_048_576
    assert of("gemini-3-flash", max_context=7).max_context == 7
    settings = CapabilitySettings(max_context=9, tools=False, output_modalities=("image",), json_schema=False)
    able = of("gemini-3-flash", settings, max_context=7)
    assert (able.max_context, able.tools, able.output_modalities, able.json_schema) == (9, False, ("image",), False)
    assert able.input_modalities == of("gemini-3-flash").input_modalities


def test_a_limit_of_the_manifest_is_for_its_type_alone() -> None:
    settings = CapabilitySettings(max_media_size=MediaSizes(image=5))
    before, after = of("gemini-3-flash"), of("gemini-3-flash", settings)
    assert after.max_media_size == {**before.max_media_size, "image": 5}
    assert before.max_media_size["image"] > 5


def test_limits_are_only_said_of_what_a_model_takes() -> None:
    assert of("gemini-2.5-flash-preview-tts").max_media_size.keys() == {"text"}


def test_the_manifest_speaks_for_scripted_models_too() -> None:
    settings = ProviderSettings(name="p", kind="scripted", capabilities=CapabilitySettings(streaming=False))
    able = ProviderManager({"p": settings}, "p").get("p").capabilities_of("mock")
    assert able == Capabilities(streaming=False, input_modalities=MEDIA_TYPES)


KNOWN = {field.name for field in fields(Capabilities)}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.kinds[0]}: {' '.join(entry.names)}"[:60])
def test_every_entry_of_the_data_says_something_that_makes_sense(entry: Any) -> None:
    assert entry.kinds
    assert entry.names
    assert set(entry.said) <= KNOWN
    assert entry.said
    assert all(name == name.lower() and "/" not in name for name in entry.names)
    for name, value in entry.said.items():
        if name.endswith("modalities"):
            assert "text" in value or value == ["audio"]
            assert set(value) <= set(MEDIA_TYPES)
        elif name == "max_media_size":
            assert set(value) <= set(MEDIA_TYPES)
            assert all(isinstance(size, int) for size in value.values())
        else:
            assert type(value) is (int if name in ("max_context", "max_image_side") else bool)


def test_every_kind_of_the_data_is_one() -> None:
    assert {kind for entry in entries() for kind in entry.kinds} <= KINDS.keys()
    assert INQUIRIES.keys() <= KINDS.keys()
