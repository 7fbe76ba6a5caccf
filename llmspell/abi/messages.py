"""The messages of the ABI as frozen data, and their bytes: what the guest says in a turn, what the host replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmspell.abi.codec import pack, unpack
from llmspell.abi.spec import MAX_TURN, TurnStatus
from llmspell.errors import HostError, InvalidArgument, LlmspellError


class Call(NamedTuple):
    """An awaited call that left with a turn. `id` is unique in the run."""

    id: int
    op: str
    payload: Any


class Failure(NamedTuple):
    """Why a run failed, as the guest tells it. `line` is 1-based, 0 when unknown; `value` is what was raised."""

    kind: str
    message: str
    source: str
    line: int
    traceback: str
    value: Any


class Turn(NamedTuple):
    """What one step gave: new calls, ids of calls that nobody waits for any more, notes for the user, and the end."""

    status: TurnStatus
    calls: Sequence[Call]
    cancelled: Sequence[int]
    notes: Sequence[str]
    results: Sequence[Any]
    failure: Failure | None


class Reply(NamedTuple):
    """The answer to a call: a value, or an error as `error_value` makes it."""

    id: int
    ok: bool
    value: Any


class TaskReport(NamedTuple):
    """Where one task stood when the run was stopped."""

    label: str
    traceback: str
    source: str
    line: int


def decode_turn(data: bytes | memoryview) -> Turn:
    """Raises HostError when the bytes are not a turn."""
    try:
        status, calls, cancelled, notes, value = unpack(data, MAX_TURN)
        turn_status = TurnStatus(status)
        failure = None
        if turn_status is TurnStatus.FAILED:
            failure = Failure(
                kind=_text(value["kind"]),
                message=_text(value["message"]),
                source=_text(value["source"]),
                line=int(value["line"]),
                traceback=_text(value["traceback"]),
                value=value.get("value"),
            )
        return Turn(
            status=turn_status,
            calls=[Call(int(call_id), _text(op), payload) for call_id, op, payload in calls],
            cancelled=[int(item) for item in cancelled],
            notes=[_text(item) for item in notes],
            results=list(value) if turn_status is TurnStatus.DONE else [],
            failure=failure,
        )
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise HostError(f"the guest sent a malformed turn: {error!r}"[:200]) from error


def decode_request(data: bytes | memoryview) -> tuple[str, Any]:
    """An immediate call: its operation and payload."""
    match unpack(data):
        case [str(op), payload]:
            return op, payload
        case _:
            raise HostError("the guest sent a malformed call")


def decode_report(data: bytes | memoryview) -> list[TaskReport]:
    try:
        return [
            TaskReport(_text(label), _text(trace), _text(source), int(line))
            for label, trace, source, line in unpack(data)
        ]
    except (TypeError, ValueError, OverflowError) as error:
        raise HostError("the guest sent a malformed report") from error


def encode_reply(reply: Reply) -> bytes:
    """One reply as the bytes of [id, ok, value]. What cannot be passed on becomes an error reply."""
    try:
        return pack([reply.id, reply.ok, reply.value])
    except InvalidArgument as error:
        return pack([reply.id, False, error_value(error)])


def join_replies(replies: Sequence[bytes]) -> bytes:
    """Encoded replies as the one message that `step` takes."""
    count = len(replies)
    head = bytes([0x90 | count]) if count < 16 else b"\xdd" + count.to_bytes(4, "big")
    return head + b"".join(replies)


def encode_answer(ok: bool, value: Any) -> bytes:
    """The answer to an immediate call: [ok, value]."""
    try:
        return pack([ok, value])
    except InvalidArgument as error:
        return pack([False, error_value(error)])


def error_value(error: LlmspellError) -> Mapping[str, Any]:
    """An error as the script sees it."""
    value: dict[str, Any] = {"kind": error.kind, "message": error.message, "retryable": error.retryable}
    if error.hint:
        value["hint"] = error.hint
    if error.details:
        value["details"] = error.details
    return value


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
