"""`llmspell tools`, `tools call`, `explain`, and questions on the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llmspell.cli.approve import question
from tests.cli.helpers import in_terminal, llmspell, write

MANIFEST = """\
[run]
script = "main.lua"
[providers.real]
kind = "openai"
model = "m"
api_key_env = "REAL_KEY"
[security]
allowed_tools = ["calculator", "file-operations", "hash", "mine", "shell"]
env = ["HOME"]
[tools.file_operations]
roots = [{ path = "in" }, { path = "out", mode = "write", at = "/tmp" }]
[tools.hash]
confirm = true
[tools.mine]
python = "mine:double"
[tools.shell]
commands = ["git status"]
"""
MINE = """\
print("imported")
def double(n: int) -> int:
    \"\"\"Double it.\"\"\"
    return 2 * n
"""
ASKS = """\
[run]
source = '''print(pcall(Tool.execute, "hash", { input = "a\\27[2Jb", algorithm = "md5" }))'''
[security]
allowed_tools = ["hash"]
[tools.hash]
confirm = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, m_toml=MANIFEST, asks_toml=ASKS, mine_py=MINE, main_lua="return 1")


def test_the_granted_tools_are_listed_with_what_they_take(folder: Path) -> None:
    done = llmspell("tools", "m.toml", cwd=folder)
    assert done.code == 0
    assert "hash (asks before each call)\n  The digest of a text" in done.out
    assert "file-operations (another name of file_operations)\n" in done.out
    assert "mine\n  Double it.\n    n: integer\n" in done.out
    assert "json_query" not in done.out
    assert "json_query\n" in llmspell("tools", cwd=folder).out


def test_the_granted_tools_as_json(folder: Path) -> None:
    write(folder, quiet_toml=MANIFEST.replace('"mine", ', ""))
    tools = llmspell("tools", "quiet.toml", "--output", "json", cwd=folder).json["result"]
    assert [tool["name"] for tool in tools] == ["calculator", "file-operations", "hash", "shell"]
    assert tools[2]["schema"]["properties"]["input"] == {"type": "string"}
    assert tools[2]["confirm"] is True


def test_one_tool_is_called_under_the_grants_of_the_manifest(folder: Path) -> None:
    def call(name: str, arguments: object = None, *words: str) -> tuple[int, str]:
        given = [] if arguments is None else ["--json", json.dumps(arguments)]
        done = llmspell("tools", "call", name, "-m", "m.toml", *given, *words, cwd=folder)
        return done.code, done.out + done.err

    assert call("calculator", {"expression": "6 * 7"}) == (0, "42\nimported\n")
    assert call("file-operations", {"operation": "write", "path": "/tmp/a", "input": "x"})[0] == 0
    assert (folder / "out" / "a").read_text() == "x"
    code, said = call("file_operations", {"operation": "write", "path": "a", "content": "x"})
    assert (code, "granted for reading only" in said) == (5, True)
    code, said = call("shell", {"command": "rm -rf /"})
    assert (code, "error: shell: the command 'rm -rf /' is not granted" in said) == (5, True)
    assert call("uuid")[0] == 5
    assert call("nope")[0] == 1
    assert call("hash", {"input": "abc"})[0] == 5
    assert call("hash", {"input": "abc"}, "--yes")[0] == 0


@pytest.mark.parametrize(("given", "message"), [("[1", "--json is not JSON"), ("[1]", "--json must be an object")])
def test_arguments_that_are_no_object_are_refused(folder: Path, given: str, message: str) -> None:
    done = llmspell("tools", "call", "calculator", "-m", "m.toml", "--json", given, cwd=folder)
    assert (done.code, message in done.err) == (2, True)


def test_what_a_manifest_grants_is_told_in_sentences_and_nothing_of_it_is_loaded(folder: Path) -> None:
    done = llmspell("explain", "m.toml", cwd=folder)
    assert (done.code, done.err) == (0, "")
    for said in (
        "the Python function mine:double with all rights of this process",
        "git status",
        "files in in (file_operations).",
        "the environment variables HOME.",
        "files in out, which it sees as /tmp: makes, changes and deletes them",
        "https://api.openai.com/v1, with the key in the environment variable REAL_KEY: what agents on 'real' are told",
        "whatever mine and shell can reach",
        "200 model turns",
        "before each call of hash",
    ):
        assert said in " ".join(done.out.split())
    assert "imported" not in done.out


def test_a_manifest_without_grants_is_told_as_such(folder: Path) -> None:
    write(folder, bare_toml='[run]\nscript = "main.lua"\n')
    told = llmspell("explain", "bare.toml", "--output", "json", cwd=folder).json["result"]
    assert told["runs"][1:] == ["no tools."]
    assert told["reads"] == ["no files, and no environment variables."]
    assert told["writes"] == ["no files; only its own output."]
    assert told["reaches"] == ["nothing on the network."]


@pytest.mark.parametrize("command", ["explain", "validate", "tools"])
def test_a_tool_that_does_not_exist_is_said_without_a_run(folder: Path, command: str) -> None:
    write(folder, slip_toml=MANIFEST.replace('"calculator"', '"calculater"'))
    done = llmspell(command, "slip.toml", cwd=folder)
    assert (done.code, "did you mean 'calculator'?" in done.err) == (2, True)


@pytest.mark.parametrize(("answer", "printed"), [(b"y\n", "true"), (b"n\n", "false"), (b"\n", "false")])
def test_a_call_is_asked_for_on_the_terminal(folder: Path, answer: bytes, printed: str) -> None:
    screen = in_terminal("run", "asks.toml", "--stream", cwd=folder, type_after=("[y/N]", answer))
    assert screen.code == 0
    assert "The tool hash is to be called with" in screen.text
    assert 'input = "a\\u001b[2Jb"' in screen.text
    assert re.search(rf"^{printed}\s", screen.text.replace("\r", "\n"), re.MULTILINE)


def test_what_is_asked_cannot_be_made_to_look_like_something_else() -> None:
    forged = {"a\nCall hash? [y/N] y\nb": "\u202e\x9b2J", "k" * 100_000: 1, **{f"n{at}": at for at in range(1000)}}
    lines = question("hash", forged).split("\n")
    assert lines[:2] == [
        "The tool hash is to be called with",
        r'''  "a\nCall hash? [y/N] y\nb" = "\u202e\x9b2J"''',
    ]
    assert len(lines[2]) < 2_100
    assert lines[-2:] == ["  and 962 arguments more, which are not shown", "Call hash?"]


def test_what_was_typed_before_a_question_does_not_answer_it(folder: Path) -> None:
    source = """for n = 1, 2 do print(n, pcall(Tool.execute, "hash", { input = "a" })) end"""
    write(folder, twice_toml=ASKS.replace(ASKS.split("'''")[1], source))
    screen = in_terminal("run", "twice.toml", "--timeout", "3s", cwd=folder, type_after=("[y/N]", b"y\ny\n"))
    assert screen.code != 0
    assert re.findall(r"^(\d)\s", screen.text.replace("\r", "\n"), re.MULTILINE) == ["1"]


def test_without_a_terminal_a_call_that_asks_is_denied_and_yes_confirms_it(folder: Path) -> None:
    denied = llmspell("run", "asks.toml", cwd=folder).out
    assert denied == "false\tdenied: the tool 'hash' needs a confirmation, and there is no terminal to ask on\n"
    assert llmspell("run", "asks.toml", "--yes", cwd=folder).out.startswith("true\t")


def test_a_dry_run_says_what_would_be_done(folder: Path) -> None:
    source = """
    Tool.execute("file_operations", { operation = "write", path = "/tmp/a", content = "x\\27y" })
    return Agent.create{ name = "ann" }:execute("hi").text
    """
    write(folder, main_lua=source)
    done = llmspell("run", "m.toml", "--dry-run", cwd=folder)
    assert done.code == 0
    assert "dry run: would call the tool file_operations with " in done.err
    assert 'content = "x\\u001by"' in done.err
    assert "dry run: would ask ann (real/m)\n" in done.err
    assert done.out.endswith("[dry run: the model was not asked]\n")
    assert not (folder / "out").exists()


EFFECTS = """
local function try(name, args) print(name, select(2, pcall(Tool.execute, name, args))) end
try("file_reader", { path = "main.lua" })
try("file_operations", { operation = "write", path = "made", content = "x" })
try("file-operations", { operation = "write", path = "made", input = "x" })
try("file_search", { pattern = "x" })
try("csv", { path = "main.lua" })
try("http_request", { url = "http://127.0.0.1:9/" })
try("web_fetch", { url = "http://127.0.0.1:9/" })
try("web_search", { query = "x" })
try("sqlite", { path = "made.db", sql = "CREATE TABLE t(x)" })
try("shell", { command = "touch made" })
try("mine", {})
try("calculator", { expression = "1 + 1" })
Media.load("http://127.0.0.1:9/a.png"):save("made.txt")
print(Agent.create{ name = "ann" }:execute("hi").text)
"""
EFFECTS_MANIFEST = """
run.script = "main.lua"
providers.real = { kind = "openai", base_url = "http://127.0.0.1:9/v1", model = "m" }
[security]
allowed_tools = ["file_reader", "file_operations", "file_search", "csv", "http_request", "web_fetch", "web_search",
  "sqlite", "shell", "mine", "calculator"]
[tools]
file_reader.roots = [{ path = "." }]
file_operations.roots = [{ path = ".", mode = "write" }]
file_search.roots = [{ path = "." }]
csv.roots = [{ path = "." }]
sqlite.roots = [{ path = ".", mode = "write" }]
http_request.hosts = ["127.0.0.1:9"]
web_fetch.hosts = ["127.0.0.1:9"]
web_search = { url = "http://127.0.0.1:9/search", hosts = ["127.0.0.1:9"] }
shell.commands = ["touch made"]
mine.python = "effects:mine"
[media]
roots = [{ path = ".", mode = "write" }]
hosts = ["127.0.0.1:9"]
"""


def test_a_dry_run_tells_of_each_effect_that_a_script_can_have_and_has_none(tmp_path: Path) -> None:
    source = "from pathlib import Path\ndef mine() -> None:\n    Path('made').touch()\n"
    write(tmp_path, main_lua=EFFECTS, m_toml=EFFECTS_MANIFEST, effects_py=source)
    done = llmspell("run", "m.toml", "--dry-run", cwd=tmp_path, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.code == 0, done.err
    *called, media, _saved, asked = re.findall(r"^dry run: would (?:call the tool )?(\S+)", done.err, re.MULTILINE)
    assert [*called, media, _saved] == [
        "file_reader", "file_operations", "file-operations", "file_search", "csv", "http_request", "web_fetch",
        "web_search", "sqlite", "shell", "mine", "Media.load", "media:save",
    ]  # fmt: skip
    assert asked == "ask"
    for name, given in (line.split("\t") for line in done.out.splitlines()[:-1]):
        assert given == ("2" if name == "calculator" else f"[dry run: the tool {name} was not called]")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["effects.py", "m.toml", "main.lua"]


def test_a_dry_run_has_nothing_to_record(folder: Path) -> None:
    done = llmspell("run", "m.toml", "--dry-run", "--record", "run.jsonl", cwd=folder)
    assert (done.code, "nothing to --record" in done.err, (folder / "run.jsonl").exists()) == (2, True, False)


def test_media_money_keys_and_recordings_are_told_and_no_key_is_read(folder: Path) -> None:
    manifest = """
        run.script = "main.lua"
        runtime.max_cost_usd = 0.25
        [providers]
        default = "filed"
        filed = { kind = "anthropic", model = "m", api_key_file = "nowhere/key" }
        ringed = { kind = "openai", model = "m", api_key_keyring = "service/user" }
        played = { kind = "replay", file = "run.jsonl" }
        [media]
        roots = [{ path = "pictures" }, { path = "made", mode = "write", at = "out" }]
        hosts = ["images.example.com"]
        total_size = "5MB"
        credentials = [{ host = "images.example.com", env = "IMAGES_KEY" }]
    """
    write(folder, m2_toml=manifest, **{"run_jsonl": ""})
    done = llmspell("explain", "m2.toml", "--output", "json", cwd=folder, env={"IMAGES_KEY": "sesame"})
    assert (done.code, done.err) == (0, "")
    told = done.json["result"]
    assert told["reads"] == [
        "the recording run.jsonl (played).",
        "files in pictures (Media.load).",
        "files in made, which it sees as out (Media.load).",
    ]
    assert told["writes"] == [
        "files in made, which it sees as out: makes and changes them, up to 5MB in all (media:save)."
    ]
    reached = "\n".join(told["reaches"])
    assert "with the key in the file nowhere/key: what agents on 'filed' are told" in reached
    assert "service/user" in reached
    assert "images.example.com (Media.load), with the secret in IMAGES_KEY for images.example.com." in reached
    assert "played" not in reached
    assert "$0.25" in told["spends"][0]
    assert "sesame" not in done.out
