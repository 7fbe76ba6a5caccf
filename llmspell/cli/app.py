"""The whole command line as a cyclopts app: help, mistakes, completion, and every command but a plain `run`.

The options of `run` come from the table in options.py; an app is built for one session, and says through it.
"""

from __future__ import annotations

import inspect
import io
import shlex
import shutil
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.exceptions import MissingArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError
from rich.console import Console

from llmspell import __version__
from llmspell.cli.options import OPTIONS, RunRequest, request
from llmspell.cli.session import USUAL, Session
from llmspell.errors import UsageError

_COMMANDS: Final = ("run", "validate", "providers", "init", "schema", "completion", "tools", "explain", "media")
_DASH: Final = "\ue000"
"""Stands for the word `-` while cyclopts looks at the words: it takes a lone dash for an option."""

_FILE = Parameter(help="A manifest (its name ends in .toml), a Lua script, or - for a script on stdin.")
_MANIFEST = "A manifest (its name ends in .toml); by default llmspell.toml."
_ARGS = Parameter(help="What the script finds in `arg`; after -- also what looks like an option.")

_OUTPUT = Parameter(
    metavar="text|json",
    show_choices=False,
    show_default=False,
    help="What stdout gets: words, or one JSON object.",
)


def handle(words: list[str], session: Session) -> int:
    """Do what the words say; the exit code. Raises UsageError for words that cannot be understood."""
    printed = io.StringIO()
    console = Console(
        file=printed,
        width=shutil.get_terminal_size().columns,
        force_terminal=session.out.is_terminal,
        no_color=not session.out.colour,
    )
    result = understand(words, session, console)
    if isinstance(result, RunRequest):
        from llmspell.cli.run import run

        return run(result, session)
    session.out.text(printed.getvalue())
    return result if result is not None else session.end_quietly()


def understand(words: list[str], session: Session, console: Console | None = None) -> RunRequest | int | None:
    """What the words ask for: a run, or else it has been done and this is its exit code, None after a help page, which
    the console has. Raises UsageError."""
    end = words.index("--") if "--" in words else len(words)
    shown = [_DASH if word == "-" else word for word in words[:end]] + words[end:]
    try:
        result: RunRequest | int | None = build(session)(
            shown,
            console=console,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        raise _usage(error, words) from None
    return result


def build(session: Session) -> App:
    """The app. `run` gives its request, the other commands do their work and give exit codes."""
    app = App(
        name="llmspell",
        help="Run agent scripts safely: Lua in a sandbox, with hard limits and only the powers that a manifest grants.",
        version=f"llmspell {__version__}",
        help_flags=["--help", "-h"],
        suppress_keyboard_interrupt=False,
    )

    def validate(
        file: Annotated[str, Parameter(help="A manifest (its name ends in .toml) or a Lua script.")],
        /,
        *,
        resolved: Annotated[
            bool,
            Parameter(
                negative="",
                show_default=False,
                help="Print what a run would really get, with every default, as a manifest.",
            ),
        ] = False,
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """Check a manifest and its script without running anything."""
        from llmspell.cli.validate import validate as check

        return check(file, session, resolved=resolved, form=output)

    def providers(
        manifest: Annotated[str, Parameter(help=_MANIFEST, show_default=False)] = "",
        /,
        *,
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """List the providers of a manifest: what they ask, whether their key is there, what their models can do."""
        from llmspell.cli.providers import providers as listed

        return listed(manifest, session, form=output)

    def check(
        manifest: Annotated[str, Parameter(help=_MANIFEST, show_default=False)] = "",
        /,
        *names: Annotated[str, Parameter(help="Providers to ask; by default all that the manifest configures.")],
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """Send each provider one small question, and say what came of it and how long it took. Costs some tokens."""
        from llmspell.cli.providers_check import check as checked

        return checked(manifest, names, session, form=output)

    def init(
        folder: Annotated[
            str, Parameter(help="Where to write it; made where it is missing.", show_default=False)
        ] = ".",
        /,
    ) -> int:
        """Write a project that runs at once, and what editors need. Keeps what is there."""
        from llmspell.cli.init import init as write

        return write(folder, session)

    def explain(
        file: Annotated[str, Parameter(help="A manifest.")],
        /,
        *,
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """Say in plain sentences what a run can read, write, reach, spend and run."""
        from llmspell.cli.explain import explain as tell

        return tell(file, session, form=output)

    def schema() -> int:
        """Print the JSON Schema of a manifest, for editors."""
        import json

        from llmspell.manifest.schema import manifest_schema

        session.out.text(json.dumps(manifest_schema(), indent=2) + "\n")
        return session.end_quietly()

    def completion(
        shell: Annotated[Literal["bash", "zsh", "fish", "powershell"], Parameter(help="The shell to complete in.")], /
    ) -> int:
        """Print a script that makes a shell complete llmspell's commands and options."""
        session.out.text(app.generate_completion(shell=shell))
        return session.end_quietly()

    both = App(name="providers", help=providers.__doc__, help_flags=app.help_flags)
    both.default(providers)
    both.command(check)
    commands: tuple[Callable[..., Any] | App, ...] = (
        _run(), validate, explain, both, _tools(session), _media(session), init, schema, completion,
    )  # fmt: skip
    for position, command in enumerate(commands):
        if isinstance(command, App):
            command.sort_key = position
            app.command(command)
        else:
            app.command(command, sort_key=position)
    return app


def _media(session: Session) -> App:
    """`media inspect` looks at files."""
    media = App(name="media", help="Look at images, sound and films.")

    @media.command(name="inspect")
    def inspect_files(
        *files: Annotated[str, Parameter(help="Images, sound, films, PDFs, texts.")],
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """Show what each file is by its content, what it says of itself, and how much of it would be sent."""
        from llmspell.cli.media import inspect as inspected

        return inspected(files, session, form=output)

    return media


def _tools(session: Session) -> App:
    """`tools` lists, `tools call` calls."""
    tools = App(name="tools", help="List the tools that a manifest grants, or call one.")

    @tools.default
    def listing(
        manifest: Annotated[
            str, Parameter(help="A manifest; without one, what is built in is listed.", show_default=False)
        ] = "",
        /,
        *,
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """List the tools that a manifest grants, with what they take."""
        from llmspell.cli.tools import list_tools

        return list_tools(manifest, session, form=output)

    @tools.command
    def call(
        name: Annotated[str, Parameter(help="The tool.")],
        /,
        *,
        manifest: Annotated[str, Parameter(name=["--manifest", "-m"], help="The manifest that grants it.")],
        json: Annotated[
            str, Parameter(help="The arguments, as a JSON object.", show_default=False, metavar="OBJECT")
        ] = "{}",
        yes: Annotated[
            bool, Parameter(negative="", show_default=False, help="Confirm the call of a tool that asks.")
        ] = False,
        output: Annotated[Literal["text", "json"], _OUTPUT] = "text",
    ) -> int:
        """Call one tool under the grants of a manifest, as a script would."""
        from llmspell.cli.tools import call_tool

        return call_tool(name, manifest, json, session, form=output, yes=yes)

    return tools


def _run() -> Callable[..., RunRequest]:
    """`run` with a signature made from the table."""

    def run(file: str, *args: str, **given: list[str] | str | bool | None) -> RunRequest:
        plain = ["-" if word == _DASH else word for word in (file, *args)]
        return request(plain[0], plain[1:], given)

    kind = inspect.Parameter
    groups: dict[str, Group] = {}
    parameters = [
        kind("file", kind.POSITIONAL_ONLY, annotation=Annotated[str, _FILE]),
        kind("args", kind.VAR_POSITIONAL, annotation=Annotated[str, _ARGS]),
    ]
    for option in OPTIONS:
        group = groups.setdefault(option.group, Group(option.group, sort_key=len(groups)))
        said = Parameter(
            name=option.flag,
            help=option.help,
            metavar=option.metavar or None,
            group=group,
            negative="",
            show_default=False,
            consume_multiple=False,
        )
        kinds: Any = list[str] | None if option.repeats else str | None if option.metavar else bool
        value = Annotated[kinds, said]
        parameters.append(
            kind(option.field, kind.KEYWORD_ONLY, default=None if option.metavar else False, annotation=value)
        )
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = "Run a manifest or a script."
    return run


def _usage(error: CycloptsError, words: list[str]) -> UsageError:
    """What cyclopts found wrong, in our words' form."""
    command = f"llmspell {words[0]}" if words[:1] and words[0] in _COMMANDS else "llmspell"
    hint = f"`{command} --help` lists what there is"
    if isinstance(error, UnknownOptionError) and words[:1] == ["run"]:
        hint += "; the script's own options go after --"
    if isinstance(error, UnknownCommandError) and words[0].endswith((".lua", ".toml")):
        hint = f"a file is run with `llmspell run {shlex.quote(words[0])}`"
    message = str(error).strip()
    if isinstance(error, UnusedCliTokensError):
        message = f"unexpected argument {', '.join(map(repr, error.unused_tokens or ()))}"
    if isinstance(error, MissingArgumentError) and "parameter FILE" in message:
        message = "no file is named"
        hint = f"name a manifest or a script, as in `{command} {USUAL}`"
    return UsageError(message.replace(_DASH, "-"), hint=hint)
