"""What a model cannot do is refused before anything is sent, with words that say what it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmspell.errors import LlmspellError
from tests.providers.loopback import Loopback, Reply, Request, answer, event
from tests.runtime.running import Ran, ran

GREET = 'local agent = Agent.create { name = "a"%s }\n'


def asked(script: str, manifest: str, server: Loopback) -> Ran:
    """What comes of a script whose provider is a Gemini server."""
    head = f'[providers.g]\nkind = "gemini"\nmodel = "gemini-3-flash"\nbase_url = "{server.url}"\n'
    return asyncio.run(ran(script, head + manifest))


def refused(script: str, manifest: str) -> LlmspellError:
    """The error of a script; the server must not have been asked."""
    with Loopback(answer(500)) as server:
        ended = asked(script, manifest, server)
    assert server.requests == []
    error = ended.report.error
    assert error is not None
    return error


ABLE = "[providers.g.capabilities]\n"
MEDIUM = 'agent:execute { text = "?", media = { Media.from_base64("AAAAAAAAAAAA") } }'
TOOL = ', tools = { Tool.define { name = "t", run = function() end } }'


@pytest.mark.parametrize(
    ("script", "manifest", "kind", "message"),
    [
        (
            GREET % "" + MEDIUM,
            ABLE + 'input_modalities = ["text"]',
            "invalid_media",
            "model 'gemini-3-flash' of provider 'g' takes text, not binary",
        ),
        (
            GREET % "" + MEDIUM,
            ABLE + 'max_media_size = { binary = "5B" }',
            "invalid_media",
            "takes binary of at most 5 bytes, and this has 9 bytes",
        ),
        (
            GREET % "" + 'agent:execute { text = "?", output_modalities = { "audio" } }',
            "",
            "argument",
            "model 'gemini-3-flash' of provider 'g' gives text, not audio",
        ),
        (
            GREET % TOOL + 'agent:execute("?")',
            ABLE + "tools = false",
            "argument",
            "model 'gemini-3-flash' of provider 'g' cannot call tools",
        ),
        (
            GREET % ', model = "gemini-2.5-pro-preview-tts"'
            + 'agent:execute { text = "?", output_modalities = {"text"} }',
            "",
            "argument",
            "model 'gemini-2.5-pro-preview-tts' of provider 'g' gives audio, not text",
        ),
        (
            GREET % "" + 'agent:stream_execute("?")',
            ABLE + "streaming = false",
            "streaming_not_supported",
            "streaming is not supported: model 'gemini-3-flash' of provider 'g' cannot stream",
        ),
    ],
    ids=["a medium", "a large medium", "an answer's modality", "tools", "of another model", "a stream"],
)
def test_what_a_model_cannot_do_is_refused_before_the_call(script: str, manifest: str, kind: str, message: str) -> None:
    error = refused(script, manifest)
    assert (error.kind, message in error.message) == (kind, True), error.message


def test_a_refusal_says_where_to_correct_it() -> None:
    error = refused(GREET % TOOL + 'agent:execute("?")', ABLE + "tools = false")
    assert "[providers.g.capabilities]" in error.hint


def test_a_script_sees_the_capabilities_of_its_agents_model() -> None:
    script = """
      local chat = Agent.create { name = "chat" }
      local painter = Agent.create { name = "painter", model = "gemini-2.5-flash-image" }
      local able = Provider.get("g").capabilities
      assert(able.max_context == 1048576 and able.max_media_size.image > 1e6 and able.tools)
      assert(chat:capabilities().max_context == able.max_context)
      assert(not painter:capabilities().tools)
      return table.concat(painter:capabilities().output_modalities, " "), chat:supports_multimodal()
    """
    with Loopback(answer(500)) as server:
        ended = asked(script, "", server)
    assert ended.report.output.results == ("text image", True)
    assert server.requests == []


async def serve(request: Request, reply: Reply) -> None:
    """Calls a tool first, and then gives an answer."""
    called: dict[str, Any] = {"functionCall": {"name": "t", "args": {}}}
    parts = [{"text": "done"}] if "functionResponse" in request.body.decode() else [called]
    body = event({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).removeprefix(b"data: ")
    await reply.send(200, body, content_type="application/json")


def test_what_the_answer_should_be_made_of_is_asked_of_every_turn() -> None:
    script = GREET % TOOL + 'return agent:execute { text = "?", output_modalities = { "text" } }.text'
    with Loopback(serve) as server:
        ended = asked(script, "", server)
    assert ended.report.output.result == "done"
    wanted = [request.json["generationConfig"]["responseModalities"] for request in server.requests]
    assert wanted == [["TEXT"], ["TEXT"]]


def test_a_schema_is_not_sent_to_a_model_that_would_refuse_it_and_still_holds() -> None:
    script = GREET % ', schema = { type = "object" }' + 'return agent:execute("?").data'
    body = b'{"candidates":[{"content":{"parts":[{"text":"{\\"n\\":1}"}]},"finishReason":"STOP"}]}'
    for able, sent in ((True, True), (False, False)):
        with Loopback(answer(200, body, content_type="application/json")) as server:
            ended = asked(script, f"{ABLE}json_schema = {str(able).lower()}", server)
        assert ended.report.output.result == {"n": 1}
        assert ("responseJsonSchema" in server.requests[0].json.get("generationConfig", {})) is sent
