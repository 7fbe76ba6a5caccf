"""[agents.NAME]."""

from __future__ import annotations

from llmspell.manifest.keys.kinds import FILLED, MAX_TOKENS, NAME, TEMPERATURE
from llmspell.manifest.sections import Key, Section
from llmspell.manifest.tables import Free, JsonSchema, Listing
from llmspell.manifest.values import Text, Whole
from llmspell.settings import (
    AgentSettings,
)

AGENT = Section(
    build=AgentSettings,
    doc="An agent that scripts get with Agent.get(NAME).",
    keys=(
        Key(name="provider", kind=NAME, doc="The provider; by default the default one."),
        Key(name="model", kind=FILLED, doc="The model; by default the provider's."),
        Key(
            name="fallback",
            kind=Listing(item=FILLED),
            doc='Models to ask in turn where one fails, as "model" or "provider/model".',
        ),
        Key(
            name="description",
            kind=Text(),
            doc="What the agent is for, as other agents' models read it that may call it or hand over to it.",
        ),
        Key(name="prompt", kind=Text(), doc="The system prompt."),
        Key(name="tools", kind=Listing(item=FILLED), doc="Names of the tools and agents that the model may call."),
        Key(name="temperature", kind=TEMPERATURE, doc="Sampling temperature; by default the provider's."),
        Key(name="max_tokens", kind=MAX_TOKENS, doc="Longest answer, in tokens; by default the provider's."),
        Key(name="max_turns", kind=Whole(low=1), doc="Model turns in one execution, at most."),
        Key(name="schema", kind=JsonSchema(), doc="The JSON Schema that its answers must fit."),
        Key(
            name="transfer_to",
            kind=Listing(item=FILLED),
            doc="Names of the agents that the model may hand the conversation over to.",
        ),
        Key(name="parameters", kind=Free(), doc="Passed through to the provider as they are."),
    ),
)
