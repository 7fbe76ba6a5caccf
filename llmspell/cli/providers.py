"""`llmspell providers`: what a manifest configures, as a table. No server is asked, and no key is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from llmspell.cli.report import harmless
from llmspell.cli.run import is_manifest
from llmspell.cli.session import USUAL, Session
from llmspell.errors import UsageError
from llmspell.manifest.load import load_manifest
from llmspell.manifest.model import Manifest
from llmspell.providers.base import Access, Provider
from llmspell.providers.capabilities import known
from llmspell.providers.key_sources import SOURCES
from llmspell.providers.manager import ProviderManager

PIPE_WIDTH: Final = 200
"""Columns where stdout is no terminal: nobody wants a line broken that a program reads."""
UNKNOWN: Final = "(what its protocol carries; of the model nothing is known)"


class Configured(NamedTuple):
    """A manifest's providers. Close `manager` when it was used."""

    manifest: Manifest
    default: str
    manager: ProviderManager

    def providers(self) -> list[Provider]:
        """Those that the manifest names; the one that is built in, where it names none."""
        names = list(self.manifest.providers.entries) or [self.default]
        return [self.manager.get(name) for name in names]

    def model(self, provider: Provider) -> str | None:
        """The provider's own model, or the first that an agent asks it for."""
        if provider.model:
            return provider.model
        for agent in self.manifest.agents.values():
            if agent.model and agent.provider in (None, provider.name):
                chosen, model = self.manager.resolve(agent.model, agent.provider)
                if chosen.name == provider.name:
                    return model
        return None

    def knows(self, provider: Provider, model: str) -> bool:
        """Whether anything is known of the model itself; otherwise its capabilities are its protocol's."""
        settings = self.manifest.providers.entries.get(provider.name)
        return (
            provider.kind in ("scripted", "replay")
            or (settings and settings.capabilities) is not None
            or bool(known(provider.kind, model).keys() - {"max_media_size"})  # which is its server's
        )


def configured(file: str, session: Session) -> Configured:
    """Raises ManifestError, and UsageError for a manifest that is not there."""
    if not file and not Path(USUAL).is_file():
        raise UsageError(
            f"no manifest is named, and there is no {USUAL} here", hint="name one: llmspell providers FILE"
        )
    file = file or USUAL
    if not is_manifest(file):
        raise UsageError(f"{file} is not a manifest", hint="the name of a manifest ends in .toml")
    session.about["manifest"] = file
    manifest = load_manifest(file)
    default, entries = manifest.providers.effective()
    return Configured(manifest, default, ProviderManager(entries, default, base=manifest.base))


def providers(file: str, session: Session, *, form: str) -> int:
    """The exit code. Raises LlmspellError for what is wrong with the manifest."""
    session.use(form, "info")
    found = configured(file, session)
    rows = [_row(provider, found) for provider in found.providers()]
    if form == "json":
        return session.end(result={"default": found.default, "providers": rows})
    session.out.text(_table(rows, found.default, session))
    return session.end_quietly()


def _row(provider: Provider, found: Configured) -> dict[str, Any]:
    access, model = provider.access, found.model(provider)
    return {
        "name": provider.name,
        "kind": provider.kind,
        "model": model,
        "base_url": access.address or None,
        "key": _key(access),
        "capabilities": provider.capabilities_of(model or "").described(),
        "known": found.knows(provider, model or ""),
    }


def _key(access: Access) -> dict[str, Any] | None:
    source = access.key_source
    if source is None:
        return None
    kind = SOURCES[source.key].short
    return {kind: source.place, "present": access.key_set, "problem": access.key_problem or None}


def _table(rows: list[dict[str, Any]], default: str, session: Session) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="bold")
    for heading in ("provider", "asks", "key", "can"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        name = row["name"] + ("\n(default)" if row["name"] == default else "")
        asks = "\n".join(filter(None, (row["kind"], row["model"] or "no model", row["base_url"])))
        can = abilities(row["capabilities"]) + ([] if row["known"] else [UNKNOWN])
        table.add_row(*map(_plain, (name, asks, _key_words(row["key"]), "\n".join(can))))
    console = Console(
        width=None if session.out.is_terminal else PIPE_WIDTH,
        force_terminal=session.out.is_terminal,
        no_color=not session.out.colour,
    )
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()) + "\n"


def _plain(text: str) -> Any:
    """Not rich's markup: a model's name may have brackets."""
    from rich.text import Text

    return Text(harmless(text))


def _key_words(key: Mapping[str, Any] | None) -> str:
    if key is None:
        return "none"
    word = "is set" if not key["problem"] else "cannot be used" if key["present"] else "is not set"
    place = next(value for name, value in key.items() if name not in ("present", "problem"))
    return f"{place}\n{word}"


def abilities(able: Mapping[str, Any]) -> list[str]:
    """Capabilities in words, a line each."""
    words = {"streaming": "streams", "tools": "tools", "json_schema": "schemas"}
    lines = [
        f"takes {', '.join(able['input_modalities'])}",
        f"gives {', '.join(able['output_modalities'])}",
        ", ".join(word for name, word in words.items() if able[name]),
    ]
    if context := able.get("max_context"):
        lines.append(f"context {context:,} tokens")
    return [line for line in lines if line]
