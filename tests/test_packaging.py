"""The package: what is in it, and that the sandbox is found however llmspell was installed.

Builds the sdist and the wheel once, offline, with the build tools of the development environment. Each installation is
then used by a process of its own, with its folder first on the path and the dependencies of the environment behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "wasm" / "lua.wasm"
COMMAND = "import sys; from llmspell.cli.main import main; sys.exit(main())"

needs_image = pytest.mark.skipif(
    not (ROOT / "llmspell/host/image.py").exists(), reason="llmspell.host.image is missing"
)
needs_command = pytest.mark.skipif(not (ROOT / "llmspell/cli/main.py").exists(), reason="llmspell.cli.main is missing")


def python(*args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run this interpreter and give its standard output; fail with its standard error."""
    run = subprocess.run(
        [sys.executable, "-P", *args],
        cwd=cwd,
        # Without coverage: these processes run copies of the source, which the report could not find again.
        env={k: v for k, v in os.environ.items() if not k.startswith("COV") and k != "PYTHONPATH"} | dict(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The two artefacts, and the folders from which each kind of installation is imported."""

    sdist: Path
    wheel: Path
    homes: Mapping[str, Path]


def build(source: Path, kind: str, out: Path) -> Path:
    python("-m", "build", "--no-isolation", f"--{kind}", "--outdir", out, source, cwd=out.parent)
    (artefact,) = out.iterdir()
    return artefact


def install(wheel: Path, folder: Path) -> Path:
    python("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder.parent)
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    work = tmp_path_factory.mktemp("packaging")
    sdist = build(ROOT, "sdist", work / "sdist")
    python("-m", "tarfile", "--extract", sdist, work / "unpacked", cwd=work)
    (unpacked,) = (work / "unpacked").iterdir()
    wheel = build(ROOT, "wheel", work / "wheel")
    wheel_of_sdist = build(unpacked, "wheel", work / "wheel-of-sdist")
    return Built(
        sdist=sdist,
        wheel=wheel,
        homes={
            "editable checkout": ROOT,
            "unpacked sdist": unpacked,
            "wheel": install(wheel, work / "site"),
            "wheel of the sdist": install(wheel_of_sdist, work / "site-of-sdist"),
        },
    )


installations = pytest.mark.parametrize(
    "installation", ["editable checkout", "unpacked sdist", "wheel", "wheel of the sdist"]
)


def path_for(installation: str, home: Path) -> dict[str, str]:
    """The environment that imports from `home`; an editable checkout needs none, which is what is tested there."""
    return {} if installation == "editable checkout" else {"PYTHONPATH": str(home)}


@needs_image
@installations
def test_the_sandbox_is_found_and_is_the_committed_one(built: Built, installation: str, tmp_path: Path) -> None:
    home = built.homes[installation]
    told = json.loads(
        python(
            "-c",
            "import json, llmspell; from llmspell.host.image import image_hash, image_path; path = image_path();"
            "print(json.dumps([llmspell.__file__, str(path), image_hash(path)]))",
            cwd=tmp_path,
            env=path_for(installation, home),
        )
    )
    package, image = (Path(path).resolve() for path in told[:2])
    assert package == home.resolve() / "llmspell" / "__init__.py"
    assert image.is_relative_to(home.resolve())
    assert image.read_bytes() == IMAGE.read_bytes()
    assert told[2] == hashlib.sha256(IMAGE.read_bytes()).hexdigest()


@needs_command
@installations
def test_a_script_runs(built: Built, installation: str, tmp_path: Path) -> None:
    (tmp_path / "script.lua").write_text('print("from " .. _VERSION)\n')
    home = built.homes[installation]
    told = python("-c", COMMAND, "run", "script.lua", cwd=tmp_path, env=path_for(installation, home))
    assert told == "from Lua 5.4\n"


@needs_command
def test_the_wheel_installs_the_command_llmspell(built: Built, tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    site = built.homes["wheel"]
    assert version in python(site / "bin" / "llmspell", "--version", cwd=tmp_path, env={"PYTHONPATH": str(site)})


def test_the_wheel_holds_the_package_its_types_the_sandbox_and_the_licence(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = archive.namelist()
    outside = [name for name in names if not name.startswith(("llmspell/", "llmspell-"))]
    assert outside == []
    assert {"llmspell/py.typed", "llmspell/lua.wasm", "llmspell/lua.wasm.sha256"} <= set(names)
    data = [path for path in (ROOT / "llmspell" / "data").rglob("*") if path.is_file()]
    assert {path.relative_to(ROOT).as_posix() for path in data} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert sorted(name for name in names if name.endswith(".py")) == sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / "llmspell").rglob("*.py")
    )


def test_the_sdist_holds_all_that_builds_and_tests_the_package_and_nothing_generated(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    needed = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", ".ci/run", "wasm/lua.wasm"}
    assert needed <= set(names)
    assert "tests/test_packaging.py" in names
    generated = ("node_modules", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
    assert [name for name in names if any(part in name for part in generated)] == []


def test_the_committed_sandbox_has_the_hash_that_stands_beside_it() -> None:
    said = (ROOT / "wasm" / "lua.wasm.sha256").read_text("utf-8").split()[0]
    assert hashlib.sha256(IMAGE.read_bytes()).hexdigest() == said


def test_the_lock_file_of_the_integration_tests_pins_by_hash_and_names_no_host() -> None:
    folder = ROOT / "tests" / "integration"
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["devDependencies"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(entry.get("integrity", "").startswith("sha512-") for name, entry in locked.items() if name)
    assert not any("resolved" in entry for entry in locked.values())
