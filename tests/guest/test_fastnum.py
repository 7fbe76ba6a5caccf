"""The guest's number formatting and parsing against the C library's: the same text and the same bits, always.

The comparison itself is C (fastnum_check.c), compiled here for this machine: with zig where it is installed, as
that is the guest's own compiler, else with the system's.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUEST = Path(__file__).resolve().parents[2] / "wasm" / "guest"
CHECK = Path(__file__).with_name("fastnum_check.c")
CASES = 2_000_000


def compiler() -> list[str] | None:
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    found = shutil.which("gcc") or shutil.which("cc")
    return None if found is None else [found]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = compiler()
    if command is None:
        pytest.skip("no C compiler: neither the ziglang package nor gcc or cc on PATH")
    program = tmp_path_factory.mktemp("fastnum") / "fastnum_check"
    arguments = [*command, "-O2", "-std=gnu11", "-Wall", "-Wextra", f"-I{GUEST}", str(CHECK), "-o", str(program)]
    built = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert (built.returncode, built.stderr) == (0, "")
    return program


@pytest.fixture(scope="module")
def report(check: Path) -> str:
    ran = subprocess.run([check, str(CASES), "20240614"], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_two_million_numbers_are_written_and_read_as_the_c_library_does(report: str) -> None:
    found = re.search(r"total cases=(\d+) differences=(\d+)", report)
    assert found is not None
    cases, differences = map(int, found.groups())
    assert cases > CASES - 100
    assert differences == 0


def test_no_number_that_tostring_writes_needs_the_c_library(report: str) -> None:
    fallbacks = re.findall(r"fallbacks: tostring=(\d+)", report)
    assert fallbacks == ["0"] * 14


def entries(name: str, pattern: str) -> list[tuple[int, ...]]:
    """The rows of a table in fastnum.c."""
    source = (GUEST / "fastnum.c").read_text()
    body = re.search(rf"{name}\[\d+\] = \{{(.*?)\n\}};", source, re.DOTALL)
    assert body is not None
    return [tuple(int(number, 0) for number in row.groups()) for row in re.finditer(pattern, body[1])]


def highest_bits_of_ten_to(power: int) -> int:
    """The 128 highest bits of 10^power, the first one set, the rest cut off."""
    if power >= 0:
        value = int(10**power)
        return value << 128 >> value.bit_length()
    divisor = int(10**-power)
    return (1 << (divisor.bit_length() + 127)) // divisor


def test_the_table_of_tens_holds_the_highest_128_bits_of_each_power() -> None:
    actual = [high << 64 | low for high, low in entries("FN_TENS", r"\{(0x\w{16})u, (0x\w{16})u\}")]
    assert actual == [highest_bits_of_ten_to(28 * (i - 13)) for i in range(26)]


def test_the_table_of_fives_is_exact() -> None:
    assert [five for (five,) in entries("FN_FIVES", r"(\d+)u")] == [5**i for i in range(28)]


def test_the_scaled_logarithm_gives_the_exact_exponent_of_every_power_that_is_used() -> None:
    def exponent(power: int) -> int:
        ten = int(10 ** abs(power))
        return ten.bit_length() - 1 if power >= 0 else -ten.bit_length()

    powers = range(-364, 364)
    assert [power * 217706 >> 16 for power in powers] == [exponent(power) for power in powers]
