"""The network layer against real servers on the loopback: good answers, bad ones, slow ones, and none."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest

from llmspell.errors import (
    BadResponseError,
    ConnectError,
    HostError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    ProviderTimeout,
    RateLimitError,
    RefusedError,
    UsageError,
)
from llmspell.providers.base import Provider
from llmspell.providers.http import MAPPED, translate
from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderSettings
from llmspell.types import ModelReply, TextDelta, Usage

from .helpers import ask, deltas_of, reply_of, texts
from .loopback import DONE, Handler, Loopback, Reply, Request, answer, chat, delta, event, stream, whole

KEY = "sk-proj-0123456789abcdefghijklmnop"
ENVIRON = {"TEST_KEY": KEY}


@asynccontextmanager
async def provider(base_url: str | None, **fields: Any) -> AsyncIterator[Provider]:
    settings = ProviderSettings(name="local", base_url=base_url, **fields)
    manager = ProviderManager({"local": settings}, "local", environ=ENVIRON)
    try:
        yield manager.get("local")
    finally:
        await manager.aclose()


def run(handler: Handler, use: Callable[[Provider, Loopback], Awaitable[Any]], **fields: Any) -> Any:
    with Loopback(handler) as server:

        async def main() -> Any:
            async with provider(server.url, **fields) as local:
                return await use(local, server)

        return asyncio.run(main())


def completes(handler: Handler, **fields: Any) -> ModelReply:
    reply = run(handler, lambda local, _: local.complete(ask()), **fields)
    assert isinstance(reply, ModelReply)
    return reply


def streams(handler: Handler, **fields: Any) -> Any:
    return run(handler, lambda local, _: deltas_of(local, ask()), **fields)


def fails(error: type[ProviderError], handler: Handler, *, streaming: bool = False, **fields: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        (streams if streaming else completes)(handler, **fields)
    assert type(caught.value) is error, caught.value
    assert caught.value.provider == "local"
    return caught.value


BOTH = pytest.mark.parametrize("streaming", [False, True], ids=["complete", "stream"])


def test_a_whole_reply() -> None:
    assert completes(chat("Hello there")) == ModelReply(
        text="Hello there",
        usage=Usage(input_tokens=5, output_tokens=7),
        raw_finish_reason="stop",
        model="served-model",
        request_id="chatcmpl-1",
    )


def test_a_streamed_reply_comes_in_the_pieces_the_server_sent() -> None:
    deltas = streams(chat("Hello over there"))
    assert texts(deltas) == ["Hello ", "over ", "there"]
    assert reply_of(deltas).usage == Usage(input_tokens=5, output_tokens=7)


def test_a_chunk_is_given_before_the_server_sends_the_next() -> None:
    go_on = threading.Event()

    async def handler(_: Request, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream")
        await reply.chunk(delta("one"))
        await asyncio.to_thread(go_on.wait)
        await reply.chunk(delta("two", "stop") + DONE)
        await reply.end()

    async def use(local: Provider, _: Loopback) -> None:
        async with aclosing(local.stream(ask())) as deltas:
            assert await anext(deltas) == TextDelta("one")
            go_on.set()
            assert await anext(deltas) == TextDelta("two")

    run(handler, use)


def test_what_the_server_gets() -> None:
    async def use(local: Provider, server: Loopback) -> list[Request]:
        await local.complete(ask("Hi", max_tokens=9))
        await deltas_of(local, ask("Hi"))
        return server.requests

    headers = {"X-Title": "llmspell test"}
    first, second = run(chat("x"), use, api_key_env="TEST_KEY", temperature=0.5, max_tokens=100, headers=headers)
    assert (first.method, first.path) == ("POST", "/v1/chat/completions")
    assert {
        name: first.headers[name] for name in ("authorization", "content-type", "accept", "x-title", "user-agent")
    } == {
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "accept": "application/json",
        "x-title": "llmspell test",
        "user-agent": "llmspell",
    }
    assert first.json == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "max_tokens": 9,
    }
    assert (second.headers["accept"], second.headers["accept-encoding"]) == ("text/event-stream", "identity")
    assert second.json["max_tokens"] == 100


def test_without_api_key_env_a_server_of_ones_own_is_sent_no_key() -> None:
    async def use(local: Provider, server: Loopback) -> list[Request]:
        await local.complete(ask())
        return server.requests

    assert "authorization" not in run(chat("x"), use)[0].headers


def test_a_connection_is_used_again_after_whole_and_streamed_replies() -> None:
    async def use(local: Provider, server: Loopback) -> list[int]:
        await local.complete(ask())
        await deltas_of(local, ask())
        await local.complete(ask())
        return [request.connection for request in server.requests]

    assert run(chat("one two"), use) == [0, 0, 0]


def test_cookies_are_not_kept() -> None:
    async def use(local: Provider, server: Loopback) -> list[Request]:
        await local.complete(ask())
        await local.complete(ask())
        return server.requests

    handler = answer(200, whole("x"), content_type="application/json", set_cookie="tracking=1")
    assert "cookie" not in run(handler, use)[1].headers


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_reply(encoding: str) -> None:
    body = gzip.compress(whole("packed")) if encoding == "gzip" else zlib.compress(whole("packed"))
    assert completes(answer(200, body, content_encoding=encoding)).text == "packed"


def test_three_hundred_streams_are_open_at_once() -> None:
    count = 300
    arrived = 0
    all_here = asyncio.Event()

    async def handler(_: Request, reply: Reply) -> None:
        nonlocal arrived
        await reply.start(content_type="text/event-stream")
        await reply.chunk(delta("a"))
        arrived += 1
        if arrived == count:
            all_here.set()
        await all_here.wait()
        await reply.chunk(delta("b", "stop") + DONE)
        await reply.end()

    async def use(local: Provider, server: Loopback) -> list[str]:
        replies = await asyncio.gather(*(deltas_of(local, ask()) for _ in range(count)))
        assert server.connections == count
        return [reply_of(deltas).text for deltas in replies]

    assert run(handler, use) == ["ab"] * count


# Failures before the answer


def test_a_missing_key_fails_before_anything_is_sent() -> None:
    async def use(local: Provider, server: Loopback) -> int:
        with pytest.raises(ProviderAuthError, match="environment variable NO_KEY is not set") as caught:
            await local.complete(ask())
        assert "set NO_KEY" in caught.value.hint
        return server.connections

    assert run(chat("x"), use, api_key_env="NO_KEY") == 0


@BOTH
def test_openai_itself_needs_its_key(streaming: bool) -> None:
    async def main() -> None:
        async with provider(None) as local:
            await (deltas_of(local, ask()) if streaming else local.complete(ask()))

    with pytest.raises(ProviderAuthError, match="OPENAI_API_KEY is not set"):
        asyncio.run(main())


@pytest.mark.parametrize("value", ["sk-line\nbreak-0123", "sk-\u201cquoted\u201d", "sk-\x00"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(value: str) -> None:
    manager = ProviderManager({"p": ProviderSettings(name="p", api_key_env="K")}, "p", environ={"K": value})
    with pytest.raises(ProviderAuthError) as caught:
        asyncio.run(manager.get("p").complete(ask()))
    assert "sk-" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"), [("x y", "v"), ("", "v"), ("x", "a\r\nb: c"), ("x", "é"), ("Content-Length", "5"), ("host", "h")]
)
def test_headers_that_cannot_be_sent_are_said_at_once(name: str, value: str) -> None:
    settings = ProviderSettings(name="p", base_url="http://h", headers={name: value})
    with pytest.raises(UsageError, match="provider 'p': the header"):
        ProviderManager({"p": settings}, "p").get("p")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@BOTH
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_connection_names_host_and_port(streaming: bool, host: str) -> None:
    port = closed_port()

    async def main() -> None:
        async with provider(f"http://{host}:{port}/v1") as local:
            await (deltas_of(local, ask()) if streaming else local.complete(ask()))

    with pytest.raises(ConnectError) as caught:
        asyncio.run(main())
    assert caught.value.message == f"provider 'local': could not connect to {host}:{port}: Connection refused"
    assert caught.value.retryable


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example"])
def test_a_host_that_does_not_exist(host: str) -> None:
    async def main() -> None:
        async with provider(f"http://{host}:8/v1") as local:
            await local.complete(ask())

    with pytest.raises(ConnectError, match=host):
        asyncio.run(main())


def test_a_server_that_does_not_speak_tls() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"what?")

    with Loopback(handler) as server:

        async def main() -> None:
            async with provider(f"https://127.0.0.1:{server.port}", connect_timeout_ms=300) as local:
                await local.complete(ask())

        with pytest.raises(ConnectError, match=f"connecting to 127.0.0.1:{server.port} took too long"):
            asyncio.run(main())


def test_a_proxy_that_does_not_connect_in_time_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.client_gone()

    with Loopback(handler) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)

        async def main() -> None:
            async with provider("https://models.example", connect_timeout_ms=100, first_token_timeout_ms=100) as remote:
                await remote.complete(ask())

        with pytest.raises(ConnectError, match=r"connecting to models\.example:443 took too long"):
            asyncio.run(main())
    assert [request.method for request in proxy.requests] == ["CONNECT"]


@pytest.mark.parametrize("limit", ["connect_timeout_ms", "total_timeout_ms"])
def test_a_connection_that_takes_too_long_is_no_call_that_costs(limit: str) -> None:
    with ExitStack() as clients, socket.socket() as full:  # whose line is full, so that the system answers nothing
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = clients.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = full.getsockname()[1]

        async def main() -> None:
            async with provider(f"http://127.0.0.1:{port}", **{limit: 200}) as local:
                await local.complete(ask())

        with pytest.raises(ConnectError, match="took"):
            asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("HTTP_PROXY", "bad://me:hunter2@h", "they cannot be used"),
        ("ALL_PROXY", "http://me:hunter2@h:x", "they cannot be used"),
        ("SSL_CERT_FILE", "/nowhere/hunter2.pem", "they cannot be used"),
        ("HTTP_PROXY", "socks5://me:hunter2@h", "a SOCKS proxy needs the package socksio"),
    ],
)
def test_an_environment_that_httpx_cannot_use_is_said_without_its_passwords(
    name: str, value: str, problem: str
) -> None:
    script = """
import asyncio
from llmspell.errors import ProviderError
from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderSettings
from llmspell.types import ModelRequest
local = ProviderManager({"p": ProviderSettings(name="p", base_url="http://h.invalid")}, "p").get("p")
try:
    asyncio.run(local.complete(ModelRequest(model="m", messages=())))
except ProviderError as error:
    print(type(error).__name__, error)
"""
    environ = {**os.environ, name: value}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environ)
    assert result.stderr == ""
    assert result.stdout.startswith("ProviderError provider 'p': no connection with the proxy and certificate settings")
    assert problem in result.stdout
    assert "hunter2" not in result.stdout


def test_requests_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(chat("through the proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)

        async def main() -> str:
            async with provider("http://models.example/v1") as local:
                return (await local.complete(ask())).text

        assert asyncio.run(main()) == "through the proxy"
        (request,) = proxy.requests
        assert request.path == "http://models.example/v1/chat/completions"


@BOTH
def test_a_connection_closed_without_an_answer(streaming: bool) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"")

    error = fails(ConnectError, handler, streaming=streaming)
    assert "closed the connection without answering" in error.message


@BOTH
def test_a_server_that_does_not_speak_http(streaming: bool) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"220 mail.example ESMTP\r\n\r\n")

    assert "does not answer in HTTP" in fails(BadResponseError, handler, streaming=streaming).message


@BOTH
def test_no_answer_in_time(streaming: bool) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.client_gone()

    error = fails(ProviderTimeout, handler, streaming=streaming, first_token_timeout_ms=100)
    assert "no answer came from 127.0.0.1" in error.message
    assert "within 0.1 s" in error.message


def test_a_head_that_drips_does_not_buy_time() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"HTTP/1.1 200 OK\r\n")
        while True:
            await reply.raw(b"x-a: b\r\n")
            await asyncio.sleep(0.02)

    fails(ProviderTimeout, handler, first_token_timeout_ms=150)


# Statuses


def body(message: str, **fields: Any) -> bytes:
    return json.dumps({"error": {"message": message, "type": "x", **fields}}).encode()


@BOTH
@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, RefusedError, False),
        (401, ProviderAuthError, False),
        (402, RefusedError, False),
        (403, ProviderAuthError, False),
        (404, RefusedError, False),
        (408, ProviderTimeout, True),
        (409, OverloadedError, True),
        (413, RefusedError, False),
        (418, RefusedError, False),
        (422, RefusedError, False),
        (425, OverloadedError, True),
        (429, RateLimitError, True),
        (500, OverloadedError, True),
        (502, OverloadedError, True),
        (503, OverloadedError, True),
        (529, OverloadedError, True),
        (599, OverloadedError, True),
    ],
)
def test_each_status_is_its_error(status: int, error: type[ProviderError], retryable: bool, streaming: bool) -> None:
    raised = fails(error, answer(status, body("the reason"), x_request_id="req-9"), streaming=streaming)
    assert raised.message.startswith("provider 'local': ")
    assert raised.message.endswith(f" (HTTP {status}): the reason")
    assert (raised.status, raised.retryable, raised.request_id) == (status, retryable, "req-9")


def test_hints_say_what_to_do() -> None:
    assert "TEST_KEY" in fails(ProviderAuthError, answer(401, b""), api_key_env="TEST_KEY").hint
    assert "api_key_env" in fails(ProviderAuthError, answer(401, b"")).hint
    assert "/v1/chat/completions" in fails(RefusedError, answer(404, b"")).hint


@BOTH
def test_redirects_are_not_followed(streaming: bool) -> None:
    handler = answer(307, b"", location="https://else.example/v1?token=abc")
    error = fails(BadResponseError, handler, streaming=streaming)
    assert error.message == "provider 'local': the server redirects (HTTP 307) to https://else.example/v1"


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert fails(RateLimitError, answer(429, b"", retry_after="2.5")).retry_after == 2.5
    assert fails(RateLimitError, answer(429, b"", retry_after_ms="1500", retry_after="9")).retry_after == 1.5
    assert fails(RateLimitError, answer(429, b"")).retry_after is None


def test_an_exhausted_quota_is_not_worth_retrying() -> None:
    error = fails(RateLimitError, answer(429, body("pay first", code="insufficient_quota")))
    assert (error.retryable, error.message) == (False, "provider 'local': no quota is left (HTTP 429): pay first")


def test_the_server_may_say_whether_to_retry() -> None:
    assert not fails(OverloadedError, answer(500, b"", x_should_retry="false")).retryable
    assert fails(RefusedError, answer(400, b"", x_should_retry="true")).retryable


@BOTH
def test_a_key_that_the_server_echoes_is_redacted(streaming: bool) -> None:
    handler = answer(401, body(f"Incorrect API key provided: {KEY}. See Bearer {KEY}"), x_request_id=KEY)
    error = fails(ProviderAuthError, handler, streaming=streaming, api_key_env="TEST_KEY")
    assert "Incorrect API key provided: [redacted]" in error.message
    assert KEY not in repr(vars(error)) + repr(error) + str(error)


def test_a_key_is_redacted_wherever_the_message_was_cut() -> None:
    for padding in range(461, 500, 3):
        error = fails(RefusedError, answer(400, ("x" * padding + KEY).encode()), api_key_env="TEST_KEY")
        assert KEY[:8] not in error.message


def test_the_values_of_secret_headers_are_redacted() -> None:
    handler = answer(400, b"bad header: Token s3cr3t-value")
    error = fails(RefusedError, handler, headers={"X-Api-Token": "Token s3cr3t-value"})
    assert error.message.endswith("bad header: [redacted]")


@BOTH
def test_a_key_in_a_garbled_answer_is_redacted(streaming: bool) -> None:
    handler = stream(f"data: oops {KEY}\n\n".encode()) if streaming else answer(200, f"oops {KEY}".encode())
    error = fails(BadResponseError, handler, streaming=streaming, api_key_env="TEST_KEY")
    assert "oops [redacted]" in error.message


def test_an_error_body_is_read_only_so_far_and_does_not_hang() -> None:
    async def endless(_: Request, reply: Reply) -> None:
        await reply.start(500)
        while True:
            await reply.chunk(b"no " * 10_000)

    error = fails(OverloadedError, endless)
    assert len(error.message) < 600


def test_an_error_body_in_an_unknown_encoding_keeps_its_status() -> None:
    assert fails(OverloadedError, answer(503, b"\x00\x01", content_encoding="br")).status == 503


def test_a_page_with_an_error_status_is_not_quoted() -> None:
    error = fails(OverloadedError, answer(502, b"<html><h1>Bad Gateway</h1>", content_type="text/html"))
    assert error.message == "provider 'local': the server failed or is overloaded (HTTP 502): Bad Gateway"


# Answers that are none


@BOTH
def test_a_page_is_not_an_answer(streaming: bool) -> None:
    handler = answer(200, b"<html>welcome</html>", content_type="text/html; charset=utf-8")
    error = fails(BadResponseError, handler, streaming=streaming)
    assert "HTML page" in error.message
    assert "/v1/chat/completions" in error.hint


@BOTH
@pytest.mark.parametrize(("status", "content"), [(200, b""), (200, b"\r\n\r\n"), (204, b"")])
def test_an_empty_answer_is_an_error(status: int, content: bytes, streaming: bool) -> None:
    error = fails(BadResponseError, answer(status, content), streaming=streaming)
    assert "the answer is empty" in error.message


def test_garbage_is_an_error() -> None:
    assert "not JSON; it begins: &%$" in fails(BadResponseError, answer(200, b"&%$" * 100)).message
    assert "not JSON: &%$" in fails(BadResponseError, stream(b"data: &%$\n\n"), streaming=True).message


def test_a_server_that_ignores_stream_is_understood() -> None:
    deltas = streams(answer(200, whole("all at once"), content_type="application/json"))
    assert texts(deltas) == ["all at once"]
    assert reply_of(deltas).usage == Usage(input_tokens=5, output_tokens=7)


def test_an_error_in_json_instead_of_a_stream() -> None:
    handler = answer(200, body("busy", code=503), content_type="application/json")
    assert "busy" in fails(OverloadedError, handler, streaming=True).message


@BOTH
def test_an_answer_over_the_size_is_an_error(streaming: bool) -> None:
    async def endless(_: Request, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream" if streaming else "application/json")
        while True:
            await reply.chunk(delta("x" * 1000))

    error = fails(BadResponseError, endless, streaming=streaming, max_reply_bytes=50_000)
    assert "larger than 50,000 bytes" in error.message
    assert ("x" * 1000 in error.partial_text) is streaming


@BOTH
def test_a_gzip_bomb_is_an_error(streaming: bool) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    content_type = "text/event-stream" if streaming else "application/json"
    handler = answer(200, bomb, content_encoding="gzip", content_type=content_type)
    error = fails(BadResponseError, handler, streaming=streaming, max_reply_bytes=1_000_000)
    assert "more than 1,000,000 bytes" in error.message or "larger than 1,000,000 bytes" in error.message


def test_compressed_bytes_that_are_none() -> None:
    assert "damaged" in fails(BadResponseError, answer(200, b"plain", content_encoding="gzip")).message


# Failures in the middle


def test_a_cut_stream_keeps_what_had_come() -> None:
    error = fails(BadResponseError, stream(delta("Once "), delta("upon"), end=False), streaming=True)
    assert "broke in the middle of the answer" in error.message
    assert (error.partial_text, error.details["partial_text"]) == ("Once upon", "Once upon")
    assert error.retryable


def test_a_stream_that_just_ends_keeps_what_had_come() -> None:
    error = fails(BadResponseError, stream(delta("Once "), delta("upon")), streaming=True)
    assert "ended without its end mark" in error.message
    assert error.partial_text == "Once upon"


def test_a_cut_whole_reply_is_an_error() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + whole("x")[:40])

    assert fails(BadResponseError, handler).retryable


@pytest.mark.parametrize("end", [True, False])
def test_a_missing_end_mark_is_forgiven_after_a_finish_reason(end: bool) -> None:
    deltas = streams(stream(delta("whole"), delta(finish="stop"), end=end))
    assert reply_of(deltas).text == "whole"


def test_an_error_inside_the_stream_keeps_what_had_come() -> None:
    error = fails(
        OverloadedError, stream(delta("Once"), event({"error": {"message": "boom", "code": 500}})), streaming=True
    )
    assert error.message.startswith("provider 'local': the server failed")
    assert error.partial_text == "Once"


def test_silence_between_chunks_ends_the_stream() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream")
        await reply.chunk(delta("Once"))
        await reply.client_gone()

    error = fails(ProviderTimeout, handler, streaming=True, chunk_timeout_ms=100)
    assert "no further chunk came" in error.message
    assert error.partial_text == "Once"


@pytest.mark.parametrize(
    ("first", "waiting_for"),
    [(b"", "first token"), (delta(role="assistant"), "first token"), (delta("a"), "further chunk")],
    ids=["nothing", "a role", "text"],
)
def test_keep_alives_do_not_buy_time(first: bytes, waiting_for: str) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream")
        await reply.chunk(first)
        while True:
            await reply.chunk(b": keep-alive\n\n")
            await asyncio.sleep(0.02)

    limits = {"first_token_timeout_ms": 30_000 if waiting_for == "further chunk" else 500, "chunk_timeout_ms": 150}
    assert f"no {waiting_for} came" in fails(ProviderTimeout, handler, streaming=True, **limits).message


def test_a_model_may_think_between_the_head_of_a_whole_reply_and_its_body() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.start(content_type="application/json")
        await asyncio.sleep(0.3)
        await reply.chunk(whole("thought through"))
        await reply.end()

    async def use(local: Provider, _: Loopback) -> ModelReply:
        return await local.complete(ask())

    assert run(handler, use, chunk_timeout_ms=100, first_token_timeout_ms=5_000).text == "thought through"


def test_silence_within_a_whole_reply() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
        await reply.client_gone()

    assert "no further part" in fails(ProviderTimeout, handler, chunk_timeout_ms=100).message


# Leaving early


async def held(_: Request, reply: Reply) -> None:
    """Sends one chunk, then waits for the client to go away."""
    await reply.start(content_type="text/event-stream")
    await reply.chunk(delta("one"))
    await reply.client_gone()


def test_closing_the_stream_closes_the_connection() -> None:
    async def use(local: Provider, server: Loopback) -> bool:
        async with aclosing(local.stream(ask())) as deltas:
            await anext(deltas)
        return await server.wait_gone()

    assert run(held, use)


def test_cancelling_a_stream_closes_the_connection() -> None:
    async def use(local: Provider, server: Loopback) -> bool:
        task = asyncio.create_task(deltas_of(local, ask()))
        assert await server.wait_asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await server.wait_gone()

    assert run(held, use)


def test_cancelling_a_call_before_its_answer_closes_the_connection() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.client_gone()

    async def use(local: Provider, server: Loopback) -> bool:
        task = asyncio.create_task(local.complete(ask()))
        assert await server.wait_asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await server.wait_gone()

    assert run(handler, use)


def test_a_timeout_of_the_caller_closes_the_connection() -> None:
    async def use(local: Provider, server: Loopback) -> bool:
        async with aclosing(local.stream(ask())) as deltas:
            await anext(deltas)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(deltas)
            return await server.wait_gone()

    assert run(held, use)


def test_after_closing_a_provider_can_be_used_again_also_on_another_loop() -> None:
    with Loopback(chat("x")) as server:
        manager = ProviderManager({"p": ProviderSettings(name="p", base_url=server.url)}, "p")
        local = manager.get("p")

        async def once() -> str:
            try:
                return (await local.complete(ask())).text
            finally:
                await local.aclose()

        assert [asyncio.run(once()), asyncio.run(once())] == ["x", "x"]


def test_two_loops_at_once_are_a_bug_that_says_so() -> None:
    async def use(local: Provider, _: Loopback) -> None:
        await local.complete(ask())
        with pytest.raises(HostError, match="two event loops"):
            await asyncio.to_thread(asyncio.run, local.complete(ask()))

    run(chat("x"), use)


# The table


def exceptions() -> list[BaseException]:
    found: list[BaseException] = []
    for name in httpx.__all__:
        cls = getattr(httpx, name)
        if inspect.isclass(cls) and issubclass(cls, Exception):
            arguments: dict[str, Any] = {}
            if "request" in inspect.signature(cls.__init__).parameters:
                arguments["request"] = httpx.Request("POST", "http://h")
            if cls is httpx.HTTPStatusError:
                arguments["response"] = httpx.Response(500)
            fixed = issubclass(cls, httpx.StreamError) and cls is not httpx.StreamError  # these write their own text
            found.append(cls() if fixed else cls("text", **arguments))
    return found


@pytest.mark.parametrize("within", [False, True], ids=["before", "within"])
@pytest.mark.parametrize("exc", exceptions(), ids=lambda exc: type(exc).__name__)
def test_every_exception_of_httpx_is_mapped(exc: BaseException, within: bool) -> None:
    assert isinstance(exc, MAPPED)
    error = translate(exc, host="h:1", within=within)
    assert isinstance(error, ProviderError)
    assert "h:1" in error.message


# ---- the time for one whole answer ----


async def never_ending(_: Request, reply: Reply) -> None:
    await reply.start(content_type="text/event-stream")
    while True:
        await reply.chunk(delta("more "))
        await asyncio.sleep(0.005)


async def slow_body(_: Request, reply: Reply) -> None:
    await reply.start(content_type="application/json")
    while True:
        await reply.chunk(b" ")
        await asyncio.sleep(0.005)


async def no_answer(_: Request, reply: Reply) -> None:
    await reply.client_gone()


@pytest.mark.parametrize(
    ("handler", "streaming"), [(never_ending, True), (slow_body, False), (no_answer, True), (no_answer, False)]
)
def test_an_answer_that_takes_too_long_in_all_is_given_up(handler: Handler, streaming: bool) -> None:
    error = fails(ProviderTimeout, handler, streaming=streaming, total_timeout_ms=100)
    assert "took longer than 0.1 s, the provider's `total_timeout`" in error.message
    assert error.retryable


def test_what_came_before_the_time_was_over_is_kept() -> None:
    error = fails(ProviderTimeout, never_ending, streaming=True, total_timeout_ms=100)
    assert error.partial_text.startswith("more ")


def test_an_answer_within_its_time_is_not_disturbed() -> None:
    assert completes(chat("Hello"), total_timeout_ms=60_000).text == "Hello"
