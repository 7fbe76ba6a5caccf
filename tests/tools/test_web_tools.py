"""http_request, web_fetch and web_search against real servers: what they ask, what they give, what they refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, LlmspellError, ToolError
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from llmspell.settings import Credential, ToolSettings
from llmspell.tools.builtin import built_in
from llmspell.tools.registry import ToolRegistry
from tests.providers.loopback import Handler, Loopback, Reply, Request, answer

SECRET = "sk-Very-Secret-0123456789/+="


def call(
    server: Loopback, name: str, arguments: Mapping[str, Any], *, key: bool = False, path: str = "/", **granted: Any
) -> Any:
    """What the tool gives for these arguments, as a script would be told; the server is granted."""
    if key:
        granted["credentials"] = (Credential(host=f"127.0.0.1:{server.port}", env="KEY"),)
    settings = ToolSettings(name=name, hosts=(f"127.0.0.1:{server.port}",), **granted)
    tool = built_in(name, settings, Path(), {"KEY": SECRET})
    if name != "web_search":
        arguments = {"url": server.url + path, **arguments}
    return asyncio.run(ToolRegistry([tool]).call(tool, arguments))


def served(status: int, body: bytes, content_type: str, **headers: str) -> Loopback:
    return Loopback(answer(status, body, content_type=content_type, **headers))


# ---- http_request ----


@pytest.mark.parametrize(
    ("content_type", "body", "given"),
    [
        ("text/plain", "grün".encode(), {"body": "grün"}),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfx", {"body": "x"}),
        ("text/plain; charset=ISO-8859-1", b"gr\xfcn", {"body": "grün"}),
        ('text/plain; charset="Shift_JIS"', "日本".encode("shift_jis"), {"body": "日本"}),
        ("text/plain; charset=utf-16", "grün".encode("utf-16"), {"body": "grün"}),
        ("text/plain; charset=punycode", b"x-", {"body": "x-"}),
        ("text/plain; charset=zlib", b"x", {"body": "x"}),
        ("text/plain; charset=nobody-knows", b"x\xff", {"body": "x\ufffd"}),
        ("application/json", b'{"a": [1, 2.5, null]}', {"json": {"a": [1, 2.5, None]}}),
        ("application/problem+json; charset=utf-8", b"null", {"json": None}),
        ("application/json", b"[99999999999999999999]", {"json": [99999999999999999999]}),
        ("application/json", b'{"a": ', {"body": '{"a": '}),
        ("application/json", b"NaN", {"body": "NaN"}),
        ("application/json", b"[" * 100_000, {"body": "[" * 100_000}),
        ("application/octet-stream", b"text", {"body": "text"}),
        ("application/octet-stream", b"\x00\x01", {"base64": "AAE="}),
        ("application/octet-stream", b"\xff", {"base64": "/w=="}),
        ("image/png", b"\x89PNG", {"base64": "iVBORw=="}),
        ("", b"text", {"body": "text"}),
        ("image/svg+xml", b"<svg/>", {"body": "<svg/>"}),
    ],
)
def test_an_answer_is_text_data_or_base64(content_type: str, body: bytes, given: Mapping[str, Any]) -> None:
    with served(200, body, content_type) as server:
        result = call(server, "http_request", {})
    assert {key: value for key, value in result.items() if key not in ("status", "headers", "url")} == given
    assert (result["status"], result["url"]) == (200, f"{server.url}/")


def test_json_that_is_nested_too_deeply_for_a_script_is_an_error() -> None:
    with (
        served(200, b"[" * 300 + b"]" * 300, "application/json") as server,
        pytest.raises(ToolError, match="levels deep"),
    ):
        call(server, "http_request", {})


def test_a_status_that_is_an_error_is_a_result() -> None:
    with served(404, b"no", "text/plain", x_why="gone") as server:
        result = call(server, "http_request", {})
    assert (result["status"], result["body"], result["headers"]["x-why"]) == (404, "no", "gone")


@pytest.mark.parametrize(
    ("arguments", "path", "body", "content_type"),
    [
        ({"query": {"q": "a&b ü", "n": 2.0, "x": 1.5, "on": True}}, "/?q=a%26b+%C3%BC&n=2&x=1.5&on=true", b"", None),
        ({"query": {}}, "/", b"", None),
        ({"method": "POST", "json": {"a": ["ü", None]}}, "/", '{"a": ["ü", null]}'.encode(), "application/json"),
        ({"method": "POST", "json": None}, "/", b"null", "application/json"),
        (
            {"method": "POST", "json": 1, "headers": {"Content-Type": "application/x+json"}},
            "/",
            b"1",
            "application/x+json",
        ),
        ({"method": "POST", "body": "text"}, "/", b"text", None),
        ({"method": "POST", "body": b"\xff\0"}, "/", b"\xff\0", None),
        ({"method": "POST"}, "/", b"", None),
    ],
)
def test_arguments_become_a_request(
    arguments: Mapping[str, Any], path: str, body: bytes, content_type: str | None
) -> None:
    with Loopback(answer(200)) as server:
        call(server, "http_request", arguments, methods=("GET", "POST"))
        (request,) = server.requests
    assert (request.path, request.body, request.headers.get("content-type")) == (path, body, content_type)
    assert request.headers.get("content-length") == (None if request.method == "GET" else str(len(body)))


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"method": "DELETE"}, DeniedError, "'DELETE' is not granted"),
        ({"method": "BREW"}, ToolError, "argument 'method'"),
        ({"body": "a", "json": 1}, ToolError, "`json` or `body`, not both"),
        ({"json": b"\xff"}, ToolError, "what JSON cannot say"),
        ({"json": float("nan")}, ToolError, "what JSON cannot say"),
        ({"headers": {"x": 1}}, ToolError, "argument 'headers.x'"),
        ({"headers": {"Host": "evil"}}, DeniedError, "'host' is set by llmspell itself"),
        ({"query": {"q": [1]}}, ToolError, "argument 'query.q'"),
        ({"query": {b"\xff": "q"}}, ToolError, "must be UTF-8"),
        ({"query": {"q": b"\xff"}}, ToolError, "must be UTF-8"),
        ({"url": b"http://\xff/"}, ToolError, "must be UTF-8"),
        ({"proxy": "x"}, ToolError, "proxy"),
    ],
)
def test_what_cannot_be_asked_is_told_and_nothing_is_sent(
    arguments: Mapping[str, Any], error: type[LlmspellError], told: str
) -> None:
    with Loopback(answer(200)) as server:
        with pytest.raises(error, match=told) as caught:
            call(server, "http_request", arguments)
        assert server.connections == 0
    assert "http_request" in caught.value.message


def test_a_secret_that_a_server_writes_in_another_way_in_json_is_not_shown() -> None:
    async def handler(request: Request, reply: Reply) -> None:
        text = json.dumps({"echo": request.headers["authorization"]}).replace("/", "\\/").replace("S", "\\u0053")
        await reply.send(200, text.encode(), content_type="application/json")

    with Loopback(handler) as server:
        assert call(server, "http_request", {}, key=True)["json"] == {"echo": "[secret]"}


MANIFEST = """
[run]
source = '''
local answer = Tool.execute("http_request", { url = "http://127.0.0.1:PORT/data", query = { n = 1 } })
local ok, err = pcall(Tool.execute, "http_request", { url = "http://[::1]:PORT/" })
return { answer.status, answer.json.list[2], ok, err.kind, err.message, err.hint }
'''
[security]
allowed_tools = ["http_request"]
[tools.http_request]
hosts = ["127.0.0.1:PORT", "*:PORT"]
timeout = "20s"
max_response_size = "1MB"
credentials = [{ host = "127.0.0.1:PORT", header = "x-key", env = "KEY", prefix = "Key " }]
"""


def test_a_script_asks_what_its_manifest_grants_and_sees_no_secret() -> None:
    with served(200, b'{"list": [1, "two"]}', "application/json") as server:
        text = MANIFEST.replace("PORT", str(server.port))
        manifest = parse_manifest(text, file="m.toml", base=Path())
        output = ScriptRuntime(manifest, environ={"KEY": SECRET}).run()
        (request,) = server.requests
    assert request.headers["x-key"] == f"Key {SECRET}"
    assert output.result[:4] == [200, "two", False, "denied"]
    assert "not on the public internet (loopback)" in output.result[4]
    assert f'"[::1]:{server.port}"' in output.result[5]
    assert SECRET not in repr(output)


# ---- web_fetch ----

PAGE = """<!doctype html><html><head><title> A  page </title><base href="/deep/">
<style>body{}</style><script>var x = "hidden"</script></head><body>
<nav><a href="/menu">Menu</a></nav>
<main><h1>Heading</h1><p>Some <b>bold</b> text with <a href="x?y=1">a link</a>, <a href="javascript:alert(1)">a
script</a> and <a href="//other.test/">another</a>. %s</p><ul><li>one<li>two</ul><img src="http://spy.test/?x"
alt="picture"><template>later</template></main><footer>Imprint</footer></body></html>"""


def test_a_page_becomes_title_text_and_links() -> None:
    filler = "word " * 50
    with served(200, (PAGE % filler).encode(), "text/html; charset=utf-8") as server:
        page = call(server, "web_fetch", {}, path="/start")
    assert (page["url"], page["title"], page["truncated"]) == (f"{server.url}/start", "A page", False)
    assert page["links"] == [
        {"text": "a link", "url": f"{server.url}/deep/x?y=1"},
        {"text": "another", "url": "http://other.test/"},
    ]
    assert page["text"].startswith(f"# Heading\n\nSome **bold** text with [a link]({server.url}/deep/x?y=1),")
    assert page["text"].endswith("- one\n- two")
    for hidden in ("Menu", "Imprint", "hidden", "javascript", "spy.test", "later"):
        assert hidden not in page["text"]


@pytest.mark.parametrize("base", ["http://[", "javascript:x", "", "http://other.test:99999/"])
def test_a_base_that_is_none_does_not_count(base: str) -> None:
    with served(200, f"<base href='{base}'><a href=/x>link</a><a href='http://['>".encode(), "text/html") as server:
        urls = [link["url"] for link in call(server, "web_fetch", {})["links"]]
    assert urls in ([f"{server.url}/x"], ["http://other.test:99999/x"])


def test_a_page_without_a_main_part_is_its_body() -> None:
    with served(200, b"<p>caf\xe9</p><main>x</main><p>bar</p>", "text/html; charset=latin-1") as server:
        assert call(server, "web_fetch", {})["text"] == "café\n\nx\n\nbar"


@pytest.mark.parametrize(
    ("meta", "encoding", "content_type"),
    [
        ("", "utf-8", "text/html"),
        ("", "utf-8-sig", "text/html"),
        ("", "utf-16", "text/html"),
        ("", "koi8-r", "text/html; charset=koi8-r"),
        ('<meta charset="windows-1251">', "windows-1251", "text/html"),
        ("<META http-equiv=content-type content='text/html; charset=windows-1251'>", "windows-1251", "text/html"),
        ('<meta charset="utf-16">', "utf-8", "text/html"),
        ('<meta charset="nonsense">', "utf-8", "text/html"),
    ],
)
def test_the_charset_of_a_page_stands_in_many_places(meta: str, encoding: str, content_type: str) -> None:
    with served(200, f"{meta}<title>Привет</title>".encode(encoding), content_type) as server:
        assert call(server, "web_fetch", {})["title"] == "Привет"


def test_a_long_text_is_cut_and_says_so() -> None:
    with served(200, b"<p>" + b"x" * 100, "text/html") as server:
        page = call(server, "web_fetch", {"max_characters": 10})
    assert (page["text"], page["truncated"]) == ("x" * 10, True)


def test_of_a_huge_page_the_beginning_is_read() -> None:
    with served(200, b"<p>first</p><!--" + b"-" * 2_000_000 + b"--><p>last</p>", "text/html") as server:
        page = call(server, "web_fetch", {})
    assert (page["text"], page["truncated"]) == ("first", True)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"plain", "text/plain"), (b"plain", ""), (b"<html><p>plain", ""), (b"<html><p>plain", "application/xhtml+xml")],
)
def test_other_text_is_given_as_it_is(body: bytes, content_type: str) -> None:
    with served(200, body, content_type) as server:
        assert call(server, "web_fetch", {})["text"] == "plain"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "told"),
    [
        (200, b"%PDF-1.7\n\x00", "application/pdf", "is a PDF document, and only HTML"),
        (200, b"%PDF-1.7", "text/plain", "is a PDF document"),
        (200, b"\x89PNG", "image/png", "is image/png, and only HTML"),
        (200, b"\x00", "", "is binary data"),
        (404, b"<p>x", "text/html", "answers with the status 404"),
        (500, b"", "text/html", "answers with the status 500"),
    ],
)
def test_what_is_no_page_is_said(status: int, body: bytes, content_type: str, told: str) -> None:
    with served(status, body, content_type) as server, pytest.raises(ToolError, match=told):
        call(server, "web_fetch", {})


@pytest.mark.parametrize(
    "hostile", ["<div>" * 10_000, "<table><tr><td>" * 3_000, "<b><p>" * 5_000, "<a href=" * 9_000, "<article>" * 5_000]
)
def test_a_hostile_page_ends(hostile: str) -> None:
    with served(200, hostile.encode(), "text/html") as server:
        assert call(server, "web_fetch", {})["title"] == ""


# ---- web_search ----


def searx(*results: Any) -> Handler:
    return answer(200, json.dumps({"query": "q", "results": results}).encode(), content_type="application/json")


def result(n: int, **fields: Any) -> dict[str, Any]:
    return {"title": f"T{n}", "url": f"https://r{n}.test/", "content": f"about {n}", "engine": "x", **fields}


def test_searxng_is_asked_and_its_results_are_given() -> None:
    with Loopback(searx(result(1), result(2), result(3))) as server:
        found = call(server, "web_search", {"query": "a & b", "count": 2}, url=f"{server.url}/search")
        (request,) = server.requests
    assert request.path == "/search?q=a+%26+b&format=json"
    assert found == [
        {"title": "T1", "url": "https://r1.test/", "snippet": "about 1"},
        {"title": "T2", "url": "https://r2.test/", "snippet": "about 2"},
    ]


def test_brave_is_asked_with_its_key() -> None:
    results = [{"title": "T", "url": "https://r.test/", "description": "a <strong>bold</strong> &amp; word"}]
    body = json.dumps({"web": {"results": results}}).encode()
    with served(200, body, "application/json") as server:
        key = Credential(host=f"127.0.0.1:{server.port}", header="X-Subscription-Token", env="KEY")
        settings: dict[str, Any] = {"engine": "brave", "url": f"{server.url}/web", "credentials": (key,)}
        found = call(server, "web_search", {"query": "q"}, **settings)
        (request,) = server.requests
    assert (request.path, request.headers["x-subscription-token"]) == ("/web?q=q&count=10", SECRET)
    assert found == [{"title": "T", "url": "https://r.test/", "snippet": "a bold & word"}]


def test_what_an_engine_gives_is_bounded_and_what_is_no_result_is_left_out() -> None:
    odd = [None, 1, {}, result(1, url="javascript:x"), result(2, url="https://" + "x" * 3_000), result(3, url=None)]
    long = result(4, title="t" * 10_000, content=" a\n b\x00" + "<" * 100_000 + "c" * 10_000)
    with Loopback(searx(*odd, long, result(5, title=None, content=["x"]))) as server:
        first, second = call(server, "web_search", {"query": "q", "count": 20}, url=f"{server.url}/search")
    assert (len(first["title"]), len(first["snippet"])) == (200, 500)
    assert (second["title"], second["snippet"]) == ("", "")


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, b"", "searxng answers with the status 403"),
        (200, b"<html>", "searxng does not answer in JSON"),
        (200, b"[" * 100_000, "searxng does not answer in JSON"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_of(status: int, body: bytes, told: str) -> None:
    with served(status, body, "text/html") as server, pytest.raises(ToolError, match=told) as caught:
        call(server, "web_search", {"query": "q"}, url=f"{server.url}/search")
    assert "search.formats" in caught.value.hint


@pytest.mark.parametrize("body", [b"null", b"[]", b'{"results": {"a": 1}}', b'{"results": null}', b"1"])
def test_an_answer_without_results_is_an_empty_list(body: bytes) -> None:
    with served(200, body, "application/json") as server:
        assert call(server, "web_search", {"query": "q"}, url=f"{server.url}/search") == []


def test_the_engine_must_be_granted_as_a_host() -> None:
    tool = built_in("web_search", ToolSettings(name="web_search"), Path(), {})
    with pytest.raises(DeniedError, match="web_search: no host is granted"):
        asyncio.run(ToolRegistry([tool]).call(tool, {"query": "q"}))
