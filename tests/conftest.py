"""For all tests: property tests try the same examples on every run, however slow the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("llmspell", deadline=None, derandomize=True)
settings.load_profile("llmspell")
