"""What the examples with media send, byte for byte, to a server that speaks the protocol they name."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.providers.loopback import Handler, Loopback, answer, chat

CONFIGS = Path(__file__).parents[1] / "configs"
MEDIA = CONFIGS / "media"


def sent(example: str, kind: str, handler: Handler, *attach: Path, model: str = "the-model") -> tuple[Any, str]:
    """The one request's body, and what the script printed."""
    with Loopback(handler) as server:
        path = CONFIGS / f"{example}.toml"
        provider = f'\n[providers.server]\nkind = "{kind}"\nmodel = "{model}"\nbase_url = "{server.url}"\n'
        if kind == "openai":
            provider = provider.replace(server.url, f"{server.url}/v1")
        manifest = parse_manifest(path.read_text() + provider, file=str(path), base=CONFIGS)
        runtime = ScriptRuntime(manifest, environ={})
        source, name = runtime.script()
        report = asyncio.run(runtime.report(source, name=name, attach=map(str, attach)))
    assert report.error is None, report.error
    (request,) = server.requests
    return request.json, report.output.output


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_describe_sends_the_picture_without_its_place() -> None:
    whole = (MEDIA / "lighthouse.jpg").read_bytes()
    start = whole.index(b"\xff\xe1")  # the one segment of EXIF
    size = int.from_bytes(whole[start + 2 : start + 4], "big") + 2
    assert b"llmspell example" in whole[start : start + size]
    stripped = base64_of(whole[:start] + whole[start + size :])
    body, printed = sent("describe", "openai", chat("A lighthouse."))
    assert printed == "A lighthouse.\n"
    assert body == {
        "model": "the-model",
        "messages": [
            {
                "role": "system",
                "content": "You describe what is in a picture, in two plain sentences, and guess nothing.",
            },
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this picture?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{stripped}"}},
                ],
            },
        ],
        "max_tokens": 200,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_transcribe_sends_each_recording() -> None:
    body, printed = sent("transcribe", "openai", chat("Two tones."))
    assert printed == "tone.wav: Two tones.\n"
    assert body == {
        "model": "the-model",
        "messages": [
            {"role": "system", "content": "You write down what is said, word for word, and nothing else."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Write this down."},
                    {
                        "type": "input_audio",
                        "input_audio": {"data": base64_of((MEDIA / "tone.wav").read_bytes()), "format": "wav"},
                    },
                ],
            },
        ],
    }


MESSAGE = b"""{"id": "1", "type": "message", "role": "assistant", "model": "the-model", "stop_reason": "end_turn",
"content": [{"type": "text", "text": "120.00, until 31 March."}], "usage": {"input_tokens": 9, "output_tokens": 9}}"""


def test_ask_sends_the_document(tmp_path: Path) -> None:
    attached = tmp_path / "bill.pdf"
    attached.write_bytes((MEDIA / "invoice.pdf").read_bytes())
    body, printed = sent("ask", "anthropic", answer(200, MESSAGE), attached)
    assert printed == "120.00, until 31 March.\n"
    assert body == {
        "model": "the-model",
        "max_tokens": 500,
        "system": "You answer from the document alone. Where it does not say, you say so.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "document",
                        "source": {
                            "type": "base64",
                            "media_type": "application/pdf",
                            "data": base64_of(attached.read_bytes()),
                        },
                        "title": "bill.pdf",
                    },
                    {"type": "text", "text": "What is to be paid, and until when?"},
                ],
            }
        ],
    }
