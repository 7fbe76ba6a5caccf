"""Ollama's own chat API: JSON lines, whole tool calls, options."""

from __future__ import annotations

from llmspell.providers.protocols.ollama import reply, request
from llmspell.providers.protocols.ollama.stream import LineStream
from llmspell.providers.protocols.translator import Translator
from llmspell.types import Capabilities

TRANSLATOR = Translator(
    kind=request.KIND,
    vendor_url="http://127.0.0.1:11434/api",
    prefix="/api",
    key_env="",  # a server on one's own machine asks for none
    capabilities=Capabilities(json_schema=True, input_modalities=("text", "image")),
    stream_type="application/x-ndjson",
    encode=request.encode,
    decode=reply.decode,
    decoder=LineStream,
)
