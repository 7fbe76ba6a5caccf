"""lua.wasm is what abi/spec.py says: its imports are all that the sandbox can do to the world."""

from __future__ import annotations

import hashlib
from pathlib import Path

import wasmtime

from llmspell.abi import spec
from llmspell.host.engine import compiled
from llmspell.host.image import image_hash, image_path


def signature(kind: object) -> object:
    """A function's type as spec.py writes it; None for a memory."""
    if isinstance(kind, wasmtime.FuncType):
        return tuple(map(str, kind.params)), tuple(map(str, kind.results))
    assert isinstance(kind, wasmtime.MemoryType)
    return None


def test_the_imports_are_the_two_functions_and_nothing_of_wasi() -> None:
    module = compiled().module
    assert {(i.module, i.name) for i in module.imports} == {(spec.IMPORT_MODULE, name) for name in spec.IMPORTS}
    assert {i.name: signature(i.type) for i in module.imports} == spec.IMPORTS


def test_the_exports_are_exactly_those_of_the_abi() -> None:
    assert {e.name: signature(e.type) for e in compiled().module.exports} == spec.EXPORTS


def test_the_memory_is_32_bit_and_its_limit_is_the_hosts() -> None:
    (memory,) = (e.type for e in compiled().module.exports if e.name == "memory")
    assert isinstance(memory, wasmtime.MemoryType)
    assert not memory.is_64
    assert memory.limits.max is None
    assert memory.limits.min * 65536 < 2 * 1024 * 1024  # what every run pays at least


def test_abi_version_answers_the_version() -> None:
    engine, module = compiled()
    store = wasmtime.Store(engine)
    store.set_fuel(1000)
    store.set_epoch_deadline(1)
    linker = wasmtime.Linker(engine)
    for item in module.imports:
        assert isinstance(item.type, wasmtime.FuncType)
        linker.define_func(item.module, item.name or "", item.type, lambda *_: 0)
    version = linker.instantiate(store, module).exports(store)["abi_version"]
    assert isinstance(version, wasmtime.Func)
    assert version(store) == spec.ABI_VERSION


def test_the_hash_beside_the_module_is_its_hash() -> None:
    assert image_hash(image_path()) == hashlib.sha256(image_path().read_bytes()).hexdigest()


def test_the_bounds_are_those_of_the_guests_source() -> None:
    """guest.h says them again, since C cannot read Python."""
    header = (Path(__file__).parents[2] / "wasm" / "guest" / "guest.h").read_text("ascii")
    assert f"#define ABI_VERSION {spec.ABI_VERSION}\n" in header
    assert f"#define MAX_MESSAGE ({spec.MAX_MESSAGE >> 20}u << 20)" in header
    assert f"#define MAX_DEPTH {spec.MAX_DEPTH} " in header
    assert f"#define MAX_NODES {spec.MAX_NODES}u " in header
    assert f"#define MAILBOX ({spec.MAILBOX_HALF >> 10}u << 10)" in header
