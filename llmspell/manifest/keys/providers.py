"""[providers.NAME] and what stands in it."""

from __future__ import annotations

from llmspell.content import MEDIA_TYPES
from llmspell.manifest import units
from llmspell.manifest.keys.kinds import (
    ENV_NAME,
    FILLED,
    MAX_TOKENS,
    NAME,
    PROVIDER_KINDS,
    TEMPERATURE,
    base_url,
    size,
    times,
    words,
)
from llmspell.manifest.sections import Key, Section, Table, Tables
from llmspell.manifest.tables import Free, Headers, Listing
from llmspell.manifest.values import Choice, Flag, Real, Text, Whole
from llmspell.settings import (
    CapabilitySettings,
    MediaSizes,
    Prices,
    ProviderSettings,
    ScriptedReply,
    ScriptedToolCall,
)

TOOL_CALL = Section(
    build=ScriptedToolCall,
    doc="A tool call that a scripted reply makes.",
    keys=(
        Key(name="name", kind=FILLED, doc="The tool to call."),
        Key(name="arguments", kind=Free(), doc="The arguments of the call."),
    ),
)

REPLY = Section(
    build=ScriptedReply,
    doc="One reply of a scripted provider. Replies are used in order, the last one again and again.",
    keys=(
        Key(name="text", kind=Text(), doc="The answer; {input} in it stands for what was asked."),
        Key(name="match", kind=Text(), doc="Answer only requests whose last message contains this."),
        Key(name="tool_calls", kind=Tables(section=TOOL_CALL), doc="Tool calls that the reply makes."),
        *times("delay", "Wait before the first chunk", 0),
        *times("chunk_delay", "Wait between chunks", 0),
        Key(name="chunk_words", kind=Whole(low=1), doc="Words in a chunk."),
        Key(
            name="finish_reason",
            kind=Choice(options=words(ScriptedReply, "finish_reason")),
            doc="Why the answer ends; by default what its content says.",
        ),
        Key(
            name="fault",
            kind=Choice(options=words(ScriptedReply, "fault")),
            doc="Fail the way a real server does.",
        ),
    ),
)

PRICE = Real(low=0.0, high=1_000_000.0)

PRICES = Section(
    build=Prices,
    doc="What the provider's models cost, in US dollars for a million tokens, instead of what the price list says.",
    keys=(
        Key(name="input", kind=PRICE, doc="Of input."),
        Key(name="output", kind=PRICE, doc="Of output, reasoning included."),
        Key(name="cached", kind=PRICE, doc="Of input that the server had in its cache; by default as other input."),
    ),
)

MEDIA_SIZES = Section(
    build=MediaSizes,
    doc="The largest medium that the models take, by its type.",
    keys=tuple(
        Key(name=kind, kind=size(1, units.I64_MAX), doc='The largest, before base64, with a unit: "5MB".')
        for kind in MEDIA_TYPES
    ),
)

MODALITIES = Listing(item=Choice(options=MEDIA_TYPES))

CAPABILITIES = Section(
    build=CapabilitySettings,
    doc="What the provider's models can do, where what llmspell knows of them is missing or wrong.",
    keys=(
        Key(name="streaming", kind=Flag(), doc="Whether answers can be streamed."),
        Key(name="tools", kind=Flag(), doc="Whether the models can call tools."),
        Key(name="json_schema", kind=Flag(), doc="Whether a schema can be sent along that answers then fit."),
        Key(name="input_modalities", kind=MODALITIES, doc="What the models take."),
        Key(name="output_modalities", kind=MODALITIES, doc="What the models give."),
        Key(name="max_context", kind=Whole(low=1), doc="Tokens of a request and its answer together."),
        Key(name="max_media_size", kind=Table(section=MEDIA_SIZES), doc=MEDIA_SIZES.doc),
        Key(name="max_image_side", kind=Whole(low=1), doc="The most pixels in an image's width, and in its height."),
    ),
)


PROVIDER = Section(
    build=ProviderSettings,
    doc="A model provider. Proxies and certificate authorities are those of the environment: HTTPS_PROXY, HTTP_PROXY, "
    "ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR.",
    keys=(
        Key(
            name="kind",
            kind=Choice(options=PROVIDER_KINDS),
            doc="The protocol; by default what the provider's name says, else openai.",
        ),
        Key(name="model", kind=FILLED, doc="The model to use where an agent names none."),
        Key(
            name="base_url",
            kind=Text(check=base_url),
            doc="Where the server is, such as http://127.0.0.1:8080/v1.",
        ),
        Key(
            name="api_key_env",
            kind=Text(
                what="the name of an environment variable",
                pattern=ENV_NAME,
                hint="it names the variable that holds the key, such as OPENAI_API_KEY, and is never the key itself",
                secret=True,
            ),
            doc="The environment variable that holds the API key.",
        ),
        Key(
            name="api_key_file",
            kind=Text(what="the path of a file", pattern=r"^[^\x00]+$", secret=True),
            doc="The file that holds the API key, relative to the manifest; on POSIX only its owner may read it.",
        ),
        Key(
            name="api_key_keyring",
            kind=Text(
                what="a service and a user, such as openai/me",
                pattern=r"^[^\x00]+/[^/\x00]+$",
                hint="it names the entry of the system's keyring that holds the key, and is never the key itself",
                secret=True,
            ),
            doc='The entry of the system keyring that holds the API key, "SERVICE/USER"; needs llmspell[keyring].',
        ),
        Key(name="max_tokens", kind=MAX_TOKENS, doc="Longest answer, in tokens, where an agent says nothing."),
        Key(name="temperature", kind=TEMPERATURE, doc="Sampling temperature, where an agent says nothing."),
        Key(name="headers", kind=Headers(), doc="HTTP headers to send along; none that carries a credential."),
        *times("connect_timeout", "Longest wait for a connection", 1),
        *times("first_token_timeout", "Longest wait for the first piece of an answer", 1),
        *times("chunk_timeout", "Longest silence within a stream", 1),
        Key(
            name="max_reply_bytes",
            kind=Whole(low=1, unit_key="max_reply_size"),
            doc="Largest answer, streamed or not, in bytes.",
        ),
        Key(
            name="max_reply_size",
            field="max_reply_bytes",
            kind=size(1, units.I64_MAX),
            doc='Largest answer, streamed or not, with a unit: "16MB".',
        ),
        Key(name="replies", kind=Tables(section=REPLY), doc="What a scripted provider answers."),
        *times("total_timeout", "Longest time for one whole answer", 1),
        Key(
            name="max_retries",
            kind=Whole(low=0, high=100),
            doc="How often a request is sent again after a failure that may pass.",
        ),
        Key(
            name="requests_per_minute",
            kind=Whole(low=1),
            doc="Requests in any minute, of all runs of the process together; further ones wait.",
        ),
        Key(
            name="tokens_per_minute",
            kind=Whole(low=1),
            doc="Input and output tokens in any minute, of all runs of the process together.",
        ),
        Key(
            name="max_concurrency",
            kind=Whole(low=1),
            doc="Requests at once, of all runs of the process together; an open stream is one.",
        ),
        Key(name="http2", kind=Flag(), doc="Whether HTTP/2 may be used; needs the package h2: llmspell[http2]."),
        Key(name="prices", kind=Table(section=PRICES), doc="What tokens cost, where the price list is not right."),
        Key(name="capabilities", kind=Table(section=CAPABILITIES), doc=CAPABILITIES.doc),
        Key(name="file", kind=FILLED, doc="The recording that a replay provider plays, relative to the manifest."),
    ),
)

DEFAULT_PROVIDER = Key(
    name="default",
    kind=NAME,
    doc="The provider of agents that name none; needed only where several are configured.",
)
