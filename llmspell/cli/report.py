"""Errors for people: what happened, where, the line itself, the Lua traceback, what to do, what was spent. Pure.

Everything that comes from a script, a model or a server is made harmless here: a terminal obeys control characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from llmspell.cli.sources import Sources
from llmspell.errors import HostError, InterruptedRun, LimitError, LlmspellError, ManifestError, Problem
from llmspell.limits import DOLLAR, dollars

_RED, _CYAN, _BLUE, _BOLD = "1;31", "36", "1;34", "1"
_WIDEST: Final = 160
"""Characters of a source line that are shown, where the terminal is not narrower; generated scripts have lines of a
megabyte."""
_NARROWEST: Final = 40
_GUTTER: Final = 8
"""Columns before a source line: its number and a bar."""
_LONGEST: Final = 4_000
"""Characters of a message that are shown."""
_FRAMES: Final = 40
"""Lines of a traceback that are shown, half from each end."""
_FLAGS: Final = {"fuel": ("--fuel", "fuel"), "memory_bytes": ("--mem", "memory"), "wall_ms": ("--timeout", "timeout")}
_NAMED: Final = re.compile(r"\((?:global|local|field|method|upvalue|constant) '([^']+)'\)|near '(.+)'\s*$")
_WORDS: Final = {"interrupted": "interrupted", "host": "internal error"}
_OPENED: Final = re.compile(r"(?:\(to close '[^']+'|for <goto>) at line ([0-9]{1,9})")
"""What the compiler complains of at the end of a block, and where it began."""
_ColumnIn = Callable[[str], int]


class Paint:
    """Text in colours, or plain; `widest` is how much of a source line fits into `columns`."""

    def __init__(self, colour: bool, columns: int | None = None) -> None:
        self._colour = colour
        self.widest = _WIDEST if columns is None else min(_WIDEST, max(_NARROWEST, columns - _GUTTER))

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


def harmless(text: str) -> str:
    """The text with every control character but newline and tab written out, as \\x1b."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def aligned(head: str, text: str) -> str:
    """The text made harmless, its further lines beneath its first, so that none looks like a line of ours. `head` is
    what stands before the first."""
    return harmless(text).replace("\n", "\n" + " " * (len(head) + 1))


def hint_of(error: LlmspellError) -> str:
    """The error's own hint, or what there is to say of its kind: which flag and which key raise a limit."""
    if not error.hint and isinstance(error, LimitError) and error.limit in _FLAGS:
        flag, key = _FLAGS[error.limit]
        return f"raise it with {flag}, or with `{key}` under [runtime] in a manifest"
    if not error.hint and isinstance(error, HostError):
        return "this is a bug of llmspell; with LLMSPELL_DEBUG=1 it shows where"
    return error.hint


def spent_line(usage: Mapping[str, float]) -> str:
    """What a run has cost, in words."""
    elapsed = usage.get("elapsed_ms", 0)
    parts = [f"{elapsed / 1000:.1f} s" if elapsed >= 1000 else f"{elapsed:.0f} ms"]
    for name, word in (("provider_calls", "provider call"), ("tool_calls", "tool call")):
        if number := usage.get(name, 0):
            parts.append(f"{number:,} {word}{'' if number == 1 else 's'}")
    if usage.get("provider_calls"):
        parts.append(f"{usage.get('input_tokens', 0):,} tokens in, {usage.get('output_tokens', 0):,} out")
    if cost := usage.get("cost_usd"):
        parts.append(dollars(round(cost * DOLLAR)))
    return "spent: " + ", ".join(parts)


def error_text(error: LlmspellError, sources: Sources, usage: Mapping[str, float], paint: Paint) -> str:
    """The whole report, ending in a newline."""
    if isinstance(error, ManifestError):
        return _manifest_text(error, paint)
    interrupted = isinstance(error, InterruptedRun)
    file, line = sources.place(error)
    message = sources.real(error.message)
    if file:  # each level of coroutines has put its own place before the message
        message = re.sub(rf"^(?:{re.escape(file)}:[0-9]+: )+", "", message)
    word = _WORDS.get(error.kind, "error")
    lines = [f"{paint(_RED, word + ':')} {paint(_BOLD, aligned(word + ':', _cut(message)))}"]
    if file:
        lines.append(f"  {paint(_BLUE, '-->')} {harmless(file)}" + (f":{line}" if line else ""))
        opened = _OPENED.search(message)
        for number in (int(opened[1]), line) if opened else (line,):
            lines += _source_lines(sources.line(file, number), number, _column_of_name(message), paint)
    if error.traceback and not interrupted:
        lines.append(_frames(harmless(sources.real(error.traceback))))
    if "value" in error.details:
        lines.append(f"value: {_shown(json.dumps(error.details['value'], ensure_ascii=False, default=str))}")
    if hint := hint_of(error):
        lines.append(f"{paint(_CYAN, 'help:')} {aligned('help:', _cut(hint))}")
    if interrupted or isinstance(error, LimitError) or usage.get("provider_calls") or usage.get("tool_calls"):
        lines.append(spent_line(usage))
    return "\n".join(lines) + "\n"


# ---- parts ----


def _manifest_text(error: ManifestError, paint: Paint) -> str:
    source, count = error.source.splitlines(), len(error.problems)
    if count == 1 and not error.problems[0].line:  # it is about the whole file
        problem = error.problems[0]
        text = f"{paint(_RED, 'error:')} {paint(_BOLD, f'{harmless(error.file)}: {_shown(problem.message)}')}\n"
        return text + (f"{paint(_CYAN, 'help:')} {_shown(problem.hint)}\n" if problem.hint else "")
    head = f"{harmless(error.file)} is not a valid manifest" + (f": {count} problems" if count > 1 else "")
    blocks = [f"{paint(_RED, 'error:')} {paint(_BOLD, head)}"]
    blocks += [_problem_text(error.file, problem, source, paint) for problem in error.problems]
    return "\n".join(blocks) + "\n"


def _problem_text(file: str, problem: Problem, source: list[str], paint: Paint) -> str:
    place = f":{problem.line}:{problem.column}" if problem.line else ""
    lines = [f"  {paint(_BLUE, '-->')} {harmless(file)}{place}: {_shown(problem.message)}"]
    text = source[problem.line - 1] if 0 < problem.line <= len(source) else None
    lines += _source_lines(text, problem.line, lambda _: problem.column, paint)
    if problem.hint:
        lines.append(f"      {paint(_CYAN, 'help:')} {_shown(problem.hint)}")
    return "\n".join(lines)


def _source_lines(text: str | None, number: int, column_in: _ColumnIn, paint: Paint) -> list[str]:
    """The line with its number, and under it a caret, or a rule under all of it where no column is known."""
    if text is None or not text.strip():
        return []
    column = column_in(text)
    start = max(0, column - paint.widest // 2) if len(text) > paint.widest else 0
    shown = harmless(text[start : start + paint.widest].replace("\t", " ").rstrip())
    if column:
        marker = " " * len(harmless(text[start : column - 1].replace("\t", " "))) + "^"
    else:
        indent = len(shown) - len(shown.lstrip())
        marker = " " * indent + "^" * min(len(shown) - indent, paint.widest)
    gutter = f"{number:>5}"
    bar = paint(_BLUE, "|")
    return [f"{paint(_BLUE, gutter)} {bar} {shown}", f"{' ' * len(gutter)} {bar} {paint(_RED, marker)}"]


def _column_of_name(message: str) -> _ColumnIn:
    """Where a line has the name that a Lua message is about: its column from 1, or 0 when that is not certain."""
    match = _NAMED.search(message)
    name = (match[1] or match[2]) if match else ""
    pattern = re.escape(name)
    if name[:1].isalnum():
        pattern = rf"(?<!\w){pattern}(?!\w)"

    def column(text: str) -> int:
        found = [match.start() for match in re.finditer(pattern, text)] if name else []
        return found[0] + 1 if len(found) == 1 else 0

    return column


def _frames(traceback: str) -> str:
    lines = traceback.splitlines()
    if len(lines) <= _FRAMES:
        return traceback
    half = _FRAMES // 2
    return "\n".join([*lines[:half], f"\t... ({len(lines) - 2 * half} more)", *lines[-half:]])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


def _shown(text: str) -> str:
    return harmless(_cut(text))
