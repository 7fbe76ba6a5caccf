"""The network of one tool, made at its first call: what it needs takes longer to load than all else of a short run, and
a run that grants the tool may never call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from llmspell.settings import ToolSettings

if TYPE_CHECKING:
    from llmspell.access.dial import Resolver
    from llmspell.access.web import Web


def network(settings: ToolSettings, environ: Mapping[str, str], resolve: Resolver | None) -> Callable[[], Web]:
    """Gives what the tool's section grants, the same one at each call; `resolve` looks names up, or the system."""

    @cache
    def web() -> Web:
        from llmspell.access.web import Web

        return Web(settings, environ, name=settings.name, section=f"[tools.{settings.name}]", resolve=resolve)

    return web
