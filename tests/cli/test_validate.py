"""`llmspell validate`, `schema` and `completion`: they read, compile and print, and run nothing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from tests.cli.helpers import called, write

ROOT = Path(__file__).parents[2]
FULL = """\
[run]
script = "a.lua"
args = ["x"]

[runtime]
fuel = "unlimited"
timeout = "90s"

[providers]
default = "local"

[providers.local]
base_url = "http://127.0.0.1:1/v1"

[providers.other]
kind = "scripted"

[agents.ann]
provider = "local"
model = "m"
"""


def test_a_good_manifest_is_ok_and_nothing_of_it_runs(
    tmp_path: Path, snapshot: SnapshotAssertion, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, m_toml=FULL, a_lua='print("run!")')
    result = called(capfd, "validate", "m.toml", cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot


@pytest.mark.parametrize("source", ['source = "print(1)"', ""])
def test_a_manifest_may_have_its_script_in_it_or_only_configure(
    source: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, m_toml=f"[run]\n{source}\n" if source else "[runtime]\nfuel = 1\n")
    result = called(capfd, "validate", "m.toml", cwd=tmp_path)
    assert (result.code, result.out.splitlines()[0]) == (0, "m.toml: ok")
    assert ("in the manifest" if source else "none") in result.out.splitlines()[1]


def test_a_script_can_be_checked_without_a_manifest(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a_lua="while true do end", b_lua="while true d end")
    assert called(capfd, "validate", "a.lua", cwd=tmp_path).out.startswith("a.lua: ok\n")
    bad = called(capfd, "validate", "b.lua", cwd=tmp_path)
    assert (bad.code, bad.out) == (1, "")
    assert "--> b.lua:1\n" in bad.err


def test_the_script_of_a_manifest_must_be_there_and_compile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, m_toml=FULL)
    missing = called(capfd, "validate", "m.toml", cwd=tmp_path)
    assert (missing.code, "m.toml:2:10: there is no file a.lua" in missing.err) == (2, True)
    write(tmp_path, a_lua="local = 1")
    wrong = called(capfd, "validate", "m.toml", cwd=tmp_path)
    assert (wrong.code, "--> a.lua:1\n" in wrong.err) == (1, True)


def test_resolved_prints_a_manifest_with_all_defaults(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, m_toml=FULL, a_lua="")
    result = called(capfd, "validate", "m.toml", "--resolved", cwd=tmp_path)
    found = tomllib.loads(result.out)
    assert (result.code, result.err) == (0, "")
    assert found["runtime"] | {"fuel": "unlimited", "timeout": "90s", "memory": "50MB"} == found["runtime"]
    write(tmp_path, r_toml=result.out)
    assert called(capfd, "validate", "r.toml", "--resolved", cwd=tmp_path) == result


def test_with_json_output_the_answer_is_one_object(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, m_toml=FULL, a_lua="", b_toml="[run]\nfuel = 1\n")
    good, bad = (called(capfd, "validate", name, "--output", "json", cwd=tmp_path) for name in ("m.toml", "b.toml"))
    assert (good.code, good.json["status"], good.json["run"]["manifest"]) == (0, "ok", "m.toml")
    assert (bad.code, bad.json["error"]["kind"], len(bad.json["error"]["details"]["problems"])) == (2, "manifest", 2)


def test_schema_prints_a_json_schema_that_the_examples_satisfy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = called(capfd, "schema", cwd=tmp_path)
    schema = json.loads(result.out)
    Draft202012Validator.check_schema(schema)
    for example in sorted((ROOT / "configs").glob("*.toml")):
        Draft202012Validator(schema).validate(tomllib.loads(example.read_text("utf-8")))
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("example", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_valid(example: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert called(capfd, "validate", example, cwd=ROOT).code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_knows_the_options(
    shell: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = called(capfd, "completion", shell, cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert "fuel" in result.out
    assert "validate" in result.out
