"""From the tables of a parsed TOML document to a Manifest: every section, and the rules that join them."""

from __future__ import annotations

from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from llmspell.manifest.keys import NAMED, SECTIONS
from llmspell.manifest.keys.agents import AGENT
from llmspell.manifest.keys.kinds import NAME_PATTERN, NAME_RULE, PROVIDER_KINDS
from llmspell.manifest.keys.providers import DEFAULT_PROVIDER, PROVIDER
from llmspell.manifest.keys.run import RUN
from llmspell.manifest.model import EMBEDDED_PROVIDER, Manifest, ProvidersSection
from llmspell.manifest.report import At, nearest, shown
from llmspell.manifest.sections import unknown_key
from llmspell.manifest.values import BAD, Text

API_KEYS = ("api_key_env", "api_key_file", "api_key_keyring")
_NAME = Text(pattern=NAME_PATTERN)


def homes() -> dict[str, str]:
    """Keys that one section only has, and which: where a key that stands elsewhere probably belongs."""
    found: dict[str, str] = {}
    for name, section in SECTIONS.items():
        for key in section.keys:
            found[key.name] = "" if key.name in found else f"{name}.NAME" if name in NAMED else name
    return {key: home for key, home in found.items() if home}


def structure(document: dict[str, Any], at: At, *, file: str, base: Path, needs_code: bool) -> Manifest | None:
    """The manifest, or None when a problem was reported. With `needs_code`, a [run] section names what to run."""
    sections: dict[str, Any] = {}
    for name, value in document.items():
        here = at.child(name)
        if name not in SECTIONS:
            unknown_key(name, value, here, list(SECTIONS))
        elif name == "run":
            sections[name] = _run(value, here, needs_code)
        elif name == "providers":
            sections[name] = _providers(value, here)
        elif name == "agents":
            sections[name] = _named(value, here, _agent)
        elif name == "tools":
            from llmspell.manifest.tool_keys import read_tool  # only here: it knows the tools

            sections[name] = _named(value, here, read_tool)
        else:
            sections[name] = SECTIONS[name].read(value, here)
    _check_agents(document, at)
    return None if at.report.problems else Manifest(file=file, base=base, **sections)


def _run(table: Any, at: At, needs_code: bool) -> Any:
    values = RUN.values(table, at)
    if values is None:
        return BAD
    if "script" in values and "source" in values:
        second = [name for name in table if name in ("script", "source")][1]
        at.child(second).refuse("`script` and `source` both say what to run", "keep one of them", on_key=True)
    elif needs_code and not {"script", "source"} & values.keys():
        hint = 'add script = "main.lua", or the Lua text itself as source'
        at.refuse(f"[{at.path[0]}] does not say what to run", hint, on_key=True)
    return RUN.make(values, at)


def _named(table: Any, at: At, read: Callable[[str, Any, At], Any], plain: tuple[str, ...] = ()) -> dict[str, Any]:
    """A table of named tables, each read by `read`; the keys of `plain` are left out."""
    if not isinstance(table, dict):
        at.wrong("a table", table, f"write [{at.path[-1]}.NAME] and its keys below")
        return {}
    entries: dict[str, Any] = {}
    for name, value in table.items():
        here = at.child(name)
        if name in plain:
            continue
        if not isinstance(value, (dict, list)):
            unknown_key(name, value, here, list(plain))
        elif not _NAME.matches(name):
            here.refuse(f"{shown(name)} is not a name: it takes {NAME_RULE}", on_key=True)
        else:
            entries[name] = read(name, value, here)
    return entries


def _providers(table: Any, at: At) -> Any:
    entries = _named(table, at, _provider, plain=("default",))
    default = None
    if isinstance(table, dict) and "default" in table:
        here = at.child("default")
        if isinstance(table["default"], dict):
            here.refuse("a provider cannot be called `default`: that key says which one is the default", on_key=True)
            return BAD
        default = DEFAULT_PROVIDER.kind.read(table["default"], here)
        if default is not BAD:
            _check_provider(default, entries.keys(), here)
    elif len(entries) > 1:
        first, second, *more = (shown(name) for name in entries)
        names = f"{first}, {second}, ..." if more else f"{first} and {second}"
        hint = f"add default = {first} under [providers]"
        at.refuse(f"several providers are configured, {names}, and none is the default", hint, on_key=True)
    return BAD if at.report.problems else ProvidersSection(default=default, entries=entries)


def _provider(name: str, table: Any, at: At) -> Any:
    values = PROVIDER.values(table, at)
    if values is None:
        return BAD
    kind = values.setdefault("kind", name if name in PROVIDER_KINDS else "openai")
    if kind == "scripted" and "base_url" in values:
        at.child("base_url").refuse("a scripted provider has no `base_url`: it answers by itself", on_key=True)
    if kind not in ("scripted", BAD) and "replies" in values:
        hint = 'set kind = "scripted", or remove them'
        at.child("replies").refuse(f"`replies` are for a scripted provider, and this one is {kind}", hint, on_key=True)
    places = [key for key in values if key in API_KEYS]
    if len(places) > 1:
        at.child(places[1]).refuse(
            f"`{places[0]}` and `{places[1]}` both say where the key is", "keep one of them", on_key=True
        )
    if kind == "replay":
        for key in values.keys() & {"base_url", *API_KEYS, "headers"}:
            at.child(key).refuse(f"a replay provider has no `{key}`: it plays its `file`", on_key=True)
        if "file" not in values:
            hint = 'add the recording that it plays: file = "run.jsonl"'
            at.refuse("a replay provider needs `file`", hint, on_key=True)
    elif kind is not BAD and "file" in values:
        hint = 'set kind = "replay", or remove it'
        at.child("file").refuse(f"`file` is for a replay provider, and this one is {kind}", hint, on_key=True)
    if name == EMBEDDED_PROVIDER and kind not in ("scripted", BAD):
        at.child("kind").refuse(f"a provider called `{name}` is a scripted one", "give this one another name")
    return PROVIDER.make({"name": name} | values, at)


def _agent(name: str, table: Any, at: At) -> Any:
    return AGENT.read(table, at, name=name)


def _check_agents(document: dict[str, Any], at: At) -> None:
    """The provider and the agents that an agent names are there."""
    agents, providers = (
        table if isinstance(table := document.get(name), dict) else {} for name in ("agents", "providers")
    )
    configured = {name for name, value in providers.items() if isinstance(value, dict)}
    for name, agent in agents.items():
        if not isinstance(agent, dict):
            continue
        here = at.child("agents").child(name)
        if isinstance(provider := agent.get("provider"), str):
            _check_provider(provider, configured, here.child("provider"))
        if isinstance(targets := agent.get("transfer_to"), list):
            for index, target in enumerate(targets):
                if isinstance(target, str):
                    _check_target(target, name, list(agents), here.child("transfer_to").child(index))


def _check_provider(name: str, configured: Set[str], at: At) -> None:
    if name not in configured and name != EMBEDDED_PROVIDER:
        known = sorted({*configured, EMBEDDED_PROVIDER})
        near = nearest(name, known)
        hint = f"did you mean {shown(near)}?" if near else "configured: " + ", ".join(known[:10])
        at.refuse(f"there is no provider {shown(name)}", hint)


def _check_target(target: str, agent: str, known: list[str], at: At) -> None:
    if target == agent:
        at.refuse("an agent cannot hand a conversation over to itself")
    elif target not in known:
        near = nearest(target, known)
        at.refuse(f"there is no agent {shown(target)}", f"did you mean {shown(near)}?" if near else "")
