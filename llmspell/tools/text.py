"""`text`: patterns, differences, templates, and the forms of text_forms.py. What could take long is for worker.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.text_forms import FORMS, SLOW_FORMS
from llmspell.tools.worker import work

NEEDS: Final = {
    "find": ("input", "pattern"),
    "replace": ("input", "pattern", "with"),
    "split": ("input", "pattern"),
    "diff": ("old", "new"),
    "template": ("template",),
}
"""The arguments of the operations that have their own; the others need `input`."""
MAX_MATCHES: Final = 10_000


def text_tool(_settings: ToolSettings, _base: Path) -> Tool:
    """Looks at texts and changes them."""

    async def run(arguments: Arguments) -> Any:
        operation = arguments["operation"]
        for name in NEEDS.get(operation, ("input",)):
            if name not in arguments:
                raise ToolError(f"text: `{operation}` needs the argument '{name}'")
        if operation in SLOW_FORMS:
            return await work("text", "form", arguments)
        if operation in FORMS:
            return FORMS[operation](arguments["input"], arguments)
        if operation == "diff":
            context = int(arguments.get("context", 3))
            return await work("text", "diff", {"old": arguments["old"], "new": arguments["new"], "context": context})
        if operation == "template":
            values, html = arguments.get("values", {}), arguments.get("html", False)
            return await work("text", "template", {"template": arguments["template"], "values": values, "html": html})
        asked = {name: arguments[name] for name in ("input", "pattern", "with") if name in arguments}
        limit, ignore_case = int(arguments.get("limit", MAX_MATCHES)), arguments.get("ignore_case", False)
        return await work(
            "text", "regex", {"operation": operation, "limit": limit, "ignore_case": ignore_case, **asked}
        )

    return Tool(
        name="text",
        description="Works on text. find, replace, split: by a regular expression (RE2: no backreferences, no "
        "lookaround; `with` may hold \\1 or \\g<name>). diff: what changed from `old` to `new`. template: a Jinja "
        f"template with `values`. {', '.join(FORMS)}: that form of `input`.",
        parameters={
            "type": "object",
            "properties": {
                "operation": {"enum": [*NEEDS, *FORMS], "description": "what to do"},
                "input": {"type": "string", "description": "the text"},
                "pattern": {"type": "string", "description": "a regular expression"},
                "with": {"type": "string", "description": "what takes the place of each match"},
                "ignore_case": {"type": "boolean"},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_MATCHES, "description": "matches at most"},
                "old": {"type": "string"},
                "new": {"type": "string"},
                "context": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 1_000,
                    "description": "lines around a change (3)",
                },
                "template": {"type": "string", "description": "such as Hello {{ name }}"},
                "values": {"type": "object", "description": "what the template's names stand for"},
                "html": {"type": "boolean", "description": "escape values for HTML"},
                "length": {"type": "integer", "minimum": 0, "description": "of truncate: characters at most (100)"},
                "spaces": {"type": "integer", "minimum": 0, "maximum": 100, "description": "of indent (4)"},
                "width": {"type": "integer", "minimum": 1, "maximum": 10_000, "description": "of wrap (80)"},
            },
            "required": ["operation"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )
