"""text, datetime, uuid, hash and base64."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.errors import ToolError
from tests.tools.files import tool

HERE = Path()


def text(operation: str, **given: Any) -> Any:
    return tool("text", HERE)(operation=operation, **given)


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("find", {"input": "a1 bö22", "pattern": r"([a-zö]+)(?P<n>\d+)"}, [
            {"text": "a1", "start": 1, "end": 2, "groups": ["a", "1"], "named": {"n": "1"}},
            {"text": "bö22", "start": 4, "end": 7, "groups": ["bö", "22"], "named": {"n": "22"}}]),
        ("find", {"input": "aAa", "pattern": "a", "ignore_case": True, "limit": 2}, [
            {"text": "a", "start": 1, "end": 1}, {"text": "A", "start": 2, "end": 2}]),
        ("replace", {"input": "a1 b22", "pattern": r"([a-z])(\d+)", "with": r"\2\1"}, "1a 22b"),
        ("replace", {"input": "none", "pattern": "x", "with": "y"}, "none"),
        ("split", {"input": "a, b,c", "pattern": r",\s*"}, ["a", "b", "c"]),
        ("diff", {"old": "a\nb\n", "new": "a\nc\n"},
            {"diff": "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "added": 1, "removed": 1}),
        ("diff", {"old": "a", "new": "a"}, {"diff": "", "added": 0, "removed": 0}),
        ("template", {"template": "Hi {{ n|upper }}{% for x in xs %} {{ x }}{% endfor %}\n",
            "values": {"n": "bob", "xs": [1, 2]}}, "Hi BOB 1 2\n"),
        ("template", {"template": "{{ x }}", "values": {"x": "<b>"}, "html": True}, "&lt;b&gt;"),
        ("template", {"template": "{{ 'ä\\n' ~ 1.5 | round }}{{ [3, 1] | sort | tojson }}"}, "ä\n2.0[1, 3]"),
        ("snake_case", {"input": "HelloWorld fromLLMSpell2"}, "hello_world_from_llm_spell_2"),
        ("camel_case", {"input": "hello_world-again"}, "helloWorldAgain"),
        ("pascal_case", {"input": "hello world"}, "HelloWorld"),
        ("truncate", {"input": "abcdef", "length": 5}, "ab..."),
        ("wrap", {"input": "aa bb cc", "width": 5}, "aa bb\ncc"),
        ("indent", {"input": "a\nb", "spaces": 2}, "  a\n  b"),
        ("count", {"input": "ä b\nc"}, {"characters": 5, "words": 3, "lines": 2, "bytes": 6}),
    ],
)  # fmt: skip
def test_a_text_becomes(operation: str, given: dict[str, Any], expected: Any) -> None:
    assert text(operation, **given) == expected


@pytest.mark.parametrize(
    ("operation", "given", "message"),
    [
        ("find", {"input": "x", "pattern": "(x"}, r"missing \)"),
        ("find", {"input": "x", "pattern": r"(a)\1"}, "invalid escape"),
        ("find", {"input": "x", "pattern": "x" * 1001}, "longer than 1,000"),
        ("replace", {"input": "x", "pattern": "x", "with": r"\g<9>"}, "^text: `with`: bad group"),
        ("wrap", {"input": " " * 2_000_000, "width": 5}, "was stopped|more time"),
        ("find", {"pattern": "x"}, "`find` needs the argument 'input'"),
        ("replace", {"input": "x", "pattern": "x"}, "needs the argument 'with'"),
        ("template", {"template": "{{ name }}"}, "'name' is undefined"),
        ("template", {"template": "a\n{% if %}"}, "line 2"),
        ("template", {"template": "{{ ''.__class__.__mro__ }}"}, "not permitted"),
        ("template", {"template": "{{ cycler.__init__.__globals__ }}"}, "not permitted|undefined"),
        ("template", {"template": "{% include '/etc/passwd' %}"}, "template"),
        ("template", {"template": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"},
            "was stopped|more time"),
        ("template", {"template": "{{ 'x' * 10**9 }}"}, "longer|memory|time"),
        ("template", {"template": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"}, "text: it is nested too deeply"),
        ("template", {"template": "{{ lipsum() }}"}, "'lipsum' is undefined"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_with_a_text_is_said(operation: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        text(operation, **given)


def test_a_pattern_takes_linear_time() -> None:
    assert text("find", input="a" * 100_000, pattern="(a*)*b") == []


def date(**given: Any) -> Any:
    return tool("datetime", HERE)(**given)


def test_a_time_is_read_converted_and_told() -> None:
    said = date(operation="read", time="2024-02-29T12:00:00Z", to="America/New_York", format="%d.%m.%Y %H:%M %Z")
    assert (said["iso"], said["text"], said["weekday"], said["week"]) == (
        "2024-02-29T07:00:00-05:00", "29.02.2024 07:00 EST", "Thursday", 9,
    )  # fmt: skip
    assert date(operation="read", time=0)["iso"] == "1970-01-01T00:00:00+00:00"
    assert date(operation="read", time="Thu, 29 Feb 2024 12:00:00 +0100")["timestamp"] == 1709204400
    assert date(operation="read", time="31.12.2024", pattern="%d.%m.%Y", timezone="Asia/Tokyo")["offset"] == "+0900"


@pytest.mark.parametrize(
    ("time", "amount", "unit", "iso"),
    [
        ("2024-01-31T10:00:00Z", 1, "months", "2024-02-29T10:00:00+00:00"),
        ("2024-02-29", 1, "years", "2025-02-28T00:00:00+00:00"),
        ("2024-03-01", -1, "days", "2024-02-29T00:00:00+00:00"),
        ("2024-01-01", 1.5, "hours", "2024-01-01T01:30:00+00:00"),
        ("2024-12-31", 2, "weeks", "2025-01-14T00:00:00+00:00"),
    ],
)
def test_a_time_is_moved_by_the_calendar(time: str, amount: float, unit: str, iso: str) -> None:
    assert date(operation="add", time=time, amount=amount, unit=unit)["iso"] == iso


def test_an_hour_is_an_hour_where_clocks_are_changed() -> None:
    given = {"operation": "add", "time": "2024-03-31T00:30:00", "timezone": "Europe/Berlin"}
    assert date(**given, amount=2, unit="hours")["iso"] == "2024-03-31T03:30:00+02:00"
    assert date(**given, amount=1, unit="days")["iso"] == "2024-04-01T00:30:00+02:00"


def test_the_time_between_two() -> None:
    said = date(operation="diff", time="2024-01-15T10:30:00Z", until="2024-01-20T15:45:00Z")
    assert said == {"seconds": 450900.0, "days": 5.21875, "text": "5 days, 5 hours, 15 minutes"}
    assert date(operation="diff", time="2024-01-02", until="2024-01-01")["text"] == "-1 day"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"operation": "read", "time": "tomorrow"}, "without guessing"),
        ({"operation": "read", "time": "01/02/2024"}, "without guessing"),
        ({"operation": "read", "time": 1e300}, "outside of the years"),
        ({"operation": "now", "to": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        ({"operation": "now", "to": "../../etc/passwd"}, "there is no time zone"),
        ({"operation": "now", "to": "a\0b"}, "there is no time zone"),
        ({"operation": "add", "time": "9999-12-31", "amount": 1, "unit": "days"}, "outside of the years"),
        ({"operation": "add", "time": "2024-01-01", "amount": 1e30, "unit": "months"}, "outside of the years"),
        ({"operation": "add", "time": "2024-01-01", "amount": 0.5, "unit": "months"}, "a whole number of months"),
        ({"operation": "diff", "time": "2024-01-01"}, "needs the argument 'until'"),
        ({"operation": "read", "time": "1", "pattern": "%d%d"}, "^datetime: .*'d'"),
    ],
)
def test_a_time_that_is_none_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        date(**given)


def test_uuids_are_made_and_read() -> None:
    call = tool("uuid", HERE)
    assert uuid.UUID(call()).version == 4
    assert uuid.UUID(call(version=7)).version == 7
    assert call(version=5, name="example.com") == "cfbff0d1-9375-5685-968c-48ce8b15ae17"
    assert len(set(call(count=100))) == 100
    assert sorted(many := [call(version=7) for _ in range(1)]) == many
    assert call(read=" CFBFF0D1-9375-5685-968C-48CE8B15AE17 ")["version"] == 5
    assert call(read="nope") == {"valid": False}
    with pytest.raises(ToolError, match="needs a `name`"):
        call(version=5)
    with pytest.raises(ToolError, match="no namespace"):
        call(version=5, name="x", namespace="nope")


def test_digests_are_made_and_compared() -> None:
    call = tool("hash", HERE)
    assert call(input="abc") == hashlib.sha256(b"abc").hexdigest()
    assert call(input=b"\xff", algorithm="md5", encoding="base64") == "AFlP1PQrpD/BygQnoFdilQ=="
    assert call(input="abc", key="k").startswith("342e519c")
    assert call(input="abc", algorithm="md5", expected="900150983CD24FB0D6963F7D28E17F72") is True
    assert call(input="abc", expected="00") is False
    with pytest.raises(ToolError, match="algorithm"):
        call(input="abc", algorithm="crc32")


@settings(max_examples=25)
@given(st.binary(max_size=50), st.booleans())
def test_base64_comes_back_as_it_was(data: bytes, url_safe: bool) -> None:
    call = tool("base64", HERE)
    encoded = call(operation="encode", input=data, url_safe=url_safe)
    back = call(operation="decode", input=encoded.rstrip("="), url_safe=url_safe)
    assert (back if isinstance(back, bytes) else back.encode()) == data


def test_what_is_not_base64_is_refused() -> None:
    with pytest.raises(ToolError, match="`input` is not base64"):
        tool("base64", HERE)(operation="decode", input="!!")
