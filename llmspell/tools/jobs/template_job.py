"""A Jinja template and its values, in Jinja's own sandbox: a template can look at what it is given, and no more."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, Final

import jinja2.debug  # noqa: F401 - imported by an error, when no file can be opened any more
from jinja2 import StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from llmspell.tools.jobs import Refused

MAX_OUTPUT: Final = 8 * 1024 * 1024

codecs.lookup("unicode_escape")  # literals in templates need it, when no file can be opened any more


def run(payload: Mapping[str, Any]) -> str:
    """{template, values, html} -> text."""
    environment = ImmutableSandboxedEnvironment(
        autoescape=payload["html"], undefined=StrictUndefined, keep_trailing_newline=True
    )
    del environment.globals["lipsum"]  # its words are in a file, and none can be opened any more
    pieces, size = [], 0
    try:
        for piece in environment.from_string(payload["template"]).generate(payload["values"]):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise Refused(f"the text is longer than {MAX_OUTPUT >> 20} MB")
            pieces.append(piece)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        what = "not permitted in a template: " if isinstance(error, SecurityError) else ""
        raise Refused(f"template: {where}{what}{error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Refused(f"template: {error}") from None
    return "".join(pieces)
