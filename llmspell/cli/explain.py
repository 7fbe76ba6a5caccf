"""`llmspell explain`: in plain sentences, what a run under a manifest can read, write, reach, spend and run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from llmspell.cli.session import Session
from llmspell.limits import dollars
from llmspell.manifest.load import load_manifest
from llmspell.manifest.model import Manifest
from llmspell.manifest.units import format_duration_ms, format_size
from llmspell.settings import FileRoot, MediaSettings, ProviderSettings, Reach, ToolSettings
from llmspell.tools.aliases import canonical
from llmspell.tools.granted import check_sections, settings_of, source_of

HEADINGS: Final = ("runs", "reads", "writes", "reaches", "spends", "asks")
_WIDTH: Final = 86
_FILE_TOOLS: Final = ("file_reader", "file_operations", "file_search", "csv", "sqlite")
_WRITING_TOOLS: Final = ("file_operations", "sqlite")


def explain(file: str, session: Session, *, form: str) -> int:
    """The exit code. Raises LlmspellError for what is wrong with the manifest."""
    session.use(form, "info")
    session.about["manifest"] = file
    manifest = load_manifest(file)
    told = sentences(manifest)
    if form == "json":
        return session.end(result=told)
    session.out.text(f"A run of {file}\n" + "".join(_block(name, told[name]) for name in HEADINGS))
    return session.end_quietly()


def _block(name: str, lines: Iterable[str]) -> str:
    first, rest = f"  {name:<8} ", " " * 11
    text = ""
    for line in lines:
        text += textwrap.fill(line, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) + "\n"
        first = rest
    return text


def sentences(manifest: Manifest) -> dict[str, list[str]]:
    """Everything that the manifest grants, under the headings. No tool is loaded: who asks may not trust it yet. Raises
    UsageError for a name that no tool has."""
    tools = manifest.security.allowed_tools or ()
    check_sections(manifest.tools)
    sections = {name: settings_of(name, manifest.tools) for name in tools}
    installed = [name for name, own in sections.items() if source_of(name, own) == "installed"]
    sections = {canonical(name): own for name, own in sections.items()}
    reads, writes = _files(manifest, sections)
    return {
        "runs": _runs(manifest, sections, installed),
        "reads": reads or ["no files, and no environment variables."],
        "writes": writes or ["no files; only its own output."],
        "reaches": _reaches(manifest, sections, installed),
        "spends": _spends(manifest),
        "asks": [_asks(sections)],
    }


def _runs(manifest: Manifest, sections: Mapping[str, ToolSettings], installed: list[str]) -> list[str]:
    script = manifest.run.script or ("the Lua text in the manifest" if manifest.run.source is not None else "no script")
    lines = [f"{script}, in the sandbox, which has no files, network or clock of its own."]
    lines.append(f"the tools {', '.join(sections)}; no others exist for it." if sections else "no tools.")
    for name, own in sections.items():
        if own.python is not None:
            lines.append(f"the Python function {own.python} with all rights of this process, as the tool {name}.")
        elif name in installed:
            lines.append(f"the tool {name} of an installed Python package, with all rights of this process.")
        elif name == "shell":
            where = "the manifest's folder" if own.cwd == "." else own.cwd
            listed = "; ".join(own.commands) or "none"
            lines.append(f"these commands in {where}, with the rights of this user: {listed}.")
    return lines


def _files(manifest: Manifest, sections: Mapping[str, ToolSettings]) -> tuple[list[str], list[str]]:
    reads = [f"Lua modules in {folder}, for require." for folder in manifest.run.modules]
    if manifest.security.env:
        reads.append(f"the environment variables {', '.join(manifest.security.env)}.")
    writes: list[str] = []
    _, entries = manifest.providers.effective()
    reads += [f"the recording {entry.file} ({entry.name})." for entry in entries.values() if entry.kind == "replay"]
    media = manifest.media or MediaSettings()
    for root in media.roots:
        reads.append(f"files in {_place(root)} (Media.load).")
        if root.mode == "write":
            most = format_size(media.total_bytes)
            writes.append(f"files in {_place(root)}: makes and changes them, up to {most} in all (media:save).")
    for name, own in sections.items():
        if name not in _FILE_TOOLS and not own.roots:
            continue
        for root in own.roots:
            place = _place(root)
            reads.append(f"files in {place} ({name}).")
            if root.mode == "write" and (name in _WRITING_TOOLS or own.python):
                most = format_size(own.max_write_bytes)
                writes.append(f"files in {place}: makes, changes and deletes them, up to {most} in all ({name}).")
    return reads, writes


def _place(root: FileRoot) -> str:
    return f"{root.path}, which it sees as {root.at}" if root.at else root.path


def _reaches(manifest: Manifest, sections: Mapping[str, ToolSettings], installed: list[str]) -> list[str]:
    _, entries = manifest.providers.effective()
    lines = [_provider(entry) for entry in entries.values() if entry.kind not in ("scripted", "replay")]
    reaching: list[tuple[str, Reach]] = [*sections.items(), ("Media.load", manifest.media or MediaSettings())]
    for name, own in reaching:
        if own.hosts:
            secrets = ", ".join(f"the secret in {item.env} for {item.host}" for item in own.credentials)
            lines.append(f"{', '.join(own.hosts)} ({name})" + (f", with {secrets}." if secrets else "."))
    free = [name for name, own in sections.items() if own.python is not None or name in installed or own.commands]
    if free:
        lines.append(f"whatever {' and '.join(free)} can reach, which llmspell does not bound.")
    return lines or ["nothing on the network."]


def _provider(entry: ProviderSettings) -> str:
    from llmspell.providers.credentials import key_source
    from llmspell.providers.manager import ProviderManager

    # without its key's place, for that would be looked into
    keyless = replace(entry, api_key_env=None, api_key_file=None, api_key_keyring=None)
    access = ProviderManager({entry.name: keyless}, entry.name, environ={}).get(entry.name).access
    source = key_source(entry, "") or access.key_source
    key = f", with the key in {source}" if source else ""
    model = f" {entry.model}" if entry.model else ""
    return f"{access.address}{key}: what agents on '{entry.name}' are told goes to its model{model}."


def _spends(manifest: Manifest) -> list[str]:
    limits = manifest.runtime

    def most(value: int | None, unit: str) -> str:
        return f"any number of {unit}" if value is None else f"{value:,} {unit}"

    money = "" if limits.cost is None else f"{dollars(limits.cost)}, "
    time = "no limit of time" if limits.wall_ms is None else f"{format_duration_ms(limits.wall_ms)} from start to end"
    return [
        f"at most {money}{most(limits.provider_calls, 'model turns')}, {most(limits.input_tokens, 'tokens sent')} and "
        f"{most(limits.output_tokens, 'tokens received')}; {most(limits.tool_calls, 'calls of tools')}.",
        f"{most(limits.fuel, 'units of fuel')}, {format_size(limits.memory_bytes)} of memory, {time}.",
    ]


def _asks(sections: Mapping[str, ToolSettings]) -> str:
    asking = [name for name, own in sections.items() if own.confirm]
    if not asking:
        return "nobody before a call."
    return f"on the terminal before each call of {', '.join(asking)}; without a terminal those are denied."
