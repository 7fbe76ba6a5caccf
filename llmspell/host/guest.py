"""One Store and Instance of the guest: bytes in, bytes out, traps turned into our errors. It knows no operation.

Calls go through wasmtime's own ctypes declarations of its C API (`wasmtime._bindings`), unchecked: the public
`Func.__call__` takes thirty times as long (see RATIONALE.md), and the signatures are checked once, by a test, against
abi/spec.py. pyproject.toml pins the major version.

No Python exception may cross a wasmtime callback (wasmtime-py keeps it in a global, and threads would swap them): a
callback catches everything, keeps it on the guest, takes the fuel away so that no script can go on, and returns.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as ffi

from llmspell.abi import spec
from llmspell.errors import HostError, LimitError, LlmspellError
from llmspell.host.engine import compiled

UNLIMITED_FUEL: Final = 2**63 - 1
_REPORT_FUEL: Final = 50_000_000
"""For looking around after a trap: enough for sixteen deep stacks."""
_HALF_SHIFT: Final = 32
_PAGE: Final = 65536
_U64: Final = 2**64 - 1

_active = threading.local()
"""The guest that runs on this thread: a guest runs on one thread at a time, and only inside _invoke."""

Write = Callable[[int, bytes], None]
Answer = Callable[[bytes], bytes]


_EPOCH = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    ctypes.POINTER(ffi.wasmtime_context_t),
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.POINTER(ffi.wasmtime_update_deadline_kind_t),
)


class Guest:
    """An instance of the interpreter. `write(stream, data)` and `answer(request) -> reply` are called on the thread
    that runs a step; what they raise ends the run and is raised again by the method that ran it."""

    def __init__(self, *, memory_bytes: int, fuel: int | None, write: Write, answer: Answer) -> None:
        shared = _shared()
        self._write = write
        self._answer = answer
        self._memory_bytes = memory_bytes
        self._fuel = UNLIMITED_FUEL if fuel is None else min(fuel, UNLIMITED_FUEL)
        self._fault: BaseException | None = None
        self._interrupt: LlmspellError | None = None
        self._engine = compiled().engine
        self._store = wasmtime.Store(self._engine)
        self._store.set_limits(memory_size=memory_bytes, instances=1, memories=1)
        self._context = self._store._context()
        self._tank = self._fuel
        self._store.set_fuel(self._fuel)
        ffi.wasmtime_store_epoch_deadline_callback(self._store.ptr(), _on_epoch, None, _NO_FINALIZER)
        self._args = (ffi.wasmtime_val_raw_t * 2)()
        instance = shared.instance(self._store, memory_bytes)
        self._functions = {name: _export(self._context, instance, name) for name in ("alloc", "boot", "load", "step")}
        self._memory = _export(self._context, instance, "memory")
        self._view = memoryview(b"")
        self._mailbox = 0

    # ---- messages ----

    def boot(self, config: bytes) -> None:
        """Open the libraries and run the prelude. Raises LimitError when the memory does not suffice for that."""
        where = self._send("boot", config)
        if where == 0:
            raise LimitError(
                "memory_bytes", self._memory_bytes, self._memory_bytes, message="too little memory to start"
            )
        self._mailbox = where >> _HALF_SHIFT

    def load(self, script: bytes) -> bytes | None:
        """Compile the script. None, or the failed turn's bytes."""
        where = self._send("load", script)
        return bytes(self._slice(where)) if where else None

    def step(self, replies: bytes) -> bytes:
        """Run until every task waits or the script has ended: the turn's bytes."""
        return bytes(self._slice(self._send("step", replies)))

    def report(self) -> bytes:
        """Where every task stands; also after a trap. Raises HostError when the guest is too broken to tell."""
        self._fault = None
        self._interrupt = None
        spent = self.fuel_spent
        self._refill(_REPORT_FUEL)
        self._args[0].i64 = self._args[1].i64 = 0
        try:
            self._invoke(self._functions["step"])
        finally:
            self._tank = spent + self._store.get_fuel()  # the report is not the script's
        return bytes(self._slice(self._args[0].i64 & _U64))

    # ---- limits ----

    @property
    def fuel_spent(self) -> int:
        return self._tank - self._store.get_fuel()

    def _refill(self, fuel: int) -> None:
        """Put this much in place of what is left: what was spent stays spent, what is taken away does not count."""
        self._tank = self.fuel_spent + fuel
        self._store.set_fuel(fuel)

    @property
    def memory_size(self) -> int:
        """Bytes of linear memory that the guest has now."""
        return int(ffi.wasmtime_memory_data_size(self._context, self._memory))

    def interrupt(self, reason: LlmspellError) -> None:
        """Stop the guest at its next loop or call, from any thread; the running method raises `reason`."""
        self._interrupt = reason
        self._engine.increment_epoch()

    def close(self) -> None:
        """Give the memory back. Not while a step runs."""
        self._view = memoryview(b"")
        self._store.close()

    # ---- calling in ----

    def _send(self, name: str, message: bytes) -> int:
        size = len(message)
        if name == "step" and size <= spec.MAILBOX_HALF:
            address = self._mailbox
        else:
            address = self._alloc(size)
            if address == 0:
                raise LimitError(
                    "memory_bytes",
                    self._memory_bytes,
                    self.memory_size + size,
                    message="not enough memory for a message",
                )
        self._store_bytes(address, message)
        self._args[0].i64 = address
        self._args[1].i64 = size
        self._invoke(self._functions[name])
        return self._args[0].i64 & _U64

    def _alloc(self, size: int) -> int:
        self._args[0].i64 = size
        self._invoke(self._functions["alloc"])
        return self._args[0].i64 & 0xFFFFFFFF

    def _invoke(self, function: Any) -> None:
        """Run an export whose arguments stand in the slots; its result stands there afterwards."""
        ffi.wasmtime_context_set_epoch_deadline(self._context, 1)
        if self._interrupt is not None:
            raise self._interrupt
        outer = getattr(_active, "guest", None)
        _active.guest = self
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        try:
            error = ffi.wasmtime_func_call_unchecked(self._context, function, self._args, 2, ctypes.byref(trap))
        finally:
            _active.guest = outer
        if error or trap:
            self._raise(error, trap)
        if self._fault is not None:
            raise self._fault

    def _raise(self, error: Any, trap: Any) -> None:
        reason: Exception = wasmtime.WasmtimeError._from_ptr(error) if error else wasmtime.Trap._from_ptr(trap)
        if self._fault is not None:
            raise self._fault
        if self._interrupt is not None:
            raise self._interrupt
        code = reason.trap_code if isinstance(reason, wasmtime.Trap) else None
        if code == wasmtime.TrapCode.OUT_OF_FUEL:
            raise LimitError("fuel", self._fuel, self._fuel, message=f"the script used up its fuel ({self._fuel:,})")
        if code == wasmtime.TrapCode.STACK_OVERFLOW:
            raise LimitError("stack", 0, 0, message="the script used up the interpreter's stack")
        raise HostError(f"the interpreter failed: {str(reason).strip().splitlines()[-1]}")

    # ---- memory ----

    def _slice(self, where: int) -> memoryview:
        """The bytes that a packed (address, length) names, checked against the memory as it is now."""
        start, size = where >> _HALF_SHIFT, where & 0xFFFFFFFF
        end = start + size
        if end > len(self._view):
            self._view = self._map()
            if end > len(self._view):
                raise HostError("the guest named memory that it does not have")
        return self._view[start:end]

    def _store_bytes(self, address: int, data: bytes) -> None:
        self._slice(address << _HALF_SHIFT | len(data))[:] = data

    def _map(self) -> memoryview:
        base = ctypes.cast(ffi.wasmtime_memory_data(self._context, self._memory), ctypes.c_void_p).value
        size = self.memory_size
        return memoryview((ctypes.c_ubyte * size).from_address(base or 0)).cast("B")

    # ---- called from the guest ----

    def _handle_write(self, args: Any) -> None:
        stream, address, size = (args[i].i64 & 0xFFFFFFFF for i in range(3))
        self._write(stream, bytes(self._slice(address << _HALF_SHIFT | size)))

    def _handle_call(self, args: Any) -> None:
        address, size = args[0].i64 & 0xFFFFFFFF, args[1].i64 & 0xFFFFFFFF
        if size > spec.MAX_MESSAGE:
            raise HostError(f"the guest sent a message of {size} bytes")
        reply = self._answer(bytes(self._slice(address << _HALF_SHIFT | size)))
        args[0].i64 = self._place(reply)

    def _place(self, reply: bytes) -> int:
        """Put a reply where the guest reads it: the mailbox's second half, or memory that it allocates."""
        half = spec.MAILBOX_HALF
        address = self._mailbox + half
        if self._mailbox == 0 or len(reply) > half:
            address = self._alloc(len(reply))
            if address == 0:
                reply, address = _NO_MEMORY, self._mailbox + half
        self._store_bytes(address, reply)
        packed = address << _HALF_SHIFT | len(reply)
        return packed - (1 << 64) if packed >> 63 else packed

    def _keep(self, fault: BaseException) -> None:
        if self._fault is None:
            self._fault = fault
        self._refill(0)


def _handler(method: Callable[[Guest, Any], None]) -> Any:
    @ffi.wasmtime_func_unchecked_callback_t  # type: ignore[untyped-decorator]  # a ctypes type
    def callback(_env: Any, _caller: Any, args: Any, _count: Any) -> int:
        guest: Guest = _active.guest
        try:
            method(guest, args)
        except BaseException as fault:
            guest._keep(fault)
            args[0].i64 = 0
        return 0

    return callback


_ON_WRITE = _handler(Guest._handle_write)
_ON_CALL = _handler(Guest._handle_call)
_NO_FINALIZER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()


@_EPOCH  # type: ignore[untyped-decorator]  # a ctypes type
def _on_epoch(_context: Any, _data: Any, delta: Any, _kind: Any) -> int:
    """Somebody advanced the epoch: go on, unless it was meant for this guest."""
    if _active.guest._interrupt is None:
        delta[0] = 1
        return 0
    return ctypes.cast(ffi.wasmtime_error_new(b"interrupted"), ctypes.c_void_p).value or 0


class _Shared:
    """The linker with the two imports: one a process, used by every guest."""

    def __init__(self) -> None:
        self._linker = wasmtime.Linker(compiled().engine)
        for name, callback in (("write", _ON_WRITE), ("call", _ON_CALL)):
            params, results = spec.IMPORTS[name]
            kind = wasmtime.FuncType([_VAL[p] for p in params], [_VAL[r] for r in results])
            error = ffi.wasmtime_linker_define_func_unchecked(
                self._linker.ptr(),
                ctypes.create_string_buffer(spec.IMPORT_MODULE.encode()),
                len(spec.IMPORT_MODULE),
                ctypes.create_string_buffer(name.encode()),
                len(name),
                kind.ptr(),
                callback,
                None,
                _NO_FINALIZER,
            )
            if error:
                raise wasmtime.WasmtimeError._from_ptr(error)

    def instance(self, store: wasmtime.Store, memory_bytes: int) -> Any:
        instance = ffi.wasmtime_instance_t()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_linker_instantiate(
            self._linker.ptr(), store._context(), compiled().module.ptr(), ctypes.byref(instance), ctypes.byref(trap)
        )
        if error:
            why = f"the sandbox cannot start: {_text(error)}"
            if memory_bytes < _least_memory():
                raise LimitError("memory_bytes", memory_bytes, _least_memory(), message=why)
            raise HostError(why, hint="the system may be out of memory, or too many runs wait at once")
        if trap:
            raise HostError(str(wasmtime.Trap._from_ptr(trap)))
        return instance


@functools.cache
def _least_memory() -> int:
    """Bytes of memory that every guest begins with."""
    types = (item.type for item in compiled().module.exports)
    return next(kind.limits.min for kind in types if isinstance(kind, wasmtime.MemoryType)) * _PAGE


def _text(error: Any) -> str:
    return str(wasmtime.WasmtimeError._from_ptr(error)).splitlines()[0]


_VAL = {"i32": wasmtime.ValType.i32(), "i64": wasmtime.ValType.i64()}
_NO_MEMORY: Final = (
    b"\x92\xc2\x83\xa4kind\xa6memory\xa7message\xb1not enough memory\xa9retryable\xc2"  # [false, {kind, message, ...}]
)


@functools.cache
def _shared() -> _Shared:
    return _Shared()


def _export(context: Any, instance: Any, name: str) -> Any:
    item = ffi.wasmtime_extern_t()
    encoded = name.encode()
    found = ffi.wasmtime_instance_export_get(
        context, ctypes.byref(instance), ctypes.create_string_buffer(encoded), len(encoded), ctypes.byref(item)
    )
    if not found:
        raise HostError(f"lua.wasm does not export '{name}'")
    return item.of.memory if name == "memory" else item.of.func
