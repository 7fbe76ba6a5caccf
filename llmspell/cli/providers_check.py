"""`llmspell providers check`: one small real call to each provider, all at once, and what came of it."""

from __future__ import annotations

import asyncio
import shutil
import textwrap
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from llmspell.cli.printers import Printer
from llmspell.cli.providers import Configured, abilities, configured
from llmspell.cli.report import Paint, harmless
from llmspell.cli.run import is_manifest, run_loop
from llmspell.cli.session import Session, internal
from llmspell.errors import LlmspellError, ProviderError
from llmspell.providers.base import Provider
from llmspell.types import Capabilities, Message, ModelReply, ModelRequest

QUESTION: Final = "Answer with the word OK and nothing else."
MAX_TOKENS: Final = 256
"""Of the answer: a model that thinks first needs some, and one that rambles ends somewhere."""
SHOWN: Final = 60
"""Characters of the answer that are shown."""
INQUIRY_SECONDS: Final = 10.0
"""For what the server says of its model, after it has answered."""


class Outcome(NamedTuple):
    """What came of one provider: a reply or an error, and what its model can do, as far as is known."""

    provider: Provider
    model: str
    seconds: float
    reply: ModelReply | None = None
    error: LlmspellError | None = None
    able: Capabilities | None = None


def check(file: str, names: Sequence[str], session: Session, *, form: str) -> int:
    """The exit code, which is the first failure's. The manifest may be left out, also before names."""
    session.use(form, "info")
    if file and not is_manifest(file):
        file, names = "", (file, *names)
    found = configured(file, session)
    chosen = [found.manager.get(name) for name in dict.fromkeys(names)] or found.providers()
    outcomes = run_loop(_all(chosen, found, session, session.printer if form == "text" else None))
    failed = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
    if form == "json":
        return session.end(failed, result={"providers": [_as_data(outcome) for outcome in outcomes]})
    return session.end_quietly() or (failed.exit_code if failed is not None else 0)


async def _all(
    providers: Sequence[Provider], found: Configured, session: Session, printer: Printer | None
) -> list[Outcome]:
    """Printed as they come, given in the manifest's order. Raises InterruptedRun."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def stop(_: LlmspellError) -> None:
        loop.call_soon_threadsafe(task.cancel)

    session.stop.attach(stop)
    width = max(len(provider.name) for provider in providers)

    async def one(provider: Provider) -> Outcome:
        outcome = await _ask(provider, found)
        if printer is not None:
            printer.out.text(_text(outcome, width, Paint(printer.out.colour), wrapped=printer.out.is_terminal))
        return outcome

    try:
        return list(await asyncio.gather(*map(one, providers)))
    except asyncio.CancelledError:
        if session.stop.reason is not None:
            raise session.stop.reason from None
        raise
    finally:
        await found.manager.aclose()


async def _ask(provider: Provider, found: Configured) -> Outcome:
    model, began = found.model(provider) or "", time.monotonic()
    error: LlmspellError
    try:
        found.manager.resolve(model or None, provider.name)  # raises where no model is known
        able = provider.capabilities_of(model)
        wanted = () if "text" in able.output_modalities else able.output_modalities
        request = ModelRequest(
            model=model,
            messages=(Message(role="user", text=QUESTION),),
            max_tokens=MAX_TOKENS,
            output_modalities=wanted,
        )
        reply = await provider.complete(request)
        seconds = time.monotonic() - began
        return Outcome(provider, model, seconds, reply, able=await _told(provider, model, able))
    except LlmspellError as failure:
        error = failure
    except Exception as bug:
        error = internal(bug)
    return Outcome(provider, model, time.monotonic() - began, error=error)


async def _told(provider: Provider, model: str, able: Capabilities) -> Capabilities:
    """What the server says of its model, where it does: a server that answers no such question is no failure."""
    try:
        async with asyncio.timeout(INQUIRY_SECONDS):
            return await provider.inquire(model)
    except (ProviderError, TimeoutError):
        return able


def _text(outcome: Outcome, width: int, paint: Paint, *, wrapped: bool) -> str:
    name = outcome.provider.name.ljust(width)
    took = f"{outcome.seconds:.2f} s".rjust(8)
    if outcome.error is not None:
        lines = [outcome.error.message.removeprefix(f"provider '{outcome.provider.name}': ")]
        if outcome.error.hint:
            lines.append(f"help: {outcome.error.hint}")
        word = paint("1;31", "failed")
    else:
        lines = [_answer(outcome), "; ".join(abilities(outcome.able.described()) if outcome.able else ())]
        word = paint("32", "ok    ")
    indent = width + 20
    room = max(20, (shutil.get_terminal_size().columns if wrapped else 10_000) - indent)
    broken = [part for line in lines if line for part in textwrap.wrap(harmless(line), room)]
    return f"{name}  {word}  {took}  " + f"\n{' ' * indent}".join(broken) + "\n"


def _answer(outcome: Outcome) -> str:
    reply = outcome.reply
    assert reply is not None
    text = " ".join(reply.text.split())
    said = (
        f'"{text[:SHOWN]}{"…" if len(text) > SHOWN else ""}"' if text else "without words" if reply.media else "nothing"
    )
    usage = reply.usage
    return f"{outcome.model} answered {said} ({usage.input_tokens:,} tokens in, {usage.output_tokens:,} out)"


def _as_data(outcome: Outcome) -> dict[str, Any]:
    error, reply = outcome.error, outcome.reply
    return {
        "name": outcome.provider.name,
        "kind": outcome.provider.kind,
        "model": outcome.model or None,
        "ok": error is None,
        "duration_ms": round(outcome.seconds * 1000, 3),
        "text": None if reply is None else reply.text,
        "capabilities": None if outcome.able is None else outcome.able.described(),
        "error": None if error is None else {"kind": error.kind, "message": error.message, "hint": error.hint or None},
    }
