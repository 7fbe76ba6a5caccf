"""What a run gets is written out as a manifest that loads again to the same."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from llmspell.content import MEDIA_TYPES
from llmspell.manifest.keys.kinds import PROVIDER_KINDS
from llmspell.manifest.load import parse_manifest
from llmspell.manifest.model import (
    LIMIT_RANGES,
    Manifest,
    Overrides,
    ProvidersSection,
    RunSection,
    RuntimeSection,
    SecuritySection,
)
from llmspell.manifest.resolved import resolved
from llmspell.manifest.schema import manifest_schema
from llmspell.settings import (
    AgentSettings,
    CapabilitySettings,
    FileRoot,
    MediaLimits,
    MediaSettings,
    MediaSizes,
    Prices,
    ProviderKind,
    ProviderSettings,
    ScriptedReply,
    ScriptedToolCall,
    ToolSettings,
)
from tests.manifest.examples import GOOD, PROPERTY, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(["a\r\nb", 'a\n"""\\', "\\r\n"])
FILLED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True).filter(lambda name: name not in ("default", "scripted"))
ENV = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
COUNTS = st.integers(1, 2**63 - 1)
TIMES = st.integers(1, 366 * 24 * 3_600_000)
JSON = st.dictionaries(
    NAMES.filter(lambda name: "key" not in name.lower()),
    st.recursive(
        st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES.map(lambda n: f"x{n}x"), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=3, unique=True).map(tuple)


RUNS = st.just(RunSection()) | st.one_of(
    st.builds(
        RunSection,
        script=FILLED,
        args=st.lists(TEXT, max_size=3).map(tuple),
        modules=some(FILLED),
        output=st.sampled_from(["text", "json", "events"]),
    ),
    st.builds(RunSection, source=TEXT),
)
RUNTIMES = st.builds(
    RuntimeSection,
    enable_streaming=st.booleans(),
    **{
        name: st.integers(low, high) | (st.nothing() if name in ("memory_bytes", "tasks", "streams") else st.none())
        for name, (low, high) in LIMIT_RANGES.items()
    },
)
PRICES = st.floats(0, 1_000_000)
REPLIES = st.builds(
    ScriptedReply,
    text=TEXT,
    match=st.none() | TEXT,
    tool_calls=st.lists(st.builds(ScriptedToolCall, name=FILLED, arguments=JSON), max_size=2).map(tuple),
    delay_ms=TIMES,
    chunk_delay_ms=TIMES,
    chunk_words=COUNTS,
    finish_reason=st.sampled_from([None, "stop", "length", "tool_calls", "content_filter"]),
    fault=st.sampled_from([None, "connect", "cut"]),
)

ROOTS = st.builds(
    FileRoot, path=FILLED, mode=st.sampled_from(["read", "write"]), at=st.sampled_from([None, "", "/", "a/b", "/tmp/"])
)


SERVERS: tuple[ProviderKind, ...] = ("openai", "openai-responses", "anthropic", "ollama", "gemini")
MODALITIES = st.none() | some(st.sampled_from(MEDIA_TYPES))
CAPABILITIES = st.builds(
    CapabilitySettings,
    streaming=st.none() | st.booleans(),
    tools=st.none() | st.booleans(),
    json_schema=st.none() | st.booleans(),
    input_modalities=MODALITIES,
    output_modalities=MODALITIES,
    max_context=st.none() | COUNTS,
    max_media_size=st.none() | st.builds(MediaSizes, image=st.none() | COUNTS, binary=COUNTS),
    max_image_side=st.none() | COUNTS,
)


@st.composite
def providers(draw: st.DrawFn) -> ProvidersSection:
    entries: dict[str, ProviderSettings] = {}
    for name in draw(st.lists(NAMES | st.just("scripted"), max_size=3, unique=True)):
        kind: ProviderKind = (
            "scripted" if name == "scripted" else draw(st.sampled_from(("scripted", "replay", *SERVERS)))
        )
        asks = kind in SERVERS
        place = draw(st.sampled_from(["api_key_env", "api_key_file", "api_key_keyring", None]))
        entries[name] = ProviderSettings(
            name=name,
            kind=kind,
            model=draw(st.none() | FILLED),
            base_url=draw(st.sampled_from([None, "https://host/v1"])) if asks else None,
            api_key_env=draw(ENV) if asks and place == "api_key_env" else None,
            api_key_file=draw(FILLED) if asks and place == "api_key_file" else None,
            api_key_keyring=f"{draw(NAMES)}/{draw(NAMES)}" if asks and place == "api_key_keyring" else None,
            max_tokens=draw(st.none() | COUNTS),
            temperature=draw(st.none() | st.floats(0, 100)),
            headers=draw(st.dictionaries(st.sampled_from(["X-A", "B"]), st.text("ab \t~", max_size=5))) if asks else {},
            connect_timeout_ms=draw(TIMES),
            max_reply_bytes=draw(COUNTS),
            replies=draw(st.lists(REPLIES, max_size=2).map(tuple)) if kind == "scripted" else (),
            file=draw(FILLED) if kind == "replay" else None,
            total_timeout_ms=draw(st.none() | TIMES.filter(bool)),
            max_retries=draw(st.integers(0, 100)),
            max_concurrency=draw(st.none() | COUNTS),
            http2=draw(st.booleans()),
            prices=draw(st.none() | st.builds(Prices, input=PRICES, output=PRICES, cached=st.none() | PRICES)),
            capabilities=draw(st.none() | CAPABILITIES),
        )
    default = draw(st.sampled_from([*entries, "scripted"]))
    return ProvidersSection(default=default if len(entries) > 1 or draw(st.booleans()) else None, entries=entries)


MEDIA = st.builds(
    MediaSettings,
    roots=st.lists(ROOTS, max_size=2).map(tuple),
    max_size=st.builds(MediaLimits, text=COUNTS, image=COUNTS, audio=COUNTS, video=COUNTS, binary=COUNTS),
    total_bytes=COUNTS,
    max_pixels=COUNTS,
    strip_metadata=st.booleans(),
    resize=st.booleans(),
)


REACHES: dict[str, st.SearchStrategy[Any]] = {
    "hosts": some(st.sampled_from(["a.test", "*.b.test:8443", "10.0.0.0/8", "*"])),
    "max_response_bytes": st.integers(1, 2**20),
    "timeout_ms": TIMES.filter(bool),
    "max_redirects": st.integers(0, 20),
}
FOLDERS: dict[str, st.SearchStrategy[Any]] = {
    "roots": st.lists(ROOTS, max_size=2).map(tuple),
    "max_file_bytes": st.integers(1, 2**30),
}
OF_TOOLS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "file_operations": {**FOLDERS, "max_write_bytes": COUNTS},
    "csv-analyzer": FOLDERS,
    "sqlite": {"roots": FOLDERS["roots"], "max_write_bytes": COUNTS, "timeout_ms": TIMES.filter(bool)},
    "shell": {"commands": some(st.sampled_from(["git status", "echo *"])), "cwd": FILLED, "env": some(ENV)},
    "http_request": {**REACHES, "methods": some(st.sampled_from(["GET", "POST"]))},
    "web_search": {**REACHES, "engine": st.sampled_from([None, "brave", "searxng"])},
    "calculator": {},
    "own": {"python": st.sampled_from([None, "package.module:function"])},
}
TOOLS = {
    name: st.builds(ToolSettings, name=st.just(name), confirm=st.booleans(), **fields)
    for name, fields in OF_TOOLS.items()
}


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    section = draw(providers())
    agents = {
        name: AgentSettings(
            name=name,
            provider=draw(st.sampled_from([None, "scripted", *section.entries])),
            model=draw(st.none() | FILLED),
            prompt=draw(st.none() | TEXT),
            tools=draw(some(FILLED)),
            temperature=draw(st.none() | st.floats(0, 100)),
            max_tokens=draw(st.none() | COUNTS),
            max_turns=draw(COUNTS),
            parameters=draw(JSON),
        )
        for name in draw(st.lists(NAMES, max_size=2, unique=True))
    }
    tools = {name: draw(TOOLS[name]) for name in draw(st.lists(st.sampled_from(list(TOOLS)), unique=True))}
    return Manifest(
        file="m.toml",
        base=Path("project"),
        run=draw(RUNS),
        runtime=draw(RUNTIMES),
        providers=section,
        agents=agents,
        security=SecuritySection(allowed_tools=draw(some(FILLED)), env=draw(some(ENV))),
        tools=tools,
        media=draw(st.none() | MEDIA),
    )


@PROPERTY
@given(manifests())
def test_every_manifest_is_written_so_that_it_loads_again_and_fits_the_schema(manifest: Manifest) -> None:
    text = resolved(manifest)
    assert parse_manifest(text, file=manifest.file, base=manifest.base) == manifest
    assert list(Draft202012Validator(manifest_schema()).iter_errors(tomllib.loads(text))) == []


@pytest.mark.parametrize("name", GOOD)
def test_every_default_is_written_out(name: str, snapshot: SnapshotAssertion) -> None:
    text = resolved(parse(GOOD[name]))
    assert text == snapshot
    assert parse(text) == parse(GOOD[name])


def test_of_a_tool_only_the_keys_that_mean_something_to_it_are_written() -> None:
    written = tomllib.loads(resolved(parse("[tools.calculator]\n[tools.file_reader]\n[tools.own]\npython = 'a:b'\n")))
    assert written["tools"] == {
        "calculator": {"confirm": False},
        "file_reader": {"confirm": False, "max_file_size": "8MB"},
        "own": {"confirm": False, "python": "a:b"},
    }


def test_the_form_of_a_bare_script_with_overrides_loads_again() -> None:
    manifest = Overrides(fuel="unlimited", wall_ms=1500, args=("a",)).apply(Manifest.for_script("x/main.lua"))
    text = resolved(manifest)
    assert 'fuel = "unlimited"' in text
    assert 'timeout = "1500ms"' in text
    assert parse_manifest(text, file=manifest.file, base=manifest.base) == manifest


def test_the_note_names_the_provider_that_agents_get() -> None:
    assert resolved(parse("")).startswith("# default provider: scripted (scripted, which is built in)\n")
    assert resolved(parse("[providers.rig]")).startswith("# default provider: rig (openai)\n")


def test_the_kinds_of_the_settings_are_all_generated_here() -> None:
    assert {*SERVERS, "scripted", "replay"} == set(PROVIDER_KINDS)


def test_a_manifest_without_a_script_has_no_run_section() -> None:
    manifest = parse(GOOD["seed"])
    assert "[run]" not in resolved(manifest)
    assert "[run]" in resolved(replace(manifest, run=RunSection(args=("x",))))
