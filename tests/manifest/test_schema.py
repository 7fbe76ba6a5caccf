"""The JSON Schema says what the loader accepts, key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from llmspell.manifest.keys.agents import AGENT
from llmspell.manifest.keys.grants import SECURITY
from llmspell.manifest.keys.providers import PROVIDER, REPLY, TOOL_CALL
from llmspell.manifest.keys.run import RUN, RUNTIME
from llmspell.manifest.load import parse_manifest
from llmspell.manifest.schema import manifest_schema
from llmspell.manifest.sections import Section
from tests.manifest.examples import GOOD, attempt, problems

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
VALIDATOR = Draft202012Validator(manifest_schema())
SECTIONS = [RUN, RUNTIME, PROVIDER, REPLY, TOOL_CALL, AGENT, SECURITY]
HEADERS = {
    "run": "[run]\nsource = ''\n",
    "runtime": "[runtime]\n",
    "providers": "[providers]\n",
    "providers.NAME": "[providers.p]\n",
    "replies": "[[providers.scripted.replies]]\n",
    "tool_calls": "[[providers.scripted.replies]]\n[[providers.scripted.replies.tool_calls]]\nname = 't'\n",
    "agents.NAME": "[agents.a]\n",
    "security": "[security]\n",
    "a manifest": "",
}


def valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(tomllib.loads(text)))


def loads(text: str) -> bool:
    return attempt(text) is None


def described(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema, wherever it is nested."""
    if not isinstance(schema, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from described(inner, f"{path}.{name}")
    yield from described(schema.get("additionalProperties"), f"{path}.*")
    yield from described(schema.get("items"), f"{path}[]")


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(manifest_schema())


@pytest.mark.parametrize("name", GOOD)
def test_the_example_manifests_fit(name: str) -> None:
    VALIDATOR.validate(tomllib.loads(GOOD[name]))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_manifests_of_the_project_load_and_fit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    parse_manifest(text, file=path.name, base=path.parent)
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "[run]\nargs = []",
        "[run]\nscript = 'a'\nsource = 'b'",
        "[run]\nscript = ''",
        "[runtime]\nfuel = '12'",
        "[runtime]\nfuel = true",
        "[runtime]\nfuel = 0",
        "[runtime]\nmax_memory_mb = 4097",
        "[runtime]\nmemory = 50",
        "[runtime]\nmemory = '50'",
        "[runtime]\nmemory = '50MB'\nmax_memory_mb = 50",
        "[runtime]\ntimeout = '30'",
        "[runtime]\nenable_streaming = 1",
        "[providers.a]\nkind = 'opnai'",
        "[providers.a]\napi_key_env = 'sk-1'",
        "[providers.a]\nheaders = {a = 1}",
        "[providers]\ndefault = 1",
        "[[providers.scripted.replies]]\nfault = 'x'",
        "[[providers.scripted.replies]]\ntool_calls = [{}]",
        "[agents.'a b']",
        "[agents.a]\nparameters = 3",
        "[security]\nsandbox_mode = false",
        "[security]\nenv = ['A', 'A']",
        "run = 1",
    ],
)
def test_what_the_loader_refuses_in_one_value_the_schema_refuses_too(text: str) -> None:
    assert (loads(text), valid(text)) == (False, False)


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_both_refuse_an_unknown_key_in_every_table(header: str) -> None:
    assert (loads(header), valid(header)) == (True, True)
    assert (loads(f"{header}zzz = 1\n"), valid(f"{header}zzz = 1\n")) == (False, False)


@pytest.mark.parametrize(
    ("header", "section"),
    [
        (HEADERS["run"], RUN),
        (HEADERS["runtime"], RUNTIME),
        (HEADERS["providers.NAME"], PROVIDER),
        (HEADERS["replies"], REPLY),
        (HEADERS["agents.NAME"], AGENT),
        (HEADERS["security"], SECURITY),
    ],
)
def test_both_know_every_key(header: str, section: Section) -> None:
    for key in section.schema()["properties"]:
        if f"\n{key} =" in header:
            continue
        # no key takes a time of day, so that each is known and each value is refused
        text = f"{header}{key} = 07:32:00\n"
        assert [problem.message for problem in problems(text).problems if "is not a key" in problem.message] == []
        assert all("Additional properties" not in error.message for error in VALIDATOR.iter_errors(tomllib.loads(text)))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.build.__name__)
def test_every_field_has_a_key_and_every_key_a_field(section: Section) -> None:
    named = {"name"} if section in (PROVIDER, AGENT) else set()
    assert {key.target for key in section.keys} | named == {f.name for f in fields(section.build)}
    assert len({key.name for key in section.keys}) == len(section.keys)


def test_every_key_is_described_in_a_sentence() -> None:
    properties = dict(described(manifest_schema()))
    assert len(properties) > 50
    for path, schema in properties.items():
        assert schema.get("description", "").endswith("."), path


def test_defaults_are_those_that_a_run_gets() -> None:
    runtime = manifest_schema()["properties"]["runtime"]["properties"]
    assert runtime["max_memory_mb"]["default"] == 50
    assert runtime["memory"]["default"] == "50MB"
    assert runtime["script_timeout_ms"]["default"] == 30_000
    assert runtime["timeout"]["default"] == "30s"
    assert runtime["enable_streaming"]["default"] is True
    for name, schema in dict(described(manifest_schema())).items():
        if "default" in schema:
            Draft202012Validator(schema).validate(schema["default"]), name
