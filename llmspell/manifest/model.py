"""A manifest as frozen data: everything that a run may do, in one value.

Light to import: a bare script gets its manifest from `Manifest.for_script` without TOML or any parser being loaded.
A default stands where its value is used (limits.py, settings.py, or the field here) and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from llmspell.errors import UsageError
from llmspell.limits import DOLLAR, Limits
from llmspell.manifest.units import GB, I64_MAX, MB

if TYPE_CHECKING:  # 6 ms of classes that a bare script has no use for
    from llmspell.settings import AgentSettings, MediaSettings, ProviderSettings, ToolSettings

OutputFormat = Literal["text", "json", "events"]
Unlimited = Literal["unlimited"]

EMBEDDED_PROVIDER = "scripted"
"""The provider that is there even where a manifest names none; `model = "mock"` selects it."""

LIMIT_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "fuel": (1, I64_MAX),
        "memory_bytes": (1 * MB, 4 * GB),  # below, the interpreter has no room; above, wasm32 has no addresses
        "wall_ms": (1, 366 * 24 * 3_600_000),  # a year: beyond some centuries the system's timers overflow
        "provider_calls": (0, I64_MAX),
        "tool_calls": (0, I64_MAX),
        "input_tokens": (0, I64_MAX),
        "output_tokens": (0, I64_MAX),
        "output_bytes": (0, I64_MAX),
        "tasks": (1, I64_MAX),  # the script itself is one
        "streams": (0, I64_MAX),
        "cost": (0, 1_000_000 * DOLLAR),  # a million; exact as a float of nano-dollars
    }
)
"""The smallest and largest value of each limit. Zero grants none at all: a run with `tool_calls = 0` calls no tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSection:
    """[run]: what to run. Paths are as written, relative to the manifest's folder."""

    script: str | None = None
    source: str | None = None
    """The Lua text itself, instead of `script`."""
    args: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Folders that `require` may read; without any, `require` finds nothing."""
    output: OutputFormat = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSection(Limits):
    """[runtime]: the limits of the run, with the defaults of Limits, and switches."""

    enable_streaming: bool = True

    def __post_init__(self) -> None:
        for name, (low, high) in LIMIT_RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"the limit '{name}' must be between {low:,} and {high:,}, not {value:,}")

    def limits(self) -> Limits:
        return Limits(**{f.name: getattr(self, f.name) for f in fields(Limits)})


class EffectiveProviders(NamedTuple):
    """The providers that a run really has, and the name of the one that an agent gets when it names none."""

    default: str
    entries: Mapping[str, ProviderSettings]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidersSection:
    """[providers]: as the manifest says it; `effective()` is what a run gets."""

    default: str | None = None
    entries: Mapping[str, ProviderSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", MappingProxyType(dict(self.entries)))

    def names(self) -> list[str]:
        """Of all providers that there are, the embedded one included."""
        return list(dict.fromkeys((*self.entries, EMBEDDED_PROVIDER)))

    def effective(self) -> EffectiveProviders:
        """Adds the embedded scripted provider, and settles the default: the given one, else the only configured one,
        else the embedded one when none is configured. Raises UsageError when none of that decides."""
        from llmspell.settings import ProviderSettings

        entries = dict(self.entries)
        entries.setdefault(EMBEDDED_PROVIDER, ProviderSettings(name=EMBEDDED_PROVIDER, kind="scripted"))
        if self.default is None and len(self.entries) > 1:
            raise UsageError("several providers are configured and none is the default", hint="name one as `default`")
        default = self.default or next(iter(self.entries), EMBEDDED_PROVIDER)
        if default not in entries:
            raise UsageError(f"the default provider '{default}' is not configured")
        return EffectiveProviders(default, MappingProxyType(entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySection:
    """[security]: what the script may reach beside its providers."""

    sandbox_mode: bool = True
    """Always true: there is no way to run a script outside the sandbox."""
    allowed_tools: tuple[str, ...] | None = None
    """None grants only what the program hands to ScriptRuntime, () not even that."""
    env: tuple[str, ...] = ()
    """Environment variables that os.getenv may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that a run may do. `file` is the manifest's or the script's path as the user gave it, for messages;
    `base` is the folder that relative paths start from."""

    file: str
    base: Path
    run: RunSection = RunSection()
    runtime: RuntimeSection = RuntimeSection()
    providers: ProvidersSection = field(default_factory=ProvidersSection)
    agents: Mapping[str, AgentSettings] = field(default_factory=dict)
    security: SecuritySection = SecuritySection()
    tools: Mapping[str, ToolSettings] = field(default_factory=dict)
    media: MediaSettings | None = None
    """None where the manifest has no [media]: then every default holds, and no folder is granted."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "agents", MappingProxyType(dict(self.agents)))
        object.__setattr__(self, "tools", MappingProxyType(dict(self.tools)))

    @classmethod
    def for_script(cls, path: str | Path) -> Manifest:
        """What a script without a manifest gets: the default limits, the embedded provider, and nothing else."""
        script = Path(path)
        return cls(file=str(path), base=script.parent, run=RunSection(script=script.name))

    def script_path(self) -> Path | None:
        """Where the script is, or None for `source` and for a manifest that only configures."""
        return None if self.run.script is None else self.base / self.run.script

    def module_roots(self) -> tuple[Path, ...]:
        return tuple(self.base / folder for folder in self.run.modules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line says beside the manifest. None leaves the manifest's value; "unlimited" lifts a limit."""

    fuel: int | Unlimited | None = None
    memory_bytes: int | None = None
    wall_ms: int | Unlimited | None = None
    args: tuple[str, ...] | None = None
    output: OutputFormat | None = None
    cost: int | Unlimited | None = None
    """In nano-dollars."""
    script: str | None = None
    """Relative to the current folder, unlike the manifest's own."""

    def apply(self, manifest: Manifest) -> Manifest:
        """The manifest with these values in it. Raises UsageError for a limit out of its range."""
        given = {"fuel": self.fuel, "memory_bytes": self.memory_bytes, "wall_ms": self.wall_ms, "cost": self.cost}
        runtime = {name: None if value == "unlimited" else value for name, value in given.items() if value is not None}
        run = {name: value for name in ("args", "output") if (value := getattr(self, name)) is not None}
        if self.script is not None:
            run |= {"script": str(Path(self.script).absolute()), "source": None}
        # mypy reads a dict of mixed values as wrong for every field of replace()
        return replace(
            manifest,
            runtime=replace(manifest.runtime, **runtime),  # type: ignore[arg-type]
            run=replace(manifest.run, **run),
        )
