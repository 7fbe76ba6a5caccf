"""Running a CPU-bound Lua program in the sandbox with every limit on, as a run has it."""

from __future__ import annotations

from llmspell.abi import codec, messages
from llmspell.abi.spec import TurnStatus
from llmspell.host.guest import Guest


def run_in_sandbox(source: str) -> object:
    """The program's result. Raises when it fails."""
    guest = Guest(memory_bytes=512 << 20, fuel=10**13, write=lambda _s, _d: None, answer=lambda _r: b"\x92\xc3\xc0")
    try:
        guest.boot(codec.pack({"max_tasks": 10}))
        context = {"run_id": "bench", "script": "bench", "args": [], "agents": [], "tools": [], "providers": []}
        failed = guest.load(codec.pack({"source": source, "name": "=bench", "seed": 1, **context}))
        turn = messages.decode_turn(failed or guest.step(b"\x90"))
        if turn.status is not TurnStatus.DONE:
            raise RuntimeError(str(turn.failure))
        return turn.results[0]
    finally:
        guest.close()
