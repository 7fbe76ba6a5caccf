"""Providers by name, and which one a model's name leads to."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmspell.errors import ComponentNotFound, ProviderError, UsageError
from llmspell.providers.base import Provider
from llmspell.providers.manager import KINDS, ProviderManager
from llmspell.providers.recording.file import Recording
from llmspell.settings import ProviderKind, ProviderSettings, ScriptedReply

from .helpers import ask
from .loopback import Loopback, chat


def manager(default: str = "openai", **kinds: ProviderKind) -> ProviderManager:
    entries = {
        name: ProviderSettings(name=name, kind=kind, model=f"{name}-model", api_key_env="K")
        for name, kind in (kinds or {"openai": "openai", "local": "openai", "fake": "scripted"}).items()
    }
    return ProviderManager(entries, default, environ={"K": "secret-key"})


def resolved(model: str | None, provider: str | None = None) -> tuple[str, str]:
    chosen, name = manager().resolve(model, provider)
    return chosen.name, name


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        (None, None, ("openai", "openai-model")),
        ("", "", ("openai", "openai-model")),
        ("gpt-x", None, ("openai", "gpt-x")),
        ("gpt-x", "local", ("local", "gpt-x")),
        (None, "local", ("local", "local-model")),
        ("local/llama", None, ("local", "llama")),
        ("local/meta/llama", None, ("local", "meta/llama")),
        ("local/", None, ("local", "local-model")),
        ("meta-llama/Llama-3", None, ("openai", "meta-llama/Llama-3")),
        ("local/llama", "openai", ("openai", "local/llama")),
        ("mock", None, ("scripted", "mock")),
        ("mock", "openai", ("scripted", "mock")),
        ("mock", "fake", ("fake", "mock")),
        ("scripted/anything", None, ("scripted", "anything")),
        (None, "scripted", ("scripted", "mock")),
    ],
)
def test_which_provider_and_model_are_asked(model: str | None, provider: str | None, expected: tuple[str, str]) -> None:
    assert resolved(model, provider) == expected


def test_the_scripted_provider_is_there_when_nothing_is_configured() -> None:
    chosen, model = ProviderManager({}, "scripted").resolve(None, None)
    assert (chosen.kind, model) == ("scripted", "mock")
    assert asyncio.run(chosen.complete(ask("Hello, world!"))).text.startswith('You said: "Hello, world!"')


def test_mock_uses_the_replies_of_a_configured_provider_named_scripted() -> None:
    settings = ProviderSettings(name="scripted", kind="scripted", replies=(ScriptedReply(text="configured"),))
    chosen, model = ProviderManager({"scripted": settings}, "scripted").resolve("mock", None)
    assert (asyncio.run(chosen.complete(ask())).text, model) == ("configured", "mock")


def test_mock_is_never_a_real_server_even_one_named_scripted() -> None:
    chosen, _ = manager("scripted", scripted="openai").resolve("mock", None)
    assert chosen.kind == "scripted"


def test_without_any_model_the_error_says_where_to_name_one() -> None:
    bare = ProviderManager({"p": ProviderSettings(name="p", base_url="http://h")}, "p")
    with pytest.raises(ProviderError, match="provider 'p': no model is named") as caught:
        bare.resolve(None, None)
    assert "[providers.p]" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("opena", "did you mean 'openai'?"), ("zzz", "configured are 'openai', 'local', 'fake', 'scripted'")],
)
def test_an_unknown_name_suggests_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ComponentNotFound, match=f"no provider is named '{name}'") as caught:
        manager().resolve("m", name)
    assert caught.value.hint == hint


def test_a_provider_is_built_once_and_only_when_asked_for() -> None:
    broken = ProviderSettings(name="broken", base_url="not an address")
    some = ProviderManager({"broken": broken, "ok": ProviderSettings(name="ok", base_url="http://h")}, "ok")
    assert some.get("ok") is some.get("ok")
    with pytest.raises(UsageError, match="provider 'broken'"):
        some.get("broken")


def test_names_are_those_of_the_manifest() -> None:
    assert manager().names() == ("openai", "local", "fake")


def test_a_description_says_what_a_provider_can_do_and_never_its_key() -> None:
    assert manager().describe("local") == {
        "name": "local",
        "kind": "openai",
        "model": "local-model",
        "capabilities": {
            "streaming": True,
            "tools": True,
            "json_schema": True,
            "input_modalities": ("text", "image", "audio", "video", "binary"),
            "output_modalities": ("text", "image", "audio"),
        },
    }
    assert "secret-key" not in repr(manager().describe("local"))


def test_every_kind_has_a_factory_that_makes_it(tmp_path: Path) -> None:
    made: Provider
    Recording(tmp_path / "run.jsonl")
    for kind, factory in KINDS.items():
        made = factory(ProviderSettings(name="p", base_url="http://h", file=str(tmp_path / "run.jsonl")), {})
        assert (made.kind, made.name) == (kind, "p")


def test_closing_closes_every_connection_and_can_be_done_twice() -> None:
    with Loopback(chat("x")) as server:
        entries = {name: ProviderSettings(name=name, base_url=server.url) for name in "ab"}
        both = ProviderManager(entries, "a")

        async def main() -> None:
            await asyncio.gather(*(both.get(name).complete(ask()) for name in "ab"))
            await both.aclose()
            await both.aclose()

        asyncio.run(main())  # an open connection would be a ResourceWarning, which is an error here


def test_neither_the_scripted_provider_nor_a_missing_key_imports_httpx() -> None:
    script = """
import asyncio, sys
from llmspell.errors import ProviderAuthError
from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderSettings
from llmspell.types import Message, ModelRequest
request = ModelRequest(model="m", messages=(Message(role="user", text="hi"),))
manager = ProviderManager({"openai": ProviderSettings(name="openai")}, "openai", environ={})
assert not any(name.startswith("llmspell.providers.protocols") for name in sys.modules)
async def main():
    await manager.resolve("mock", None)[0].complete(request)
    try:
        await manager.get("openai").complete(request)
    except ProviderAuthError:
        pass
    else:
        raise SystemExit("a key was found")
    await manager.aclose()
asyncio.run(main())
assert "httpx" not in sys.modules
"""
    environ = {**os.environ, "PYTHONWARNINGS": "error"}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environ)
    assert (result.returncode, result.stderr) == (0, "")
