"""The forms of a text whose time can grow with the square of its length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.tools.text_forms import FORMS


def run(payload: Mapping[str, Any]) -> Any:
    """The arguments of the tool -> what the form makes of `input`."""
    return FORMS[payload["operation"]](payload["input"], payload)
