"""A manifest as data: what a bare script gets, what a run really has, and what the command line changes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import UsageError
from llmspell.limits import Limits
from llmspell.manifest.model import (
    LIMIT_RANGES,
    Manifest,
    Overrides,
    ProvidersSection,
    RunSection,
    RuntimeSection,
    SecuritySection,
)
from llmspell.settings import AgentSettings, ProviderSettings

MB = 1024 * 1024


def providers(*names: str, default: str | None = None) -> ProvidersSection:
    return ProvidersSection(default=default, entries={name: ProviderSettings(name=name) for name in names})


def test_a_bare_script_gets_the_defaults_and_no_grant() -> None:
    manifest = Manifest.for_script("spells/main.lua")
    assert manifest == Manifest(file="spells/main.lua", base=Path("spells"), run=RunSection(script="main.lua"))
    assert manifest.script_path() == Path("spells/main.lua")
    assert manifest.module_roots() == ()
    assert manifest.runtime.limits() == Limits()
    assert manifest.security == SecuritySection(sandbox_mode=True, allowed_tools=None, env=())
    assert manifest.agents == {}


def test_a_bare_script_loads_no_toml_and_no_parser() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from llmspell.manifest.model import Manifest, Overrides\n"
        "Overrides(fuel=5).apply(Manifest.for_script('a.lua')).providers.effective()\n"
        "new = set(sys.modules) - before\n"
        "print(sorted(m for m in new if m.split('.')[0] == 'llmspell'))\n"
        "print(sorted({'tomllib', 'tomli_w', 'cattrs', 'attr', 'difflib', 'json', 'decimal'} & new))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "['llmspell', 'llmspell.errors', 'llmspell.limits', 'llmspell.manifest', 'llmspell.manifest.model', "
        "'llmspell.manifest.units', 'llmspell.settings']",
        "[]",
    ]


def test_paths_start_at_the_folder_of_the_manifest() -> None:
    run = RunSection(script="src/main.lua", modules=("lib", "/abs"))
    manifest = Manifest(file="p/m.toml", base=Path("p"), run=run)
    assert manifest.script_path() == Path("p/src/main.lua")
    assert manifest.module_roots() == (Path("p/lib"), Path("/abs"))
    assert Manifest(file="m", base=Path(), run=RunSection(source="return 1")).script_path() is None


def test_a_manifest_cannot_be_changed() -> None:
    entries = {"a": ProviderSettings(name="a")}
    agents = {"b": AgentSettings(name="b")}
    manifest = Manifest(file="m", base=Path(), providers=ProvidersSection(entries=entries), agents=agents)
    entries.clear()
    agents.clear()
    assert list(manifest.providers.entries) == ["a"]
    assert list(manifest.agents) == ["b"]
    mappings: list[Any] = [manifest.agents, manifest.providers.entries, manifest.providers.effective().entries]
    for mapping in mappings:
        with pytest.raises(TypeError):
            mapping["c"] = None
    with pytest.raises(FrozenInstanceError):
        manifest.runtime.fuel = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("section", "default", "names"),
    [
        (providers(), "scripted", {"scripted"}),
        (providers("a"), "a", {"a", "scripted"}),
        (providers("a", "b", default="b"), "b", {"a", "b", "scripted"}),
        (providers("a", default="scripted"), "scripted", {"a", "scripted"}),
    ],
)
def test_the_default_provider_is_the_given_the_only_or_the_embedded_one(
    section: ProvidersSection, default: str, names: set[str]
) -> None:
    effective = section.effective()
    assert effective.default == default
    assert effective.entries.keys() == names
    assert effective.entries["scripted"] == ProviderSettings(name="scripted", kind="scripted")


def test_a_configured_scripted_provider_replaces_the_embedded_one() -> None:
    mine = ProviderSettings(name="scripted", kind="scripted", model="canned")
    assert ProvidersSection(entries={"scripted": mine}).effective().entries == {"scripted": mine}


@pytest.mark.parametrize("section", [providers("a", "b"), providers("a", default="c")])
def test_an_undecided_default_provider_is_an_error(section: ProvidersSection) -> None:
    with pytest.raises(UsageError, match="default"):
        section.effective()


def test_every_limit_has_its_default_in_limits_and_a_range_that_holds_it() -> None:
    names = {f.name for f in fields(Limits)}
    assert names == LIMIT_RANGES.keys()
    section, limits = RuntimeSection(), Limits()
    for name, (low, high) in LIMIT_RANGES.items():
        assert getattr(section, name) == getattr(limits, name)
        default = getattr(limits, name)
        assert default is None if name == "cost" else low <= default <= high
    assert type(section.limits()) is Limits


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"memory_bytes": MB - 1},
            "the limit 'memory_bytes' must be between 1,048,576 and 4,294,967,296, not 1,048,575",
        ),
        ({"memory_bytes": 4096 * MB + 1}, "the limit 'memory_bytes' must be between"),
        ({"fuel": 0}, "the limit 'fuel' must be between 1 and 9,223,372,036,854,775,807, not 0"),
        ({"fuel": 2**63}, "the limit 'fuel' must be between"),
        ({"wall_ms": -5}, "the limit 'wall_ms' must be between"),
    ],
)
def test_limits_out_of_range_are_refused_wherever_they_come_from(values: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        RuntimeSection(**values)  # type: ignore[arg-type]
    assert caught.value.message.startswith(message)
    with pytest.raises(UsageError) as caught:
        Overrides(**values).apply(Manifest.for_script("a.lua"))  # type: ignore[arg-type]
    assert caught.value.message.startswith(message)


def test_zero_grants_none_at_all_and_none_lifts_a_limit() -> None:
    limits = RuntimeSection(tool_calls=0, provider_calls=0, fuel=None, wall_ms=None).limits()
    assert (limits.tool_calls, limits.provider_calls, limits.fuel, limits.wall_ms) == (0, 0, None, None)


def test_the_command_line_overrides_only_what_it_names() -> None:
    manifest = replace(
        Manifest.for_script("a.lua"),
        run=RunSection(script="a.lua", args=("x",), output="json"),
        runtime=RuntimeSection(fuel=7, wall_ms=9, tasks=3),
    )
    assert Overrides().apply(manifest) == manifest
    changed = Overrides(fuel="unlimited", memory_bytes=2 * MB, wall_ms=5, args=(), output="events").apply(manifest)
    assert changed == replace(
        manifest,
        run=RunSection(script="a.lua", args=(), output="events"),
        runtime=RuntimeSection(fuel=None, memory_bytes=2 * MB, wall_ms=5, tasks=3),
    )


def test_a_script_of_the_command_line_is_relative_to_the_current_folder() -> None:
    manifest = Manifest(file="conf/m.toml", base=Path("conf"), run=RunSection(source="return 1", args=("x",)))
    changed = Overrides(script="b.lua").apply(manifest)
    assert changed.script_path() == Path.cwd() / "b.lua"
    assert changed.run.source is None
    assert changed.run.args == ("x",)
