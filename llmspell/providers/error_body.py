"""What a server's error body says, in every shape that servers send, as one line of text and some words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmspell.providers import wirejson

MAX_MESSAGE = 500
_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")


class Report(NamedTuple):
    """What a body says of an error: its text, the words or numbers that classify it, and the seconds to wait."""

    message: str
    codes: tuple[str, ...]
    retry_after: float | None = None


def tidy(text: str, limit: int = MAX_MESSAGE) -> str:
    """One line of at most `limit` characters, without control characters and lone surrogates; "…" where it was cut."""
    cut = len(text) > limit * 4
    text = wirejson.clean(text[: limit * 4])
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text[: limit - 1] + "…" if cut or len(text) > limit else text


def report(payload: Any, *, failed: bool) -> Report | None:
    """Reads every shape of error body that servers send; None where there is no error in it.

    `failed` says that it is known to be an error already: then a bare `message` or `detail` is believed too.
    """
    if isinstance(payload, list):  # Gemini wraps its error in a list of one
        payload = payload[0] if payload else None
    if not isinstance(payload, dict):
        return None
    inner = payload.get("error")
    if isinstance(inner, str) and inner:
        return Report(inner, _codes(payload))
    if isinstance(inner, dict) and inner:
        text = inner.get("message")
        reasons, delay = _google(inner.get("details"))
        return Report(text if isinstance(text, str) else "", (*reasons, *_codes(inner)), delay)
    if failed and payload.get("detail"):  # FastAPI
        return Report(_detail(payload["detail"]), _codes(payload))
    if failed or "error" in (payload.get("object"), payload.get("type")):  # vLLM, Mistral
        text = payload.get("message")
        return Report(text, _codes(payload)) if isinstance(text, str) else None
    return None


def _codes(payload: Mapping[str, Any]) -> tuple[str, ...]:
    details = payload.get("details")  # Anthropic's, where the cause is more than the type says
    cause = details.get("error_code") if isinstance(details, dict) else None
    values = (cause, *(payload.get(key) for key in ("code", "type", "status")))
    return tuple(str(value).lower()[:100] for value in values if isinstance(value, str | int) and value)


def _google(details: Any) -> tuple[tuple[str, ...], float | None]:
    """The reasons and the delay that Google's servers give as a list of objects, instead of words and headers."""
    items = [item for item in details[:8] if isinstance(item, dict)] if isinstance(details, list) else []
    reasons = tuple(item["reason"].lower()[:100] for item in items if isinstance(item.get("reason"), str))
    delays = (_DELAY.fullmatch(item["retryDelay"]) for item in items if isinstance(item.get("retryDelay"), str))
    return reasons, next((float(found[1]) for found in delays if found), None)


def _detail(detail: Any) -> str:
    lines = []
    for item in detail[:3] if isinstance(detail, list) else [detail]:
        if isinstance(item, dict):
            loc = item.get("loc")
            where = (
                ".".join(str(step) for step in loc[:8] if isinstance(step, str | int)) if isinstance(loc, list) else ""
            )
            texts = (item.get(key) for key in ("msg", "message"))
            text = next((text for text in texts if isinstance(text, str)), "")
            lines.append(f"{where}: {text}" if where else text)
        elif isinstance(item, str):
            lines.append(item)
    return "; ".join(filter(None, lines))
