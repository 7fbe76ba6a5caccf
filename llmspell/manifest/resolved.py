"""What a run really gets, as a manifest with every default written out."""

from __future__ import annotations

from typing import Any

from llmspell.manifest.keys.agents import AGENT
from llmspell.manifest.keys.grants import MEDIA, SECURITY
from llmspell.manifest.keys.providers import PROVIDER
from llmspell.manifest.keys.run import RUN, RUNTIME
from llmspell.manifest.model import Manifest, RunSection
from llmspell.manifest.tool_keys import write_tool


def resolved(manifest: Manifest) -> str:
    """TOML that loads again to an equal manifest (it does not load when there are `args` but nothing to run). Which
    provider is the default without being named so stands in a comment: a key for it would change the manifest."""
    import tomli_w

    tables: dict[str, Any] = {}
    if manifest.run != RunSection():
        tables["run"] = RUN.write(manifest.run)
    tables["runtime"] = RUNTIME.write(manifest.runtime)
    providers: dict[str, Any] = {}
    if manifest.providers.default is not None:
        providers["default"] = manifest.providers.default
    providers |= {name: PROVIDER.write(entry) for name, entry in manifest.providers.entries.items()}
    if providers:
        tables["providers"] = providers
    if manifest.agents:
        tables["agents"] = {name: AGENT.write(agent) for name, agent in manifest.agents.items()}
    tables["security"] = SECURITY.write(manifest.security)
    if manifest.tools:
        tables["tools"] = {name: write_tool(tool) for name, tool in manifest.tools.items()}
    if manifest.media is not None:
        tables["media"] = MEDIA.write(manifest.media)
    default, entries = manifest.providers.effective()
    built_in = "" if default in manifest.providers.entries else ", which is built in"
    note = f"# default provider: {default} ({entries[default].kind}{built_in})\n"
    text = tomli_w.dumps(tables)
    if "\\r" not in text:  # a text of many lines reads better as such, but that form turns \r\n into \n
        text = tomli_w.dumps(tables, multiline_strings=True)
    return note + text
