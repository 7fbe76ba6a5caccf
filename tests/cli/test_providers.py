"""`llmspell providers`, which asks nobody, and `llmspell providers check`, which asks every provider once."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.helpers import PATIENCE, TRACEBACK, Result, called, in_terminal, llmspell, started, wait_for, write
from tests.providers.loopback import Loopback, Reply, Request, answer

KEY = "AIza-a-secret-key"
MANIFEST = """\
[providers]
default = "google"

[providers.google]
kind = "gemini"
model = "gemini-3-flash-preview"
api_key_env = "TEST_GOOGLE_KEY"

[providers.local]
base_url = "http://127.0.0.1:1"
api_key_env = "TEST_LOCAL_KEY"

[providers.local.capabilities]
max_context = 8192
input_modalities = ["text"]

[providers.other]
base_url = "http://[::1]:9"
model = "a-[red]model"

[providers.fake]
kind = "scripted"

[agents.helper]
model = "local/llama-3"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, m_toml=MANIFEST)


def test_the_list_says_what_each_provider_asks_and_can(folder: Path, snapshot: SnapshotAssertion) -> None:
    result = llmspell("providers", "m.toml", cwd=folder, env={"TEST_GOOGLE_KEY": KEY, "TEST_LOCAL_KEY": None})
    assert (result.code, result.err) == (0, "")
    assert KEY not in result.out
    assert result.out == snapshot


def test_the_list_as_json(folder: Path, snapshot: SnapshotAssertion) -> None:
    env = {"TEST_GOOGLE_KEY": KEY, "TEST_LOCAL_KEY": "two\nlines"}
    result = llmspell("providers", "m.toml", "--output", "json", cwd=folder, env=env)
    assert (result.code, result.err, result.json["status"]) == (0, "", "ok")
    assert KEY not in result.out
    assert "two" not in result.out
    assert result.json["result"] == snapshot


def test_the_list_fits_a_narrow_terminal(folder: Path) -> None:
    screen = in_terminal("providers", "m.toml", cwd=folder, columns=60, env={"NO_COLOR": "1"})
    assert screen.code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m|\r", "", screen.text).splitlines()
    assert max(map(len, lines)) <= 60
    assert "(default)" in screen.text


def test_without_a_name_the_manifest_is_the_projects(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    missing = called(capfd, "providers", cwd=tmp_path)
    assert (missing.code, missing.out) == (2, "")
    assert "there is no llmspell.toml here" in missing.err
    write(tmp_path, llmspell_toml=MANIFEST)
    assert "google" in called(capfd, "providers", cwd=tmp_path).out
    assert called(capfd, "providers", "check", "fake", cwd=tmp_path).out.startswith("fake  ok ")


def test_a_manifest_that_names_no_provider_has_the_one_that_is_built_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, m_toml="[runtime]\nfuel = 1\n")
    assert "scripted   scripted  none  takes text" in called(capfd, "providers", "m.toml", cwd=tmp_path).out
    assert called(capfd, "providers", "check", "m.toml", cwd=tmp_path).code == 0


def test_a_bad_manifest_is_said_as_everywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, m_toml="[providers.a]\nmodle = 1\n")
    for words in (["providers"], ["providers", "check"]):
        result = called(capfd, *words, "m.toml", cwd=tmp_path)
        assert (result.code, "did you mean `model`?" in result.err) == (2, True)


# ---- check ----

SAID = b'{"candidates":[{"content":{"parts":[{"text":"OK"}]},"finishReason":"STOP"}],"usageMetadata":%s}'
SERVED = SAID % b'{"promptTokenCount":9,"candidatesTokenCount":1}'


async def serve(request: Request, reply: Reply) -> None:
    """A Gemini server that knows its model, and one that speaks OpenAI's protocol and refuses the key."""
    if request.method == "GET":
        await reply.send(200, b'{"inputTokenLimit": 12345}', content_type="application/json")
    elif "generateContent" in request.path:
        await reply.send(200, SERVED, content_type="application/json")
    else:
        await reply.send(401, b'{"error": {"message": "no such key"}}', content_type="application/json")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(serve) as running:
        yield running


def check(folder: Path, server: Loopback, *words: str) -> Result:
    write(
        folder,
        m_toml=f"""
[providers]
default = "good"
[providers.good]
kind = "gemini"
model = "gemini-3-flash-preview"
base_url = "{server.url}"
api_key_env = "TEST_KEY"
[providers.refused]
model = "gpt-5"
base_url = "{server.url}"
api_key_env = "TEST_KEY"
[providers.keyless]
kind = "gemini"
model = "m"
api_key_env = "TEST_NO_KEY"
[providers.nameless]
base_url = "{server.url}"
""",
    )
    return llmspell("providers", "check", "m.toml", *words, cwd=folder, env={"TEST_KEY": KEY, "TEST_NO_KEY": None})


def test_a_check_asks_once_and_says_what_came_and_how_long_it_took(tmp_path: Path, server: Loopback) -> None:
    result = check(tmp_path, server, "good")
    assert (result.code, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert first.startswith("good  ok ")
    assert ' s  gemini-3-flash-preview answered "OK" (9 tokens in, 1 out)' in first
    assert "context 12,345 tokens" in second  # the server's word, not the data's
    asked, inquiry = server.requests
    assert (asked.method, inquiry.method) == ("POST", "GET")
    assert inquiry.path == "/v1beta/models/gemini-3-flash-preview"
    assert inquiry.headers["x-goog-api-key"] == KEY


def test_every_failure_is_said_with_what_to_do_and_the_exit_code_is_the_first_ones(
    tmp_path: Path, server: Loopback
) -> None:
    result = check(tmp_path, server)
    assert result.code == 4
    assert KEY not in result.out + result.err
    assert "the API key was rejected (HTTP 401): no such key" in result.out
    assert "help: check the key in the environment variable TEST_KEY" in result.out
    assert "the environment variable TEST_NO_KEY is not set" in result.out
    assert "no model is named" in result.out
    assert [word for word in result.out.split() if word in ("ok", "failed")].count("failed") == 3
    assert server.requests[0].method == "POST"


def test_a_check_as_json_is_one_object_with_every_outcome(tmp_path: Path, server: Loopback) -> None:
    result = check(tmp_path, server, "--output", "json")
    assert (result.code, result.err, result.json["status"]) == (4, "", "failed")
    assert KEY not in result.out
    found = result.json["result"]["providers"]
    assert [(item["name"], item["ok"]) for item in found] == [
        ("good", True),
        ("refused", False),
        ("keyless", False),
        ("nameless", False),
    ]
    assert found[0]["text"] == "OK"
    assert found[0]["capabilities"]["max_context"] == 12_345
    assert found[1]["error"]["kind"] == result.json["error"]["kind"] == "auth"
    assert result.json["run"]["exit_code"] == 4


def test_an_unknown_name_is_an_error_with_the_nearest(tmp_path: Path, server: Loopback) -> None:
    result = check(tmp_path, server, "godo")
    assert (result.code, result.out) == (1, "")
    assert "did you mean 'good'?" in result.err
    assert server.requests == []


def test_a_server_that_tells_nothing_of_its_model_is_none_the_worse(tmp_path: Path) -> None:
    async def serve(request: Request, reply: Reply) -> None:
        if request.method == "GET":
            await reply.send(404, b"<html>", content_type="text/html")
        else:
            await reply.send(200, SERVED, content_type="application/json")

    with Loopback(serve) as server:
        result = check(tmp_path, server, "good")
    assert (result.code, "context 1,048,576 tokens" in result.out) == (0, True)


def test_what_a_model_says_cannot_command_the_terminal(tmp_path: Path) -> None:
    body = json.loads(SERVED)
    body["candidates"][0]["content"]["parts"][0]["text"] = "\x1b[2J[bold]" + "x" * 500
    with Loopback(answer(200, json.dumps(body).encode(), content_type="application/json")) as server:
        result = check(tmp_path, server, "good")
    assert "\x1b" not in result.out
    assert "\\x1b[2J[bold]x" in result.out
    assert max(map(len, result.out.splitlines())) < 200


def test_ctrl_c_ends_a_check_at_once(tmp_path: Path) -> None:
    async def never(_: Request, reply: Reply) -> None:
        await reply.client_gone()

    with Loopback(never) as server:
        write(tmp_path, m_toml=f'[providers.p]\nmodel = "m"\nbase_url = "{server.url}"\n')
        with started("providers", "check", "m.toml", cwd=tmp_path) as process:
            wait_for(lambda: bool(server.requests))
            process.send_signal(signal.SIGINT)
            out, err = (text.decode() for text in process.communicate(timeout=PATIENCE))
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert TRACEBACK not in err
