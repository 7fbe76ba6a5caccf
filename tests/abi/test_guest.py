"""host/guest.py over the real module: boot, load, step and report, and how messages of each size travel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import pytest

from llmspell.abi import codec, messages
from llmspell.abi.messages import Reply, Turn
from llmspell.abi.spec import MAILBOX_HALF, MAX_MESSAGE, STDERR, STDOUT, TurnStatus
from llmspell.errors import HostError, InterruptedRun, LimitError
from llmspell.host.guest import Guest
from tests.guest.guests import boot_message, load_message

MB = 1024 * 1024


def new_guest(
    *,
    memory: int = 64 * MB,
    fuel: int | None = 10**11,
    write: Callable[[int, bytes], None] = lambda _stream, _data: None,
    answer: Callable[[bytes], bytes] = lambda _request: messages.encode_answer(True, None),
) -> Guest:
    guest = Guest(memory_bytes=memory, fuel=fuel, write=write, answer=answer)
    guest.boot(boot_message(whole=False))
    return guest


def started(guest: Guest, source: str) -> Turn:
    assert guest.load(load_message(source.encode())) is None
    return stepped(guest)


def stepped(guest: Guest, *replies: Reply) -> Turn:
    return messages.decode_turn(guest.step(messages.join_replies([messages.encode_reply(r) for r in replies])))


def test_a_script_that_waits_for_nothing_is_one_turn() -> None:
    guest = new_guest()
    assert started(guest, "return 1, 'two'") == Turn(TurnStatus.DONE, [], [], [], [1, "two"], None)
    guest.close()


def test_calls_leave_with_a_turn_and_replies_wake_who_waits() -> None:
    guest = new_guest()
    turn = started(guest, "local a = Tool.execute('a', { x = 1 }); return a .. Tool.execute('b')")
    assert turn.status is TurnStatus.WAITING
    (call,) = turn.calls
    assert (call.op, call.payload) == ("tool.execute", {"name": "a", "arguments": {"x": 1}})
    (second,) = stepped(guest, Reply(call.id, True, {"value": "A"})).calls
    assert second.id != call.id
    assert stepped(guest, Reply(second.id, True, {"value": "B"})).results == ["AB"]
    guest.close()


def test_an_error_reply_is_raised_in_the_script() -> None:
    guest = new_guest()
    (call,) = started(guest, "local ok, e = pcall(Tool.execute, 'a'); return ok, e.kind, e.details.x").calls
    error = {"kind": "tool", "message": "m", "retryable": False, "details": {"x": 1}}
    assert stepped(guest, Reply(call.id, False, error)).results == [False, "tool", 1]
    guest.close()


def test_media_of_an_answer_are_handles() -> None:
    """Wherever the host puts them: in an output, in a chunk, in what a conversation remembers."""
    shown = {"type": "image", "format": "png", "mime": "image/png", "size": 3, "sha256": "ab", "metadata": {}}

    def output() -> dict[str, object]:
        said = {"role": "assistant", "text": "", "media": [shown]}
        return {"text": "", "media": [shown], "metadata": {"agent": "a"}, "messages": [said]}

    def answer(request: bytes) -> bytes:
        op, payload = messages.decode_request(request)
        given = {
            "agent.check": payload,
            "agent.stream": "stream-1",
            "media.bytes": f"bytes of {payload}",
            "stream.close": 0.0,
        }
        return messages.encode_answer(True, given[op])

    guest = new_guest(answer=answer)
    source = """
      local talk, found = Agent.create { name = "a" }:conversation(), {}
      local function see(medium) found[#found + 1] = medium:bytes() end
      see(talk:execute("x").media[1])
      see(talk:history()[1].media[1])
      local stream = talk:stream_execute("x")
      see(stream:next().content.media)
      see(stream:collect().media[1])
      see(talk:history()[2].media[1])
      talk:execute { text = "x", media = { talk:history()[2].media[1] } }
      return found
    """
    (execute,) = started(guest, source).calls
    (read,) = stepped(guest, Reply(execute.id, True, {"output": output()})).calls
    content = {"type": "media", "media": shown, "is_final": True}
    chunk = {"chunk_index": 0, "metadata": {"agent": "a"}, "content": content}
    (again,) = stepped(guest, Reply(read.id, True, {"chunks": [chunk], "done": True, "output": output()})).calls
    assert again.payload["input"]["media"] == [shown]
    assert again.payload["history"][1]["media"] == [shown]
    assert stepped(guest, Reply(again.id, True, {"output": output()})).results == [["bytes of ab"] * 5]
    guest.close()


def test_replies_to_nobody_are_ignored() -> None:
    guest = new_guest()
    (call,) = started(guest, "return Tool.execute('a')").calls
    assert stepped(guest, Reply(99, True, {"value": "x"}), Reply(-1, True, {"value": "x"})).status is TurnStatus.WAITING
    twice = stepped(guest, Reply(call.id, True, {"value": "first"}), Reply(call.id, True, {"value": "second"}))
    assert twice.results == ["first"]
    guest.close()


def test_the_calls_of_a_cancelled_task_are_named() -> None:
    guest = new_guest()
    source = "local t = Task.spawn(Tool.execute, 'a'); Task.sleep(0); t:cancel(); Task.sleep(0)"
    sleep, tool = started(guest, source).calls
    turn = stepped(guest, Reply(sleep.id, True, None))
    assert turn.cancelled == [tool.id]
    late = stepped(guest, Reply(tool.id, True, {"value": "late"}), Reply(turn.calls[0].id, True, {}))
    assert late.status is TurnStatus.DONE
    guest.close()


def test_a_syntax_error_is_a_failed_turn_of_load() -> None:
    guest = new_guest()
    failed = guest.load(load_message(b"x ="))
    assert failed is not None
    failure = messages.decode_turn(failed).failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("syntax", "script:1: unexpected symbol near <eof>")
    guest.close()


def test_replies_that_are_no_message_fail_the_run_and_nothing_else() -> None:
    for data in (b"\x01", b"\x91", b"\x91\x01", b"\x91\x93\xa1x\xc3\xc0", b"\xdd\xff\xff\xff\xff", b"\xc1" * 50):
        guest = new_guest()
        started(guest, "return Tool.execute('a')")
        failure = messages.decode_turn(guest.step(data)).failure
        assert failure is not None
        assert "malformed message from the host" in failure.message
        guest.close()


@pytest.mark.parametrize("size", [0, 1, MAILBOX_HALF - 10, MAILBOX_HALF + 1, 5 * MAX_MESSAGE // 32])
def test_messages_of_every_size_travel_both_ways(size: int) -> None:
    written: list[bytes] = []

    def answer(request: bytes) -> bytes:
        op, payload = messages.decode_request(request)
        assert op == "json.parse"
        return messages.encode_answer(True, payload)

    guest = new_guest(answer=answer, write=lambda _stream, data: written.append(data))
    source = """
      local text = Tool.execute("a")      -- by a step
      text = JSON.parse(text)             -- by an immediate call, both ways
      io.write(text)
      return Tool.execute("b", { text = text })
    """
    (call,) = started(guest, source).calls
    (back,) = stepped(guest, Reply(call.id, True, {"value": "x" * size})).calls
    assert back.payload["arguments"]["text"] == "x" * size
    assert b"".join(written) == b"x" * size
    assert stepped(guest, Reply(back.id, True, {"value": "y" * size})).results == ["y" * size]
    guest.close()


def test_a_value_above_the_largest_message_is_refused_where_it_is_sent() -> None:
    guest = new_guest(memory=256 * MB)
    turn = started(guest, f"return pcall(Tool.execute, 'a', {{ x = ('x'):rep({MAX_MESSAGE}) }})")
    assert turn.results[0] is False
    assert "value too large to send (more than 32 MB)" in turn.results[1]
    guest.close()


@pytest.mark.parametrize("less", [1, 6, 100, 20_000])
def test_the_largest_values_fit_into_a_turn(less: int) -> None:
    """What the guest takes for sendable the host takes too, with everything that comes on top of it."""
    guest = new_guest(memory=512 * MB)
    size = MAX_MESSAGE - less
    source = f"""
      for i = 1, 100 do Task.spawn(Task.sleep, 60) end
      Task.sleep(0)
      local text = ("x"):rep({size})
      Task.spawn(JSON.stringify, text)  -- left running, noted, cancelled
      return text
    """
    sleep = started(guest, source).calls[0]
    turn = stepped(guest, Reply(sleep.id, True, None))
    assert (turn.status is TurnStatus.DONE) == (less > 5)
    assert len(turn.cancelled) == 100
    guest.close()


def test_a_large_message_leaves_its_memory_to_the_script() -> None:
    """The guest's buffers give back what one large message took."""
    guest = new_guest(memory=256 * MB)
    source = "for i = 1, 20 do Tool.execute('a', { x = ('x'):rep(4000000) }) collectgarbage() end return 'ok'"
    turn, sizes = started(guest, source), []
    while turn.calls:
        turn = stepped(guest, Reply(turn.calls[0].id, True, {}))
        sizes.append(guest.memory_size)
    assert turn.results == ["ok"]
    assert sizes[-1] == sizes[3]
    guest.close()


def test_output_goes_to_its_stream_line_by_line() -> None:
    written: list[tuple[int, bytes]] = []
    guest = new_guest(write=lambda stream, data: written.append((stream, data)))
    started(guest, "print('a', 1) io.write('b', '\\n') warn('c') print(('x'):rep(5000))")
    lines = [b"a\t1\n", b"b\n", b"Lua warning: c\n", b"x" * 5000, b"\n"]
    assert written == list(zip([STDOUT, STDOUT, STDERR, STDOUT, STDOUT], lines, strict=True))
    guest.close()


# ---- limits and faults ----


def test_fuel_ends_the_step_and_is_reported_exactly() -> None:
    guest = new_guest(fuel=5_000_000)
    assert guest.load(load_message(b"while true do end")) is None
    with pytest.raises(LimitError, match="used up its fuel") as caught:
        guest.step(messages.join_replies([]))
    assert caught.value.details == {"limit": "fuel", "granted": 5_000_000, "spent": 5_000_000}
    (where,) = messages.decode_report(guest.report())
    assert (where.label, where.source, where.line) == ("main", "script", 1)
    assert guest.fuel_spent == pytest.approx(5_000_000, abs=1000)
    guest.close()


def test_without_a_fuel_limit_fuel_is_still_counted() -> None:
    guest = new_guest(fuel=None)
    started(guest, "for i = 1, 1e5 do end")
    assert 100_000 < guest.fuel_spent < 100_000_000
    guest.close()


def test_the_same_script_takes_the_same_fuel() -> None:
    spent = set()
    for _ in range(3):
        guest = new_guest()
        started(guest, "local t = {} for i = 1, 1000 do t[i] = tostring(i) .. 'x' end table.sort(t) return #t")
        spent.add(guest.fuel_spent)
        guest.close()
    assert len(spent) == 1


@pytest.mark.parametrize("memory", [10 * 65536, 3 * 65536, 65536])
def test_too_little_memory_to_start_is_a_limit_error(memory: int) -> None:
    with pytest.raises(LimitError, match=r"memory|sandbox") as caught:
        new_guest(memory=memory)
    assert caught.value.limit == "memory_bytes"
    assert caught.value.granted == memory


def test_a_script_that_does_not_fit_is_a_memory_failure() -> None:
    guest = new_guest(memory=2 * MB)
    failed = guest.load(load_message(b"return {" + b"{1,2,3}," * 40_000 + b"}"))
    assert failed is not None
    failure = messages.decode_turn(failed).failure
    assert failure is not None
    assert failure.kind == "memory"
    guest.close()


def test_a_message_that_does_not_fit_is_a_limit_error() -> None:
    guest = new_guest(memory=4 * MB)
    (call,) = started(guest, "return #Tool.execute('a')").calls
    with pytest.raises(LimitError, match="not enough memory") as caught:
        stepped(guest, Reply(call.id, True, {"value": "x" * 8 * MB}))
    assert caught.value.granted == 4 * MB
    guest.close()


def test_an_answer_that_does_not_fit_is_an_error_that_the_script_can_catch() -> None:
    guest = new_guest(memory=4 * MB, answer=lambda _: messages.encode_answer(True, "x" * 8 * MB))
    turn = started(guest, "local ok, e = pcall(JSON.parse, '1') return ok, e.kind, #('y'):rep(1000)")
    assert turn.results == [False, "memory", 1000]
    guest.close()


def test_an_interrupt_from_another_thread_stops_a_loop() -> None:
    guest = new_guest()
    assert guest.load(load_message(b"print('runs') while true do pcall(error) end")) is None
    running = threading.Event()
    guest._write = lambda _stream, _data: running.set()

    def interrupt() -> None:
        running.wait(10)
        guest.interrupt(InterruptedRun("stop"))

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(InterruptedRun, match="stop"):
        guest.step(messages.join_replies([]))
    thread.join()
    (where,) = messages.decode_report(guest.report())
    assert where.line == 1
    guest.close()


def test_an_interrupt_before_a_step_stops_it_too() -> None:
    guest = new_guest()
    assert guest.load(load_message(b"return 1")) is None
    guest.interrupt(InterruptedRun("stop"))
    with pytest.raises(InterruptedRun):
        guest.step(messages.join_replies([]))
    guest.close()


class Strange(BaseException):
    """Neither an error of ours nor one that `except Exception` sees."""


@pytest.mark.parametrize("fault", [Strange("x"), KeyboardInterrupt(), ValueError("x"), HostError("x"), StopIteration()])
@pytest.mark.parametrize("script", ["pcall(print, 'x') while true do end", "pcall(JSON.parse, '1') while true do end"])
def test_what_a_callback_raises_ends_the_step_and_is_raised_again(fault: BaseException, script: str) -> None:
    def fail(*_: object) -> bytes:
        raise fault

    guest = new_guest(write=lambda stream, data: cast(None, fail(stream, data)), answer=fail)
    assert guest.load(load_message(script.encode())) is None
    with pytest.raises(type(fault)) as caught:
        guest.step(messages.join_replies([]))
    assert caught.value is fault
    guest.close()


def test_two_guests_on_two_threads_do_not_disturb_each_other() -> None:
    """Each ends by its own limit, whichever of them is interrupted."""
    first, second = new_guest(), new_guest()
    assert first.load(load_message(b"while true do end")) is None
    assert second.load(load_message(b"local n = 0 for i = 1, 3e6 do n = n + i end return n")) is None
    ended: list[BaseException] = []

    def endless() -> None:
        try:
            first.step(messages.join_replies([]))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=endless)
    thread.start()
    guests_of_nobody = new_guest()
    for _ in range(50):
        guests_of_nobody.interrupt(InterruptedRun("nobody's"))
    assert stepped(second).results == [sum(range(1, 3_000_001))]
    assert thread.is_alive()
    first.interrupt(InterruptedRun("mine"))
    thread.join(10)
    assert [str(error) for error in ended] == ["mine"]
    for guest in (first, second, guests_of_nobody):
        guest.close()


def test_codec_and_guest_agree_on_an_empty_load() -> None:
    guest = new_guest()
    assert guest.load(load_message(b"")) is None
    assert stepped(guest).results == []
    assert codec.pack({}) == b"\x80"
    guest.close()
