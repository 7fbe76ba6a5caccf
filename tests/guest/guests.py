"""A script in a guest of its own, without the runtime: what the host's side of the ABI can ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmspell.abi import codec, messages
from llmspell.abi.messages import Reply, Turn
from llmspell.host.guest import Guest

Answers = Callable[[str, Any], Any]


def boot_message(*, whole: bool) -> bytes:
    """`whole` is the flag that opens string.dump, bytecode and all of debug."""
    return codec.pack({"max_tasks": 1000, "whole": whole} if whole else {"max_tasks": 1000})


def load_message(source: bytes, *, name: str = "=script", args: list[Any] | None = None, **more: Any) -> bytes:
    """For a script whose run grants nothing; `args` are what it gets as `...`."""
    given = {"run_id": "", "script": "", "args": args or [], "tools": [], "providers": [], "agents": []}
    return codec.pack({"source": source, "name": name, "seed": 1, **given, **more})


def run_script(
    source: bytes, *, whole: bool = False, answers: Answers = lambda _op, _payload: None, **load: Any
) -> Turn:
    """Run it to its last turn. `answers(op, payload)` answers immediate calls; awaited ones are refused."""

    def answer(request: bytes) -> bytes:
        return messages.encode_answer(True, answers(*messages.decode_request(request)))

    guest = Guest(memory_bytes=64 << 20, fuel=10**11, write=lambda _stream, _data: None, answer=answer)
    guest.boot(boot_message(whole=whole))
    failed = guest.load(load_message(source, **load))
    turn = messages.decode_turn(failed or guest.step(messages.join_replies([])))
    while turn.calls:
        refusals = [messages.encode_reply(Reply(call.id, False, "refused")) for call in turn.calls]
        turn = messages.decode_turn(guest.step(messages.join_replies(refusals)))
    guest.close()
    return turn
