"""`llmspell validate`: reads a manifest or a script as a run would, compiles the script, runs nothing of it."""

from __future__ import annotations

from pathlib import Path

from llmspell.cli.report import harmless
from llmspell.cli.run import is_manifest, run_loop
from llmspell.cli.session import Session
from llmspell.cli.sources import Sources
from llmspell.errors import ScriptSyntaxError
from llmspell.host.hints import Place, hint
from llmspell.manifest.load import load_manifest
from llmspell.manifest.model import Manifest
from llmspell.manifest.units import format_duration_ms, format_size
from llmspell.runtime import ScriptRuntime
from llmspell.script import chunk_name

_COMPILE = 'local _, message = load(arg[1], arg[2], "t") return message'
"""Compiling is done where everything else is done: in the sandbox."""


def validate(file: str, session: Session, *, resolved: bool, form: str) -> int:
    """The exit code. Raises LlmspellError for what is wrong."""
    session.use(form, "info")
    session.about["manifest" if is_manifest(file) else "script"] = file
    manifest = load_manifest(file) if is_manifest(file) else Manifest.for_script(file)
    if manifest.run.script is not None or manifest.run.source is not None:
        _compile(manifest, session)
    if manifest.tools or manifest.security.allowed_tools:
        _check_tools(manifest)
    if resolved:
        from llmspell.manifest.resolved import resolved as text_of

        session.out.text(text_of(manifest))
        return session.end_quietly()
    if form == "json":
        return session.end()
    session.out.text(summary(file, manifest))
    return session.end_quietly()


def _check_tools(manifest: Manifest) -> None:
    """Raises UsageError for a name that no tool has; a tool of the user's is not loaded."""
    from llmspell.tools.granted import check_sections, settings_of, source_of

    for name in manifest.security.allowed_tools or ():
        source_of(name, settings_of(name, manifest.tools))
    check_sections(manifest.tools)


def summary(file: str, manifest: Manifest) -> str:
    """What was found, for a reader who wants to see that it is what was meant."""
    default, entries = manifest.providers.effective()
    runtime = manifest.runtime
    fuel = "unlimited" if runtime.fuel is None else f"{runtime.fuel:,}"
    time = "unlimited" if runtime.wall_ms is None else format_duration_ms(runtime.wall_ms)
    script = manifest.run.script or ("in the manifest" if manifest.run.source is not None else "none")
    rows = {
        "script": script,
        "providers": ", ".join(_described(name, entries[name].kind, name == default) for name in entries),
        "agents": ", ".join(manifest.agents) or "none",
        "tools": ", ".join(manifest.security.allowed_tools or ()) or "none",
        "limits": f"{fuel} fuel, {format_size(runtime.memory_bytes)} memory, {time}",
    }
    return harmless(f"{file}: ok\n" + "".join(f"  {name:<9}  {value}\n" for name, value in rows.items()))


def _described(name: str, kind: str, default: bool) -> str:
    more = [word for word in ("default" if default else "", kind if kind != name else "") if word]
    return f"{name} ({', '.join(more)})" if more else name


def _compile(manifest: Manifest, session: Session) -> None:
    """Raises ScriptSyntaxError, and what reading the script raises."""
    source, name = ScriptRuntime(manifest).script()
    session.about["script"] = name
    session.sources = Sources(name, called=chunk_name(name), text=source, modules=manifest.module_roots())
    bare = ScriptRuntime(Manifest(file="", base=Path()))
    found = run_loop(bare.execute_script(_COMPILE, args=[source.decode(), chunk_name(name)]))
    if found.result is not None:
        error = ScriptSyntaxError(str(found.result))
        error.hint = hint(error.kind, error.message, Place(source.decode(), session.sources.place(error)[1]))
        raise error
