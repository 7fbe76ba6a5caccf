"""What is sent to Ollama: the body of every kind of request, as a snapshot.

That it is what the vendor's own client sends stands in vendors/test_ollama.py.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.providers.protocols.ollama import TRANSLATOR
from llmspell.providers.protocols.translator import Asking
from llmspell.types import Message, ModelRequest, Reasoning

from .helpers import NOTES, PDF, PNG, ask
from .test_anthropic_request import user
from .test_openai_request import CONVERSATION, WEATHER


def body(request: ModelRequest, *, stream: bool = False) -> Any:
    return json.loads(bytes(TRANSLATOR.encode(request, Asking(stream)).body))


@pytest.mark.parametrize(
    ("request_", "stream"),
    [
        (ask(), False),
        (ask(), True),
        (ask(temperature=0.0, max_tokens=50), False),
        (ModelRequest(model="qwen3:8b", messages=CONVERSATION, tools=(WEATHER,)), True),
        (
            ask(
                temperature=0.1,
                parameters={"temperature": 1, "seed": 7, "think": True, "options": {"num_ctx": 9, "seed": 8}},
            ),
            False,
        ),
        (ask(messages=(user("Look.", PNG, NOTES),)), False),
        (ask(schema={"type": "object"}, parameters={"keep_alive": 0}), False),
    ],
    ids=["plain", "stream", "limits", "conversation", "parameters", "media", "schema"],
)
def test_the_body_is_what_was_asked_for_and_no_more(
    request_: ModelRequest, stream: bool, snapshot: SnapshotAssertion
) -> None:
    assert body(request_, stream=stream) == snapshot


@pytest.mark.parametrize("name", ["model", "messages", "stream"])
def test_parameters_cannot_replace_what_has_its_own_place(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{name}'"):
        body(ask(parameters={name: "x"}))


def test_options_that_are_no_table_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="'options' is not a table"):
        body(ask(parameters={"options": 5}))


def test_frozen_options_are_sent_as_objects() -> None:
    assert body(ask(parameters={"options": MappingProxyType({"seed": 1})}))["options"] == {"seed": 1}


def test_thinking_goes_back_with_the_answer_that_it_led_to() -> None:
    reasoning = (Reasoning(kind="ollama", text="hm"), Reasoning(kind="anthropic", text="no"))
    said = Message(role="assistant", text="yes", reasoning=reasoning)
    assert body(ask(messages=(said,)))["messages"] == [{"role": "assistant", "content": "yes", "thinking": "hm"}]


def test_a_tools_result_is_named_and_may_hold_images() -> None:
    result = Message(role="tool", tool_call_id="call_0", name="draw", text="done", media=(PNG,))
    assert body(ask(messages=(result,)))["messages"] == [
        {"role": "tool", "content": "done", "images": ["YWJj"], "tool_name": "draw"}
    ]


def test_media_that_are_neither_images_nor_text_are_refused_before_the_call() -> None:
    with pytest.raises(InvalidMedia, match="takes images, text, not binary"):
        body(ask(messages=(user("x", PDF),)))
