"""Where servers that speak chat completions want the same thing said differently: a table by who is asked.

Only what a server refuses is here. What servers answer differently is understood from all of them alike (reply.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from llmspell.providers.protocols.translator import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    length_field: str = "max_tokens"
    """OpenAI's newer models refuse `max_tokens`; everywhere else it is what servers know."""
    stream_options: bool = True
    """Without stream_options.include_usage most servers count no tokens in a stream."""
    strict: bool = False
    """Say `strict` where a schema qualifies. Elsewhere it is left out: servers that can hold a model to a schema do so
    without it, and some refuse it for some of their models."""
    takes_thoughts: bool = True
    """Takes fields of reasoning in an assistant's message. OpenAI refuses fields that it does not know."""
    bare_audio: bool = False
    """`input_audio` is the base64 text itself."""
    document_url: bool = False
    """Documents are {document_url}, not {file}."""
    audio_formats: tuple[str, ...] = ()
    """All that it takes; empty: the server says so itself."""
    video: bool = True


OPENAI = Dialect(
    length_field="max_completion_tokens",
    strict=True,
    takes_thoughts=False,
    audio_formats=("wav", "mp3"),
    video=False,
)
MISTRAL = Dialect(stream_options=False, bare_audio=True, document_url=True, video=False)
"""As its own client has them; its API refuses unknown fields, and counts the tokens of every stream unasked."""
OTHERS = Dialect()


def dialect(asking: Asking) -> Dialect:
    if asking.official:
        return OPENAI
    name = asking.host.rpartition(":")[0] or asking.host
    return MISTRAL if name == "mistral.ai" or name.endswith(".mistral.ai") else OTHERS
