"""Every key of a manifest, section by section: its kind, its range, and what it means. The loader, the JSON Schema and
the resolved form are all made from these lists; a default is never here, but in the dataclass that the section becomes.
"""

from __future__ import annotations

from llmspell.manifest.keys.agents import AGENT
from llmspell.manifest.keys.grants import MEDIA, SECURITY, TOOL
from llmspell.manifest.keys.providers import PROVIDER
from llmspell.manifest.keys.run import RUN, RUNTIME

SECTIONS = {
    "run": RUN,
    "runtime": RUNTIME,
    "providers": PROVIDER,
    "agents": AGENT,
    "security": SECURITY,
    "tools": TOOL,
    "media": MEDIA,
}
"""Every section of a manifest; those of NAMED stand for each [providers.NAME], [agents.NAME] and [tools.NAME]."""
NAMED = ("providers", "agents", "tools")
