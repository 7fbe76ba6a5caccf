"""A whole Responses answer: bytes in, ModelReply out. Pure. It is a stream whose items come all at once."""

from __future__ import annotations

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import report
from llmspell.providers.protocols.parts import kind_of, quoted
from llmspell.providers.protocols.responses.answer import Answer
from llmspell.types import ModelReply, ModelRequest


def decode(body: bytes, request: ModelRequest, request_id: str = "") -> ModelReply:
    """Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    if found := report(payload, failed=not isinstance(payload, dict) or "output" not in payload):
        raise faults.from_report(found)
    if not isinstance(payload, dict):
        raise BadResponseError(f"the answer is {kind_of(payload)}, not an object")
    if "output" not in payload:
        raise BadResponseError("the answer holds no output")
    answer = Answer(request, request_id)
    for _ in answer.end(payload):
        pass
    return answer.reply()
