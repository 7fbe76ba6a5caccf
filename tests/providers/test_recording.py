"""A recording plays back what was answered: whole, in pieces, with media, as errors; and says what it does not hold."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.content import MEDIA_TYPES
from llmspell.errors import (
    BadResponseError,
    InvalidMedia,
    JournalError,
    LlmspellError,
    OverloadedError,
    RateLimitError,
    UsageError,
)
from llmspell.providers.base import Provider
from llmspell.providers.manager import ProviderManager
from llmspell.providers.recording.file import Recording, load
from llmspell.providers.recording.nearest import nearest
from llmspell.providers.recording.recorder import RecordingProvider
from llmspell.providers.recording.redaction import redacted
from llmspell.providers.recording.replay import ReplayProvider
from llmspell.providers.scripted import ScriptedProvider
from llmspell.settings import ProviderSettings, ScriptedReply, ScriptedToolCall
from llmspell.types import (
    Delta,
    MediaDelta,
    Message,
    ModelReply,
    ModelRequest,
    RawMedia,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    Usage,
)

from .helpers import PNG, ask, deltas_of, medium, texts
from .loopback import Loopback, Reply, Request, chat, delta

KEY = 'sk-planted-"key\\1'


class Answering(ScriptedProvider):
    """A provider that gives these pieces, and whose secrets are these."""

    def __init__(self, *pieces: Delta | LlmspellError, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(ProviderSettings(name="p", kind="scripted"))
        self._pieces = pieces
        self.secrets = secrets

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:  # noqa: ARG002
        for piece in self._pieces:
            if isinstance(piece, LlmspellError):
                raise piece
            yield piece


def scripted(*replies: ScriptedReply, name: str = "p") -> ScriptedProvider:
    return ScriptedProvider(ProviderSettings(name=name, kind="scripted", replies=replies))


def recording(provider: Provider, file: Path) -> RecordingProvider:
    return RecordingProvider(provider, Recording(file))


def player(file: Path, name: str = "p", **settings: Any) -> ReplayProvider:
    return ReplayProvider(ProviderSettings(name=name, kind="replay", file=str(file), **settings), {})


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def failure(provider: Provider, request: ModelRequest) -> LlmspellError:
    with pytest.raises(LlmspellError) as caught:
        run(provider.complete(request))
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


FULL = ModelReply(
    text="Grüße\u2028\ud800",
    tool_calls=(ToolCall(id="c1", name="t", arguments={"a": [1, 2.5, None]}), ToolCall(id="c2", name="u", error="bad")),
    usage=Usage(input_tokens=3, output_tokens=4, cached_tokens=1, reasoning_tokens=2),
    finish_reason="tool_calls",
    raw_finish_reason="tool_use",
    model="served",
    request_id="r1",
    media=(RawMedia(data=b"\x89PNG", mime="image/png"),),
    reasoning=(Reasoning(kind="anthropic", text="hm", data={"signature": "s"}),),
)
PIECES: tuple[Delta, ...] = (
    ReasoningDelta("hm"),
    TextDelta("Grü"),
    TextDelta(""),
    TextDelta("ße\u2028\ud800"),
    ToolCallDelta(0, "c1", "t", '{"a": [1, '),
    ToolCallDelta(0, "", "", "2.5, null]}"),
    ToolCallDelta(1, "c2", "u", ""),
    MediaDelta(RawMedia(data=b"coarse", mime="image/png"), is_final=False),
    MediaDelta(RawMedia(data=b"\x89PNG", mime="image/png")),
    FULL,
)


def test_a_stream_is_played_with_the_pieces_that_it_had(file: Path) -> None:
    assert run(deltas_of(recording(Answering(*PIECES), file), ask())) == list(PIECES)
    assert run(deltas_of(player(file), ask())) == list(PIECES)
    assert run(player(file).complete(ask())) == FULL


def test_a_whole_answer_is_played_whole_and_streamed_as_it_would_be(file: Path) -> None:
    assert run(recording(Answering(*PIECES), file).complete(ask())) == FULL
    assert run(player(file).complete(ask())) == FULL
    streamed = run(deltas_of(player(file), ask()))
    assert (texts(streamed), streamed[-1]) == ([FULL.text], FULL)


def test_media_of_answers_stand_in_the_file_once(file: Path) -> None:
    recorder = recording(Answering(*PIECES), file)
    run(recorder.complete(ask()))
    run(recorder.complete(ask("again")))
    kinds = [json.loads(line)["type"] for line in file.read_bytes().splitlines()]
    assert kinds == ["recording", "model", "blob", "call", "call"]


def test_media_of_requests_are_told_apart_by_their_content(file: Path) -> None:
    def asking(data: bytes) -> ModelRequest:
        image = medium("image", "png", "image/png", data)
        return ask(messages=(Message(role="user", text="What is this?", media=(image,)),))

    run(recording(scripted(ScriptedReply(text="a cat")), file).complete(asking(b"cat")))
    assert run(player(file).complete(asking(b"cat"))).text == "a cat"
    assert "messages[0].media[0].sha256 was" in failure(player(file), asking(b"dog")).message
    assert b"cat" not in file.read_bytes().replace(b"a cat", b"")


def test_every_part_of_a_request_is_compared(file: Path) -> None:
    base = ask()
    others = [
        ask("Hello?"),
        ask(model="other"),
        ask(temperature=0.5),
        ask(max_tokens=5),
        ask(parameters={"seed": 1}),
        ask(schema={"type": "object"}),
        ask(output_modalities=("image",)),
        ask(tools=(ToolSpec(name="t"),)),
        ask(messages=(*base.messages, Message(role="assistant", reasoning=(Reasoning(kind="x", text="hm"),)))),
        ask(messages=(Message(role="user", text="Hello", media=(PNG,)),)),
    ]
    recorder = recording(scripted(), file)
    for request in (base, *others):
        run(recorder.complete(request))
    played = player(file)
    assert [run(played.complete(request)).model for request in (base, *others)] == ["m", "m", "other", *["m"] * 8]
    assert len({line for line in file.read_text().splitlines() if '"call"' in line}) == 11


def test_the_order_of_keys_makes_no_other_request(file: Path) -> None:
    run(recording(scripted(), file).complete(ask(parameters={"a": 1, "b": {"c": 2, "d": (3,)}})))
    run(player(file).complete(ask(parameters={"b": {"d": [3], "c": 2}, "a": 1})))


def test_the_same_request_plays_its_replies_in_order_and_then_says_so(file: Path) -> None:
    recorder = recording(scripted(ScriptedReply(text="one"), ScriptedReply(text="two")), file)
    for _ in range(2):
        run(recorder.complete(ask()))
    played = player(file)
    assert [run(played.complete(ask())).text for _ in range(2)] == ["one", "two"]
    error = failure(played, ask())
    assert isinstance(error, JournalError)
    assert error.message == (
        f"provider 'p': this request was recorded 2 times (last in {file}:4), and is now made once more"
    )
    assert run(player(file).complete(ask())).text == "one"


def test_an_unknown_request_shows_the_nearest_one_and_what_differs(file: Path) -> None:
    recorder = recording(scripted(), file)
    run(recorder.complete(ask("Something else entirely")))
    run(recorder.complete(ask("Summarise, in three lines, the first chapter of the book, please", temperature=0.5)))
    error = failure(player(file), ask("Summarise, in three lines, the first chapter of the boat, please"))
    assert isinstance(error, JournalError)
    assert error.message == (
        f"provider 'p': no recorded request is the same as this one. Nearest is {file}:4: "
        'messages[0].text was …st chapter of the book, please" and is …st chapter of the boat, please"; '
        "temperature was 0.5 and is nothing"
    )
    assert error.details["line"] == 4
    assert [found["path"] for found in error.details["differences"]] == ["messages[0].text", "temperature"]


def test_many_differences_are_counted(file: Path) -> None:
    run(recording(scripted(), file).complete(ask(parameters={str(n): n for n in range(10)})))
    assert "; and 7 more" in failure(player(file), ask()).message


def test_a_provider_plays_what_was_recorded_under_its_name(file: Path) -> None:
    tape = Recording(file)
    for name in ("a", "b"):
        run(RecordingProvider(scripted(ScriptedReply(text=f"from {name}"), name=name), tape).complete(ask()))
    assert [run(player(file, name).complete(ask())).text for name in ("b", "a")] == ["from b", "from a"]
    error = failure(player(file, "c"), ask())
    assert error.message == f"provider 'c': {file} holds no request to a provider of this name, only to 'a', 'b'"


def test_the_model_and_what_it_can_do_are_as_recorded(file: Path) -> None:
    run(recording(scripted(), file).complete(ask(model="mock")))
    played = player(file)
    assert (played.kind, played.name, played.model) == ("replay", "p", "mock")
    assert played.capabilities_of("mock") == scripted().capabilities_of("mock")
    assert played.capabilities_of("another").input_modalities == MEDIA_TYPES
    assert player(file, model="mine").model == "mine"


ERRORS = [
    RateLimitError("provider 'p': slow down", provider="p", status=429, retry_after=2.5, request_id="r", hint="wait"),
    OverloadedError("provider 'p': busy", provider="p", status=503, retryable=False),
    BadResponseError("provider 'p': cut", provider="p", partial_text="Hel", retryable=True),
    InvalidMedia("no such picture", hint="send another", details={"size": 5}),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.kind)
def test_an_error_is_that_error_again(error: LlmspellError, file: Path) -> None:
    recorder = recording(Answering(TextDelta("Hel"), error), file)
    assert failure(recorder, ask()) is error
    with pytest.raises(type(error)):
        run(deltas_of(recorder, ask()))
    played = player(file)
    with pytest.raises(type(error)) as streamed:
        run(deltas_of(played, ask()))
    for again in (failure(played, ask()), streamed.value):
        assert type(again) is type(error)
        assert vars(again) == vars(error)
    assert played.secrets == ()


def test_errors_of_a_real_server_and_of_a_cut_stream_are_played(file: Path) -> None:
    async def handler(request: Request, reply: Reply) -> None:
        if request.json.get("stream"):
            await reply.stream([delta("Hel"), delta("lo")], end=False)
        else:
            await reply.send(429, b'{"error": {"message": "slow"}}', content_type="application/json", retry_after="7")

    async def both(provider: Provider) -> tuple[list[str], list[LlmspellError]]:
        seen, errors = [], []
        try:
            async with aclosing(provider.stream(ask())) as deltas:
                async for piece in deltas:
                    assert isinstance(piece, TextDelta)
                    seen.append(piece.text)
        except LlmspellError as error:
            errors.append(error)
        try:
            await provider.complete(ask("2"))
        except LlmspellError as error:
            errors.append(error)
        await provider.aclose()
        return seen, errors

    with Loopback(handler) as server:
        settings = ProviderSettings(name="p", base_url=server.url)
        recorded = run(both(ProviderManager({"p": settings}, "p", environ={}, recording=Recording(file)).get("p")))
    played = run(both(player(file)))
    assert played[0] == recorded[0] == ["Hel", "lo"]
    assert [(type(e), vars(e)) for e in played[1]] == [(type(e), vars(e)) for e in recorded[1]]
    assert [e.kind for e in played[1]] == ["bad_response", "rate_limit"]


def test_a_recorded_stream_leaves_its_connection_to_be_used_again(file: Path) -> None:
    async def twice(provider: Provider) -> None:
        for text in "ab":
            await deltas_of(provider, ask(text))
        await provider.aclose()

    with Loopback(chat("Hello there")) as server:
        settings = ProviderSettings(name="p", base_url=server.url)
        run(twice(ProviderManager({"p": settings}, "p", environ={}, recording=Recording(file)).get("p")))
        assert server.connections == 1


def test_a_stream_that_was_left_is_left_again_and_otherwise_ends_with_an_error(file: Path) -> None:
    async def first(provider: Provider) -> Delta:
        async with aclosing(provider.stream(ask())) as deltas:
            return await anext(deltas)

    assert run(first(recording(Answering(*PIECES[1:]), file))) == TextDelta("Grü")
    assert run(first(player(file))) == TextDelta("Grü")
    with pytest.raises(JournalError, match=r"run\.jsonl:3 ends here: whoever asked did not wait"):
        run(deltas_of(player(file, chunk_timeout_ms=1), ask()))


def test_a_request_that_was_given_up_waits_to_be_given_up_again(file: Path) -> None:
    async def give_up(provider: Provider) -> None:
        await asyncio.wait_for(provider.complete(ask()), 0.05)

    with pytest.raises(TimeoutError):
        run(give_up(recording(scripted(ScriptedReply(delay_ms=60_000)), file)))
    with pytest.raises(TimeoutError):
        run(give_up(player(file)))


# ---- the file ----


def test_secrets_are_nowhere_in_the_file(file: Path) -> None:
    provider = Answering(
        *(TextDelta(piece) for piece in ("it is ", KEY[:5], KEY[5:9], KEY[9:], "!")),
        ReasoningDelta(KEY),
        ToolCallDelta(0, "c", "t", f'{{"{KEY[:7]}'),
        ToolCallDelta(1, "d", "t", "{}"),
        ToolCallDelta(0, "c", "t", KEY[7:]),
        RateLimitError(f"your key {KEY}", provider="p", partial_text=f"it is {KEY}!"),
        secrets=(KEY,),
    )
    recorder = recording(provider, file)
    with pytest.raises(RateLimitError):
        run(deltas_of(recorder, ask(f"the key is {KEY}", parameters={KEY: [KEY]})))
    text = file.read_text()
    assert KEY not in text
    assert json.dumps(KEY)[1:-1] not in text
    assert json.loads(text.splitlines()[-1])["deltas"][0] == "it is [redacted]!"
    assert "sk-planted" not in text


def test_keys_of_the_environment_are_kept_out_before_they_were_ever_sent(file: Path) -> None:
    tape = Recording(file, [KEY])
    run(RecordingProvider(scripted(), tape).complete(ask(f"the key is {KEY}")))
    assert "the key is [redacted]" in file.read_text()


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.text("ab", min_size=4, max_size=5))
def test_no_cutting_of_a_stream_lets_a_secret_through(pieces: list[str], secret: str) -> None:
    made = redacted({"deltas": pieces}, [secret])["deltas"]
    assert secret not in "".join(made)
    if secret not in "".join(pieces):
        assert made == pieces


def test_a_recording_replaces_a_recording_and_nothing_else(file: Path) -> None:
    run(recording(scripted(), file).complete(ask()))
    Recording(file)
    assert file.read_text() == '{"type": "recording", "version": 1}\n'
    file.write_text("print('a script')")
    with pytest.raises(UsageError, match="is there already and is not a recording"):
        Recording(file)
    assert file.read_text() == "print('a script')"


def test_what_cannot_be_written_is_an_error_before_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "missing" / "run.jsonl", tmp_path / "pipe", Path("a\0b")):
        with pytest.raises(UsageError):
            Recording(wrong)


def test_a_recording_ends_at_its_largest_size_with_whole_lines(file: Path) -> None:
    recorder = RecordingProvider(scripted(), Recording(file, max_bytes=2_000))
    run(recorder.complete(ask()))
    before = file.read_bytes()
    with pytest.raises(JournalError, match="would be larger than 2,000 bytes") as caught:
        run(recorder.complete(ask("x" * 2_000)))
    assert caught.value.terminal
    assert file.read_bytes() == before


CRASH = """
import asyncio, sys
from pathlib import Path
from llmspell.providers.recording.file import Recording
from llmspell.providers.recording.recorder import RecordingProvider
from llmspell.providers.scripted import ScriptedProvider
from llmspell.settings import ProviderSettings
from llmspell.types import Message, ModelRequest

async def main():
    provider = ScriptedProvider(ProviderSettings(name="p", kind="scripted"))
    recorder = RecordingProvider(provider, Recording(Path(sys.argv[1])))
    for number in range(100_000):
        await recorder.complete(ModelRequest(model="m", messages=(Message(role="user", text=str(number)),)))
        if number == 20:
            print("go", flush=True)

asyncio.run(main())
"""


def test_a_process_that_is_killed_leaves_whole_lines(file: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CRASH, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert file.read_bytes().endswith(b"}\n")
    assert len(load(file).calls) > 20


def test_a_last_line_without_its_end_is_no_line(file: Path) -> None:
    recorder = recording(scripted(), file)
    run(recorder.complete(ask("1")))
    run(recorder.complete(ask("2")))
    whole = file.read_bytes()
    for cut in range(whole.rindex(b"\n", 0, -1) + 1, len(whole)):
        file.write_bytes(whole[:cut])
        assert len(load(file).calls) == 1


CALL = '{"type": "call", "provider": "p", "request": {}'
HEAD = '{"type": "recording", "version": 1}\n'
WRONG: dict[str, tuple[str, str]] = {
    "nothing": ("", "holds no recording"),
    "a script": ("print(1)\n", ":1: this is not a line of a recording"),
    "another version": ('{"type": "recording", "version": 2}\n', "of version 2; this llmspell reads version 1"),
    "no JSON": (HEAD + "{\n", ":2: this is not a line"),
    "no object": (HEAD + "3\n", ":2: this is not a line"),
    "another type": (HEAD + '{"type": "x"}\n', ":2: this is not a line"),
    "too deep": (HEAD + '{"type": "call", "provider": ' + "[" * 100_000 + "\n", ":2: this is not a line"),
    "neither reply nor error": (HEAD + '{"type": "call", "provider": "p", "request": {}}\n', ":2: this is not a line"),
    "an unknown key": (
        HEAD + '{"type": "call", "provider": "p", "request": {}, "left": true, "x": 1}\n',
        ":2: this is not a line",
    ),
    "a terminal error": (
        HEAD + CALL + ', "error": {"kind": "limit", "message": "", "details": {}}}\n',
        ":2: this is not a line",
    ),
    "a medium that is not there": (
        HEAD + CALL + ', "reply": {"text": "", "media": [{"sha256": "0", "mime": ""}]}}\n',
        ":2: this is not a line",
    ),
    "a medium that is no base64": (HEAD + '{"type": "blob", "sha256": "0", "base64": "?"}\n', ":2: this is not a line"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_no_recording_is_said_with_its_line(name: str, file: Path) -> None:
    text, message = WRONG[name]
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        player(file)
    assert message in caught.value.message
    assert str(file) in caught.value.message


def test_a_recording_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        player(file)


TEXTS = st.text(max_size=10)
REPLIES = st.builds(
    ScriptedReply,
    text=TEXTS,
    tool_calls=st.lists(
        st.builds(ScriptedToolCall, name=TEXTS, arguments=st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=3)),
        max_size=2,
    ).map(tuple),
)


@given(replies=st.lists(REPLIES, min_size=1, max_size=4), stream=st.booleans())
def test_whatever_was_answered_is_answered_again(
    replies: list[ScriptedReply], stream: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("tape") / "run.jsonl"

    async def all_of(provider: Provider) -> list[Any]:
        one: Callable[[], Coroutine[Any, Any, Any]] = lambda: (  # noqa: E731
            deltas_of(provider, ask()) if stream else provider.complete(ask())
        )
        return [await one() for _ in replies]

    assert run(all_of(recording(scripted(*replies), file))) == run(all_of(player(file)))


def test_the_nearest_of_long_requests_is_found_at_once() -> None:
    long = "x" * 1_000_000
    asked = {"messages": [{"text": f"{long}a{long}"}]}
    found = nearest(asked, [{"messages": [{"text": f"{long}{n}{long}"}]} for n in range(20)])
    assert found is not None
    assert len(str(found[1][0])) < 300


def test_a_recorded_request_is_not_changed(file: Path) -> None:
    request = ask(parameters={"a": [1]})
    before = replace(request)
    run(recording(scripted(), file).complete(request))
    assert request == before


def test_the_last_lines_of_a_stream_are_in_the_file_before_the_reply_is_given(file: Path) -> None:
    async def last(provider: Provider) -> int:
        async with aclosing(provider.stream(ask())) as deltas:
            async for piece in deltas:
                if isinstance(piece, ModelReply):
                    break
            return len(load(file).calls)

    assert run(last(recording(scripted(), file))) == 1
