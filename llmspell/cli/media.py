"""`llmspell media inspect`: what llmspell sees of files, as a run would: nothing is sent anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmspell.cli.providers import PIPE_WIDTH
from llmspell.cli.report import harmless
from llmspell.cli.session import Session
from llmspell.errors import LlmspellError, UsageError
from llmspell.media.store import MediaStore

UNITS = {"duration": " s", "sample_rate": " Hz", "bit_depth": " bits", "frame_rate": " frames a second"}
"""Of what the numbers are, behind them."""


def inspect(files: Sequence[str], session: Session, *, form: str) -> int:
    """The exit code: that of the first file that a run would refuse. Raises UsageError for no file."""
    session.use(form, "info")
    if not files:
        raise UsageError("no file is named", hint="name some: llmspell media inspect FILE...")
    rows, first = [], None
    for file in files:
        row, error = _look(file)
        rows.append(row)
        first = first or error
    if form != "json":
        session.out.text(_table(rows, session))
        if first is None:
            return session.end_quietly()
    return session.end(first, result=rows if form == "json" else None)


def _look(file: str) -> tuple[dict[str, Any], LlmspellError | None]:
    """Each with a store of its own, so that no file counts towards another's limits."""
    store = MediaStore()
    try:
        medium = store.attach(file)
        return {"file": file, **medium.described(), "sent_size": store.prepare(medium, None).size}, None
    except LlmspellError as error:
        return {"file": file, "error": {"kind": error.kind, "message": error.message}}, error


def _table(rows: list[dict[str, Any]], session: Session) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("file", "type", "format", "bytes", "sent", "what it says"):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("bytes", "sent") else "left")
    for row in rows:
        if "error" in row:
            cells = [row["file"], "-", "-", "-", "-", row["error"]["message"]]
        else:
            numbers = [f"{row[name]:,}" for name in ("size", "sent_size")]
            cells = [row["file"], row["type"], row["mime"], *numbers, _said(row["metadata"])]
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    console = Console(
        width=None if session.out.is_terminal else PIPE_WIDTH,
        force_terminal=session.out.is_terminal,
        no_color=not session.out.colour,
    )
    with console.capture() as captured:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _said(metadata: dict[str, Any]) -> str:
    """The metadata in words: "640 x 480, rgb, 72 dpi"."""
    known = dict(metadata)
    words = [f"{known.pop('width')} x {known.pop('height')}"] if {"width", "height"} <= known.keys() else []
    for name, value in known.items():
        match name, value:
            case (("color_space" | "codec" | "video_codec" | "audio_codec"), _):
                words.append(str(value))
            case "has_transparency", _:
                words += ["transparent"] if value else []
            case "dpi", [across, down]:
                words.append(f"{across:g} dpi" if across == down else f"{across:g} x {down:g} dpi")
            case (("frames" | "channels"), _):
                words += [f"{value} {name if value != 1 else name[:-1]}"] if name == "channels" or value > 1 else []
            case _:
                words.append(f"{value:g}{UNITS.get(name, '')}")
    return ", ".join(words)
