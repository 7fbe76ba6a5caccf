"""Every exception that llmspell raises, whose fault each is, and the exit code it gives.

    LlmspellError
    |- UsageError             2   the command line or a call of the Python API is wrong
    |- ManifestError          2   the manifest is wrong; carries every problem at once
    |- ScriptError            1   the script failed
    |  |- ScriptSyntaxError   1   it does not compile
    |  |- ScriptRuntimeError  1   it raised an error that nothing caught
    |  `- DeadlockError       1   every task waits for another
    |- LimitError             3   a limit of the run was reached; terminal
    |- ProviderError          4   a model provider failed
    |  |- ProviderAuthError   4   the key is missing or was rejected
    |  |- RateLimitError      4   too many requests, or no quota left
    |  |- OverloadedError     4   the server says that it is busy or broken (5xx)
    |  |- ProviderTimeout     4   no answer in time
    |  |- ConnectError        4   the server could not be reached
    |  |- BadResponseError    4   the answer is not what the protocol says
    |  |- AnswerError         4   the model's answer does not fit the agent's schema
    |  `- RefusedError        4   the server refused the request (other 4xx)
    |- ToolError              1   a tool failed
    |- DeniedError            5   the manifest does not grant what was asked
    |- ComponentNotFound      1   no agent, tool or provider of that name
    |- StreamingNotSupported  1   the provider cannot stream
    |- InvalidMedia           1   media content that is not what it claims to be
    |- InvalidArgument        1   a host call with arguments of the wrong shape
    |- JournalError           2   a recording cannot be written or does not match the run; terminal
    |- InterruptedRun       130   the user or the caller stopped the run; terminal
    `- HostError             70   a bug of ours; terminal

A terminal error ends the run: a script cannot catch it. Every other error reaches the script as an error value
with `kind`, `message`, `retryable` and `details`, and becomes the run's error only when nothing catches it.
Nothing in an error may contain a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong in a manifest: where it stands (1-based; 0 when unknown) and what to do."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""


class LlmspellError(Exception):
    """The base of the tree. `message` is one readable sentence; `hint` says what to do about it.

    `file` and `line` (1-based, 0 when unknown) and `traceback` (Lua's, innermost first) say where in the script an
    error was raised that ended the run.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    terminal: ClassVar[bool] = False
    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})
        self.file = ""
        self.line = 0
        self.traceback = ""

    def __str__(self) -> str:
        return self.message


class UsageError(LlmspellError):
    kind = "usage"
    exit_code = 2


class ManifestError(LlmspellError):
    """Every problem of a manifest at once. `file` is the path as the user gave it."""

    kind = "manifest"
    exit_code = 2

    def __init__(self, file: str, problems: Iterable[Problem], *, source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        first = self.problems[0].message if self.problems else "not a valid manifest"
        super().__init__(f"{file}: {first}" if count == 1 else f"{file}: {count} problems; the first: {first}")
        self.file = file


class ScriptError(LlmspellError):
    """The script failed."""

    kind = "script"


class ScriptSyntaxError(ScriptError):
    kind = "syntax"


class ScriptRuntimeError(ScriptError):
    kind = "runtime"


class DeadlockError(ScriptError):
    kind = "deadlock"


class LimitError(LlmspellError):
    """A limit was reached. `limit` is its name in limits.py; `granted` and `spent` are in that limit's unit."""

    kind = "limit"
    exit_code = 3
    terminal = True

    def __init__(self, limit: str, granted: float, spent: float, *, message: str = "", hint: str = "") -> None:
        self.limit = limit
        self.granted = granted
        self.spent = spent
        super().__init__(
            message or f"the limit '{limit}' was reached: {granted:,} granted, {spent:,} needed",
            hint=hint,
            details={"limit": limit, "granted": granted, "spent": spent},
        )


class ProviderError(LlmspellError):
    """A provider failed. `status` is the HTTP status (0 when there was none), `partial_text` what had arrived."""

    kind = "provider"
    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status: int = 0,
        retryable: bool | None = None,
        retry_after: float | None = None,
        request_id: str = "",
        partial_text: str = "",
        hint: str = "",
    ) -> None:
        details: dict[str, Any] = {"provider": provider}
        if status:
            details["status"] = status
        if request_id:
            details["request_id"] = request_id
        if retry_after is not None:
            details["retry_after"] = retry_after
        if partial_text:
            details["partial_text"] = partial_text
        super().__init__(message, hint=hint, details=details)
        self.provider = provider
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.partial_text = partial_text
        if retryable is not None:
            self.retryable = retryable


class ProviderAuthError(ProviderError):
    kind = "auth"


class RateLimitError(ProviderError):
    kind = "rate_limit"
    retryable = True


class OverloadedError(ProviderError):
    kind = "overloaded"
    retryable = True


class ProviderTimeout(ProviderError):
    kind = "timeout"
    retryable = True


class ConnectError(ProviderError):
    kind = "connect"
    retryable = True


class BadResponseError(ProviderError):
    kind = "bad_response"


class AnswerError(ProviderError):
    """The model's answer does not fit the agent's schema. `details.problems` says how, `partial_text` is the answer."""

    kind = "bad_answer"


class RefusedError(ProviderError):
    kind = "refused"


class ToolError(LlmspellError):
    kind = "tool"


class DeniedError(LlmspellError):
    """Not granted. `hint` names the manifest key that would grant it."""

    kind = "denied"
    exit_code = 5


class ComponentNotFound(LlmspellError):
    kind = "not_found"


class StreamingNotSupported(LlmspellError):
    kind = "streaming_not_supported"


class InvalidMedia(LlmspellError):
    kind = "invalid_media"


class InvalidArgument(LlmspellError):
    kind = "argument"


class JournalError(LlmspellError):
    kind = "journal"
    exit_code = 2
    terminal = True


class InterruptedRun(LlmspellError):
    kind = "interrupted"
    exit_code = 130
    terminal = True


class HostError(LlmspellError):
    kind = "host"
    exit_code = 70
    terminal = True


def _tree(cls: type[LlmspellError]) -> Iterable[type[LlmspellError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


BY_KIND: dict[str, type[LlmspellError]] = {cls.kind: cls for cls in _tree(LlmspellError)}
"""Every class by its kind: what an error value in Lua is called, and what JSON output says."""
