"""Requests to granted hosts, against a real HTTP server and a real nameserver: what is sent, and what comes back."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from llmspell.access.web import MAX_AT_ONCE, Answer, Web
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import Credential, Reach
from llmspell.types import RawMedia
from tests.access.nameserver import Nameserver
from tests.providers.loopback import Loopback, Reply, Request, answer

SECRET = "sk-Very-Secret-0123456789"
NAMES: Mapping[str, str | list[str]] = {"api.test": "127.0.0.1", "other.test": "127.0.0.1", "none.test": ""}


def fetch(
    server: Loopback | None,
    url: str,
    *,
    hosts: tuple[str, ...] = ("api.test", "127.0.0.1"),
    names: Mapping[str, str | list[str]] = NAMES,
    environ: Mapping[str, str] | None = None,
    sent: Mapping[str, Any] | None = None,
    **granted: Any,
) -> Answer:
    """What comes for a URL in which `{port}` is the server's; the hosts are granted at that port."""
    port = server.port if server is not None else 9
    reach = Reach(hosts=tuple(f"{host}:{port}" for host in hosts), **granted)
    with Nameserver(names) as nameserver:
        web = Web(reach, environ or {}, name="t", section="[tools.t]", resolve=nameserver.resolve)
        return asyncio.run(web.fetch(url.replace("{port}", str(port)), **(sent or {})))


def redirect(location: str, status: int = 302) -> Any:
    """A server whose path / leads to `location`, in which `{port}` is its own, and whose other paths answer "there"."""

    async def handler(request: Request, reply: Reply) -> None:
        if request.path == "/":
            port = request.headers["host"].rpartition(":")[2]
            await reply.send(status, b"", location=location.replace("{port}", port))
        else:
            await reply.send(200, b"there")

    return handler


def test_a_request_says_whom_it_is_for_and_keeps_no_connection() -> None:
    with Loopback(answer(200, b"hello", content_type="text/plain", x_two="b")) as server:
        got = fetch(server, "http://API.test.:{port}/a b?q=ü#f".replace(" ", "%20"))
        assert (got.status, got.body, got.media_type) == (200, b"hello", "text/plain")
        assert got.url == f"http://api.test:{server.port}/a%20b?q=%C3%BC"
        (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/a%20b?q=%C3%BC")
    assert request.headers == {
        "host": f"api.test:{server.port}",
        "user-agent": "llmspell",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "connection": "close",
    }


def test_a_body_and_headers_of_the_script_are_sent() -> None:
    with Loopback(answer(201)) as server:
        sent = {"method": "POST", "body": b"data", "headers": {"X-Mine": " 1 ", "Accept": "text/plain"}}
        fetch(server, "http://api.test:{port}/", methods=("POST",), sent=sent)
        (request,) = server.requests
    assert (request.method, request.body) == ("POST", b"data")
    assert (request.headers["x-mine"], request.headers["accept"]) == ("1", "text/plain")


def test_a_compressed_answer_is_decompressed_and_repeated_headers_are_joined() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        body = gzip.compress(b"plain")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n"
        await reply.raw(head.encode() + b"Vary: a\r\nVary: b\r\nSet-Cookie: c=1\r\nSet-Cookie: d=2\r\n\r\n" + body)

    with Loopback(handler) as server:
        got = fetch(server, "http://api.test:{port}/")
    assert got.body == b"plain"
    assert (got.headers["vary"], got.headers["set-cookie"]) == ("a, b", "c=1\nd=2")


def test_a_name_is_looked_up_once_and_its_addresses_are_tried_in_turn() -> None:
    with Loopback(answer(200, b"ok")) as server, Nameserver({"api.test": "127.0.0.2 127.0.0.1 ::1"}) as names:
        reach = Reach(hosts=tuple(f"{host}:{server.port}" for host in ("api.test", "127.0.0.0/8", "[::1]")))
        web = Web(reach, {}, name="t", section="[tools.t]", resolve=names.resolve)
        assert asyncio.run(web.fetch(f"http://api.test:{server.port}/")).body == b"ok"
        assert names.asked == ["api.test"]


def test_the_names_of_a_grant_and_the_systems_own_resolver() -> None:
    with Loopback(answer(200, b"ok")) as server:
        reach = Reach(hosts=(f"localhost:{server.port}", f"127.0.0.1:{server.port}", f"[::1]:{server.port}"))
        web = Web(reach, {}, name="t", section="[tools.t]")
        assert asyncio.run(web.fetch(f"http://localhost:{server.port}/")).body == b"ok"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/there?x=1", "http://api.test:{port}/there?x=1"),
        ("there", "http://api.test:{port}/there"),
        ("//other.test:{port}/x", "http://other.test:{port}/x"),
        ("http://127.0.0.1:{port}/ü", "http://127.0.0.1:{port}/%C3%BC"),
    ],
)
def test_a_redirect_to_a_granted_host_is_followed(location: str, url: str) -> None:
    with Loopback(redirect(location.encode().decode("latin-1"))) as server:
        got = fetch(server, "http://api.test:{port}/", hosts=("api.test", "other.test", "127.0.0.1"))
        assert (got.body, got.url) == (b"there", url.replace("{port}", str(server.port)))


def test_redirects_are_counted_and_with_none_granted_they_are_the_answer() -> None:
    with Loopback(redirect("/")) as server:
        with pytest.raises(ToolError, match="redirects more than 5 times"):
            fetch(server, "http://api.test:{port}/")
        assert len(server.requests) == 6
        got = fetch(server, "http://api.test:{port}/", max_redirects=0)
        assert (got.status, got.headers["location"]) == (302, "/")


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (302, "PUT", "PUT", b"data"),
        (307, "POST", "POST", b"data"),
        (308, "DELETE", "DELETE", b"data"),
    ],
)
def test_a_redirect_changes_the_method_as_browsers_do(status: int, method: str, then: str, body: bytes) -> None:
    with Loopback(redirect("/next", status)) as server:
        sent = {"method": method, "body": b"" if method == "HEAD" else b"data", "headers": {"Content-Type": "x/y"}}
        fetch(server, "http://api.test:{port}/", methods=("GET", "HEAD", "POST", "PUT", "DELETE"), sent=sent)
        _, second = server.requests
    assert (second.method, second.body) == (then, body)
    assert ("content-type" in second.headers) == (then == method)


def test_a_method_that_a_redirect_changes_to_must_be_granted() -> None:
    with Loopback(redirect("/next", 303)) as server:
        with pytest.raises(DeniedError, match="asked by GET"):
            fetch(server, "http://api.test:{port}/", methods=("POST",), sent={"method": "POST"})
        assert len(server.requests) == 1


def test_what_a_script_meant_for_one_host_does_not_follow_to_another() -> None:
    sent = {"headers": {"Authorization": "mine", "Cookie": "c", "X-Api-Key": "k", "Accept": "a/b"}}
    for location, same in (("/next", True), ("http://other.test:{port}/next", False)):
        with Loopback(redirect(location)) as server:
            fetch(server, "http://api.test:{port}/", hosts=("api.test", "other.test", "127.0.0.1"), sent=sent)
            first, second = server.requests
        assert {"authorization", "cookie", "x-api-key", "accept"} <= first.headers.keys()
        assert ({"authorization", "cookie", "x-api-key"} <= second.headers.keys()) == same
        assert second.headers["accept"] == "a/b"


def test_a_medium_is_downloaded_with_what_the_server_says_it_is() -> None:
    for status, told in ((200, ""), (404, "answers with the status 404")):
        with Loopback(answer(status, b"png", content_type="image/PNG; x=1")) as server:
            reach = Reach(hosts=(f"127.0.0.1:{server.port}",))
            web = Web(reach, {}, name="Media.load", section="[media]")
            if not told:
                assert asyncio.run(web.download(server.url)) == RawMedia(data=b"png", mime="image/png")
            else:
                with pytest.raises(ToolError, match=told):
                    asyncio.run(web.download(server.url))


def test_many_calls_at_once_take_turns() -> None:
    open_now, most = 0, 0

    async def handler(_: Request, reply: Reply) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        await reply.send(200, b"ok")

    async def all_at_once(server: Loopback) -> list[Answer]:
        web = Web(Reach(hosts=(f"127.0.0.1:{server.port}",)), {}, name="t", section="[tools.t]")
        return await asyncio.gather(*(web.fetch(server.url) for _ in range(60)))

    with Loopback(handler) as server:
        answers = asyncio.run(all_at_once(server))
    assert [got.body for got in answers] == [b"ok"] * 60
    assert 1 < most <= MAX_AT_ONCE


def test_a_name_that_the_system_does_not_know_is_told() -> None:
    web = Web(Reach(hosts=("*",)), {}, name="t", section="[tools.t]")
    with pytest.raises(ToolError, match=r"the name no-such-name\.invalid cannot be looked up"):
        asyncio.run(web.fetch("http://no-such-name.invalid/"))


# ---- credentials ----


def credential(server: Loopback, host: str = "127.0.0.1", **fields: str) -> tuple[Credential, ...]:
    return (Credential(**{"host": f"{host}:{server.port}", "env": "KEY", "prefix": "Bearer ", **fields}),)


def test_a_credential_is_attached_for_its_host_and_for_no_other() -> None:
    with Loopback(answer(200)) as server:
        for host in ("127.0.0.1", "127.1", "api.test", "other.test"):
            fetch(
                server,
                f"http://{host}:{{port}}/",
                hosts=("127.0.0.1", "*.test"),
                credentials=credential(server),
                environ={"KEY": SECRET + "\n"},
            )
        attached = [request.headers.get("authorization") for request in server.requests]
    assert attached == [f"Bearer {SECRET}", f"Bearer {SECRET}", None, None]


@pytest.mark.parametrize(
    ("start", "hops", "attached"),
    [
        ("127.0.0.1", {"/0": "/1", "/1": "/2"}, [True, True, True]),
        ("127.0.0.1", {"/0": "http://api.test:{port}/1"}, [True, False]),
        ("api.test", {"/0": "http://127.0.0.1:{port}/1"}, [False, False]),
        ("127.0.0.1", {"/0": "http://api.test:{port}/1", "/1": "http://127.0.0.1:{port}/2"}, [True, False, False]),
    ],
)
def test_a_credential_follows_to_no_other_host_and_no_other_host_says_what_it_is_used_for(
    start: str, hops: Mapping[str, str], attached: list[bool]
) -> None:
    async def handler(request: Request, reply: Reply) -> None:
        location = hops.get(request.path, "").replace("{port}", request.headers["host"].rpartition(":")[2])
        await reply.send(302 if location else 200, b"", location=location)

    with Loopback(handler) as server:
        fetch(server, f"http://{start}:{{port}}/0", credentials=credential(server), environ={"KEY": SECRET})
        assert ["authorization" in request.headers for request in server.requests] == attached


@pytest.mark.parametrize("shape", [str, str.upper, str.lower])
def test_a_server_that_sends_a_secret_back_does_not_show_it(shape: Any) -> None:
    echoed = shape(SECRET)
    with Loopback(answer(200, b"you are " + echoed.encode(), x_echo=echoed)) as server:
        got = fetch(server, "http://127.0.0.1:{port}/", credentials=credential(server), environ={"KEY": SECRET})
    assert (got.body, got.headers["x-echo"]) == (b"you are [secret]", "[secret]")
    assert SECRET.lower() not in repr(got).lower()


@pytest.mark.parametrize(
    "raw",
    [
        "HTTP/1.1 302 F\r\nLocation: http://{secret}.test/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 F\r\nLocation: http://a b/{secret}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n{secret}\r\n\r\n",
        "{secret}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: {secret}\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Encoding: " + "x" * 25 + "{secret}\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\n" + "x" * 150 + "{secret}\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + "x" * 170 + "{secret}\r\n\r\n",
        "HTTP/1.1 302 F\r\nLocation: xxxxx{secret}://a/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_no_error_shows_a_secret_or_half_of_one(raw: str) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.raw(raw.replace("{secret}", SECRET).encode())

    with Loopback(handler) as server, pytest.raises((ToolError, DeniedError)) as caught:
        fetch(server, "http://127.0.0.1:{port}/", credentials=credential(server), environ={"KEY": SECRET})
    error = caught.value
    shown = f"{error.message} {error.hint} {error.details} {error.__cause__}".lower()
    assert SECRET[:8].lower() not in shown


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "KEY is not set"),
        ("a\r\nX-Evil: 1", "characters that a header cannot hold"),
        ("“quoted”", "characters that a header cannot hold"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_named_by_its_variable_and_nothing_is_sent(value: str, told: str) -> None:
    with Loopback(answer(200)) as server:
        with pytest.raises(ToolError, match=told) as caught:
            fetch(server, "http://127.0.0.1:{port}/", credentials=credential(server), environ={"KEY": value})
        assert server.connections == 0
    assert not value or value not in caught.value.message


def test_a_credential_goes_over_https_only_but_on_ones_own_machines() -> None:
    with Loopback(answer(200)) as server:
        with pytest.raises(DeniedError, match="not sent over http"):
            fetch(
                server,
                "http://api.test:{port}/",
                credentials=credential(server, "api.test"),
                environ={"KEY": SECRET},
            )
        assert server.connections == 0


def test_a_script_cannot_set_the_header_of_a_credential() -> None:
    with Loopback(answer(200)) as server:
        with pytest.raises(DeniedError, match="'authorization' is set by the manifest"):
            fetch(
                server,
                "http://127.0.0.1:{port}/",
                credentials=credential(server),
                environ={"KEY": SECRET},
                sent={"headers": {"AUTHORIZATION": "mine"}},
            )
        assert server.connections == 0


# ---- TLS ----


@contextmanager
def https(name: str, tmp_path: Path) -> Iterator[tuple[int, str, list[str | None]]]:
    """A server with a certificate for that name: its port, its authority's file, and the names it was asked for."""
    authority, shown = trustme.CA(), list[str | None]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    context.sni_callback = lambda _socket, asked, _context: shown.append(asked)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.headers["host"].encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], str(tmp_path / "ca.pem"), shown
        finally:
            server.shutdown()
            thread.join(10)


def ask_https(port: int, names: Mapping[str, str | list[str]], **environ: str) -> Answer:
    with Nameserver(names) as nameserver:
        reach = Reach(hosts=(f"api.test:{port}", f"127.0.0.1:{port}"))
        web = Web(reach, environ, name="t", section="[tools.t]", resolve=nameserver.resolve)
        return asyncio.run(web.fetch(f"https://api.test:{port}/"))


def test_the_certificate_must_be_for_the_name_and_of_a_known_authority(tmp_path: Path) -> None:
    with https("api.test", tmp_path) as (port, authority, shown):
        assert ask_https(port, NAMES, SSL_CERT_FILE=authority).body == f"api.test:{port}".encode()
        assert shown == ["api.test"]
        with pytest.raises(ToolError, match="unable to get local issuer certificate"):
            ask_https(port, NAMES)
    with (
        https("evil.test", tmp_path) as (port, authority, _),
        pytest.raises(ToolError, match=r"not valid for 'api\.test'"),
    ):
        ask_https(port, NAMES, SSL_CERT_FILE=authority)


# ---- what fails ----


@pytest.mark.parametrize(
    ("url", "told", "retryable"),
    [
        ("http://none.test:{port}/", "none.test has no address", False),
        ("http://unknown.test:{port}/", "the name unknown.test cannot be looked up", True),
        ("http://127.0.0.1:{port}/", "could not connect to 127.0.0.1:9: Connection refused", True),
    ],
)
def test_what_cannot_be_reached_is_said(url: str, told: str, retryable: bool) -> None:
    with pytest.raises(ToolError, match=told) as caught:
        fetch(None, url, hosts=("none.test", "unknown.test", "127.0.0.1"))
    assert caught.value.message.startswith("t: ")
    assert caught.value.retryable == retryable
    assert caught.value.details == {"tool": "t", "reason": "unreachable"}


def test_without_a_granted_host_the_key_is_named() -> None:
    with pytest.raises(DeniedError, match="no host is granted") as caught:
        asyncio.run(Web(Reach(), {}, name="t", section="[tools.t]").fetch("http://api.test/"))
    assert "[tools.t]" in caught.value.hint


def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Loopback(answer(200, b"direct")) as server:
        assert fetch(server, "http://api.test:{port}/").body == b"direct"
