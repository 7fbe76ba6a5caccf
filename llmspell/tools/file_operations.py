"""`file_operations`: everything that is done with files and folders, one operation a call, in one table."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from llmspell.access.files import Files
from llmspell.access.listing import Entry
from llmspell.schemas import Schema
from llmspell.settings import ToolSettings
from llmspell.tools.arguments import checked
from llmspell.tools.base import Tool
from llmspell.tools.files import ENCODING, PATH, READING, granted_files, path_of, read

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """What is done, in words and by which function, and the arguments that it needs and may have."""

    about: str
    run: Callable[[Files, Arguments], Any]
    required: tuple[str, ...] = ("path",)
    optional: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> Schema:
        names = ("operation", *self.required, *self.optional)
        return Schema(
            {
                "type": "object",
                "properties": {name: PROPERTIES[name] for name in names},
                "required": list(self.required),
                "additionalProperties": False,
            }
        )


def file_operations(settings: ToolSettings, base: Path) -> Tool:
    """Reads, writes and arranges files and folders."""
    files = granted_files(settings, base)

    async def run(arguments: Arguments) -> Any:
        operation = OPERATIONS[arguments["operation"]]
        fitting = checked(settings.name, operation.schema, arguments)
        return await asyncio.to_thread(operation.run, files, fitting)

    lines = [f"{name}({_signature(operation)}): {operation.about}" for name, operation in OPERATIONS.items()]
    return Tool(
        name=settings.name,
        description="Reads, writes and arranges files in the granted folders. Operations:\n" + "\n".join(lines),
        parameters={
            "type": "object",
            "properties": dict(PROPERTIES),
            "required": ["operation"],
            "additionalProperties": False,
        },
        run=run,
    )


def _signature(operation: Operation) -> str:
    return ", ".join([*operation.required, *(f"{name}?" for name in operation.optional)])


def _content(files: Files, arguments: Arguments) -> bytes:
    content = arguments["content"]
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if arguments.get("encoding") != "base64":
        return data
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error as error:
        raise files.granted.failed("arguments", f"`content` is not base64: {error}") from None


def _shown(entry: Entry) -> dict[str, Any]:
    return {"name": entry.path.rpartition("/")[2], **entry._asdict()}


def _write(files: Files, arguments: Arguments) -> Any:
    path, overwrite = path_of(arguments), arguments.get("overwrite", True)
    return {"path": path, "size": files.write(path, _content(files, arguments), overwrite=overwrite)}


def _append(files: Files, arguments: Arguments) -> Any:
    return {"path": path_of(arguments), "size": files.append(path_of(arguments), _content(files, arguments))}


def _list(files: Files, arguments: Arguments) -> Any:
    return [_shown(entry) for entry in files.list(path_of(arguments))]


def _glob(files: Files, arguments: Arguments) -> Any:
    return [_shown(entry) for entry in files.glob(path_of(arguments, "pattern"), path_of(arguments))]


def _stat(files: Files, arguments: Arguments) -> Any:
    return _shown(files.stat(path_of(arguments)))


def _exists(files: Files, arguments: Arguments) -> Any:
    return files.exists(path_of(arguments))


def _copy(files: Files, arguments: Arguments) -> Any:
    target, overwrite = path_of(arguments, "to"), arguments.get("overwrite", False)
    return {"path": target, "size": files.copy(path_of(arguments), target, overwrite=overwrite)}


def _move(files: Files, arguments: Arguments) -> Any:
    target = path_of(arguments, "to")
    files.move(path_of(arguments), target, overwrite=arguments.get("overwrite", False))
    return {"path": target}


def _delete(files: Files, arguments: Arguments) -> Any:
    files.delete(path_of(arguments), recursive=arguments.get("recursive", False))
    return {"path": path_of(arguments)}


def _mkdir(files: Files, arguments: Arguments) -> Any:
    files.mkdir(path_of(arguments))
    return {"path": path_of(arguments)}


OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "read": Operation("the text of a file, or a part of it", read, ("path",), tuple(READING)[1:]),
        "write": Operation(
            "a file with this content, in the place of the old one", _write, ("path", "content"),
            ("encoding", "overwrite"),
        ),
        "append": Operation("content behind that of a file, or a new one", _append, ("path", "content"), ("encoding",)),
        "list": Operation("what is in a folder; without a path, in the granted ones", _list, (), ("path",)),
        "glob": Operation("what fits a pattern, from a folder on", _glob, ("pattern",), ("path",)),
        "stat": Operation("type, size and time of change", _stat),
        "exists": Operation("whether there is anything", _exists),
        "copy": Operation("copy a file", _copy, ("path", "to"), ("overwrite",)),
        "move": Operation("move or rename a file or folder", _move, ("path", "to"), ("overwrite",)),
        "delete": Operation("delete a file or an empty folder, or all of a folder", _delete, ("path",), ("recursive",)),
        "mkdir": Operation("make a folder, and those above it", _mkdir),
    }
)  # fmt: skip

PROPERTIES: Final[Mapping[str, Any]] = {
    "operation": {"enum": list(OPERATIONS), "description": "what to do"},
    **READING,
    "content": {"type": "string", "description": "what to write"},
    "encoding": ENCODING,
    "overwrite": {
        "type": "boolean",
        "description": "replace a file that exists: by default when writing, not when copying or moving",
    },
    "to": {**PATH, "description": "the new path"},
    "pattern": {
        "type": "string",
        "description": "`*`, `?` and `[abc]` stand for parts of a name, `**` for any folders",
    },
    "recursive": {"type": "boolean", "description": "with everything in it"},
}
