"""The public Python API: its names, that they are lazy, and what a program does with them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import llmspell
from llmspell import errors

ROOT = Path(__file__).parents[2]


def test_every_public_name_is_there_and_is_what_it_says() -> None:
    assert llmspell.__all__ == sorted(llmspell.__all__)
    for name in llmspell.__all__:
        value = getattr(llmspell, name)
        assert getattr(value, "__name__", name) == name
    assert set(llmspell.__all__) <= set(dir(llmspell))


def test_every_error_is_public() -> None:
    assert {cls.__name__ for cls in errors.BY_KIND.values()} <= set(llmspell.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        llmspell.Nothing  # noqa: B018


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == llmspell.__version__


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import llmspell; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["llmspell"]


def test_a_program_runs_a_script(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[run]\nsource = "print(arg[1]) return #arg"\nargs = ["x"]\n')
    output = llmspell.ScriptRuntime(llmspell.load_manifest(tmp_path / "m.toml")).run()
    assert (output.as_number(), output.output) == (1, "x\n")


def test_a_program_stops_a_run_from_outside_and_gets_its_report() -> None:
    reason = llmspell.InterruptedRun("that is enough")

    async def run() -> llmspell.RunReport:
        def stop_soon(stop: object) -> None:
            assert callable(stop)
            asyncio.get_running_loop().call_later(0.05, stop, reason)

        return await llmspell.ScriptRuntime().report("print('begun') Task.sleep(60)", on_start=stop_soon)

    report = asyncio.run(run())
    assert report.error is reason
    assert report.output.output == "begun\n"
    assert report.output.usage["elapsed_ms"] < 30_000


def test_what_a_stopped_run_has_spent_is_not_what_was_taken_from_it() -> None:
    async def run() -> llmspell.RunReport:
        runtime = llmspell.ScriptRuntime(
            llmspell.Manifest(file="", base=Path(), runtime=llmspell.RuntimeSection(output_bytes=10))
        )
        return await runtime.report("print('a') print(('b'):rep(100))")

    report = asyncio.run(run())
    assert isinstance(report.error, llmspell.LimitError)
    assert 0 < report.output.usage["fuel"] < 10_000_000
