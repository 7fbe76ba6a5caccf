"""What is granted of this machine and its network: [security], [tools.NAME], [media]."""

from __future__ import annotations

from typing import get_args, get_type_hints

from llmspell.access import credentials, fields, hosts
from llmspell.content import MEDIA_TYPES
from llmspell.manifest import units
from llmspell.manifest.keys.kinds import (
    ENV_NAME,
    FILLED,
    attachable,
    base_url,
    byte_sizes,
    command_problem,
    mount,
    size,
    times,
    words,
)
from llmspell.manifest.model import SecuritySection
from llmspell.manifest.sections import Key, Section, Table, Tables
from llmspell.manifest.tables import Listing
from llmspell.manifest.values import Choice, Flag, Text, Whole
from llmspell.settings import (
    Credential,
    FileRoot,
    MediaLimits,
    MediaSettings,
    Method,
    ToolSettings,
)

SECURITY = Section(
    build=SecuritySection,
    doc="What the script may reach beside its providers.",
    keys=(
        Key(
            name="sandbox_mode",
            kind=Flag(only_true="every script runs in the sandbox, and there is no other way to run one"),
            doc="Always true; it says so for the reader.",
        ),
        Key(name="allowed_tools", kind=Listing(item=FILLED), doc="The tools that the script and its agents may call."),
        Key(
            name="env",
            kind=Listing(item=Text(what="the name of an environment variable", pattern=ENV_NAME)),
            doc="Environment variables that os.getenv may read.",
        ),
    ),
)

ROOT = Section(
    build=FileRoot,
    doc="A granted folder.",
    keys=(
        Key(name="path", kind=FILLED, doc="The folder, relative to the manifest."),
        Key(
            name="mode",
            kind=Choice(options=get_args(get_type_hints(FileRoot)["mode"])),
            doc="What is granted; writing includes reading.",
        ),
        Key(
            name="at",
            kind=Text(check=mount),
            doc='The path under which the script finds the folder, such as "/tmp" or "notes"; without it, what is in '
            "the folder stands at the top.",
        ),
    ),
)

CREDENTIAL = Section(
    build=Credential,
    doc="A secret that is attached to requests to one host. Neither the script nor a model sees it.",
    keys=(
        Key(name="host", kind=Text(check=credentials.problem_of), doc="The host, as in `hosts`; one, without `*`."),
        Key(
            name="header",
            kind=Text(what="the name of a header", pattern=fields.HEADER_NAME, check=attachable),
            doc="The header that carries the secret.",
        ),
        Key(
            name="env",
            kind=Text(
                what="the name of an environment variable",
                pattern=ENV_NAME,
                hint="it names the variable that holds the secret, and is never the secret itself",
                secret=True,
            ),
            doc="The environment variable that holds the secret.",
        ),
        Key(
            name="prefix",
            kind=Text(what="printable ASCII characters", pattern=r"[ -~]*"),
            doc='What stands before the secret, such as "Bearer ".',
        ),
    ),
)

REACH = (
    Key(
        name="hosts",
        kind=Listing(item=Text(check=hosts.problem_of)),
        doc='The hosts that may be asked: "api.example.com" (ports 80 and 443), "*.example.org:8443" (names beneath), '
        '"127.0.0.1:8080" or "10.1.0.0/16" (an address that is not public must be granted as such), "*" (all that is '
        "public).",
    ),
    Key(
        name="methods",
        kind=Listing(item=Text(what="an HTTP method", pattern="|".join(get_args(Method)), hint="such as POST")),
        doc="The HTTP methods that may be used.",
    ),
    *byte_sizes("max_response", "Largest answer, as it comes and decompressed", 32 * units.MB),
    *times("timeout", "Longest time of one call, redirects included", 1),
    Key(
        name="max_redirects",
        kind=Whole(high=20),
        doc="Redirects that are followed, to granted hosts; with 0 they are the answer.",
    ),
    Key(name="credentials", kind=Tables(section=CREDENTIAL), doc="Secrets that are attached, each for one host."),
)
"""What of the network is granted."""

TOOL = Section(
    build=ToolSettings,
    doc="What is granted to one tool alone. Each tool takes some of these keys, and others are errors; a tool with "
    "`python` takes `confirm` beside it.",
    keys=(
        Key(
            name="roots",
            kind=Tables(section=ROOT),
            doc="The folders that the tool may use: one of files, `csv` or `sqlite`.",
        ),
        *byte_sizes("max_file", "Largest file that the tool reads or writes", units.GB),
        *byte_sizes(
            "max_write", "What `file_operations` or `sqlite` may write in one run, over all files", units.I64_MAX
        ),
        Key(
            name="python",
            kind=Text(
                what="a function of yours, such as package.module:function",
                pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$",
            ),
            doc="The Python function that is the tool, package.module:function: of an installed package, or of a "
            "module in the manifest's folder.",
        ),
        Key(name="confirm", kind=Flag(), doc="Ask on the terminal before each call; without a terminal, deny it."),
        Key(
            name="commands",
            kind=Listing(item=Text(what="a command", check=command_problem)),
            doc='What the tool `shell` may run, word by word: "git status". A word `*` stands for any one word that '
            "does not begin with a dash.",
        ),
        Key(name="cwd", kind=FILLED, doc="The folder that `shell` runs commands in, relative to the manifest."),
        Key(
            name="env",
            kind=Listing(item=Text(what="the name of an environment variable", pattern=ENV_NAME)),
            doc="Environment variables that the commands of `shell` see, besides PATH, HOME and LANG.",
        ),
        *byte_sizes("max_output", "What one call of `shell` gives", 16 * units.MB),
        *REACH,
        Key(
            name="engine",
            kind=Choice(options=words(ToolSettings, "engine")),
            doc="Whom `web_search` asks; by default brave, and searxng where there is a `url`.",
        ),
        Key(
            name="url",
            kind=Text(check=base_url),
            doc="Where that is, such as https://searx.example.org/search; its host must be granted in any case.",
        ),
    ),
)

MEDIA_LIMITS = Section(
    build=MediaLimits,
    doc="The largest medium that a run takes, by its type.",
    keys=tuple(Key(name=kind, kind=size(1, units.I64_MAX), doc=f"The largest of type {kind}.") for kind in MEDIA_TYPES),
)

MEDIA = Section(
    build=MediaSettings,
    doc="Where media may come from and go to, how large they may be, and what is done before they are sent.",
    keys=(
        Key(name="roots", kind=Tables(section=ROOT), doc="The folders of Media.load and media:save."),
        *(key for key in REACH if key.name != "methods"),
        Key(name="max_size", kind=Table(section=MEDIA_LIMITS), doc=MEDIA_LIMITS.doc),
        Key(
            name="total_size",
            field="total_bytes",
            kind=size(1, units.I64_MAX),
            doc="All media of a run together, and what it may save.",
        ),
        Key(name="max_pixels", kind=Whole(low=1), doc="Pixels of one image, over all its rows."),
        Key(
            name="strip_metadata",
            kind=Flag(),
            doc="Whether EXIF, places, comments, tags and thumbnails are taken out before a medium is sent.",
        ),
        Key(name="resize", kind=Flag(), doc="Whether images are made smaller where a model takes no larger ones."),
    ),
)
