"""Anthropic's Messages, and what other servers offer under that name."""

from __future__ import annotations

from collections.abc import Mapping

from llmspell.providers.protocols.anthropic import reply, request
from llmspell.providers.protocols.anthropic.stream import MessageStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities


def _key(key: str) -> Mapping[str, str]:
    """The API takes Bearer too; servers that are compatible with it know this one."""
    return {"x-api-key": key}


TRANSLATOR = Translator(
    kind=request.KIND,
    vendor_url="https://api.anthropic.com/v1",
    prefix="/v1",
    key_env="ANTHROPIC_API_KEY",
    key_headers=_key,
    capabilities=Capabilities(json_schema=True, input_modalities=("text", "image", "binary")),
    max_tokens=request.MAX_TOKENS,
    encode=request.encode,
    decode=reply.decode,
    decoder=MessageStream,
)
