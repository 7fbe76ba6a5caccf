"""A manifest file is read as written, and everything that is wrong in it is said at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from llmspell.errors import ManifestError, Problem, UsageError
from llmspell.limits import Limits
from llmspell.manifest.load import MAX_BYTES, load_manifest
from llmspell.manifest.model import Manifest, Overrides, ProvidersSection, RunSection, RuntimeSection, SecuritySection
from llmspell.settings import (
    AgentSettings,
    FileRoot,
    MediaLimits,
    MediaSettings,
    Prices,
    ProviderSettings,
    ScriptedReply,
    ScriptedToolCall,
    ToolSettings,
)
from tests.manifest.examples import EVERYTHING, GOOD, PROPERTY, SEED, attempt, parse, problems, rendered

MB = 1024 * 1024


def test_the_seed_configuration_loads_as_written() -> None:
    rig = ProviderSettings(name="rig", api_key_env="OPENAI_API_KEY", model="gpt-3.5-turbo", max_tokens=1000)
    assert parse(SEED) == Manifest(
        file="m.toml",
        base=Path("project"),
        runtime=RuntimeSection(wall_ms=30_000, memory_bytes=50 * MB, enable_streaming=True),
        providers=ProvidersSection(default="rig", entries={"rig": rig}),
        security=SecuritySection(sandbox_mode=True, allowed_tools=("file_reader", "web_search")),
    )
    assert rig.kind == "openai"


def test_every_section_and_every_spelling_is_read() -> None:
    assert parse(EVERYTHING) == Manifest(
        file="m.toml",
        base=Path("project"),
        run=RunSection(script="main.lua", args=("--fast", ""), modules=("lib", "../shared"), output="json"),
        runtime=RuntimeSection(
            fuel=10**9,
            memory_bytes=64 * MB,
            wall_ms=120_000,
            enable_streaming=False,
            provider_calls=10,
            tool_calls=0,
            input_tokens=100_000,
            output_tokens=None,
            output_bytes=3 * MB // 2,
            tasks=100,
            streams=5,
            cost=250_000_000,
        ),
        providers=ProvidersSection(
            default="local",
            entries={
                "local": ProviderSettings(
                    name="local",
                    kind="openai",
                    model="qwen",
                    base_url="http://127.0.0.1:8080/v1",
                    api_key_env="LOCAL_KEY",
                    max_tokens=256,
                    temperature=0.5,
                    headers={"X-Title": "spell"},
                    connect_timeout_ms=500,
                    first_token_timeout_ms=60_000,
                    chunk_timeout_ms=5000,
                    max_reply_bytes=MB,
                    total_timeout_ms=180_000,
                    max_retries=5,
                    requests_per_minute=60,
                    tokens_per_minute=100_000,
                    max_concurrency=4,
                    http2=True,
                    prices=Prices(input=0.15, output=0.6, cached=0.075),
                ),
                "scripted": ProviderSettings(
                    name="scripted",
                    kind="scripted",
                    model="canned",
                    replies=(
                        ScriptedReply(
                            match="weather",
                            delay_ms=10,
                            chunk_delay_ms=2,
                            chunk_words=3,
                            finish_reason="tool_calls",
                            tool_calls=(ScriptedToolCall(name="forecast", arguments={"city": "Bern", "days": [1, 2]}),),
                        ),
                        ScriptedReply(text="You said: {input}"),
                        ScriptedReply(fault="rate_limit"),
                    ),
                ),
            },
        ),
        agents={
            "writer": AgentSettings(
                name="writer",
                provider="local",
                model="qwen-large",
                prompt="You write.\nPlainly.",
                tools=("calculator",),
                temperature=0,
                max_tokens=99,
                max_turns=3,
                parameters={"top_p": 0.9, "stop": ["END"], "nested": {"deep": True}},
            ),
            "tester": AgentSettings(name="tester", provider="scripted"),
        },
        security=SecuritySection(sandbox_mode=True, allowed_tools=("calculator",), env=("HOME", "LANG")),
        tools={
            "file_operations": ToolSettings(
                name="file_operations",
                roots=(FileRoot(path="data"), FileRoot(path="../out", mode="write", at="/tmp")),
                max_file_bytes=MB,
                max_write_bytes=5000,
            )
        },
        media=MediaSettings(
            roots=(FileRoot(path="pictures"), FileRoot(path="made", mode="write", at="made")),
            max_size=MediaLimits(image=5 * MB, video=500 * MB),
            total_bytes=1024 * MB,
            max_pixels=1_000_000,
            strip_metadata=False,
            resize=True,
        ),
    )


def test_an_empty_manifest_is_all_defaults() -> None:
    assert parse("") == Manifest(file="m.toml", base=Path("project"))
    assert parse("").runtime.limits() == Limits()


@pytest.mark.parametrize(
    ("written", "limits"),
    [
        ("fuel = 1e9", Limits(fuel=10**9)),
        ("fuel = 9223372036854775807", Limits(fuel=2**63 - 1)),
        ('fuel = "unlimited"', Limits(fuel=None)),
        ("max_memory_mb = 1", Limits(memory_bytes=MB)),
        ('memory = "4GB"', Limits(memory_bytes=4096 * MB)),
        ('memory = "1024KiB"', Limits(memory_bytes=MB)),
        ("script_timeout_ms = 1", Limits(wall_ms=1)),
        ('script_timeout_ms = "unlimited"', Limits(wall_ms=None)),
        ('timeout = "unlimited"', Limits(wall_ms=None)),
        ('timeout = "1.5s"', Limits(wall_ms=1500)),
        ("output_bytes = 0", Limits(output_bytes=0)),
        ('output_size = "unlimited"', Limits(output_bytes=None)),
        ('provider_calls = "unlimited"', Limits(provider_calls=None)),
    ],
)
def test_a_limit_may_be_a_number_a_size_a_time_or_unlimited(written: str, limits: Limits) -> None:
    assert parse(f"[runtime]\n{written}\n").runtime.limits() == limits


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("[providers.rig]", "openai"),
        ("[providers.openai]", "openai"),
        ("[providers.scripted]", "scripted"),
        ('[providers.openai]\nkind = "scripted"', "scripted"),
    ],
)
def test_the_kind_of_a_provider_is_given_or_its_name_or_openai(section: str, kind: str) -> None:
    (provider,) = parse(section).providers.entries.values()
    assert provider.kind == kind


def test_an_agent_may_name_the_embedded_provider() -> None:
    assert parse('[agents.a]\nprovider = "scripted"').agents["a"].provider == "scripted"
    assert parse('[providers]\ndefault = "scripted"').providers.effective().default == "scripted"


BAD = {
    "unknown section": "[runtme]\nfuel = 1\n",
    "planned sections": "[plugins]\n[journal]\npath = 'x'\n",
    "key outside its section": "fuel = 1\n",
    "key of another section": "[run]\nscript = 'a.lua'\nfuel = 1\n",
    "misspelled keys": "[runtime]\nscript_timeuot_ms = 1\nMax-Memory-MB = 1\n[security]\nsandbox = true\n",
    "misspelled default": "[providers]\ndefualt = 'a'\n[providers.a]\n",
    "provider key without a provider": "[providers]\napi_key_env = 'A'\n",
    "agent key without an agent": "[agents]\nprompt = 'x'\n",
    "key that is near one and equal to another": "[providers.a]\nmax_turns = 5\n",
    "temperature out of range": "[providers.a]\ntemperature = -0.5\n[agents.a]\ntemperature = 101\n",
    "section is no table": "run = 3\nproviders = 'x'\nagents = []\nsecurity = true\n",
    "named section is no table": "[[providers.a]]\n[agents]\nb = 3\n",
    "script and source": "[run]\nscript = 'a.lua'\nsource = 'return 1'\n",
    "nothing to run": "[run]\nargs = ['x']\n",
    "run of wrong types": "[run]\nscript = 1\nargs = 'x'\nmodules = ['lib', 2, '', 'lib']\noutput = 'jsn'\n",
    "repeated module": "[run]\nsource = ''\nmodules = ['lib', 'lib']\n",
    "quoted number": '[runtime]\nfuel = "12"\n',
    "number with a unit in the wrong key": '[runtime]\nmax_memory_mb = "50MB"\nscript_timeout_ms = "30s"\n',
    "boolean for a number": "[runtime]\nfuel = true\ntasks = false\n",
    "number for a boolean": "[runtime]\nenable_streaming = 1\n",
    "quoted boolean": '[runtime]\nenable_streaming = "true"\n',
    "float for an integer": "[runtime]\nfuel = 1.5\ntool_calls = 1.0\ninput_tokens = 1e6\noutput_tokens = inf\n",
    "out of range": (
        "[runtime]\nfuel = 0\nmax_memory_mb = 0\nscript_timeout_ms = 99_999_999_999\nprovider_calls = -1\n"
        "output_tokens = 9223372036854775808\ntasks = 0\n"
    ),
    "size and time out of range": '[runtime]\nmemory = "512KB"\ntimeout = "9000h"\n',
    "more memory than wasm32 has": "[runtime]\nmax_memory_mb = 4097\n",
    "size and time that cannot be read": '[runtime]\nmemory = "50 apples"\ntimeout = "30"\noutput_size = 5\n',
    "unlimited memory": '[runtime]\nmemory = "unlimited"\n',
    "memory twice": '[runtime]\nmax_memory_mb = 50\nmemory = "50MB"\n',
    "timeout twice": '[runtime]\ntimeout = "1s"\nscript_timeout_ms = 1000\n',
    "output and provider times twice": (
        '[runtime]\noutput_bytes = 1\noutput_size = "1B"\n'
        '[providers.a]\nconnect_timeout = "1s"\nconnect_timeout_ms = 5\nmax_reply_bytes = 1\nmax_reply_size = "1B"\n'
    ),
    "wrong provider": "[providers.a]\nkind = 'opnai'\nmax_tokens = 0\ntemperature = nan\nmodel = ''\nmax_token = 5\n",
    "default that is not there": "[providers]\ndefault = 'loca'\n[providers.local]\n[providers.other]\n",
    "provider called default": "[providers.default]\nmodel = 'x'\n",
    "several providers, no default": "[providers.a]\n[providers.b]\n[providers.c]\n",
    "replies of an openai provider": "[providers.a]\n[[providers.a.replies]]\ntext = 'x'\n",
    "address of a scripted provider": "[providers.a]\nkind = 'scripted'\nbase_url = 'http://127.0.0.1'\n",
    "places of a key": (
        "[providers.a]\napi_key_env = 'K'\napi_key_file = 'k'\n[providers.b]\napi_key_keyring = 'sk-secret'\n"
        "[providers.c]\napi_key_file = 3\n[providers]\ndefault = 'a'\n"
    ),
    "replay": (
        "[providers]\ndefault = 'a'\n[providers.a]\nkind = 'replay'\nbase_url = 'http://h'\napi_key_env = 'K'\n"
        "[providers.b]\nkind = 'anthropic'\nfile = 'run.jsonl'\n[providers.c]\nkind = 'replay'\nreplies = []\n"
    ),
    "scripted that is something else": "[providers.scripted]\nkind = 'openai'\n",
    "addresses": (
        "[providers]\ndefault = 'a'\n[providers.a]\nbase_url = 'ftp://host'\n[providers.b]\nbase_url = 'http://'\n"
        "[providers.c]\nbase_url = 'http://host:99999'\n[providers.d]\nbase_url = 'https://host/v1#x'\n"
        "[providers.e]\nbase_url = 'http://ho st'\n[providers.f]\nbase_url = 1\n[providers.g]\nbase_url = 'http://[::1'\n"
    ),
    "reply": (
        "[[providers.scripted.replies]]\nfault = 'ct'\ndelay = '1 day'\nchunk_words = 0\ntxt = 'x'\n"
        "tool_calls = [{ arguments = { at = 2020-01-01 } }, { name = 'a', argument = {} }, 3]\n"
    ),
    "replies as one table": "[providers.scripted.replies]\ntext = 'x'\n",
    "names": "[providers.'a/b']\n[agents.'']\n",
    "agent": (
        "[agents.a]\nprovider = 'nobody'\ntools = ['t', 't']\nmax_turns = 0\ntemperature = '0.5'\n"
        "parameters = { x = inf, y = 18446744073709551616, z = [07:00:00] }\n[agents.b]\nprovider = 3\nparameters = 3\n"
    ),
    "agent near a provider": "[providers.local]\n[agents.a]\nprovider = 'lokal'\n",
    "sandbox off": "[security]\nsandbox_mode = false\n",
    "security of wrong types": "[security]\nsandbox_mode = 'yes'\nallowed_tools = 'x'\nenv = ['A-B', 'A', 'A']\n",
    "header names and values": "[providers.a]\nheaders = { 'a b' = 'x', b = 1, c = \"x\\r\\ny\" }\n",
    "headers are no table": "[providers.a]\nheaders = ['x']\n",
    "folders of a tool": (
        "[[tools.csv.roots]]\n[[tools.csv.roots]]\npath = ''\nmode = 'rw'\nplace = '/tmp'\n"
        "[[tools.csv.roots]]\npath = 'x'\n"
        "at = '../x'\n[[tools.csv.roots]]\npath = 'x'\nat = '~/x'\n[[tools.csv.roots]]\npath = 'x'\nat = \"a\\u0000\"\n"
    ),
    "sizes of a tool": (
        "[tools.file_operations]\nmax_file_size = '2GB'\nmax_write_bytes = 0\n[tools.file_search]\nroots = ['data']\n"
    ),
    "key given twice": "[run]\nscript = 'a.lua'\nargs = []\nscript = 'b.lua'\n",
    "table given twice": "[run]\nscript = 'a.lua'\n[runtime]\n[run]\nargs = []\n",
    "nested too deep": "[agents.a]\nparameters = " + "{a = " * 40 + "1" + "}" * 40 + "\n",
    "dotted keys and windows line ends": "runtime.fuel = '1'\r\nruntime.tasks = 'x'\r\n",
    "what of the network": (
        "[tools.http_request]\nhosts = ['http://a.test', '10.0.0.0/4', '*.1.2.3.4', 3]\nmethods = ['get', 'BREW']\n"
        "max_response_size = '1GB'\nmax_redirects = 21\n[tools.web_search]\nengine = 'bing'\nurl = 'searx.test'\n"
    ),
    "credentials of tools": (
        "[[tools.http_request.credentials]]\nhost = '*.a.test'\nenv = 'sk-123'\n"
        "[[tools.http_request.credentials]]\nhost = 'a.test'\nheader = 'Host'\nprefix = \"a\\nb\"\nenv = 'A'\n"
        "[[tools.http_request.credentials]]\nhost = '10.0.0.0/8'\nheader = 'a b'\nkey = 'sk-1'\n"
    ),
    "keys of other tools": (
        "[tools.calculator]\nengine = 'brave'\nroots = [{ path = 'x' }]\n[tools.file_reader]\nhosts = ['a.test']\n"
        "max_write_size = '1MB'\n[tools.csv-analyzer]\ncommands = ['echo']\n[tools.web_fetch]\nmethods = ['GET']\n"
        "[tools.hash]\npython = 'a:b'\nroots = [{ path = 'x' }]\n[tools.own]\ntimeout = '5s'\n"
        "[tools.own2]\npython = 3\nurl = 1\nzzz = 1\n[tools.file_raeder]\nroots = [{ path = 'x' }]\n"
    ),
    "long values are cut": f"[run]\noutput = '{'x' * 200}'\n{'k' * 200} = 1\n",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(name: str, snapshot: SnapshotAssertion) -> None:
    assert rendered(problems(BAD[name])) == snapshot


def test_a_wrong_value_is_shown_at_the_value_and_an_unknown_key_at_the_key() -> None:
    error = problems("[runtime]\nfuel = 'x'\nfule = 1\n")
    assert error.problems == (
        Problem('`fuel` must be a whole number or "unlimited", found the string "x"', "runtime.fuel", 2, 8),
        Problem("`fule` is not a key of [runtime]", "runtime.fule", 3, 1, "did you mean `fuel`?"),
    )
    assert error.file == "m.toml"
    assert str(error).startswith("m.toml: 2 problems; the first: `fuel` must be")


def test_at_most_a_hundred_problems_are_reported() -> None:
    error = problems("".join(f"k{n} = 1\n" for n in range(1000)))
    assert len(error.problems) == 101
    assert error.problems[-1] == Problem("only the first 100 problems are shown")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[run]\nscript = main.lua\n", 2, 10),
        ("[run\nscript = 1\n", 1, 5),
        ("[run]\nscript 'a'\n", 2, 8),
        ("[run]\nscript = 'a\n", 2, 10),
        ('[run]\nsource = "a\n\nb\n', 2, 10),
        ('[run]\nscript = "a\\q"\n', 2, 13),
        ("[run]\nargs = [1,\n", 3, 1),
    ],
)
def test_a_text_that_is_not_toml_has_one_problem_where_it_stops(text: str, line: int, column: int) -> None:
    (problem,) = problems(text).problems
    assert problem.message.startswith("this is not TOML: ")
    assert problem.line == line
    assert abs(problem.column - column) <= 2  # Python's versions differ in which side of a character they name


SECRETS = [
    "[providers.a]\napi_key = 'sk-SECRET'\n",
    "[providers.a]\ntoken = 'SECRET'\n",
    "[providers.a]\n'OPENAI-API-KEY' = '''SECRET\nSECRET'''\n",
    "[providers.a]\napi_key_env = 'sk-SECRET'\n",
    "[providers.a]\napi_key_env = ['sk-SECRET']\n",
    "[providers.a]\nheaders = { Authorization = 'Bearer SECRET', X-Api-Key = 'SECRET' }\n",
    "[providers.a.headers]\ncookie = 'SECRET'\nx = \"SECRET\\n\"\n",
    "[providers.a]\nheaders = 'Authorization: SECRET'\n",
    "[providers.a]\nbase_url = 'https://user:SECRET@host/v1'\n",
    "[providers.a]\nbase_url = 'https://host/v1?key=SECRET'\n",
    "[providers.a]\nbase_url = 'SECRET@host'\n",
    "[agents.a]\nparameters = { deep = { api_key = 'SECRET' } }\n",
    "api_key = 'SECRET'\n",
    # not even TOML
    "[providers.a]\napi_key = sk-SECRET\n",
    "[providers.a]\napi_key_env = sk-SECRET\n",
    '[providers.a]\n"api_key" = "sk-SECRET\n',
    "[providers.a]\nheaders = { Authorization = 'Bearer SECRET', x = }\n",
    "[providers.a]\nbase_url = https://user:SECRET@host/v1\n",
    "[providers.a]\napi_key = 'SECRET'\napi_key = 'SECRET'\n",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_in_a_manifest_is_an_error_that_does_not_show_it(text: str) -> None:
    error = problems(text)
    assert "SECRET" not in error.source
    assert "SECRET" not in repr(error) + str(error) + repr(error.problems) + rendered(error)
    assert len(error.source) == len(text)
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


def test_a_literal_key_gets_the_hint_to_name_a_variable(snapshot: SnapshotAssertion) -> None:
    assert rendered(problems("".join(SECRETS[:1] + SECRETS[11:12]))) == snapshot


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "m.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load_problem(path: Path) -> Problem:
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    assert caught.value.file == str(path)
    (problem,) = caught.value.problems
    return problem


def test_a_file_is_loaded_with_its_folder_as_base(tmp_path: Path) -> None:
    (tmp_path / "main.lua").touch()
    (tmp_path / "lib").mkdir()
    path = write(tmp_path, "\ufeff[run]\r\nscript = 'main.lua'\r\nmodules = ['lib', '.']\r\n")
    manifest = load_manifest(str(path))
    assert (manifest.file, manifest.base) == (str(path), tmp_path)
    assert manifest.script_path() == tmp_path / "main.lua"
    assert manifest == load_manifest(path)


def test_what_cannot_be_read_is_a_manifest_error(tmp_path: Path) -> None:
    assert load_problem(tmp_path / "none.toml").message == "the file does not exist"
    assert load_problem(tmp_path).message == "this is a folder"
    assert load_problem(tmp_path / ("x" * 300)).message.startswith("the file cannot be read: ")
    assert load_problem(tmp_path / "a\0b").message == "this is not a file name"
    assert load_problem(write(tmp_path, "#" * (MAX_BYTES + 1))).message == "it is longer than 1,048,576 bytes"
    assert load_problem(write(tmp_path, "a = 'é".encode() + b"\xff'")) == Problem(
        "the file is not UTF-8 text: it has the byte 0xff here", "", 1, 7, "save it as UTF-8"
    )
    assert load_problem(write(tmp_path, b"# one\n# two \xc3(")) == Problem(
        "the file is not UTF-8 text: it has the byte 0xc3 here", "", 2, 7, "save it as UTF-8"
    )


def test_a_long_text_is_refused_like_a_long_file() -> None:
    assert problems("#" + "é" * (MAX_BYTES // 2)).problems[0].message == "it is longer than 1,048,576 bytes"


def test_a_file_that_is_exactly_as_long_as_allowed_loads(tmp_path: Path) -> None:
    assert load_manifest(write(tmp_path, "#" * MAX_BYTES)).run == RunSection()


def test_the_script_and_the_modules_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, "[run]\nscript = 'a.lua'\nmodules = ['.', 'lib']\n")
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    assert caught.value.problems == (
        Problem(f"there is no file {tmp_path / 'a.lua'}", "run.script", 2, 10),
        Problem(f"there is no folder {tmp_path / 'lib'}", "run.modules[1]", 3, 17),
    )


def test_overrides_are_applied_to_what_was_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, "[run]\nsource = ''\nargs = ['a']\n[runtime]\nfuel = 5\ntasks = 2\n")
    manifest = load_manifest(path, overrides=Overrides(fuel=9, args=("b",)))
    assert (manifest.runtime.fuel, manifest.runtime.tasks, manifest.run.args) == (9, 2, ("b",))
    with pytest.raises(UsageError):
        load_manifest(path, overrides=Overrides(memory_bytes=5))


def test_a_manifest_that_only_configures_takes_its_script_from_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, SEED)
    assert load_manifest(path).script_path() is None
    with pytest.raises(ManifestError) as caught:
        load_manifest(path, require_script=True)
    assert caught.value.problems[0].message == "the manifest does not say what to run"
    script = load_manifest(path, overrides=Overrides(script="x.lua"), require_script=True).script_path()
    assert script == Path("x.lua").absolute()
    write(tmp_path, "[run]\nargs = ['a']\n")
    assert load_manifest(path, overrides=Overrides(script="x.lua")).run.args == ("a",)


@PROPERTY
@given(st.data())
def test_a_damaged_manifest_loads_or_is_a_manifest_error(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(list(GOOD.values())))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 9)))
        middle = data.draw(st.sampled_from(["", "1", '"', "[", "]", "\n", "= ", "{", ".", "'", "#", "x", text[:40]]))
        text = text[:start] + middle + text[end:]
    if error := attempt(text):
        assert error.problems
        last = error.source.count("\n") + 1
        assert all(0 <= problem.line <= last and problem.message for problem in error.problems)


@PROPERTY
@given(st.text(max_size=200))
def test_any_text_loads_or_is_a_manifest_error(text: str) -> None:
    error = attempt(text)
    assert error is None or error.problems
