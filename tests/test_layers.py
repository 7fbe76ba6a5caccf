"""The architecture, enforced: who may import whom, where each third-party package lives, and what is loaded when.

Every import statement counts, wherever it stands: at the top, inside a function, under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "llmspell"

# Lowest first. A unit is a package under llmspell/, or a single module. A module imports its own unit and the units
# of lower layers. `limits`, `events`, `types`, `content` and `settings` are one unit, core: frozen data and arithmetic
# without a rule of their own, so they stand beneath the packages that share their layer in the design, abi and media.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("core",),
    ("access",),
    ("abi", "media", "schemas"),
    ("providers", "tools"),
    ("manifest",),
    ("agents", "host"),
    ("runtime",),
    ("llmspell",),  # llmspell/__init__.py, the public Python API
    ("cli",),
)
MERGED = {
    "limits": "core",
    "events": "core",
    "types": "core",
    "content": "core",
    "script": "runtime",
    "connect": "runtime",
    "settings": "core",
    "__init__": "llmspell",
    "__main__": "cli",
}

# Lower, and forbidden all the same.
FORBIDDEN = {("host", "providers"): "the runtime hands the host a mapping of operations"}

# Where each third-party package may be imported: files, or folders with a slash at the end.
HOMES: dict[str, tuple[str, ...]] = {
    "wasmtime": ("host/engine.py", "host/guest.py"),
    "httpx": ("providers/http.py",),
    "httpcore": ("access/dial.py", "access/web.py"),
    "idna": ("access/urls.py",),
    "justhtml": ("tools/readable.py",),
    "cyclopts": ("cli/",),
    "rich": ("cli/",),
    "cattrs": ("agents/state.py", "providers/recording/form.py"),
    "keyring": ("providers/key_sources.py",),
    "tomli_w": ("manifest/",),
    "msgpack": ("abi/codec.py",),
    "aiostream": ("agents/turns.py",),
    "genai_prices": ("providers/prices.py",),
    "jsonschema_rs": ("schemas.py",),
    "PIL": ("media/transform.py", "media/formats/pictures.py"),
    "re2": ("tools/patterns.py", "tools/jobs/regex_job.py"),
    "jq": ("tools/jobs/jq_job.py",),
    "jinja2": ("tools/jobs/template_job.py",),
    "simpleeval": ("tools/calculator.py",),
    "msgspec": ("tools/python.py",),
    "docstring_parser": ("tools/python.py",),
}

RANK = {unit: rank for rank, units in enumerate(LAYERS) for unit in units}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit_of(module: str) -> str:
    """The unit of a dotted name: llmspell.abi.codec is in abi, llmspell.types in core, llmspell itself in llmspell."""
    parts = module.split(".")
    unit = parts[1] if len(parts) > 1 else "__init__"
    return MERGED.get(unit, unit)


def imports(source: str, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of everything that a module imports; a name of ours as deep as it is a module."""
    parts = module.split(".")
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                above = parts[: len(parts) - level + is_package] if level else []
                full = ".".join([*above, *([base] if base else [])])
                for alias in names:
                    inner = ROOT.joinpath(*full.split("."), alias.name)
                    deeper = full.split(".")[0] == "llmspell" and (inner.is_dir() or inner.with_suffix(".py").is_file())
                    yield node.lineno, f"{full}.{alias.name}" if deeper else full
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def imports_of(path: Path) -> list[tuple[int, str]]:
    return list(imports(path.read_text("utf-8"), name_of(path), is_package=path.name == "__init__.py"))


def layer_faults(module: str, imported: list[tuple[int, str]]) -> list[str]:
    unit, faults = unit_of(module), []
    for line, name in imported:
        if name.split(".")[0] != "llmspell":
            continue
        target = unit_of(name)
        if (unit, target) in FORBIDDEN:
            faults.append(f"line {line}: {unit} must not import {name}: {FORBIDDEN[unit, target]}")
        elif target != unit and RANK[target] >= RANK[unit]:
            faults.append(f"line {line}: {unit} must not import {name}, which is not in a lower layer")
    return faults


def home_faults(path: str, imported: list[tuple[int, str]]) -> list[str]:
    faults = []
    for line, name in imported:
        top = name.split(".")[0]
        if top == "llmspell" or top in sys.stdlib_module_names:
            continue
        if top not in HOMES:
            faults.append(f"line {line}: {top} has no home: name one in HOMES")
        elif not any(path == home or (home.endswith("/") and path.startswith(home)) for home in HOMES[top]):
            faults.append(f"line {line}: {top} is imported outside of {', '.join(HOMES[top])}")
    return faults


def test_every_module_is_in_a_layer() -> None:
    assert {unit_of(name_of(path)) for path in modules()} <= set(RANK)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_its_own_unit_and_lower_layers(path: Path) -> None:
    assert layer_faults(name_of(path), imports_of(path)) == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_third_party_package_is_imported_only_where_it_is_at_home(path: Path) -> None:
    assert home_faults(path.relative_to(PACKAGE).as_posix(), imports_of(path)) == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_opens_with_a_docstring_that_states_its_rule(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("llmspell.abi.codec", "from llmspell.types import Json", []),
        ("llmspell.types", "from llmspell import settings", []),
        ("llmspell.host.driver", "from . import guest\nfrom .. import errors\nfrom ..abi.codec import x", []),
        ("llmspell.limits", "from llmspell.abi import codec", ["not in a lower layer"]),
        ("llmspell.agents.loop", "def f():\n    from llmspell.host import driver", ["line 2: agents must not import"]),
        ("llmspell.host.driver", "from ..providers import base", ["the runtime hands the host"]),
        ("llmspell.host.driver", "import llmspell", ["not in a lower layer"]),
        ("llmspell.media.load", "import importlib\nimportlib.import_module('llmspell.cli.main')", ["line 2"]),
    ],
)
def test_the_layer_rule_sees_every_way_to_import(module: str, source: str, expected: list[str]) -> None:
    faults = layer_faults(module, list(imports(source, module, is_package=False)))
    assert len(faults) == len(expected)
    assert all(part in fault for part, fault in zip(expected, faults, strict=True))


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("host/guest.py", "import wasmtime", []),
        ("providers/http.py", "from httpx import AsyncClient", []),
        ("host/driver.py", "def f():\n    import wasmtime.loader", ["line 2: wasmtime is imported outside"]),
        ("cli/run.py", "import requests", ["line 1: requests has no home"]),
    ],
)
def test_the_home_rule_sees_every_third_party_import(path: str, source: str, expected: list[str]) -> None:
    faults = home_faults(path, list(imports(source, "llmspell.x", is_package=False)))
    assert len(faults) == len(expected)
    assert all(part in fault for part, fault in zip(expected, faults, strict=True))


# What a command must not load: imports are most of a short run's time. A name covers what is beneath it.
SCRIPT = 'print("hello")\n'
AGENT = 'Agent.create { model = "mock" }:execute("hello")\n'
NOT_LOADED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("--version",): (
        "httpx",
        "httpcore",
        "wasmtime",
        "cattrs",
        "msgpack",
        "asyncio",
        "llmspell.media",
        "llmspell.host",
    ),
    ("--help",): ("httpx", "httpcore", "wasmtime", "cattrs", "msgpack", "llmspell.media", "llmspell.host"),
    ("init",): ("httpx", "httpcore", "wasmtime", "cattrs", "msgpack", "llmspell.media", "llmspell.host"),
    ("run", "script.lua"): (
        "httpx",
        "httpcore",
        "genai_prices",
        "cattrs",
        "tomllib",
        "tomli_w",
        "cyclopts",
        "llmspell.media",
    ),
    ("run", "agent.lua"): ("httpx", "PIL", "tempfile", "llmspell.media.blobs", "llmspell.media.inspect"),
}


@pytest.mark.skipif(not (PACKAGE / "cli" / "main.py").exists(), reason="the command does not exist yet")
@pytest.mark.parametrize("command", NOT_LOADED, ids=" ".join)
def test_a_command_loads_nothing_that_it_does_not_need(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "script.lua").write_text(SCRIPT)
    (tmp_path / "agent.lua").write_text(AGENT)
    # -X importtime names every module as it is loaded, however the process ends.
    run = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-c",
            "import sys; from llmspell.cli.main import main; sys.exit(main())",
            *command,
        ],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if not key.startswith("COV")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    loaded = re.findall(r"^import time:[^|]*\|[^|]*\| +(\S+)$", run.stderr, re.MULTILINE)
    assert "llmspell.cli.main" in loaded
    assert [name for name in loaded if any(f"{name}.".startswith(f"{heavy}.") for heavy in NOT_LOADED[command])] == []
