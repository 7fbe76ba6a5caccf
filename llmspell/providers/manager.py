"""Providers by name: built at first use, one each, and closed together. Knows every kind, and imports none before."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from llmspell.errors import ComponentNotFound, ProviderError
from llmspell.providers.base import Provider
from llmspell.settings import ProviderSettings

if TYPE_CHECKING:
    from llmspell.providers.recording.file import Recording

MOCK_MODEL = "mock"
BUILT_IN = "scripted"
"""The scripted provider that is there even where none is configured."""

Factory = Callable[[ProviderSettings, Mapping[str, str]], Provider]


def _server(protocol: str) -> Factory:
    """Of providers that ask a server in the protocol of protocols/PROTOCOL/, which is imported by the first of them."""

    def make(settings: ProviderSettings, environ: Mapping[str, str]) -> Provider:
        from importlib import import_module

        from llmspell.providers.server import ServerProvider

        return ServerProvider(settings, environ, import_module(f"llmspell.providers.protocols.{protocol}").TRANSLATOR)

    return make


def _scripted(settings: ProviderSettings, environ: Mapping[str, str]) -> Provider:
    from llmspell.providers.scripted import ScriptedProvider

    return ScriptedProvider(settings, environ)


def _replay(settings: ProviderSettings, environ: Mapping[str, str]) -> Provider:
    from llmspell.providers.recording.replay import ReplayProvider

    return ReplayProvider(settings, environ)


KINDS: Mapping[str, Factory] = MappingProxyType(
    {
        "openai": _server("chat"),
        "scripted": _scripted,
        "openai-responses": _server("responses"),
        "anthropic": _server("anthropic"),
        "ollama": _server("ollama"),
        "gemini": _server("gemini"),
        "replay": _replay,
    }
)


class ProviderManager:
    """The providers of one run. `environ` is where API keys are read, at each request (default: os.environ); paths are
    taken from `base`. What is asked of them is written to `recording`, where there is one."""

    def __init__(
        self,
        providers: Mapping[str, ProviderSettings],
        default: str,
        *,
        environ: Mapping[str, str] | None = None,
        base: Path | None = None,
        recording: Recording | None = None,
    ) -> None:
        self._settings = {name: each if base is None else each.beneath(base) for name, each in providers.items()}
        self._recording = recording
        self._default = default
        self._environ = os.environ if environ is None else environ
        self._built: dict[str, Provider] = {}
        self._mock: Provider | None = None

    def names(self) -> tuple[str, ...]:
        """The configured ones, in the manifest's order."""
        return tuple(self._settings)

    def get(self, name: str) -> Provider:
        """Raises ComponentNotFound, with the nearest names; UsageError where its settings cannot be used."""
        if name not in self._settings:
            if name == BUILT_IN:
                return self._built_in()
            raise self._not_found(name)
        if name not in self._built:
            # the guest's thread and the event loop may both be here: one provider is kept, and only that one is closed
            self._built.setdefault(name, self._build(self._settings[name]))
        return self._built[name]

    def resolve(self, model: str | None, provider: str | None) -> tuple[Provider, str]:
        """The provider to ask and the model's name there.

        "mock" is the scripted provider: the given one where that is of this kind, else the one named "scripted". A
        given provider wins, and the model's name is then taken as it is. "NAME/model" names a provider only when one
        of that name is configured, since models are called "meta-llama/Llama-3" too. Else the default provider is
        asked, and where no model is named, the provider's own. Raises ProviderError where no model is known.
        """
        if model == MOCK_MODEL:
            given = self.get(provider) if provider else None
            return (given if given is not None and given.kind == "scripted" else self._built_in()), MOCK_MODEL
        if not provider and model:
            left, slash, right = model.partition("/")
            if slash and (left in self._settings or left == BUILT_IN):
                provider, model = left, right
        chosen = self.get(provider or self._default)
        model = model or chosen.model
        if not model:
            raise ProviderError(
                f"provider '{chosen.name}': no model is named",
                provider=chosen.name,
                hint=f"set `model` for the agent, or under [providers.{chosen.name}]",
            )
        return chosen, model

    def describe(self, name: str) -> dict[str, Any]:
        """Name, kind, model (None where none is set) and that model's capabilities, for scripts. Never a key."""
        provider = self.get(name)
        return {
            "name": provider.name,
            "kind": provider.kind,
            "model": provider.model,
            "capabilities": provider.capabilities_of(provider.model or "").described(),
        }

    async def aclose(self) -> None:
        """Close every provider's connections, also when closing one fails. A later use opens new ones."""
        built, self._built, self._mock = list(self._built.values()), {}, None
        failure: BaseException | None = None
        for provider in built:
            try:
                await provider.aclose()
            except BaseException as exc:  # the others are closed first
                failure = failure or exc
        if failure is not None:
            raise failure

    def _built_in(self) -> Provider:
        settings = self._settings.get(BUILT_IN)
        if settings is not None and settings.kind == "scripted":
            return self.get(BUILT_IN)
        if self._mock is None:
            self._mock = self._build(ProviderSettings(name=BUILT_IN, kind="scripted"))
        return self._mock

    def _build(self, settings: ProviderSettings) -> Provider:
        provider = KINDS[settings.kind](settings, self._environ)
        if self._recording is None:
            return provider
        from llmspell.providers.recording.recorder import RecordingProvider

        return RecordingProvider(provider, self._recording)

    def _not_found(self, name: str) -> ComponentNotFound:
        from difflib import get_close_matches  # only here: it takes 3 ms to import

        known = tuple(dict.fromkeys((*self._settings, BUILT_IN)))
        nearest = get_close_matches(name[:200], known, n=3, cutoff=0.5)
        listed = ", ".join(f"'{candidate}'" for candidate in nearest or known)
        return ComponentNotFound(
            f"no provider is named '{name[:200]}'",
            hint=f"did you mean {listed}?" if nearest else f"configured are {listed}",
            details={"name": name[:200], "nearest": nearest},
        )
