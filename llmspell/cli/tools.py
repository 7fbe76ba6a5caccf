"""`llmspell tools`: the tools that a manifest grants, with what they take; `llmspell tools call`: one call of one."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

from llmspell.cli.approve import approver
from llmspell.cli.run import run_loop
from llmspell.cli.session import Session
from llmspell.errors import UsageError
from llmspell.manifest.load import load_manifest
from llmspell.runtime import ScriptRuntime
from llmspell.tools.base import Tool

_CALL: Final = b"return Tool.execute(arg[1], JSON.parse(arg[2]))"
"""A call is made the way a script makes it, so that the same grants, limits and questions hold."""
_WIDTH: Final = 96


def list_tools(file: str, session: Session, *, form: str) -> int:
    """Of a manifest those that it grants, without one all that are built in; the exit code."""
    session.use(form, "info")
    if file:
        session.about["manifest"] = file
        with redirect_stdout(sys.stderr):
            tools = ScriptRuntime(load_manifest(file)).granted_tools()
    else:
        from llmspell.settings import ToolSettings
        from llmspell.tools.builtin import BUILT_IN, built_in

        tools = [built_in(name, ToolSettings(name=name), Path(), {}) for name in sorted(BUILT_IN)]
    if form == "json":
        return session.end(result=[described(tool) for tool in tools])
    session.out.text("\n".join(map(page, tools)) or f"{file} grants no tools: `allowed_tools` under [security] does\n")
    return session.end_quietly()


def call_tool(name: str, manifest: str, arguments: str, session: Session, *, form: str, yes: bool) -> int:
    """Call one tool under a manifest; its result is the result; the exit code."""
    session.use(form, "info")
    session.about["manifest"] = manifest
    runtime = ScriptRuntime(load_manifest(manifest), keep_output=False, approve=approver(session, yes=yes))
    report = run_loop(
        runtime.report(
            _CALL,
            name="tools call",
            args=[name, _checked(arguments)],
            on_event=session.printer.event,
            on_start=session.stop.attach,
        )
    )
    error = report.error
    if error is not None:
        error.file, error.line, error.traceback = "", 0, ""  # of our own script
    return session.end(error, result=report.output.result, usage=report.output.usage)


def described(tool: Tool) -> dict[str, Any]:
    """A tool as plain data."""
    return {
        "name": tool.name,
        "description": tool.description,
        "schema": plain(tool.parameters),
        "confirm": tool.confirm,
        "alias_of": tool.alias_of.name if tool.alias_of else None,
    }


def plain(value: Any) -> Any:
    """Without read-only mappings and tuples, which JSON does not know."""
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def page(tool: Tool) -> str:
    """A tool for a reader: its name, what it does, and its arguments, those that it needs first."""
    import textwrap

    from llmspell.cli.report import harmless

    marks = [] if tool.alias_of is None else [f"another name of {tool.alias_of.name}"]
    marks += ["asks before each call"] * tool.confirm
    lines = [tool.name + (f" ({', '.join(marks)})" if marks else "")]
    for line in harmless(tool.description).splitlines():
        lines += textwrap.wrap(line, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    properties, required = tool.parameters.get("properties", {}), tuple(tool.parameters.get("required", ()))
    for name in sorted(properties, key=lambda name: name not in required):
        schema = properties[name]
        kind = kind_of(schema)
        about = harmless(str(schema.get("description", ""))).replace("\n", " ")
        head = f"{name}{'' if name in required else '?'}" + (f": {kind}" if kind else "")
        lines += textwrap.wrap(f"{head}  {about}".rstrip(), _WIDTH, initial_indent="    ", subsequent_indent="      ")
    return "\n".join(lines) + "\n"


def kind_of(schema: Any) -> str:
    """What a value is, in a word or two."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "")
    return " or ".join(kind) if isinstance(kind, (list, tuple)) else str(kind)


def _checked(arguments: str) -> str:
    try:
        value = json.loads(arguments)
    except ValueError as error:
        raise UsageError(f"--json is not JSON: {error}", hint="""such as --json '{"path": "a.txt"}'""") from None
    if not isinstance(value, dict):
        raise UsageError("--json must be an object of named arguments", hint="""such as --json '{"path": "a.txt"}'""")
    return arguments
