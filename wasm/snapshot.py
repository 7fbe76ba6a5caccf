"""Makes a started module of a fresh one: `snapshot.py IN OUT` runs `_initialize` and writes the memory it left as the
module's data. An instance of OUT begins where `_initialize` ended, without having run anything; `_initialize` is still
exported and must not be called again (the C runtime traps).

Only what such a module can have is handled, and the rest refused: one memory, active data, and no state beside memory
but the stack pointer, which is back where it was once `_initialize` has returned.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import wasmtime

PAGE = 65536
GAP = 32  # zero bytes that end a data segment: about what a segment's head costs
MEMORY, GLOBAL, START, DATA, DATA_COUNT = 5, 6, 8, 11, 12
I32_CONST, END, VAR = 0x41, 0x0B, 1


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value: int) -> bytes:
    """Signed LEB128."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        if (value == 0 and not low & 0x40) or (value == -1 and low & 0x40):
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def read_leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(module):
        kind = module[at]
        size, at = read_leb(module, at + 1)
        yield kind, module[at : at + size]
        at += size


def stack_top(global_section: bytes) -> int:
    """The stack pointer's initial value; there must be no other mutable global."""
    count, at = read_leb(global_section, 0)
    tops = []
    for _ in range(count):
        mutable = global_section[at + 1]
        if global_section[at + 2] != I32_CONST:
            raise SystemExit("snapshot.py: a global that is not an i32 constant")
        value, at = read_leb(global_section, at + 3)
        if global_section[at] != END:
            raise SystemExit("snapshot.py: a global with an unknown initial value")
        at += 1
        if mutable:
            tops.append(value)
    if len(tops) != 1:
        raise SystemExit(f"snapshot.py: {len(tops)} mutable globals, and only the stack pointer is expected")
    return tops[0]


def started_memory(module: bytes) -> bytes:
    config = wasmtime.Config()
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    compiled = wasmtime.Module(engine, module)

    def refuse(*_: object) -> None:
        raise RuntimeError("the module called the host while it was started")

    for item in compiled.imports:
        assert isinstance(item.type, wasmtime.FuncType)
        linker.define_func(item.module, item.name or "", item.type, refuse)
    exports = linker.instantiate(store, compiled).exports(store)
    initialize, memory = exports["_initialize"], exports["memory"]
    assert isinstance(initialize, wasmtime.Func)
    assert isinstance(memory, wasmtime.Memory)
    initialize(store)
    return bytes(memory.read(store))


def segments(memory: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts that are not zero."""
    at, gap = 0, bytes(GAP)
    while at < len(memory):
        if memory[at] == 0:
            at += 1
            continue
        end = memory.find(gap, at)
        end = len(memory) if end < 0 else end
        yield at, memory[at:end]
        at = end


def main(source: str, target: str) -> None:
    module = Path(source).read_bytes()
    parts = list(sections(module))
    if any(kind == START for kind, _ in parts):
        raise SystemExit("snapshot.py: the module has a start function")
    top = stack_top(next(body for kind, body in parts if kind == GLOBAL))
    memory = bytearray(started_memory(module))
    bottom = max(0, top - 256 * 1024)  # build.sh's stack-size: what was on the stack is of no use to anybody
    memory[bottom:top] = bytes(top - bottom)
    data = [
        b"\0" + bytes([I32_CONST]) + sleb(start) + bytes([END]) + leb(len(b)) + b
        for start, b in segments(bytes(memory))
    ]
    replaced = {
        MEMORY: b"\x01\x00" + leb(len(memory) // PAGE),
        DATA_COUNT: leb(len(data)),
        DATA: leb(len(data)) + b"".join(data),
    }
    out = bytearray(module[:8])
    for kind, body in parts:
        body = replaced.get(kind, body)
        out += bytes([kind]) + leb(len(body)) + body
    Path(target).write_bytes(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
