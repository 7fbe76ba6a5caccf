"""The public Python API: `import llmspell` loads nothing of it, each name loads its own module when first used.

import llmspell

manifest = llmspell.load_manifest("run.toml")
output = llmspell.ScriptRuntime(manifest).run()
print(output.result, output.usage)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.errors import (
        AnswerError,
        BadResponseError,
        ComponentNotFound,
        ConnectError,
        DeadlockError,
        DeniedError,
        HostError,
        InterruptedRun,
        InvalidArgument,
        InvalidMedia,
        JournalError,
        LimitError,
        LlmspellError,
        ManifestError,
        OverloadedError,
        Problem,
        ProviderAuthError,
        ProviderError,
        ProviderTimeout,
        RateLimitError,
        RefusedError,
        ScriptError,
        ScriptRuntimeError,
        ScriptSyntaxError,
        StreamingNotSupported,
        ToolError,
        UsageError,
    )
    from llmspell.events import CallFinished, CallRetried, CallStarted, Chunk, Done, Event, Log, Output, Progress
    from llmspell.limits import Limits
    from llmspell.manifest.load import load_manifest, parse_manifest
    from llmspell.manifest.model import (
        Manifest,
        Overrides,
        ProvidersSection,
        RunSection,
        RuntimeSection,
        SecuritySection,
    )
    from llmspell.runtime import RunReport, ScriptOutput, ScriptRuntime
    from llmspell.settings import AgentSettings, Prices, ProviderSettings, ScriptedReply, ScriptedToolCall
    from llmspell.tools.base import Tool
    from llmspell.types import (
        AgentChunk,
        AgentInput,
        AgentOutput,
        Capabilities,
        OutputMetadata,
        ToolCall,
        ToolSpec,
        Usage,
    )

__version__ = "0.1.0"  # pyproject.toml has it too; a test compares them

__all__ = [
    "AgentChunk",
    "AgentInput",
    "AgentOutput",
    "AgentSettings",
    "AnswerError",
    "BadResponseError",
    "CallFinished",
    "CallRetried",
    "CallStarted",
    "Capabilities",
    "Chunk",
    "ComponentNotFound",
    "ConnectError",
    "DeadlockError",
    "DeniedError",
    "Done",
    "Event",
    "HostError",
    "InterruptedRun",
    "InvalidArgument",
    "InvalidMedia",
    "JournalError",
    "LimitError",
    "Limits",
    "LlmspellError",
    "Log",
    "Manifest",
    "ManifestError",
    "Output",
    "OutputMetadata",
    "OverloadedError",
    "Overrides",
    "Prices",
    "Problem",
    "Progress",
    "ProviderAuthError",
    "ProviderError",
    "ProviderSettings",
    "ProviderTimeout",
    "ProvidersSection",
    "RateLimitError",
    "RefusedError",
    "RunReport",
    "RunSection",
    "RuntimeSection",
    "ScriptError",
    "ScriptOutput",
    "ScriptRuntime",
    "ScriptRuntimeError",
    "ScriptSyntaxError",
    "ScriptedReply",
    "ScriptedToolCall",
    "SecuritySection",
    "StreamingNotSupported",
    "Tool",
    "ToolCall",
    "ToolError",
    "ToolSpec",
    "Usage",
    "UsageError",
    "__version__",
    "load_manifest",
    "parse_manifest",
]

# Where the names come from: searched in this order, so what is cheap to import stands first.
_HOMES = ("errors", "limits", "settings", "events", "types", "tools.base", "manifest.model", "manifest.load", "runtime")


def __getattr__(name: str) -> object:
    if name in __all__:
        from importlib import import_module

        for home in _HOMES:
            found = getattr(import_module(f"{__name__}.{home}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
