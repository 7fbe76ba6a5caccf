"""What models cost: counted, told, limited, also where calls fail or are cancelled; against a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmspell.agents.meter import Meter
from llmspell.agents.shown import Shown
from llmspell.agents.turns import Turns
from llmspell.errors import BadResponseError, ConnectError, LimitError, LlmspellError, OverloadedError, ProviderError
from llmspell.events import CallStarted
from llmspell.host.dispatch import Gate
from llmspell.limits import Budget, Limits
from llmspell.providers.base import Access
from llmspell.providers.scripted import ScriptedProvider
from llmspell.providers.traffic import Traffic
from llmspell.settings import ProviderSettings
from llmspell.types import Message, ModelRequest, TextDelta, Usage
from tests.agents.scripted import ECHO, calls, replies
from tests.agents.test_wire import one_chunk_then_silent, silent, tool
from tests.providers.loopback import DONE, Handler, Loopback, Reply, Request, answer, chat, delta, whole
from tests.runtime.running import Ran, ran, run

PRICES = "[providers.p.prices]\ninput = 100\noutput = 1000\n"
TURN = (5 * 100 + 7 * 1000) / 1_000_000
"""Dollars for one answer of `chat`: 5 tokens in, 7 out."""
ASK = 'local a = Agent.create { name = "a", max_tokens = 10 } '
COST = 'return a:execute("hi").metadata.usage.cost'


def asked(handler: Handler, source: str, *, limit: float | None = None, prices: str = PRICES, extra: str = "") -> Any:
    """How the run ended, and the server's requests."""

    async def both(server: Loopback) -> Ran:
        runtime = "" if limit is None else f"[runtime]\nmax_cost_usd = {limit}\n"
        manifest = f'[providers.p]\nmodel = "m"\nbase_url = "{server.url}"\n{extra}\n{prices}{runtime}'
        tools = [tool("asked", server.wait_asked), tool("gone", server.wait_gone)]
        return await ran(source, manifest, tools=tools)

    with Loopback(handler) as server:
        return asyncio.run(both(server)), len(server.requests)


def test_an_answer_says_what_it_cost_and_so_does_the_run() -> None:
    ended, _ = asked(chat("x"), ASK + COST)
    assert ended.result == pytest.approx(TURN)
    assert ended.usage["cost_usd"] == ended.result


def test_the_turns_of_a_tool_loop_and_of_agents_beneath_are_summed() -> None:
    prices = "[providers.p.prices]\ninput = 0\noutput = 1_000_000\n"
    one = run("return Agent.create {}:execute('x').metadata.usage.cost", replies({"text": "four"}) + prices)
    assert one.result == 1
    source = """
      local helper = Agent.create { name = "helper", provider = "q" }
      local r = Agent.create { provider = "p", tools = { helper } }:execute("go")
      return r.metadata.usage.cost, r.metadata.usage.output_tokens
    """
    second = replies({"text": "12345678"}, provider="q") + prices.replace(".p.", ".q.")
    ended = run(source, '[providers]\ndefault = "p"\n' + replies(calls("helper", text="x"), ECHO) + prices + second)
    cost, tokens = ended.report.output.results
    assert cost == tokens
    assert ended.usage["cost_usd"] == cost + 2


def test_a_stream_tells_its_cost_at_its_end() -> None:
    source = (
        ASK
        + """
      local stream, last = a:stream_execute("hi"), nil
      for chunk in stream do last = chunk end
      return last.content.usage.cost, stream:collect().metadata.usage.cost
    """
    )
    ended, _ = asked(chat("x"), source)
    assert ended.report.output.results == (pytest.approx(TURN), pytest.approx(TURN))


def test_a_price_that_nobody_knows_is_no_cost_and_not_zero() -> None:
    ended, requests = asked(chat("x"), ASK + COST, prices="")
    assert (ended.result, requests) == (None, 1)
    assert "cost_usd" not in ended.usage
    assert ended.usage["unpriced_calls"] == 1


def test_with_a_limit_of_money_an_unknown_price_is_an_error_before_the_call() -> None:
    ended, requests = asked(chat("x"), ASK + COST, prices="", limit=100)
    assert (ended.error.kind, ended.error.exit_code, requests) == ("provider", 4, 0)
    assert "what the model 'm' costs is not known" in ended.error.message
    assert "[providers.p.prices]" in ended.error.hint
    assert ended.of(CallStarted) == []


def test_a_model_on_ones_own_machine_needs_no_price() -> None:
    ended = run(
        'return Agent.create { model = "mock" }:execute("hi").metadata.usage.cost', "[runtime]\nmax_cost_usd = 0"
    )
    assert ended.result == 0


def test_the_run_ends_when_its_money_is_spent_and_nothing_is_asked_any_more() -> None:
    ended, requests = asked(chat("x"), ASK + 'while true do pcall(a.execute, a, "hi") end', limit=0.05)
    assert isinstance(ended.error, LimitError)
    assert (ended.error.limit, ended.error.granted, ended.error.exit_code) == ("cost_usd", 0.05, 3)
    assert "'max_cost_usd' was reached: $0.05 granted" in ended.error.message
    # one is estimated at 5 tokens in and 10 out, 0.0105: a seventh has no room beside six of 0.0075
    assert requests == 6
    assert ended.usage["cost_usd"] == pytest.approx(6 * TURN)


def test_fifty_parallel_calls_spend_no_more_than_is_granted() -> None:
    source = ASK + "local l = {} for i = 1, 50 do l[i] = function() return a:execute('hi') end end Task.settle(l)"
    ended, requests = asked(chat("x"), source, limit=0.1)
    assert ended.error.limit == "cost_usd"
    assert ended.usage["cost_usd"] <= 0.1
    assert requests == len(ended.of(CallStarted))


def test_fifty_parallel_calls_that_fit_by_what_they_cost_all_go() -> None:
    """Their estimates together do not fit."""
    source = ASK + (
        "local l = {} for i = 1, 50 do l[i] = function() return a:execute('hi') end end return #Task.all(l)"
    )
    ended, requests = asked(chat("x"), source, limit=50 * TURN + 0.02)
    assert (ended.result, requests) == (50, 50)
    assert ended.usage["cost_usd"] == pytest.approx(50 * TURN)


def test_what_a_script_is_told_of_its_limits() -> None:
    ended = run("return Run.limits().cost_usd, Run.usage().cost_usd", "[runtime]\nmax_cost_usd = 0.25")
    assert ended.report.output.results == (0.25, 0)
    assert run("return Run.limits().cost_usd").result is None


# ---- calls that do not end well ----


def test_a_request_that_the_server_refused_costs_nothing() -> None:
    for handler in (answer(503, b"{}"), answer(400, b"{}"), answer(429, b"{}")):
        ended, _ = asked(handler, ASK + COST, extra="max_retries = 0")
        assert ended.usage["cost_usd"] == 0
        assert ended.usage["input_tokens"] == 0


def test_an_answer_that_breaks_off_costs_what_was_sent_and_what_had_come() -> None:
    async def cut(_: Request, reply: Reply) -> None:
        await reply.stream([delta("x" * 40)], end=False)

    ended, _ = asked(cut, ASK + 'for _ in a:stream_execute("hi") do end')
    assert ended.error.kind == "bad_response"
    assert ended.usage["output_tokens"] == 10
    assert ended.usage["input_tokens"] > 0
    expected = (ended.usage["input_tokens"] * 100 + 10 * 1000) / 1_000_000
    assert ended.usage["cost_usd"] == pytest.approx(expected)


def test_a_stream_that_is_cancelled_costs_what_it_had_received() -> None:
    source = (
        ASK
        + """
      local stream = a:stream_execute("hi")
      repeat until stream:next().content.text
      stream:cancel()
      Tool.execute("gone")
    """
    )
    ended, _ = asked(one_chunk_then_silent, source)
    assert ended.report.error is None
    assert ended.usage["output_tokens"] == 2  # "first "
    assert ended.usage["cost_usd"] > 0.002


def test_a_call_that_is_cancelled_costs_what_was_sent() -> None:
    source = (
        ASK
        + """
      local task = Task.spawn(a.execute, a, ("word "):rep(80))
      Tool.execute("asked")
      task:cancel()
      Tool.execute("gone")
    """
    )
    ended, _ = asked(silent, source)
    assert ended.report.error is None
    assert (ended.usage["input_tokens"] > 100, ended.usage["output_tokens"]) == (True, 0)


def test_an_answer_without_a_count_costs_what_it_is_estimated_at() -> None:
    body = whole("x" * 40).replace(b'"prompt_tokens": 5, "completion_tokens": 7', b"")
    ended, _ = asked(answer(200, body, content_type="application/json"), ASK + COST)
    assert ended.usage["output_tokens"] == 10
    assert ended.result == pytest.approx((ended.usage["input_tokens"] * 100 + 10 * 1000) / 1_000_000)


REQUEST = ModelRequest(model="m", messages=(Message(role="user", text="x" * 40),), max_tokens=50)


def metered(error: LlmspellError | None = None, *deltas: Any) -> Usage:
    meter = Meter(REQUEST, None, lambda: None)
    assert meter.usage() == Usage()
    meter.began()
    for item in deltas:
        meter.got(item)
    if error is not None:
        meter.failed(error)
    return meter.usage()


def test_what_is_known_of_a_call_that_failed() -> None:
    sent = Usage(input_tokens=14)
    assert metered(OverloadedError("busy")) == Usage()
    assert metered(ConnectError("nobody there")) == Usage()
    assert metered() == sent  # cancelled
    assert metered(BadResponseError("cut", partial_text="x" * 8)) == Usage(input_tokens=14, output_tokens=2)
    assert metered(OverloadedError("within"), TextDelta("x" * 8)) == Usage(input_tokens=14, output_tokens=2)


class Elsewhere(ScriptedProvider):
    """The scripted provider, at a vendor's address."""

    kind = "openai"

    @property
    def access(self) -> Access:
        return Access(address="https://api.openai.com/v1")


@pytest.mark.parametrize(("model", "known"), [("gpt-4o", True), ("no-such-model", False)])
@pytest.mark.parametrize("limited", [False, True])
def test_prices_of_vendors_come_from_the_list(model: str, known: bool, limited: bool) -> None:
    async def both() -> tuple[int | None, Budget]:
        budget = Budget(Limits(cost=10**9 if limited else None))
        turns = Turns(Gate(budget, lambda _: None, lambda _: None), Traffic(), money_limited=limited)
        provider = Elsewhere(ProviderSettings(name="p", kind="openai"))
        request = ModelRequest(model=model, messages=(Message(role="user", text="hi"),))
        pricing = await turns.price(provider, request)
        _, cost = await turns.ask(
            provider, request, Shown("a", None, None, lambda _, __: pytest.fail("no medium came")), pricing
        )
        return cost, budget

    if limited and not known:
        with pytest.raises(ProviderError, match="'no-such-model' costs is not known"):
            asyncio.run(both())
        return
    cost, budget = asyncio.run(both())
    assert (cost is not None and cost > 0) is known
    assert ("cost_usd" in budget.spent()) is known


def test_what_a_protocol_asks_for_where_nobody_names_a_length_is_reserved() -> None:
    """Anthropic's wants a length named: the call is refused before it is sent, for the answer could be that long."""
    ended, requests = asked(
        chat("never asked"), "return Agent.create {}:execute('hi').text", limit=1, extra='kind = "anthropic"'
    )
    assert isinstance(ended.error, LimitError)
    assert ended.error.spent > 16_384 * 1000 / 1_000_000
    assert requests == 0


# ---- answers that do not end ----


def endless(sent: list[int]) -> Handler:
    """Four tokens an event, until the client leaves."""

    async def handler(_: Request, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream")
        while True:
            sent[0] += 4
            await reply.chunk(delta("x" * 16))
            await asyncio.sleep(0)

    return handler


STREAMED = "local a = Agent.create {} "
READ = "for chunk in a:stream_execute('hi') do end"


@pytest.mark.parametrize(
    "limit", ["output_tokens = 2_000", "max_cost_usd = 2.0"], ids=["of tokens", "of money, 1 $ for 1,000 tokens"]
)
def test_an_answer_is_broken_off_where_more_has_come_than_is_granted(limit: str) -> None:
    sent = [0]
    ended, _ = asked(endless(sent), STREAMED + READ, extra=f"[runtime]\n{limit}\n[providers.p.headers]")
    assert isinstance(ended.error, LimitError)
    assert ended.error.exit_code == 3
    assert 1_900 <= ended.usage["output_tokens"] <= 2_100
    # besides what was on its way
    assert sent[0] < 1_000_000


def test_answers_that_come_at_once_are_broken_off_together() -> None:
    sent = [0]
    source = STREAMED + f"local l = {{}} for i = 1, 10 do l[i] = function() {READ} end end Task.all(l)"
    ended, _ = asked(endless(sent), source, extra="[runtime]\noutput_tokens = 20_000\n[providers.p.headers]")
    assert ended.error.limit == "output_tokens"
    assert 19_000 <= ended.usage["output_tokens"] <= 21_000


def test_an_answer_that_is_longer_than_estimated_goes_on_while_there_is_room() -> None:
    """What others have reserved and not received does not end it."""

    async def long(_: Request, reply: Reply) -> None:
        await reply.stream([*[delta("x" * 40)] * 500, delta(finish="stop"), DONE])

    source = STREAMED + f"local l = {{}} for i = 1, 10 do l[i] = function() {READ} end end Task.all(l) return 'all'"
    ended, _ = asked(long, source, extra="[runtime]\noutput_tokens = 50_500\n[providers.p.headers]")
    assert ended.result == "all"
    assert ended.usage["output_tokens"] == 50_000
