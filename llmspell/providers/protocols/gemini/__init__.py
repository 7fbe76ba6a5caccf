"""Google's Gemini API: models/MODEL:generateContent and :streamGenerateContent."""

from __future__ import annotations

from collections.abc import Mapping

from llmspell.providers.protocols.gemini import reply, request
from llmspell.providers.protocols.gemini.signatures import KIND
from llmspell.providers.protocols.gemini.stream import GeminiStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities

MAX_INLINE = 15_000_000
"""Bytes of one medium: a request has 20 MB at most, and base64 makes four of three."""


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
        max_media_size=dict.fromkeys(("text", "image", "audio", "video", "binary"), MAX_INLINE),
    ),
    max_event_bytes=64 * 1024 * 1024,  # an image comes whole in one event; `max_reply_bytes` bounds it before
    encode=request.encode,
    decode=reply.decode,
    decoder=GeminiStream,
)
