"""What a model thinks, in every field that chat completions servers put it in, and how it goes back to them. Pure.

| field | who sends it | sent back as |
|---|---|---|
| `reasoning_content` | DeepSeek, llama.cpp, vLLM, LM Studio, xAI | the same field |
| `reasoning` | Groq, OpenRouter, newer vLLM, Ollama | the same field |
| `reasoning_details` | OpenRouter, beside `reasoning`: blocks, some signed or encrypted | the blocks, unchanged |
| `content`, as parts of type "thinking" | Mistral | such a part before the text |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import wirejson
from llmspell.providers.protocols.parts import check_parts
from llmspell.providers.protocols.text import Pieces
from llmspell.types import Message, Reasoning

KIND = "openai"
PLAIN = ("reasoning_content", "reasoning")
"""Servers that send both say the same in them."""
DETAILS = "reasoning_details"
TEXTS = ("text", "summary")
"""Of a block of reasoning_details: what can be read of it."""


@dataclass(slots=True)
class _Block:
    """One of reasoning_details: of its pieces the texts are joined, and the last of everything else counts."""

    fields: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        return self.fields | {key: "".join(pieces) for key, pieces in self.texts.items()}


class Thoughts:
    """Of one turn, whole or in deltas."""

    def __init__(self) -> None:
        self._text = Pieces()
        self._field = ""
        self._signature = ""
        self._blocks: list[_Block] = []

    def add(self, holder: Mapping[str, Any]) -> str:
        """What a message or a delta holds of them, as text to show."""
        blocks = holder.get(DETAILS)
        read = "".join(self._detail(block) for block in blocks) if isinstance(blocks, list) else ""
        for name in PLAIN:
            value = holder.get(name)
            if isinstance(value, str) and value:
                self._field = self._field or name
                return self._text.add(value)
        if read:
            return self._text.add(read)
        thinking = "".join(self._thinking(holder.get("content")))
        if thinking:
            self._field = self._field or "content"
        return self._text.add(thinking)

    def end(self) -> str:
        """The last text of a stream."""
        return self._text.end()

    def made(self) -> tuple[Reasoning, ...]:
        """One block, or none where the model said nothing of what it thought."""
        if self._blocks:
            data: dict[str, Any] = {"field": DETAILS, "blocks": [block.whole() for block in self._blocks]}
        elif self._field:
            data = {"field": self._field} | ({"signature": self._signature} if self._signature else {})
        else:
            return ()
        return (Reasoning(kind=KIND, text=self._text.whole, data=data),)

    def _detail(self, block: Any) -> str:
        """Gives what can be read of it. In a stream a block comes in pieces with one `type` and `index`."""
        if not isinstance(block, dict):
            return ""
        try:
            block = wirejson.plain(block)
        except ValueError as exc:
            raise BadResponseError(f"the answer's reasoning cannot be used: {exc}") from None
        texts = {key: block.pop(key) for key in TEXTS if isinstance(block.get(key), str)}
        last = self._blocks[-1] if self._blocks else _Block()
        same = (block.get("type"), block.get("index")) == (last.fields.get("type"), last.fields.get("index"))
        if not same or "data" in block:  # what is encrypted comes whole
            check_parts(len(self._blocks) + 1)
            last = _Block()
            self._blocks.append(last)
        last.fields |= {key: value for key, value in block.items() if value is not None}
        for key, text in texts.items():
            last.texts.setdefault(key, []).append(text)
        return next(iter(texts.values()), "")

    def _thinking(self, content: Any) -> Iterator[str]:
        for part in content if isinstance(content, list) else ():
            if not isinstance(part, dict) or part.get("type") != "thinking":
                continue
            if isinstance(signature := part.get("signature"), str):
                self._signature = wirejson.clean(signature)
            thoughts = part.get("thinking")
            for thought in thoughts if isinstance(thoughts, list) else (thoughts,):
                text = thought.get("text") if isinstance(thought, dict) else thought
                if isinstance(text, str):
                    yield text


def sent_back(message: Message) -> dict[str, Any]:
    """The fields that an assistant's message has for what it thought."""
    fields: dict[str, Any] = {}
    for block in message.reasoning:
        name = block.data.get("field") if block.kind == KIND else None
        if name in PLAIN:
            fields[name] = block.text
        elif name == DETAILS:
            fields[name] = block.data.get("blocks")
        elif name == "content":
            thinking: dict[str, Any] = {"type": "thinking", "thinking": [{"type": "text", "text": block.text}]}
            if signature := block.data.get("signature"):
                thinking["signature"] = signature
            text = [{"type": "text", "text": message.text}] if message.text else []
            fields[name] = [thinking, *text]
    return fields
