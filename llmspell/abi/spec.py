"""The ABI between host and guest, version 1: names, numbers and bounds, and nothing that does anything.

The guest (wasm/guest) holds the same numbers; a test compares what the module exports and answers with this file.
"""

from __future__ import annotations

from enum import IntEnum

ABI_VERSION = 1

IMPORT_MODULE = "llmspell"
IMPORTS = {
    "write": (("i32", "i32", "i32"), ()),
    "call": (("i32", "i32"), ("i64",)),
}
"""What the guest imports: parameter types, result types. All that it can do to the world."""

EXPORTS = {
    "memory": None,
    "_initialize": ((), ()),
    "abi_version": ((), ("i32",)),
    "alloc": (("i32",), ("i32",)),
    "free": (("i32",), ()),
    "boot": (("i32", "i32"), ("i64",)),
    "load": (("i32", "i32"), ("i64",)),
    "step": (("i32", "i32"), ("i64",)),
}

STDOUT, STDERR = 1, 2

MAX_MESSAGE = 32 * 1024 * 1024
"""Bytes of one message, either way. A reply above it becomes an error reply; a turn above it is our bug."""

MAX_TURN = MAX_MESSAGE + 1024 * 1024
"""A turn's calls or values are a message at most; its notes, its cancelled ids and a failure's text come on top."""

MAILBOX_HALF = 16 * 1024
"""Bytes of each half of the mailbox: replies to `step` in the first, to `call` in the second."""

MAX_DEPTH = 128
"""Nesting of a value that crosses. JSON in the wild stays under 50."""

AGENT_OPERATIONS = {
    "agent.execute": "awaited",
    "agent.stream": "immediate",
    "agent.capabilities": "immediate",
    "agent.check": "immediate",
    "stream.next": "awaited",
    "stream.close": "immediate",
    "tool.execute": "awaited",
    "tool.answer": "awaited",
    "tool.list": "immediate",
    "provider.list": "immediate",
    "provider.get": "immediate",
}
"""What a script asks of agents, tools and providers. Named here so that a run knows of them before it loads them."""


MAX_NODES = 1_000_000
"""Values in one value that crosses, each of which takes some hundred bytes while Python holds it."""


class TurnStatus(IntEnum):
    WAITING = 0
    DONE = 1
    FAILED = 2
