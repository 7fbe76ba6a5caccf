"""How the network fails, as an error for a script to look at."""

from __future__ import annotations

from typing import Literal

from llmspell.errors import ToolError

Reason = Literal["arguments", "unreachable", "timeout", "too_large", "bad_answer", "status", "wrong_type", "credential"]
"""Why a request failed: `details.reason`."""


def failure(reason: Reason, message: str, *, hint: str = "", retryable: bool = False) -> ToolError:
    error = ToolError(message, hint=hint, details={"reason": reason})
    error.retryable = retryable
    return error
