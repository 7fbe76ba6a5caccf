"""Ways out of what is granted of the network, each of them tried: every one is refused, and nothing is sent.

Two servers run on loopback. `open` is granted, by the name open.test and by its address; `closed` is what everybody
here tries to reach, and must never see a connection. Its port is granted for every name and every public address, so
that what protects it is only where it is.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from llmspell.access.web import Answer, Web
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import Reach
from tests.access.nameserver import Nameserver
from tests.providers.loopback import Handler, Loopback, Reply, Request, answer

LIMIT = 100_000
PUBLIC = "93.184.216.34"
NAMES: Mapping[str, str | list[str]] = {
    "open.test": "127.0.0.1",
    "loopback.test": "127.0.0.1",
    "loopback6.test": "::1",
    "mapped.test": "::ffff:127.0.0.1",
    "compatible.test": "::127.0.0.1",
    "nat64.test": "64:ff9b::7f00:1",
    "6to4.test": "2002:7f00:1::1",
    "teredo.test": "2001:0:7f00:1::1",
    "unspecified.test": "0.0.0.0",  # noqa: S104
    "unspecified6.test": "::",
    "private.test": "10.0.0.1",
    "unique-local.test": "fd00::1",
    "link-local.test": "fe80::1",
    "multicast.test": "224.0.0.1",
    "metadata.google.internal": "169.254.169.254",
    "mixed.test": f"{PUBLIC} 127.0.0.1",
    "mixed6.test": f"{PUBLIC} ::1",
    "many.test": " ".join(f"93.184.{n // 200}.{n % 200 + 1}" for n in range(300)),
    "empty.test": "",
}


class World:
    """The two servers, the nameserver, and one who asks. What the open server does is told by each test."""

    def __init__(self, names: Nameserver) -> None:
        self.names = names
        self.handler = answer(200)
        self.opened = Loopback(lambda request, reply: self.handler(request, reply))
        self.closed = Loopback(answer(200, b"secret"))

    def fetch(self, url: str, *, timeout_ms: int = 20_000, **sent: Any) -> Answer:
        hosts = (f"open.test:{self.opened.port}", f"127.0.0.1:{self.opened.port}", f"*:{self.closed.port}", "*")
        reach = Reach(hosts=hosts, methods=("GET", "POST"), max_response_bytes=LIMIT, timeout_ms=timeout_ms)
        web = Web(reach, {}, name="t", section="[tools.t]", resolve=self.names.resolve)
        return asyncio.run(web.fetch(self.placed(url), **sent))

    def placed(self, text: str) -> str:
        return text.replace("{open}", str(self.opened.port)).replace("{closed}", str(self.closed.port))

    def refused(self, url: str, *, requests: int = 0, **sent: Any) -> DeniedError | ToolError:
        """The error of a request that must fail, after `requests` at the open server and none at the closed one."""
        with pytest.raises((DeniedError, ToolError)) as caught:
            self.fetch(url, **sent)
        assert self.closed.connections == 0
        assert len(self.opened.requests) == requests
        error = caught.value
        assert isinstance(error, DeniedError | ToolError)
        assert error.message.startswith("t: ")
        assert error.message.isprintable()
        assert len(error.message) <= 1000
        return error


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with Nameserver(NAMES) as names:
        world = World(names)
        with world.opened, world.closed:
            yield world


@pytest.fixture
def world(shared: World) -> Callable[[Handler], World]:
    def made(handler: Handler) -> World:
        shared.handler = handler
        shared.opened.connections = shared.closed.connections = 0
        shared.opened.requests.clear()
        return shared

    return made


# ---- the address of a request ----

IPV4 = [
    "127.0.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0X7F.1", "0177.0.0.1", "017700000001",
    "0177.0.0.01", "0177.1", "127.1", "127.0.1", "127.0.0.1.", "127.00000000000000000001", "127.255.255.254", "0", "00",
    "0x", "0x0", "0.0.0.0.", "127.0.0.0x1", "127.0x000001", "4294967295", "4294967296", "127.0.0.256", "127.0.0.1.1",
    "127.0.0.09", "127..1", "1.2.3.4.5", "127.0.0.1%20", "%31%32%37.0.0.1", "127.0.0.1%00.open.test", "127.0.0.1,open",
]  # fmt: skip
IPV6 = [
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]",
    "[fe80::1%lo]", "[::1%25lo]", "[::1%1]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[::ffff:169.254.169.254]",
    "[100::1]", "[5f00::1]", "::1", "[::1", "::1]", "[[::1]]", "[::1]x", "x[::1]", "[127.0.0.1]", "[::1.]", "[]",
    "[::ffff:0x7f.1]", "[v1.x]",
]  # fmt: skip
UNICODE = [
    "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "١٢٧.٠.٠.١",
    "0ｘ7f.1", "２130706433", "127.0.0.1\u200b", "127\u00ad.0.0.1", "\u202e127.0.0.1", "ⓛⓞⓞⓟⓑⓐⓒⓚ.test",
    "ｌｏｏｐｂａｃｋ.test", "loop\u00adback.test", "loopback。test", "LOOPBACK.TEST", "loopback.test.",
    "ℓoopback.test", "loopback\u2024test", "open.test\uff0f.x", "open.test\u2100.x", "[\uff1a\uff1a1]", "\ud800.test",
    "xn--a.test", "xn--.test",
]  # fmt: skip
PLACES = ["http://{host}:{closed}/", "https://{host}:{closed}/", "HTTP://{host}:0{closed}/?x#y"]
USERS = [
    "http://open.test@127.0.0.1:{closed}/", "http://open.test:{open}@127.0.0.1:{closed}/",
    "http://@127.0.0.1:{closed}/",
    "http://a:b@open.test:{open}/", "http://open.test%40127.0.0.1:{closed}/", "http://127.0.0.1:{closed}#@open.test/",
    "http://127.0.0.1:{closed}?@open.test:{open}/", "http://127.0.0.1:{closed}/@open.test",
    "http://a@b@open.test:{open}/",
    "http://open.test\\@127.0.0.1:{closed}/", "http://127.0.0.1:{closed}\\@open.test:{open}/",
    "http://open.test:{open}\\",
    "http:\\\\127.0.0.1:{closed}/", "http:/\\127.0.0.1:{closed}/", "http:/127.0.0.1:{closed}/",
    "http:127.0.0.1:{closed}",
    "http:///127.0.0.1:{closed}/", "http:////127.0.0.1:{closed}/", "//127.0.0.1:{closed}/", "127.0.0.1:{closed}", "",
    "/",
    " http://open.test:{open}/", "http://open.test:{open}/ ", "http://open.test:{open}/a b",
    "ht\ntp://open.test:{open}/",
    "http://open\t.test:{open}/", "http://127.0.0.1:{closed}\n@open.test:{open}/", "http://open.test:{open}\u2028/",
    "http://open.test:{open}/\x00", "http://open.test:{open}/\x7f", "http://open.test:{open}/\ud800",
    "http://*:{closed}/",
    "http://open_.-test:{open}/", "http://-:{closed}/", "http://" + "a" * 64 + ".test:{closed}/", "http://.:{closed}/",
    "http://open.test:{open}/" + "a" * 9_000, "http://" + "a." * 200 + "test:{closed}/", "http://a..test:{closed}/",
]  # fmt: skip
SCHEMES = [
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd",
    "gopher://127.0.0.1:{closed}/_GET",
    "ftp://127.0.0.1:{closed}/", "dict://127.0.0.1:{closed}/x", "ldap://127.0.0.1:{closed}/",
    "ws://127.0.0.1:{closed}/",
    "wss://127.0.0.1:{closed}/", "tftp://127.0.0.1:{closed}/", "ssh://127.0.0.1:{closed}", "data:text/plain,x",
    "javascript:alert(1)", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "about:blank",
    "jar:http://open.test:{open}/!/", "view-source:http://open.test:{open}/", "http2://open.test:{open}/", "mailto:a@b",
    "\u017fttp://open.test:{open}/", "httpſ://open.test:{open}/", "h\u200bttp://open.test:{open}/",
    "://open.test:{open}/",
]  # fmt: skip
PORTS = [
    "http://open.test:0/", "http://open.test:65536/", "http://open.test:99999/", "http://open.test:-1/",
    "http://open.test:+1/",
    "http://open.test:1e3/", "http://open.test:{open}:{closed}/", "http://127.0.0.1:{closed}:{open}/",
    "http://open.test:０/",
    "http://open.test:0x50/", "http://open.test:{open}a/", "http://127.0.0.1:22/", "http://open.test:22/",
    "http://127.0.0.1/",
    "https://127.0.0.1/", "http://open.test:000000{open}/",
]  # fmt: skip
ELSEWHERE = [
    "169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[fe80::1]",
    "[fc00::1]",
    "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[64:ff9b::a00:1]", "[2002:a00:1::1]", "[2002:c0a8:101::1]", "[::a00:1]",
]  # fmt: skip
LED = [name for name in NAMES if name != "open.test"]


@pytest.mark.parametrize("host", [*IPV4, *IPV6, *UNICODE], ids=ascii)
def test_however_an_address_is_written_it_is_not_reached(world: Callable[[Handler], World], host: str) -> None:
    there = world(answer(200))
    for place in PLACES:
        there.refused(place.replace("{host}", host))


@pytest.mark.parametrize("url", [*USERS, *SCHEMES, *PORTS], ids=lambda url: ascii(url[:60]))
def test_what_two_programs_could_read_in_two_ways_is_refused(world: Callable[[Handler], World], url: str) -> None:
    world(answer(200)).refused(url)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_what_is_not_on_the_public_internet_is_denied(world: Callable[[Handler], World], host: str) -> None:
    there = world(answer(200))
    for port in ("", ":{closed}"):
        error = there.refused(f"http://{host}{port}/")
        assert isinstance(error, DeniedError)
        assert "not on the public internet" in error.message


@pytest.mark.parametrize("name", LED)
def test_no_name_leads_to_what_is_not_public(world: Callable[[Handler], World], name: str) -> None:
    error = world(answer(200)).refused(f"http://{name}:{{closed}}/")
    assert isinstance(error, ToolError if name in ("many.test", "empty.test") else DeniedError)


@pytest.mark.parametrize(
    "url", ["http://other.test/", "http://open.test.evil.test/", "http://xopen.test/", f"http://{PUBLIC}/"]
)
def test_what_is_not_granted_is_neither_looked_up_nor_asked(url: str) -> None:
    with Nameserver(NAMES) as names:
        web = Web(Reach(hosts=("open.test", "*.open.test")), {}, name="t", section="[tools.t]", resolve=names.resolve)
        with pytest.raises(DeniedError, match="is not granted"):
            asyncio.run(web.fetch(url))
        assert names.asked == []


# ---- names that change ----


def rebound(server: Loopback, answers: list[str], path: str) -> tuple[Answer | Exception, list[str]]:
    """What comes of asking the server by a name that is another address each time, and which names were looked up."""
    with Nameserver({"flip.test": answers}) as names:
        reach = Reach(hosts=(f"flip.test:{server.port}", f"127.0.0.1:{server.port}"))
        web = Web(reach, {}, name="t", section="[tools.t]", resolve=names.resolve)
        try:
            return asyncio.run(web.fetch(f"http://flip.test:{server.port}{path}")), names.asked
        except DeniedError as error:
            return error, names.asked


async def to_itself(request: Request, reply: Reply) -> None:
    again = request.path == "/again"
    await reply.send(302 if again else 200, b"reached", location=f"http://{request.headers['host']}/" if again else "")


def test_a_name_is_judged_and_connected_to_by_one_look_up() -> None:
    with Loopback(to_itself) as server:
        got, asked = rebound(server, ["127.0.0.1", "127.0.0.2", "127.0.0.2"], "/")
        assert isinstance(got, Answer)
        assert asked == ["flip.test"]


def test_a_name_that_leads_elsewhere_after_a_redirect_is_judged_again() -> None:
    with Loopback(to_itself) as server:
        got, asked = rebound(server, ["127.0.0.1", "127.0.0.2"], "/again")
        assert isinstance(got, DeniedError)
        assert asked == ["flip.test", "flip.test"]
        assert len(server.requests) == 1


# ---- redirects ----

REDIRECTS = [
    "http://127.0.0.1:{closed}/", "http://2130706433:{closed}/", "http://0x7f.1:{closed}/", "http://127。0。0。1:{closed}/",
    "http://[::1]:{closed}/", "http://[::ffff:7f00:1]:{closed}/", "http://loopback.test:{closed}/",
    "http://mapped.test:{closed}/", "http://nat64.test:{closed}/", "http://mixed.test:{closed}/", "http://localhost:{closed}/",
    "http://169.254.169.254/latest/meta-data/", "http://metadata.google.internal/", "http://[fd00:ec2::254]/",
    "//127.0.0.1:{closed}/", "///127.0.0.1:{closed}/x", "http:///127.0.0.1:{closed}/", "https://127.0.0.1:{closed}/",
    "/\\127.0.0.1:{closed}/", "\\\\127.0.0.1:{closed}/", "http:\\\\127.0.0.1:{closed}/", "http://open.test:{closed}/",
    "http://open.test:{open}@127.0.0.1:{closed}/", "http://a:b@open.test:{open}/", "http://127.0.0.1:22/",
    "https://open.test/",
    "file:///etc/passwd", "gopher://127.0.0.1:{closed}/_x", "ftp://127.0.0.1:{closed}/", "data:text/plain,x",
    "javascript:1",
    "unix:///x", "http://", "http://:{closed}/", "http://[::1/", "http://a b/", "\x01", "http://open.test:{open}/\x7f",
    "http://\xff\xfe/", "/" + "x" * 9_000,
]  # fmt: skip


@pytest.mark.parametrize("location", REDIRECTS, ids=lambda location: ascii(location[:60]))
def test_a_redirect_opens_nothing(world: Callable[[Handler], World], location: str) -> None:
    async def handler(request: Request, reply: Reply) -> None:
        where = there.placed(location).encode("utf-8" if "。" in location else "latin-1").decode("latin-1")
        await reply.send((301, 302, 303, 307, 308)[len(request.path) % 5], b"", location=where)

    there = world(handler)
    for count in range(5):
        there.refused(f"http://open.test:{{open}}/{'x' * count}", requests=count + 1)


# ---- what is sent ----

BREAKS = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\r\n ",
    "\r\nX-Evil: 1",
    "\x0b",
    "\x85",
    "\u2028",
    "\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
]


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
@pytest.mark.parametrize("place", ["method", "host", "path", "query", "fragment", "name", "value"])
def test_no_line_break_goes_into_a_request(world: Callable[[Handler], World], place: str, text: str) -> None:
    urls = {
        "host": f"http://open.test{text}:{{open}}/",
        "path": f"http://open.test:{{open}}/{text}",
        "query": f"http://open.test:{{open}}/?{text}",
        "fragment": f"http://open.test:{{open}}/#{text}",
    }
    sent: dict[str, Mapping[str, Any]] = {
        "method": {"method": f"GET{text}"},
        "name": {"headers": {f"x{text}": "y"}},
        "value": {"headers": {"x": f"y{text}z"}},
    }
    there = world(answer(200))
    there.refused(urls.get(place, "http://open.test:{open}/"), **sent.get(place, {}))
    assert there.opened.connections == 0


@pytest.mark.parametrize(
    "name",
    [
        "Host", "host", "HOST", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer",
        "Upgrade",
        "Expect", "Proxy-Authorization", "Proxy-Connection", "Accept-Encoding", "HTTP2-Settings", "", " ", "a b",
        "a:", ":a",
        "Host ", " Host", "Host\t", "Hóst", "Ｈost", "a" * 200, 1, b"Host", "host\0",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_header_that_frames_a_request_is_not_the_scripts(world: Callable[[Handler], World], name: object) -> None:
    there = world(answer(200))
    there.refused("http://open.test:{open}/", headers={name: "evil.test"})
    assert there.opened.connections == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "ü"}, {"x": b"\xff"}, {"x": 1}, {"x": None}, {"x": ["y"]}, {"x": "\x7f"}, {"a": "1", "A": "2"},
        {f"x{n}": "y" for n in range(101)}, {"x": "y" * 70_000},
    ],
    ids=lambda headers: ascii(headers)[:30],
)  # fmt: skip
def test_a_header_that_cannot_be_sent_is_refused(world: Callable[[Handler], World], headers: Mapping[Any, Any]) -> None:
    there = world(answer(200))
    there.refused("http://open.test:{open}/", headers=headers)
    assert there.opened.connections == 0


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "CONNECT", "TRACE", "get", "GET ", "", "PURGE", "GETＧ", "G" * 5000]
)
def test_a_method_that_is_not_granted_is_denied(world: Callable[[Handler], World], method: str) -> None:
    there = world(answer(200))
    assert isinstance(there.refused("http://open.test:{open}/", method=method), DeniedError)
    assert there.opened.connections == 0


def test_a_query_that_is_too_long_is_refused(world: Callable[[Handler], World]) -> None:
    world(answer(200)).refused("http://open.test:{open}/", query=[("q", "x" * 10_000)])


def test_what_a_query_holds_is_written_so_that_it_stays_there(world: Callable[[Handler], World]) -> None:
    there = world(answer(200))
    there.fetch("http://open.test:{open}/p?a=1", query=[("q\r\n", "x\r\nHost: evil&b=2#\0 HTTP/1.1")])
    (request,) = there.opened.requests
    assert request.path == "/p?a=1&q%0D%0A=x%0D%0AHost%3A+evil%26b%3D2%23%00+HTTP%2F1.1"


# ---- what comes back ----

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def once(data: bytes) -> Callable[[Reply], Awaitable[None]]:
    async def send(reply: Reply) -> None:
        await reply.raw(data)

    return send


def forever(head: bytes, piece: bytes, pause: float = 0) -> Callable[[Reply], Awaitable[None]]:
    async def send(reply: Reply) -> None:
        await reply.raw(head)
        while True:
            await reply.raw(piece)
            await asyncio.sleep(pause)

    return send


def with_body(body: bytes, *lines: bytes) -> Callable[[Reply], Awaitable[None]]:
    return once(
        HEAD + b"".join(line + b"\r\n" for line in (b"Content-Length: %d" % len(body), *lines)) + b"\r\n" + body
    )


async def silent(reply: Reply) -> None:
    await reply.client_gone()


def half(data: bytes) -> Callable[[Reply], Awaitable[None]]:
    async def send(reply: Reply) -> None:
        await reply.raw(data)
        await reply.client_gone()

    return send


GZIP = b"Content-Encoding: gzip"
BOMB = gzip.compress(bytes(20_000_000))
DRIP = 0.05
ANSWERS: Mapping[str, Callable[[Reply], Awaitable[None]]] = {
    "larger than granted": with_body(bytes(LIMIT + 1)),
    "a length larger than granted": once(HEAD + b"Content-Length: 100001\r\n\r\n"),
    "a length of twenty digits": once(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n"),
    "a length of thousands of digits": once(HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n"),
    "a negative length": once(HEAD + b"Content-Length: -1\r\n\r\nx"),
    "a length that is no number": once(HEAD + b"Content-Length: 0x10\r\n\r\nx"),
    "two lengths": once(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "two lengths in one": once(HEAD + b"Content-Length: 1, 2\r\n\r\nxx"),
    "less than the length says": once(HEAD + b"Content-Length: 10\r\n\r\nxx"),
    "no end of chunks": once(CHUNKED + b"2\r\nxx\r\n"),
    "a chunk cut off": once(CHUNKED + b"5\r\nxx"),
    "a chunk's size that is no number": once(CHUNKED + b"zz\r\nxx\r\n0\r\n\r\n"),
    "a negative chunk": once(CHUNKED + b"-2\r\nxx\r\n0\r\n\r\n"),
    "a chunk of a huge size": forever(CHUNKED + b"F" * 15 + b"\r\n", b"x" * 1_000),
    "a chunk's size of many digits": once(CHUNKED + b"0" * 200_000),
    "no end of a chunk's extension": forever(CHUNKED + b"1;", b"x" * 1_000),
    "no end of trailers": forever(CHUNKED + b"1\r\nx\r\n0\r\n", b"x: y\r\n" * 200),
    "a bad trailer": once(CHUNKED + b"1\r\nx\r\n0\r\nno colon\r\n\r\n"),
    "an unknown transfer encoding": once(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "no end of a body in chunks": forever(CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "no end of tiny chunks": forever(CHUNKED, b"1\r\nx\r\n" * 200),
    "no end of a body": forever(HEAD + b"\r\n", b"x" * 1024),
    "a gzip bomb": with_body(BOMB, GZIP),
    "a bomb of many members": with_body(gzip.compress(bytes(1_000)) * 150, GZIP),
    "a bomb in a bomb": with_body(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip"),
    "no end of empty members": forever(HEAD + GZIP + b"\r\n\r\n", gzip.compress(b"") * 50),
    "gzip that was cut": with_body(gzip.compress(b"abc" * 100)[:-6], GZIP),
    "gzip that is none": with_body(b"plain text", GZIP),
    "gzip with more behind": with_body(gzip.compress(b"abc") + b"plain", GZIP),
    "an encoding nobody asked for": with_body(b"\x0b\x02\x80abc\x03", b"Content-Encoding: br"),
    "a header of 200 KB": once(HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n"),
    "headers of 80 KB": once(HEAD + (b"X-%s: y\r\n" % (b"z" * 900)) * 90 + b"Content-Length: 0\r\n\r\n"),
    "too many headers": once(HEAD + b"X: y\r\n" * 101 + b"Content-Length: 0\r\n\r\n"),
    "no end of headers": forever(HEAD, b"X: y\r\n" * 100),
    "no end of a status line": forever(b"HTTP/1.1 200 ", b"x" * 1_000),
    "no end of interim answers": forever(b"", b"HTTP/1.1 103 Early\r\n\r\n" * 50),
    "another protocol": once(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "a header without a colon": once(HEAD + b"nonsense\r\n\r\n"),
    "a header with a NUL": once(HEAD + b"X: a\0b\r\n\r\n"),
    "a header with a space in its name": once(HEAD + b"X y: z\r\n\r\n"),
    "a status of two digits": once(b"HTTP/1.1 20 OK\r\n\r\n"),
    "a status of four digits": once(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "no status": once(b"hello\r\n\r\n"),
    "HTTP of 1991": once(b"<html>hello</html>"),
    "HTTP/2": once(b"\0\0\x12\x04\0\0\0\0\0" * 20),
    "SSH": once(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "TLS": once(b"\x15\x03\x01\0\x02\x02\x28"),
    "nothing at all": once(b""),
}  # fmt: skip
SLOW: Mapping[str, Callable[[Reply], Awaitable[None]]] = {
    "silence": silent,
    "silence after half a head": half(HEAD + b"X: y"),
    "silence after half a body": half(HEAD + b"Content-Length: 10\r\n\r\nxx"),
    "silence after a chunk": half(CHUNKED + b"2\r\nxx\r\n"),
    "silence before the end of trailers": half(CHUNKED + b"2\r\nxx\r\n0\r\nx: y\r\n"),
    "a drip of a head": forever(HEAD + b"X: ", b"y", DRIP),
    "a drip of headers": forever(HEAD, b"X: y\r\n", DRIP),
    "a drip of a body": forever(HEAD + b"\r\n", b"x", DRIP),
    "a drip of chunks": forever(CHUNKED, b"1\r\nx\r\n", DRIP),
    "a drip of interim answers": forever(b"", b"HTTP/1.1 103 Early\r\n\r\n", DRIP),
}


def sends(send: Callable[[Reply], Awaitable[None]]) -> Handler:
    async def handler(_: Request, reply: Reply) -> None:
        await send(reply)

    return handler


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_out_of_bounds_is_refused(world: Callable[[Handler], World], name: str) -> None:
    error = world(sends(ANSWERS[name])).refused("http://open.test:{open}/", requests=1)
    assert isinstance(error, ToolError)
    assert "within" not in error.message


@pytest.mark.parametrize("name", SLOW)
def test_an_answer_that_takes_too_long_is_given_up(world: Callable[[Handler], World], name: str) -> None:
    error = world(sends(SLOW[name])).refused("http://open.test:{open}/", requests=1, timeout_ms=250)
    assert "no complete answer came within 0.25 s" in error.message
    assert error.retryable


def test_time_is_counted_over_all_redirects(world: Callable[[Handler], World]) -> None:
    async def handler(request: Request, reply: Reply) -> None:
        await asyncio.sleep(0.15)
        await reply.send(302, b"", location=request.path + "x")

    there = world(handler)
    with pytest.raises(ToolError, match=r"within 0\.25 s"):
        there.fetch("http://open.test:{open}/", timeout_ms=250)


def test_a_look_up_that_takes_too_long_is_given_up() -> None:
    async def never(_: str) -> list[str]:
        await asyncio.sleep(3_600)
        return []

    web = Web(Reach(hosts=("*",), timeout_ms=50), {}, name="t", section="[tools.t]", resolve=never)
    with pytest.raises(ToolError, match=r"within 0\.05 s"):
        asyncio.run(web.fetch("http://slow.test/"))


def test_trailers_are_not_part_of_an_answer(world: Callable[[Handler], World]) -> None:
    there = world(sends(once(CHUNKED + b"2\r\nok\r\n0\r\nX-Late: 1\r\nLocation: http://127.0.0.1/\r\n\r\n")))
    got = there.fetch("http://open.test:{open}/")
    assert (got.body, "x-late" in got.headers, "location" in got.headers) == (b"ok", False, False)


def test_what_follows_an_answer_is_not_read(world: Callable[[Handler], World]) -> None:
    there = world(sends(once(HEAD + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX: evil\r\n\r\n")))
    assert there.fetch("http://open.test:{open}/").body == b"ok"
