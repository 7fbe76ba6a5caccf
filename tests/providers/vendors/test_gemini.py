"""The same question asked by google-genai and by us: the same HTTP request, but for what stands in DIFFERENCES."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import pytest
from google import genai
from google.genai import types as vendor

from llmspell.content import MediaContent
from llmspell.media.blobs import InMemory
from llmspell.providers.protocols.gemini.reply import FINISH_REASONS
from llmspell.types import Message, ModelRequest, Reasoning, ToolCall, ToolSpec

from ..loopback import Reply, Request, event
from .compare import received
from .sent import KEY, caught, ours

MODEL = "gemini-3-flash-preview"
BYTES = b"\xfb\xef\xff picture"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANSWER = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}


class Case(NamedTuple):
    """`ours` and `theirs` are one input, said in our words and in the vendor's."""

    ours: ModelRequest
    theirs: Mapping[str, Any]


def user(*parts: vendor.Part) -> vendor.Content:
    return vendor.Content(role="user", parts=list(parts))


def model(*parts: vendor.Part) -> vendor.Content:
    return vendor.Content(role="model", parts=list(parts))


def asked(*more: Message, **fields: Any) -> ModelRequest:
    return ModelRequest(model=MODEL, messages=(Message(role="user", text="Hello"), *more), **fields)


def config(**fields: Any) -> vendor.GenerateContentConfig:
    return vendor.GenerateContentConfig(
        automatic_function_calling=vendor.AutomaticFunctionCallingConfig(disable=True), **fields
    )


def signed(of: str, value: str, start: int = 0, end: int = 0) -> Reasoning:
    return Reasoning(kind="gemini", data={"value": value, "of": of, "start": start, "end": end})


HELLO = user(vendor.Part(text="Hello"))
PICTURE = MediaContent(type="image", format="png", mime="image/png", blob=InMemory(BYTES))
BLOB = vendor.Blob(mime_type="image/png", data=BYTES)

CASES: Mapping[str, Case] = {
    "a question": Case(asked(), {"contents": "Hello"}),
    "system, limits": Case(
        ModelRequest(
            model=MODEL,
            messages=(Message(role="system", text="Be brief."), Message(role="user", text="Hello")),
            temperature=0.5,
            max_tokens=9,
        ),
        {
            "contents": "Hello",
            "config": config(system_instruction="Be brief.", temperature=0.5, max_output_tokens=9),
        },
    ),
    "a schema": Case(
        asked(schema=SCHEMA),
        {
            "contents": "Hello",
            "config": config(response_mime_type="application/json", response_json_schema=SCHEMA),
        },
    ),
    "an image wanted": Case(
        asked(output_modalities=("text", "image")),
        {"contents": "Hello", "config": config(response_modalities=["TEXT", "IMAGE"])},
    ),
    "parameters": Case(
        asked(
            parameters={
                "topP": 0.5,
                "seed": 3,
                "stopSequences": ["x"],
                "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 100},
                "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
                "safetySettings": [
                    {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"},
                ],
            }
        ),
        {
            "contents": "Hello",
            "config": config(
                top_p=0.5,
                seed=3,
                stop_sequences=["x"],
                thinking_config=vendor.ThinkingConfig(include_thoughts=True, thinking_budget=100),
                tool_config=vendor.ToolConfig(
                    function_calling_config=vendor.FunctionCallingConfig(mode=vendor.FunctionCallingConfigMode.NONE)
                ),
                safety_settings=[
                    vendor.SafetySetting(
                        category=vendor.HarmCategory.HARM_CATEGORY_HARASSMENT,
                        threshold=vendor.HarmBlockThreshold.BLOCK_ONLY_HIGH,
                    )
                ],
            ),
        },
    ),
    "media": Case(
        ModelRequest(model=MODEL, messages=(Message(role="user", text="What is it?", media=(PICTURE,)),)),
        {"contents": [user(vendor.Part(inline_data=BLOB), vendor.Part(text="What is it?"))]},
    ),
    "tools, signed and parallel calls, results": Case(
        asked(
            Message(
                role="assistant",
                text="I look.",
                tool_calls=(
                    ToolCall(id="x1", name="weather", arguments={"city": "Köln"}),
                    ToolCall(id="x2", name="weather", arguments={"city": "Oslo"}),
                ),
                reasoning=(signed("call", "c2lnbmVk"),),
            ),
            Message(role="tool", name="weather", tool_call_id="x1", text="rain"),
            Message(role="tool", name="weather", tool_call_id="x2", text="closed", is_error=True, media=(PICTURE,)),
            tools=(ToolSpec(name="weather", description="The weather.", parameters=SCHEMA),),
        ),
        {
            "contents": [
                HELLO,
                model(
                    vendor.Part(text="I look."),
                    vendor.Part(
                        function_call=vendor.FunctionCall(id="x1", name="weather", args={"city": "Köln"}),
                        thought_signature=b"signed",
                    ),
                    vendor.Part(function_call=vendor.FunctionCall(id="x2", name="weather", args={"city": "Oslo"})),
                ),
                user(
                    vendor.Part(
                        function_response=vendor.FunctionResponse(id="x1", name="weather", response={"output": "rain"})
                    ),
                    vendor.Part(
                        function_response=vendor.FunctionResponse(
                            id="x2",
                            name="weather",
                            response={"error": "closed"},
                            parts=[
                                vendor.FunctionResponsePart(
                                    inline_data=vendor.FunctionResponseBlob(mime_type="image/png", data=BYTES)
                                )
                            ],
                        )
                    ),
                ),
            ],
            "config": config(
                tools=[
                    vendor.Tool(
                        function_declarations=[
                            vendor.FunctionDeclaration(
                                name="weather", description="The weather.", parameters_json_schema=SCHEMA
                            )
                        ]
                    )
                ]
            ),
        },
    ),
    "a conversation with a signed text": Case(
        asked(
            Message(role="assistant", text="Hi there", reasoning=(signed("text", "c2lnbmVk", 8, 8),)),
            Message(role="user", text="And?"),
        ),
        {
            "contents": [
                HELLO,
                model(vendor.Part(text="Hi there"), vendor.Part(text="", thought_signature=b"signed")),
                user(vendor.Part(text="And?")),
            ]
        },
    ),
}


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def plain_base64(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item.replace("-", "+").replace("_", "/") if key == "data" else plain_base64(item)
            for key, item in value.items()
        }
    return [plain_base64(item) for item in value] if isinstance(value, list) else value


def without_empty_config(body: Any) -> Any:
    return {key: value for key, value in body.items() if key != "generationConfig" or value}


def without_role(body: Any) -> Any:
    instruction = body.get("systemInstruction")
    return body if instruction is None else body | {"systemInstruction": {"parts": instruction["parts"]}}


DIFFERENCES: Mapping[str, Callable[[Any], Any]] = {
    "it writes inner names as Python does, mime_type; we as the API's documentation, mimeType. Both are read": camel,
    "it writes media in the URL's alphabet of base64, we in the usual one. Both are read": plain_base64,
    'it gives the system instruction the role "user", which says nothing': without_role,
    "it sends an empty generationConfig where there is any config": without_empty_config,
}
"""What makes its body ours. Beside the body: it asks /v1, and with GOOGLE_GENAI_API_VERSION=beta /v1beta; we ask
/v1beta, which has all of /v1 and is what servers know that imitate Gemini. `base_url` names another."""


async def serve(request: Request, reply: Reply) -> None:
    if "stream" in request.path:
        await reply.stream([event(ANSWER)])
    else:
        await reply.send(200, event(ANSWER).removeprefix(b"data: "), content_type="application/json")


def of_the_vendor(url: str, case: Case, *, stream: bool) -> None:
    with genai.Client(api_key=KEY, http_options=vendor.HttpOptions(base_url=url)) as client:
        if stream:
            for _ in client.models.generate_content_stream(model=MODEL, **case.theirs):
                pass
        else:
            client.models.generate_content(model=MODEL, **case.theirs)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", CASES)
def test_the_request_is_the_vendors_own(name: str, stream: bool) -> None:
    theirs, _ = caught(serve, lambda url: of_the_vendor(url, CASES[name], stream=stream))
    mine, _ = ours("gemini", serve, CASES[name].ours, stream=stream)
    expected = theirs.json
    for change in DIFFERENCES.values():
        expected = change(expected)
    assert mine.json == expected
    assert mine.path == theirs.path.replace("/v1/", "/v1beta/")
    assert (mine.method, KEY in mine.path) == (theirs.method, False)
    for header in ("x-goog-api-key", "content-type"):
        assert mine.headers[header] == theirs.headers[header]


def test_every_difference_is_one() -> None:
    """A row that changes nothing any more has to go."""
    bodies = [
        request.json
        for case in CASES.values()
        for request in received(serve, partial(of_the_vendor, case=case, stream=False))
    ]
    for change in DIFFERENCES.values():
        changed = [change(body) for body in bodies]
        assert changed != bodies
        bodies = changed


def test_every_finish_reason_that_the_vendor_knows_has_a_meaning() -> None:
    assert {reason.value for reason in vendor.FinishReason} == set(FINISH_REASONS)
