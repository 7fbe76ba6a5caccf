"""The tools under the names and arguments that rs-llmspell's scripts use, and with results in the shape that they read:
{success, operation, message, result, text}. Each row is a way to call one of our tools; nothing is done here that those
do not do. What was read of rs-llmspell is in RATIONALE.md.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.tools.base import Arguments, Run, Tool
from llmspell.tools.text_forms import MAX_OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What such a script is given. `text` is JSON of all else, unless the tool has a text of its own."""

    operation: str
    message: str
    result: Any
    text: str | bytes | None = None
    success: bool = True

    def data(self) -> dict[str, Any]:
        said = {"success": self.success, "operation": self.operation, "message": self.message, "result": self.result}
        text = self.text if self.text is not None else json.dumps(said, ensure_ascii=False, indent=2, default=_as_text)
        return {**said, "text": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A row: the tool that it calls, the arguments that it takes, and how they and the result are translated."""

    of: str
    call: Callable[[Run, Arguments], Awaitable[Answer]]
    properties: Mapping[str, Any]
    required: tuple[str, ...] = ()


def canonical(name: str) -> str:
    """The tool that a name stands for; a name that is no alias stands for itself."""
    row = _row(name)
    return name if row is None else row.of


def alias(name: str, tool: Tool) -> Tool:
    """The tool, under that other name."""
    row = _row(name)
    assert row is not None

    async def run(arguments: Arguments) -> Any:
        try:
            return (await row.call(tool.run, arguments)).data()
        except ValueError as error:
            raise ToolError(f"{name}: {error}", details={"tool": name}) from None

    return replace(
        tool,
        name=name,
        parameters={"type": "object", "properties": row.properties, "required": list(row.required)},
        run=run,
        alias_of=tool,
    )


def _row(name: str) -> Alias | None:
    return ALIASES.get(name) or ALIASES.get(_ALSO.get(name, ""))


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _need(arguments: Arguments, name: str, operation: str) -> Any:
    if name not in arguments:
        raise ValueError(f"`{operation}` needs the argument '{name}'")
    return arguments[name]


def _operation(arguments: Arguments, known: Mapping[str, Any] | tuple[str, ...], default: str = "") -> str:
    operation: str = arguments.get("operation", default)
    if operation not in known:
        raise ValueError(f"there is no operation '{operation[:80]}'; there are {', '.join(known)}")
    return operation


# ---- text-manipulator ----

_TEXT: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "uppercase": ("upper", {}),
    "lowercase": ("lower", {}),
    "reverse": ("reverse", {}),
    "trim": ("trim", {}),
    "snake_case": ("snake_case", {}),
    "camel_case": ("camel_case", {}),
    "pascal_case": ("pascal_case", {}),
    "truncate": ("truncate", {"max_length": "length"}),
    "indent": ("indent", {"spaces": "spaces"}),
    "dedent": ("dedent", {}),
    "normalize_whitespace": ("normalize_space", {}),
    "word_wrap": ("wrap", {"width": "width"}),
}
"""Their operation, ours, and how their options are called here."""


def _text_of(options: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = options.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"the option '{name}' must be a text")
    return value


def _bounded(size: int) -> None:
    if size > MAX_OUTPUT:
        raise ValueError(f"the text would be longer than {MAX_OUTPUT >> 20} MB")


def _replaced(text: str, old: str, new: str) -> str:
    _bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _joined(delimiter: str, parts: list[str]) -> str:
    _bounded(sum(map(len, parts)) + len(delimiter) * len(parts))
    return delimiter.join(parts)


_OF_SCRIPTS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "replace": lambda text, options: _replaced(text, _text_of(options, "from"), _text_of(options, "to")),
    "substring": lambda text, options: text[
        max(0, int(_need(options, "start", "substring"))) : max(0, int(_need(options, "end", "substring")))
    ],
    "split": lambda text, options: json.dumps(
        text.split(_text_of(options, "delimiter", " ") or " "), ensure_ascii=False
    ),
    "join": lambda text, options: _joined(_text_of(options, "delimiter", " "), list(map(str, _json(text, "input")))),
    "sanitize": lambda text, _: "".join(char for char in text if char.isprintable() or char in "\n\t"),
}
"""Those that a script has in Lua, so that our tool has none of them."""


async def _text(run: Run, arguments: Arguments) -> Answer:
    operation, text = _operation(arguments, (*_TEXT, *_OF_SCRIPTS)), arguments["input"]
    options = arguments.get("options", {})
    if operation in _OF_SCRIPTS:
        done = _OF_SCRIPTS[operation](text, options)
    else:
        ours, names = _TEXT[operation]
        done = await run({"operation": ours, "input": text, **{names[k]: v for k, v in options.items() if k in names}})
    sizes = {"original_length": len(text.encode()), "result_length": len(done.encode())}
    result = {"result": done, "operation": operation, **sizes}
    return Answer(operation=operation, message=f"Text {operation} operation completed", result=result)


# ---- uuid-generator, hash-calculator, base64-encoder ----


async def _uuid(run: Run, arguments: Arguments) -> Answer:
    known = ("generate", "component_id", "deterministic", "custom", "validate")
    operation = _operation(arguments, known, "generate")
    name, prefix = arguments.get("name"), arguments.get("prefix", "component")
    if operation == "validate":
        found = await run({"read": _need(arguments, "uuid", operation)})
        if found["valid"] and "version" in found:
            found["version"] = f"v{found['version']}"
        return Answer(operation=operation, message="UUID checked", result=found)
    if operation == "generate":
        version = str(arguments.get("version", "v4")).lstrip("v")
        if version not in ("1", "4", "5"):
            raise ValueError(f"there is no version '{version[:20]}'; there are v4 and v5, and v1 is made as v4")
        asked = {"version": 5 if version == "5" else 4, **({"name": name} if name is not None else {})}
        if "namespace" in arguments:
            asked["namespace"] = arguments["namespace"]
        form = arguments.get("format", "hyphenated")
        made = _formed(await run(asked), form)
        result = {"uuid": made, "version": f"v{version}", "format": form}
        return Answer(operation=operation, message="UUID generated successfully", result=result)
    if operation == "deterministic":
        namespace = arguments.get("namespace", "agent")
        inner = await run({"version": 5, "namespace": "dns", "name": f"{namespace}.llmspell"})
        made = await run({"version": 5, "namespace": inner, "name": _need(arguments, "name", operation)})
        result = {"id": made, "namespace": namespace, "name": name}
        return Answer(operation=operation, message="Deterministic ID generated successfully", result=result)
    short = bool(arguments.get("short", False))
    made = secrets.token_hex(4) if short else await run({})
    parts = [prefix if "prefix" in arguments or operation == "component_id" else "", made, arguments.get("suffix", "")]
    result = {"id": "_".join(filter(None, parts)), "prefix": prefix, "short": short}
    return Answer(operation=operation, message="ID generated successfully", result=result)


def _formed(text: str, form: str) -> str:
    if form == "simple":
        return text.replace("-", "")
    return {"urn": f"urn:uuid:{text}", "braced": f"{{{text}}}"}.get(form, text)


async def _hash(run: Run, arguments: Arguments) -> Answer:
    operation = _operation(arguments, ("hash", "verify"))
    if arguments.get("input_type", "string") != "string":
        raise ValueError("only texts are hashed here; read the file with file_reader first")
    algorithm = str(arguments.get("algorithm", "sha256")).replace("-", "").lower()
    asked = {"input": _need(arguments, "input", operation), "algorithm": algorithm}
    shown = f"{algorithm[:3].upper()}-{algorithm[3:]}" if algorithm.startswith("sha") else algorithm.upper()
    if operation == "hash":
        form = arguments.get("format", "hex")
        digest = await run({**asked, "encoding": form})
        result = {"algorithm": shown, "hash": digest, "format": form}
        return Answer(operation=operation, message=f"Calculated {shown} hash", result=result)
    form, expected = arguments.get("expected_format", "hex"), _need(arguments, "expected_hash", operation)
    verified = await run({**asked, "encoding": form, "expected": expected})
    said = "successful" if verified else "failed"
    result = {"verified": verified, "algorithm": shown}
    return Answer(operation=operation, message=f"Hash verification {said}", result=result)


async def _base64(run: Run, arguments: Arguments) -> Answer:
    operation, variant = _operation(arguments, ("encode", "decode")), arguments.get("variant", "standard")
    data: str | bytes = arguments["input"]
    if arguments.get("binary_input") and operation == "encode":
        try:
            data = bytes.fromhex(_as_text(data))
        except ValueError as error:
            raise ValueError(f"`input` is not hexadecimal: {error}") from None
    output = await run({"operation": operation, "input": data, "url_safe": variant == "url-safe"})
    binary = isinstance(output, bytes)
    result = {"output": output.hex() if binary else output, "variant": variant, "binary": binary}
    return Answer(operation=operation, message=f"Base64 {operation} completed", result=result)


# ---- datetime-handler ----

_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


async def _datetime(run: Run, arguments: Arguments) -> Answer:
    known = ("parse", "now", "convert_timezone", "add", "subtract", "difference", "info")
    operation = _operation(arguments, known, "parse")
    form = arguments.get("format", _ISO).replace("%.f", "")
    if operation == "now":
        zone = arguments.get("timezone", "UTC")
        moment = await run({"operation": "now", "timezone": zone, "format": form})
        result: dict[str, Any] = {"timezone": zone, "datetime": moment["text"], "format": form}
        result["timestamp"] = int(moment["timestamp"])
        return Answer(operation=operation, message="Current time retrieved", result=result)
    if operation == "difference":
        start, end = _need(arguments, "start", operation), _need(arguments, "end", operation)
        span = await run({"operation": "diff", "time": start, "until": end})
        seconds = int(span["seconds"])
        difference = {
            "total_seconds": seconds, "days": int(seconds / 86_400), "hours": int(seconds / 3600),
            "minutes": int(seconds / 60), "human_readable": span["text"],
        }  # fmt: skip
        result = {"start": start, "end": end, "difference": difference}
        return Answer(operation=operation, message="Date difference calculated", result=result)
    given = _need(arguments, "input", operation)
    if operation == "convert_timezone":
        zone = _need(arguments, "target_timezone", operation)
        form = arguments.get("format", "%Y-%m-%d %H:%M:%S %Z")
        before = await run({"operation": "read", "time": given, "format": form})
        after = await run({"operation": "read", "time": given, "to": zone, "format": form})
        result = {"input": given, "target_timezone": zone, "original": before["text"], "converted": after["text"]}
        return Answer(operation=operation, message="Timezone converted successfully", result=result)
    moment = await run({"operation": "read", "time": given, "to": "UTC", "format": form})
    if operation in ("add", "subtract"):
        amount, unit = _need(arguments, "amount", operation), _need(arguments, "unit", operation)
        by = -amount if operation == "subtract" else amount
        after = await run({"operation": "add", "time": given, "amount": by, "unit": unit, "to": "UTC", "format": form})
        result = {"input": given, "amount": amount, "unit": unit, "original": moment["text"], "result": after["text"]}
        return Answer(operation=operation, message=f"{operation} operation completed", result=result)
    parts = {name: moment[name] for name in ("year", "month", "day", "hour", "minute", "second", "weekday")}
    if operation == "info":
        more = {
            "day_of_year": moment["day_of_year"],
            "week_of_year": moment["week"],
            "is_leap_year": moment["leap_year"],
        }
        result = {"input": given, "info": {**parts, **more}}
        return Answer(operation=operation, message="Date information retrieved", result=result)
    parsed = {"utc": moment["text"], "timestamp": int(moment["timestamp"]), **parts}
    result = {"input": given, "parsed": parsed, "format_used": form}
    return Answer(operation=operation, message="Date parsed successfully", result=result)


# ---- json-processor, data-validator, csv-analyzer, template-creator ----


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"`{name}` is not JSON: {error}") from None


async def _json_processor(run: Run, arguments: Arguments) -> Answer:
    operation = {"transform": "query", "jq": "query"}.get(
        arguments.get("operation", "query"), arguments.get("operation")
    )
    operation = _operation({"operation": operation or "query"}, ("query", "validate", "stream"))
    given = _need(arguments, "input", operation)
    if operation == "validate":
        from llmspell.schemas import Schema

        value = _json(given, "input") if isinstance(given, str) else given
        misfits = Schema(_need(arguments, "schema", operation)).misfits(value)
        errors = [{"path": item.path, "message": item.reason} for item in misfits]
        result: Any = {"is_valid": not errors, "errors": errors}
        message = "JSON validation completed"
    else:
        source = {"text": given} if isinstance(given, str) else {"data": given}
        found = (await run({"query": arguments.get("query", "."), **source}))["results"]
        result = found[0] if operation == "query" and len(found) == 1 else found
        message = f"JSON {operation} executed successfully"
    text = json.dumps(result, ensure_ascii=False, indent=2, default=_as_text)
    return Answer(operation=operation, message=message, result=result, text=text)


_RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "required": lambda _: {"not": {"enum": [None, ""]}},
    "type": lambda rule: {"type": rule.get("expected", "string")},
    "length": lambda rule: {
        **({"minLength": rule["min"], "minItems": rule["min"]} if rule.get("min") is not None else {}),
        **({"maxLength": rule["max"], "maxItems": rule["max"]} if rule.get("max") is not None else {}),
    },
    "range": lambda rule: {
        **({"minimum": rule["min"]} if rule.get("min") is not None else {}),
        **({"maximum": rule["max"]} if rule.get("max") is not None else {}),
    },
    "pattern": lambda rule: {"pattern": _need(rule, "regex", "pattern")},
    "enum": lambda rule: {"enum": rule.get("values") or [None]},
    "email": lambda _: {"pattern": r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"},
    "url": lambda _: {"pattern": r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s]+$"},
    "array": lambda rule: {
        **({"minItems": rule["min_items"]} if rule.get("min_items") is not None else {}),
        **({"maxItems": rule["max_items"]} if rule.get("max_items") is not None else {}),
        **({"uniqueItems": True} if rule.get("unique") else {}),
        **({"items": _rules(rule["item_rules"])} if rule.get("item_rules") else {}),
    },
    "object": lambda rule: {
        "properties": {name: _rules(rules) for name, rules in (rule.get("properties") or {}).items()},
        "required": list(rule.get("required") or ()),
        **({} if rule.get("additional_properties", True) else {"additionalProperties": False}),
    },
}
"""Their rules as JSON Schemas."""


def _rules(given: Any) -> dict[str, Any]:
    rules = given.get("rules") if isinstance(given, dict) else given
    if not isinstance(rules, list):
        raise ValueError("the rules must be a list, or stand in a table as `rules`")
    schemas = []
    for rule in rules:
        kind = rule.get("type") if isinstance(rule, dict) else None
        if not isinstance(kind, str) or kind not in _RULES:
            raise ValueError(f"there is no rule '{str(kind)[:80]}'; there are {', '.join(_RULES)}")
        schemas.append(_RULES[kind](rule))
    return {"allOf": schemas} if schemas else {}


async def _validator(run: Run, arguments: Arguments) -> Answer:
    schema = arguments["schema"] if "schema" in arguments else _rules(_need(arguments, "rules", "validate_data"))
    found = await run({"data": arguments["input"], "schema": schema})
    errors = [{"field": "input", "message": problem} for problem in found["problems"]]
    said = "passed" if found["valid"] else "failed"
    result = {"valid": found["valid"], "errors": errors}
    return Answer(operation="validate_data", message=f"Data validation {said}", result=result)


async def _csv(run: Run, arguments: Arguments) -> Answer:
    operation = _operation(arguments, ("analyze", "filter", "sample", "convert"), "analyze")
    text, options = arguments.get("content", arguments.get("input")), arguments.get("options", {})
    if text is None:
        raise ValueError(f"`{operation}` needs the argument 'content'")
    if operation == "analyze":
        found = await run({"text": text, "describe": True})
        result: Any = {"row_count": found["rows"], "column_count": len(found["columns"]), "columns": found["columns"]}
        return Answer(operation=operation, message="CSV analyzed", result=result, text=json.dumps(result, indent=2))
    where: dict[str, Any] = {}
    if operation == "filter":
        words = str(_need(options, "filter", operation)).split(maxsplit=2)
        if len(words) != 3:
            raise ValueError("the filter is not of the form `column operator value`")
        where = {"where": [{"column": words[0], "op": words[1], "value": words[2].strip("'\"")}]}
    limit = {"limit": int(options.get("size", 10))} if operation == "sample" else {"limit": 10_000}
    found = await run({"text": text, **where, **limit})
    if operation == "convert":
        form = _need(options, "format", operation)
        if form not in ("json", "jsonlines", "jsonl", "tsv"):
            raise ValueError(f"CSV is converted to json, jsonlines or tsv, not to '{str(form)[:40]}'")
        if form == "json":
            return Answer(
                operation=operation, message="CSV converted", result=found["rows"], text=json.dumps(found["rows"])
            )
        lines = [json.dumps(row) for row in found["rows"]] if form != "tsv" else _lines(found, "\t")
    else:
        lines = _lines(found, ",")
    result = "".join(f"{line}\n" for line in lines)
    return Answer(operation=operation, message=f"CSV {operation} completed", result=result, text=result)


def _lines(found: Mapping[str, Any], delimiter: str) -> list[str]:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(found["columns"])
    writer.writerows([row[name] for name in found["columns"]] for row in found["rows"])
    return out.getvalue().splitlines()


async def _template(run: Run, arguments: Arguments) -> Answer:
    template, context = arguments["input"], arguments.get("context", {})
    if any(mark in template for mark in ("{{#", "{{/", "{{>")):
        raise ValueError("Handlebars blocks are not understood; write them as Jinja: {% if x %} ... {% endif %}")
    done = await run({"operation": "template", "template": template, "values": context, "html": True})
    result = {"rendered": done, "engine": arguments.get("engine", "tera"), "template_length": len(template)}
    return Answer(operation="render_template", message="Template rendered successfully", result=result)


# ---- file-operations, http-requester ----

_FILE: Final = {
    "read": "read", "write": "write", "append": "append", "delete": "delete", "create_dir": "mkdir", "mkdir": "mkdir",
    "list_dir": "list", "list": "list", "ls": "list", "copy": "copy", "move": "move", "rename": "move",
    "metadata": "stat", "stat": "stat", "exists": "exists",
}  # fmt: skip


async def _files(run: Run, arguments: Arguments) -> Answer:
    operation = _operation(arguments, _FILE)
    ours = _FILE[operation]
    asked: dict[str, Any] = {"operation": ours}
    if ours in ("copy", "move"):
        asked |= {"path": _need(arguments, "source_path", operation), "to": _need(arguments, "target_path", operation)}
        asked["overwrite"] = True  # as theirs do
    else:
        asked["path"] = _need(arguments, "path", operation)
    if ours in ("write", "append"):
        asked["content"] = arguments["input"] if "input" in arguments else _need(arguments, "content", operation)
    if ours == "delete" and arguments.get("recursive"):
        asked["recursive"] = True
    given = await run(asked)
    path = asked["path"]
    if ours == "read":
        size = len(given.encode() if isinstance(given, str) else given)
        result: Any = {"input": given, "content": given, "size": size}
        return Answer(operation="read", message=f"Read {size} bytes from {path}", result=result, text=given)
    results = {
        "list": {"entries": given, "count": len(given) if isinstance(given, list) else 0},
        "exists": {"exists": given},
    }
    result = results.get(ours, given)
    return Answer(operation=operation, message=f"{operation} of {path} completed", result=result)


async def _http(run: Run, arguments: Arguments) -> Answer:
    url = arguments["input"] if "input" in arguments else _need(arguments, "url", "request")
    method = arguments.get("method", "GET").upper()
    asked = {"url": url, "method": method}
    if "headers" in arguments:
        asked["headers"] = arguments["headers"]
    if "body" in arguments:
        body = arguments["body"]
        asked |= {"body": body} if isinstance(body, (str, bytes)) else {"json": body}
    given = await run(asked)
    status = given.get("status", 0) if isinstance(given, dict) else 0
    result = {**given, "status_code": status} if isinstance(given, dict) else {"body": given}
    return Answer(operation=method.lower(), message=f"HTTP {status}", result=result, success=0 < status < 400)


# ---- calculator ----


async def as_calculator(run: Run, arguments: Arguments) -> Answer:
    """A call in their words: of `input` or `operation`. The tool has the same name here and there."""
    operation = _operation(arguments, ("evaluate", "validate", "functions"), "evaluate")
    if operation == "functions":
        from llmspell.tools.calculator import CONSTANTS, FUNCTIONS

        result: Any = {
            "arithmetic": ["+", "-", "*", "/", "//", "%", "^"],
            "mathematical": sorted(FUNCTIONS),
            "constants": [*CONSTANTS],
        }
        return Answer(operation=operation, message="Available functions", result=result)
    expression = arguments["input"] if "input" in arguments else _need(arguments, "expression", operation)
    asked = {"expression": expression, "variables": arguments.get("variables", {})}
    if operation == "validate":
        try:
            await run(asked)
        except ToolError as error:
            result = {"expression": expression, "valid": False, "error": error.message}
            return Answer(operation=operation, message="Expression is not valid", result=result)
        return Answer(
            operation=operation, message="Expression is valid", result={"expression": expression, "valid": True}
        )
    value = await run(asked)
    kind = {bool: "boolean", int: "integer", float: "float"}.get(type(value), "string")
    result = {"expression": expression, "result": value, "result_type": kind, "variables": dict(asked["variables"])}
    return Answer(operation=operation, message="Expression evaluated", result=result)


_STRING: Final = {"type": "string"}
_OBJECT: Final = {"type": "object"}
_FLAG: Final = {"type": "boolean"}
_FORM: Final = {"enum": ["hex", "base64"]}
_HASHES: Final = {"enum": ["md5", "sha1", "sha-1", "sha256", "sha-256", "sha512", "sha-512"]}


def _texts(names: str, **others: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that are texts, and others."""
    return {**dict.fromkeys(names.split(), _STRING), **others}


ALIASES: Final[Mapping[str, Alias]] = {
    "text-manipulator": Alias(
        of="text",
        call=_text,
        properties=_texts("operation input", options=_OBJECT),
        required=("operation", "input"),
    ),
    "uuid-generator": Alias(
        of="uuid",
        call=_uuid,
        properties=_texts(
            "operation format namespace name prefix suffix uuid",
            version={"type": ["string", "integer"]},
            short=_FLAG,
            timestamp=_FLAG,
        ),
    ),
    "hash-calculator": Alias(
        of="hash",
        call=_hash,
        properties=_texts(
            "operation input expected_hash input_type", algorithm=_HASHES, format=_FORM, expected_format=_FORM
        ),
        required=("operation",),
    ),
    "base64-encoder": Alias(
        of="base64",
        call=_base64,
        properties=_texts("operation input", variant={"enum": ["standard", "url-safe"]}, binary_input=_FLAG),
        required=("operation", "input"),
    ),
    "datetime-handler": Alias(
        of="datetime",
        call=_datetime,
        properties=_texts("operation input timezone target_timezone unit start end format", amount={"type": "number"}),
    ),
    "json-processor": Alias(
        of="json_query", call=_json_processor, properties=_texts("operation query", input={}, schema=_OBJECT)
    ),
    "data-validator": Alias(
        of="json_validate",
        call=_validator,
        properties=_texts("operation", input={}, rules={"type": ["object", "array"]}, schema=_OBJECT),
        required=("input",),
    ),
    "csv-analyzer": Alias(of="csv", call=_csv, properties=_texts("operation input content", options=_OBJECT)),
    "template-creator": Alias(
        of="text",
        call=_template,
        properties=_texts("input engine", context=_OBJECT, auto_detect=_FLAG),
        required=("input",),
    ),
    "file-operations": Alias(
        of="file_operations",
        call=_files,
        properties=_texts("operation path input content source_path target_path", recursive=_FLAG),
        required=("operation",),
    ),
    "http-requester": Alias(
        of="http_request", call=_http, properties=_texts("operation input url method", headers=_OBJECT, body={})
    ),
}
_ALSO: Final[Mapping[str, str]] = {
    **{name.replace("-", "_"): name for name in ALIASES if name != "file-operations"},
    "date_time_handler": "datetime-handler",
    "data_validation": "data-validator",
    "template_engine": "template-creator",
}
"""How rs-llmspell spells them too, where the name is not one of ours."""
