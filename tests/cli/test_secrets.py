"""A planted key is in nothing that the command prints or writes, wherever the key was kept and whatever went wrong."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.helpers import environment, llmspell
from tests.providers.loopback import Loopback, Reply, Request, chat, delta

KEY = 'sk-planted-"3\\f9Q'
"""With what JSON escapes."""
HEADER = "planted-value-of-a-header"
PLACES = {
    "environment": 'api_key_env = "PLANTED"',
    "file": 'api_key_file = "keys/planted"',
    "keyring": 'api_key_keyring = "planted/me"',
}
FAULTS = ("400", "401", "402", "403", "404", "429", "500", "529", "302", "html", "garbage", "inside", "cut", "late")
SCRIPT = """
for _, model in ipairs(FAULTS) do
  local agent = Agent.create { model = model }
  for _, run in ipairs { agent.execute, function(a, text) for _ in a:stream_execute(text) do end end } do
    local ok, problem = pcall(run, agent, "Hello")
    print(model, ok, ok or tostring(problem), ok or JSON.stringify(problem.details), ok or problem.message)
    Log.warn("failed", { problem = not ok and problem.message })
  end
end
print(Agent.create { model = "fine" }:execute("Hello").text, JSON.stringify(Provider.get("p")))
print(os.getenv("PLANTED"))
Agent.create { model = LAST }:execute("Hello")
"""


async def handler(request: Request, reply: Reply) -> None:
    """A server that tells what it was sent in every way to fail."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    assert sent == KEY
    text = f"your key {sent} and {request.headers['x-session']}"
    model = request.json["model"] if request.body else "404"  # what `providers check` asks about the model
    body = json.dumps({"error": {"message": text, "code": sent, "type": sent}}).encode()
    if model == "fine":
        await chat("well")(request, reply)
    elif model == "302":
        await reply.send(302, b"", location=f"http://127.0.0.1/{sent}")
    elif model == "html":
        await reply.send(200, f"<html>{text}</html>".encode(), content_type="text/html")
    elif model == "garbage":
        await reply.send(200, text.encode(), content_type="application/json")
    elif model == "inside":
        await reply.send(200, body, content_type="application/json")
    elif model == "cut":
        await reply.stream([delta("some words and "), b"data: " + sent.encode()], end=False)
    elif model == "late":
        await reply.stream([delta("a"), b"data: " + body + b"\n\n"])
    else:
        await reply.send(int(model), body, content_type="application/json", x_request_id=sent)


def planted(folder: Path, place: str, url: str, last: str) -> Mapping[str, str | None]:
    """Writes the manifest and the key; the environment to run with."""
    (folder / "keys").mkdir()
    (folder / "keys" / "planted").write_text(KEY if place == "file" else "")
    (folder / "keys" / "planted").chmod(0o600)
    faults = "{" + ", ".join(f'"{fault}"' for fault in FAULTS) + "}"
    script = SCRIPT.replace("FAULTS", faults).replace("LAST", json.dumps(last))
    (folder / "main.lua").write_text(script)
    (folder / "m.toml").write_text(
        f'[run]\nscript = "main.lua"\n[providers.p]\nkind = "openai"\nmodel = "fine"\nbase_url = "{url}"\n'
        f'{PLACES[place]}\nheaders = {{ x-session = "{HEADER}" }}\n'
    )
    env = {
        "PLANTED": KEY if place == "environment" else None,
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "XDG_DATA_HOME": str(folder / "data"),
    }
    if place == "keyring":
        program = "import keyring, sys; keyring.set_password('planted', 'me', sys.argv[1])"
        subprocess.run([sys.executable, "-c", program, KEY], env=environment(env), check=True)
    return env


def assert_clean(text: str) -> None:
    for form in (KEY, json.dumps(KEY)[1:-1], base64.b64encode(KEY.encode()).decode(), "planted-", "sk-planted"):
        assert form not in text.replace("planted-value-of", "")


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_in_nothing_that_is_printed_or_recorded(place: str, tmp_path: Path) -> None:
    with Loopback(handler) as server:
        env = planted(tmp_path, place, server.url, last="401")
        for mode in (["text", "--verbose"], ["json"], ["events", "--stream"]):
            result = llmspell(
                "run",
                "m.toml",
                "--record",
                "run.jsonl",
                "--output",
                *mode,
                cwd=tmp_path,
                env={**env, "LLMSPELL_DEBUG": "1"},
            )
            assert result.code == 4
            assert "the API key was rejected" in result.out + result.err
            assert_clean(result.out + result.err)
        lines = (tmp_path / "run.jsonl").read_text().splitlines()
        assert len(lines) > 2 * len(FAULTS)
        assert "[redacted]" in "".join(lines)
        assert_clean("".join(lines))
        for words in (["providers", "m.toml"], ["providers", "check", "m.toml"], ["validate", "m.toml", "--resolved"]):
            result = llmspell(*words, cwd=tmp_path, env=env)
            assert result.code == 0, result
            assert_clean(result.out + result.err)
            assert_clean(llmspell(*words[:2], "--output", "json", *words[2:], cwd=tmp_path, env=env).out)


@pytest.mark.parametrize("place", PLACES)
def test_where_a_key_is_kept_is_listed_with_whether_it_is_there(place: str, tmp_path: Path) -> None:
    env = planted(tmp_path, place, "http://127.0.0.1:1", last="401")
    shown = llmspell("providers", "m.toml", "--output", "json", cwd=tmp_path, env=env).json["result"]["providers"][0]
    where = {"environment": "variable", "file": "file", "keyring": "keyring"}[place]
    named = {"variable": "PLANTED", "file": "keys/planted", "keyring": "planted/me"}[where]
    assert shown["key"] == {where: named, "present": True, "problem": None}


def test_a_key_file_that_others_may_read_ends_the_run_with_the_command_that_closes_it(tmp_path: Path) -> None:
    planted(tmp_path, "file", "http://127.0.0.1:1", last="401")
    (tmp_path / "keys" / "planted").chmod(0o644)
    (tmp_path / "main.lua").write_text('Agent.create {}:execute("Hello")')
    result = llmspell("run", "m.toml", cwd=tmp_path)
    assert result.code == 4
    assert "provider 'p': the key file keys/planted is open to others (mode 644), and is not read" in result.err
    assert "help: run: chmod 600 keys/planted" in result.err
    assert_clean(result.err)
