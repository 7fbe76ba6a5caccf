"""OpenAI's Responses, and what compatible servers make of them. Nothing is kept by the server: see request.py."""

from __future__ import annotations

from llmspell.providers.protocols.responses import reply, request
from llmspell.providers.protocols.responses.items import KIND
from llmspell.providers.protocols.responses.stream import ResponseStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities

TRANSLATOR = Translator(
    kind=KIND,
    vendor_url="https://api.openai.com/v1",
    prefix="/v1",
    key_env="OPENAI_API_KEY",
    capabilities=Capabilities(
        json_schema=True,
        input_modalities=("text", "image", "binary"),
        output_modalities=("text", "image"),
    ),
    encode=request.encode,
    decode=reply.decode,
    decoder=ResponseStream,
)
