"""A tool of your own: any Python function with type hints and a docstring."""

from __future__ import annotations

import re
from typing import Literal, TypedDict


class Readability(TypedDict):
    words: int
    sentences: int
    words_a_sentence: float


def readability(text: str, count: Literal["all", "distinct"] = "all") -> Readability:
    """Tell how long the sentences of a text are.

    Args:
        text: The text, in any language that ends its sentences with a full stop.
        count: Whether each word counts, or each different one.
    """
    words = re.findall(r"\w+", text.lower())
    counted = len(words) if count == "all" else len(set(words))
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)", text)))
    return {"words": counted, "sentences": sentences, "words_a_sentence": round(len(words) / sentences, 1)}
