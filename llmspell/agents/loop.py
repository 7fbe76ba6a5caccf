"""The agent's loop: what to ask the model next, which tools to run, when it is done. No I/O, no clock.

start -> ASK --reply that fits------------------> DONE
          ^  |--reply that does not fit--> (asked again, within a bound)
          |  |--reply that hands over----> the other agent's turn, or DONE where nobody follows
          |  `--reply with calls---------> TOOLS
          `----------- all results ----------'
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from llmspell.agents.answers import complaint, read_answer, shortened
from llmspell.agents.spec import AgentSpec, ToolResult
from llmspell.agents.state import LoopState
from llmspell.content import MediaContent
from llmspell.errors import AnswerError, InvalidArgument, ProviderError
from llmspell.schemas import Schema
from llmspell.types import AgentInput, Message, ModelReply, ModelRequest, ToolCall, ToolSpec

MAX_TOOL_TEXT: Final = 1_000_000
"""Characters of one tool result that a model is given."""
MAX_REPEATS: Final = 2
"""How often a model is asked again whose answer does not fit the schema: what two hints do not mend, a third won't."""
MAX_HANDOVERS: Final = 8
"""Of one execution: agents that hand over to each other in a ring have no answer."""


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_shown, skipkeys=True)


class AgentLoop:
    """One execution. Ask `pending`: calls to run, or none; then `request` for the next turn, unless `done`.

    `specs` are the agents that may answer: the first is asked, the others are those that it may lead to. A handover to
    any other ends the execution with `transfer_to`.
    """

    def __init__(self, specs: Sequence[AgentSpec], state: LoopState) -> None:
        self._specs = {spec.name: spec for spec in specs}
        if state.agent not in self._specs:
            raise InvalidArgument(f"the agent '{state.agent[:80]}' is not among those of the call")
        self.spec = self._specs[state.agent]
        self.messages = list(state.messages)
        self.parameters = dict(state.parameters)
        self.turns = state.turns
        self.usage = state.usage
        self.cost = state.cost
        self.duration_ms = state.duration_ms
        self.output_modalities = state.output_modalities
        self.calls = list(state.calls)
        self.pending = {call.id: call for call in state.pending}
        self.fallbacks = min(state.fallbacks, len(self.spec.fallback))
        self._known = state.known
        self._keep = state.keep
        self._repeats = state.repeats
        self._handovers = state.handovers
        self._since = state.since
        self.last: ModelReply | None = None
        self.done = False
        self.data: tuple[Any] | None = None
        self.transfer_to: str | None = None

    @classmethod
    def start(
        cls, specs: Sequence[AgentSpec], given: AgentInput, history: Sequence[Message] | None = None
    ) -> AgentLoop:
        """With a history, also an empty one, what is said is kept for the next execution."""
        messages = list(history or ())
        text = given.text
        if given.context:
            lines = sorted(f"{key}: {_shown(item)}" for key, item in given.context.items())
            text = "\n".join([*lines, "", text or ""])
        if text is not None:
            messages.append(Message(role="user", text=text, media=given.media))
        elif not messages:
            raise InvalidArgument("field 'text': a string expected, for there is no history to answer")
        state = LoopState(
            agent=specs[0].name,
            messages=tuple(messages),
            parameters=given.parameters,
            known=len(history or ()),
            keep=history is not None,
            output_modalities=given.output_modalities,
        )
        return cls(specs, state)

    @property
    def added(self) -> tuple[Message, ...] | None:
        """What this execution has added to the history that it was given."""
        return tuple(self.messages[self._known :]) if self._keep else None

    def request(self, model: str, tools: Sequence[ToolSpec]) -> ModelRequest:
        """The next model turn, with the execution's own parameters over the agent's."""
        spec = self.spec
        if self.turns - self._since >= spec.max_turns:
            raise ProviderError(
                f"agent '{spec.name}' gave no answer within `max_turns` = {spec.max_turns}",
                hint="raise `max_turns`, or look at what its tools answer",
            )
        parameters = {**spec.parameters, **self.parameters}
        temperature = parameters.pop("temperature", spec.temperature)
        max_tokens = parameters.pop("max_tokens", spec.max_tokens)
        if temperature is not None and (isinstance(temperature, bool) or not isinstance(temperature, (int, float))):
            raise InvalidArgument("parameter 'temperature': a number expected")
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1
        ):
            raise InvalidArgument("parameter 'max_tokens': a positive integer expected")
        prompt = [Message(role="system", text=spec.prompt)] if spec.prompt else []
        return ModelRequest(
            model=model,
            messages=(*prompt, *self.messages),
            tools=(*tools, *(transfer.tool for transfer in spec.transfers)),
            temperature=temperature,
            max_tokens=max_tokens,
            parameters=parameters,
            schema=spec.schema.source if spec.schema else None,
            output_modalities=self.output_modalities,
        )

    def fall_back(self) -> bool:
        """Go over to the next of the agent's fallback models, if there is one."""
        if self.fallbacks >= len(self.spec.fallback):
            return False
        self.fallbacks += 1
        return True

    def paid(self, cost: int | None) -> None:
        """What the turn cost, in nano-dollars; None where nobody knows."""
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    def replied(self, reply: ModelReply, media: tuple[MediaContent, ...] = ()) -> None:
        """Take a model turn, whose media have been checked; its tool calls become pending."""
        self.turns += 1
        self.usage += reply.usage
        self.last = reply
        said = Message(
            role="assistant", text=reply.text, tool_calls=reply.tool_calls, media=media, reasoning=reply.reasoning
        )
        self.messages.append(said)
        self.calls.extend(reply.tool_calls)
        targets = {transfer.tool.name: transfer.agent for transfer in self.spec.transfers}
        over = next((call for call in reply.tool_calls if call.name in targets), None)
        if over is not None:
            self._hand_over(over, targets[over.name], reply.tool_calls)
        elif reply.tool_calls:
            self.pending = {call.id: call for call in reply.tool_calls}
        elif self.spec.schema is None:
            self.done = True
        else:
            self._check(reply, self.spec.schema)

    def answered(self, results: Sequence[ToolResult]) -> None:
        """Take results of pending calls, in any order."""
        for result in results:
            call = self.pending.pop(result.id, None)
            if call is None:
                raise InvalidArgument(f"no tool call '{result.id[:80]}' is waiting for a result")
            self._tell(call, result.text[:MAX_TOOL_TEXT], is_error=result.is_error, media=result.media)
        if not self.pending:
            self._put_in_order()

    def state(self) -> LoopState:
        """For the guest to keep while it runs the script's tools."""
        return LoopState(
            agent=self.spec.name,
            messages=tuple(self.messages),
            known=self._known,
            keep=self._keep,
            pending=tuple(self.pending.values()),
            calls=tuple(self.calls),
            usage=self.usage,
            cost=self.cost,
            turns=self.turns,
            since=self._since,
            duration_ms=self.duration_ms,
            parameters=self.parameters,
            fallbacks=self.fallbacks,
            repeats=self._repeats,
            handovers=self._handovers,
            output_modalities=self.output_modalities,
        )

    def _tell(self, call: ToolCall, text: str, *, is_error: bool = False, media: tuple[MediaContent, ...] = ()) -> None:
        self.messages.append(
            Message(role="tool", text=text, media=media, tool_call_id=call.id, name=call.name, is_error=is_error)
        )

    def _put_in_order(self) -> None:
        """The results of a turn stand in the order of its calls: templates of some models count on it."""
        results = 0
        while results < len(self.messages) and self.messages[-1 - results].role == "tool":
            results += 1
        since = len(self.messages) - results
        place = {call.id: i for i, call in enumerate(self.messages[since - 1].tool_calls)}
        self.messages[since:] = sorted(self.messages[since:], key=lambda result: place.get(result.tool_call_id, 0))

    def _hand_over(self, over: ToolCall, target: str, calls: Sequence[ToolCall]) -> None:
        """Every call gets an answer: protocols refuse a history in which one is left open."""
        for call in calls:
            if call is over:
                self._tell(call, f"handed over to {target}")
            else:
                self._tell(call, f"not run: the conversation was handed over to {target}", is_error=True)
        if target not in self._specs:
            self.transfer_to = target
            self.done = True
            return
        self._handovers += 1
        if self._handovers > MAX_HANDOVERS:
            raise ProviderError(
                f"the conversation was handed over more than {MAX_HANDOVERS} times without an answer",
                hint="look at the agents' prompts and at their `transfer_to`",
            )
        self.spec = self._specs[target]
        self._since = self.turns
        self.fallbacks = self._repeats = 0

    def _check(self, reply: ModelReply, schema: Schema) -> None:
        answer = read_answer(reply.text, schema)
        if not answer.problems:
            self.data = (answer.data,)
            self.done = True
        elif self._repeats < MAX_REPEATS:
            self._repeats += 1
            self.messages.append(Message(role="user", text=complaint(answer.problems)))
        else:
            failure = AnswerError(
                f"agent '{self.spec.name}': the answer does not fit the schema: {'; '.join(answer.problems)}",
                partial_text=reply.text,
                hint="raise `max_tokens`: the answer was cut off"
                if reply.finish_reason == "length"
                else f"the last answer was: {shortened(reply.text)}",
            )
            failure.details |= {"problems": list(answer.problems)}
            raise failure
