"""Requests, replies and errors as plain JSON data, and back. Two requests are the same when their data are.

Media are named by the SHA-256 of their bytes: of a request's that is all there is, of a reply's the bytes are kept once
(file.py). Structuring is strict, as agents/state.py does it. cattrs is imported by the first call.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from llmspell.content import MediaContent
from llmspell.errors import BY_KIND, LlmspellError, ManifestError, ProviderError
from llmspell.types import (
    Capabilities,
    Delta,
    MediaDelta,
    ModelReply,
    ModelRequest,
    RawMedia,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
Bytes = Callable[[str], bytes]
"""Gives the bytes of a SHA-256. Raises ValueError for one that is not there."""

REPLAYED: Final = {kind: cls for kind, cls in BY_KIND.items() if not cls.terminal and cls is not ManifestError}
"""The errors that a provider may give, by kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedModel:
    """A model that was asked: of which provider, and what it could do. `default` is the provider's own model."""

    provider: str
    kind: str
    model: str
    default: str | None = None
    capabilities: Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedError:
    """An error by what it was made of."""

    kind: str
    message: str
    hint: str = ""
    retryable: bool = False
    details: Mapping[str, Any]
    status: int = 0
    retry_after: float | None = None
    request_id: str = ""
    partial_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A request and what came of it: a reply, an error, or with `left` neither, for the caller went away. `deltas` are
    the pieces that a stream brought before that; None where the answer came whole."""

    provider: str
    request: Mapping[str, Any]
    deltas: tuple[Delta, ...] | None = None
    reply: ModelReply | None = None
    error: RecordedError | None = None
    left: bool = False


def request_data(request: ModelRequest) -> dict[str, Any]:
    """The canonical form: what has its default is not in it."""
    data: dict[str, Any] = _plain(_converter().unstructure(request))
    return data


def request_key(data: Mapping[str, Any]) -> str:
    """The same for the same request, and for no other."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def to_data(value: RecordedModel | RecordedCall) -> dict[str, Any]:
    data: dict[str, Any] = _plain(_converter().unstructure(value))
    return data


def from_data(data: Any, kind: type[T], blob: Bytes) -> T:
    """Raises ValueError for what `to_data` did not give."""
    token = _bytes.set(blob)
    try:
        return _converter().structure(data, kind)
    except Exception as error:  # cattrs raises what the hooks raise, and errors of its own, by no common base
        raise ValueError(f"{type(error).__name__}: {error}") from error
    finally:
        _bytes.reset(token)


def media_of(call: RecordedCall) -> Iterable[bytes]:
    """The bytes that the call's data only name."""
    for delta in call.deltas or ():
        if isinstance(delta, MediaDelta):
            yield delta.media.data
    if call.reply is not None:
        for medium in call.reply.media:
            yield medium.data


def recorded_error(error: LlmspellError) -> RecordedError:
    return RecordedError(
        kind=error.kind,
        message=error.message,
        hint=error.hint,
        retryable=error.retryable,
        details=error.details,
        **(
            {name: getattr(error, name) for name in ("status", "retry_after", "request_id", "partial_text")}
            if isinstance(error, ProviderError)
            else {}
        ),
    )


def raised(error: RecordedError, provider: str) -> LlmspellError:
    """The error anew, to be raised."""
    cls = REPLAYED[error.kind]
    made: LlmspellError
    if issubclass(cls, ProviderError):
        made = cls(
            error.message,
            provider=provider,
            status=error.status,
            retry_after=error.retry_after,
            request_id=error.request_id,
            partial_text=error.partial_text,
            hint=error.hint,
        )
        made.details |= error.details
    else:
        made = cls(error.message, hint=error.hint, details=error.details)
    if made.retryable != error.retryable:
        made.retryable = error.retryable
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON has it, whatever the script put into it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value


def _delta_to_data(delta: Delta) -> Any:
    """Text, which is most of them, is a string; anything else an object with one key more than it needs, none less."""
    match delta:
        case TextDelta(text):
            return text
        case ReasoningDelta(text):
            return {"reasoning": text}
        case ToolCallDelta(index, id_, name, fragment):
            return {"tool_call": index, "id": id_, "name": name, "fragment": fragment}
        case MediaDelta(media, is_final):
            return {"media": _converter().unstructure(media), "is_final": is_final}
    raise TypeError("a whole reply is no piece")


def _delta_from_data(data: Any, _: Any) -> Delta:
    match data:
        case str(text):
            return TextDelta(text)
        case {"reasoning": str(text)}:
            return ReasoningDelta(text)
        case {"tool_call": int(index), "id": str(id_), "name": str(name), "fragment": str(fragment)}:
            return ToolCallDelta(index, id_, name, fragment)
        case {"media": media, "is_final": bool(is_final)}:
            return MediaDelta(_converter().structure(media, RawMedia), is_final)
    raise ValueError("this is no piece of an answer")


def _medium_from_data(data: Any, _: Any) -> RawMedia:
    match data:
        case {"sha256": str(digest), "mime": str(mime)}:
            return RawMedia(data=_bytes.get()(digest), mime=mime)
    raise ValueError("this is no medium")


def _exactly(value: Any, kind: Any) -> Any:
    """cattrs converts by default: "12" would become 12."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{getattr(kind, '__name__', 'number')} expected, got {type(value).__name__}")
    return value


_bytes: ContextVar[Bytes] = ContextVar("_bytes")
"""While something is structured: where its media are."""


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, omit_if_default=True, detailed_validation=False)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, lambda value, _: float(_exactly(value, (int, float))))
    converter.register_unstructure_hook(MediaContent, lambda medium: medium.described())
    converter.register_unstructure_hook(RawMedia, lambda medium: {"sha256": sha256(medium.data), "mime": medium.mime})
    converter.register_structure_hook(RawMedia, _medium_from_data)
    converter.register_unstructure_hook(Delta, _delta_to_data)
    converter.register_structure_hook(Delta, _delta_from_data)
    return converter
