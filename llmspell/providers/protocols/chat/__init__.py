"""OpenAI's chat completions, and what every compatible server makes of them."""

from __future__ import annotations

from llmspell.providers.protocols.chat import reply, request
from llmspell.providers.protocols.chat.stream import ChatStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities

TRANSLATOR = Translator(
    kind="openai",
    vendor_url="https://api.openai.com/v1",
    prefix="/v1",
    key_env="OPENAI_API_KEY",
    capabilities=Capabilities(
        json_schema=True,
        input_modalities=("text", "image", "audio", "video", "binary"),
        output_modalities=("text", "image", "audio"),
    ),
    encode=request.encode,
    decode=reply.decode,
    decoder=ChatStream,
)
