"""Google's Gemini API: models/MODEL:generateContent and :streamGenerateContent."""

from __future__ import annotations

from collections.abc import Mapping

from llmspell.providers.protocols.gemini import reply, request
from llmspell.providers.protocols.gemini.signatures import KIND
from llmspell.providers.protocols.gemini.stream import GeminiStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities


def _key(key: str) -> Mapping[str, str]:
    """As a header: the address stands in logs of servers and proxies."""
    return {"x-goog-api-key": key}


TRANSLATOR = Translator(
    kind=KIND,
    vendor_url="https://generativelanguage.googleapis.com/v1beta",
    prefix="/v1beta",
    key_env="GEMINI_API_KEY",
    key_headers=_key,
    capabilities=Capabilities(
        json_schema=True,
        input_modalities=("text", "image", "audio", "video", "binary"),
        output_modalities=("text", "image", "audio"),
    ),
    encode=request.encode,
    decode=reply.decode,
    decoder=GeminiStream,
)
