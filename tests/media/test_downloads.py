"""Media from the network: granted hosts only, counted as calls of tools, and checked as files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.providers.loopback import Handler, Loopback, answer
from tests.runtime.running import Ran, run

from .made import jpeg, png

SHOWN = "local m = Media.load(URL) return { m.type, m.format, m.filename, m.size }"


def loaded(handler: Handler, source: str, path: str = "/a/photo.jpg?size=1", extra: str = "") -> tuple[Ran, int]:
    """How the run ended, and how many requests the server saw."""
    with Loopback(handler) as server:
        manifest = f'[media]\nhosts = ["127.0.0.1:{server.port}"]\n{extra}'
        ended = run(source.replace("URL", f'"{server.url}{path}"'), manifest)
        return ended, len(server.requests)


def test_a_medium_of_a_granted_host_is_a_handle() -> None:
    ended, requests = loaded(answer(200, jpeg(), content_type="image/jpeg"), SHOWN)
    assert ended.result == ["image", "jpeg", "photo.jpg", len(jpeg())]
    assert (requests, ended.usage["tool_calls"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "mime", "status", "kind", "message"),
    [
        (jpeg(), "image/png", 200, "invalid_media", "it was declared as image/png"),
        (png(), "image/png", 200, "invalid_media", "its name ends in .jpg"),
        (b"gone", "text/plain", 404, "tool", "answers with the status 404"),
        (b"x" * 2_000_000, "text/plain", 200, "tool", "is larger than 1,048,576 bytes"),
    ],
)
def test_what_is_not_what_it_should_be_is_refused(body: bytes, mime: str, status: int, kind: str, message: str) -> None:
    source = "local ok, problem = pcall(Media.load, URL) return { ok, problem.kind, problem.message }"
    ended, _ = loaded(answer(status, body, content_type=mime), source, extra='max_response_size = "1MB"')
    assert ended.result[:2] == [False, kind]
    assert message in ended.result[2]


def test_no_other_host_is_asked_and_none_without_a_grant() -> None:
    with Loopback(answer(200, jpeg(), content_type="image/jpeg")) as server:
        source = f'return select(2, pcall(Media.load, "{server.url}/a.jpg")).kind'
        assert run(source).result == "denied"
        assert run(source, '[media]\nhosts = ["127.0.0.1:9"]').result == "denied"
        assert server.requests == []


def test_loads_count_as_calls_of_tools() -> None:
    ended, requests = loaded(
        answer(200, jpeg(), content_type="image/jpeg"),
        "while true do pcall(Media.load, URL) end",
        extra="[runtime]\ntool_calls = 3\n",
    )
    assert (ended.error.limit, requests) == ("tool_calls", 3)


def test_a_dry_run_neither_loads_nor_saves(tmp_path: Path) -> None:
    told: list[str] = []
    with Loopback(answer(200, jpeg(), content_type="image/jpeg")) as server:
        text = f'[run]\nsource = """local m = Media.load("{server.url}/a.jpg") m:save("out/x") return m:bytes()"""\n'
        text += (
            f'[media]\nhosts = ["127.0.0.1:{server.port}"]\nroots = [{{ path = "out", mode = "write", at = "out" }}]\n'
        )
        manifest = parse_manifest(text, file="m.toml", base=tmp_path)
        output = ScriptRuntime(manifest, rehearse=lambda name, _: told.append(name)).run()
        assert server.requests == []
    assert output.result == "[dry run: the medium was not loaded]"
    assert told == ["Media.load", "media:save"]
    assert not (tmp_path / "out").exists()
