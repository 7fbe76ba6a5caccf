"""What servers tell of their models when they are asked: a table of questions by kind, and how the answers are read.
Pure. Whatever a server answers, the outcome is what it says by the names of Capabilities, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from llmspell.providers import wirejson
from llmspell.providers.body import Body, json_body

Told = Mapping[str, Any]

CONTEXT_FIELDS = ("max_model_len", "loaded_context_length", "max_context_length", "context_length", "context_window")
"""Of an entry of /v1/models: vLLM, LM Studio twice, OpenRouter, Groq; the first that is there counts."""
META_FIELDS = ("n_ctx", "n_ctx_train")
"""Of its `meta`: llama.cpp."""
MODALITIES = MappingProxyType({"text": "text", "image": "image", "audio": "audio", "video": "video", "file": "binary"})
"""OpenRouter's words for what we call otherwise."""


class Inquiry(NamedTuple):
    """A question about a model: a GET of `path`, or a POST where there is a body. `headers` hold no credential."""

    path: str
    read: Callable[[Any, str], Told]
    body: Body | None = None
    headers: Mapping[str, str] = {}


def _of_list(answer: Any, model: str) -> Told:
    """An OpenAI-compatible list of models. A server that has only one serves it under any name."""
    listed = [entry for entry in _list(_at(answer, "data")) if isinstance(entry, dict)]
    named = [entry for entry in listed if entry.get("id") == model]
    entry = named[0] if named else listed[0] if len(listed) == 1 else {}
    numbers = [entry.get(name) for name in CONTEXT_FIELDS] + [_at(entry, "meta", name) for name in META_FIELDS]
    return {
        **_context(*numbers),
        **_modalities("input_modalities", _at(entry, "architecture", "input_modalities")),
        **_modalities("output_modalities", _at(entry, "architecture", "output_modalities")),
    }


def _of_gemini(answer: Any, _: str) -> Told:
    return _context(_at(answer, "inputTokenLimit"))


def _of_anthropic(answer: Any, _: str) -> Told:
    able = {
        kind: _at(answer, "capabilities", f"{name}_input") for kind, name in (("image", "image"), ("binary", "pdf"))
    }
    taken = {"input_modalities": ("text", *(kind for kind, said in able.items() if _at(said, "supported") is True))}
    structured = _at(answer, "capabilities", "structured_outputs", "supported")
    return {
        **_context(_at(answer, "max_input_tokens")),
        **(taken if all(isinstance(said, dict) for said in able.values()) else {}),
        **({"json_schema": structured} if isinstance(structured, bool) else {}),
    }


def _of_ollama(answer: Any, _: str) -> Told:
    family = _at(answer, "model_info", "general.architecture")
    told = dict(_context(_at(answer, "model_info", f"{family}.context_length")))
    able = _list(_at(answer, "capabilities"))
    if able:
        told |= {"tools": "tools" in able, "input_modalities": ("text", "image") if "vision" in able else ("text",)}
    return told


def _models(_: str) -> Inquiry:
    return Inquiry("/models", _of_list)


INQUIRIES: Mapping[str, Callable[[str], Inquiry]] = MappingProxyType(
    {
        "openai": _models,
        "openai-responses": _models,
        "gemini": lambda model: Inquiry(f"/models/{quote(model.rpartition('/')[2], safe='')}", _of_gemini),
        "anthropic": lambda model: Inquiry(
            f"/models/{quote(model, safe='')}", _of_anthropic, headers={"anthropic-version": "2023-06-01"}
        ),
        "ollama": lambda model: Inquiry("/show", _of_ollama, json_body({"model": model}, "the request")),
    }
)
"""By kind of provider; a kind that is not here cannot tell."""


def told(inquiry: Inquiry, body: bytes, model: str) -> Told:
    """What an answer says."""
    try:
        return inquiry.read(wirejson.load(body), model)
    except ValueError:
        return {}


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _context(*numbers: Any) -> Told:
    found = next((number for number in numbers if type(number) is int and 0 < number < 1 << 53), None)
    return {} if found is None else {"max_context": found}


def _modalities(name: str, value: Any) -> Told:
    words: Iterator[str] = (MODALITIES[word] for word in _list(value) if isinstance(word, str) and word in MODALITIES)
    found = tuple(dict.fromkeys(words))
    return {name: found} if found else {}
