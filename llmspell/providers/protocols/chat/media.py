"""Media in chat completions: the parts of a message that hold them, and where an answer has its audio and images. Pure.

Out, servers put images into `images` beside the content (OpenRouter and those who follow it) or among its parts, and
audio into `audio`, with its transcript, which is the answer's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmspell.content import MediaContent
from llmspell.providers.body import Embedded
from llmspell.providers.protocols import media
from llmspell.providers.protocols.chat.dialect import Dialect
from llmspell.types import ModelRequest, RawMedia

VOICE = "alloy"
"""OpenAI's first, which every model with audio has; `parameters.audio` names another."""
PCM = "pcm16"
PCM_RATE = 24_000
"""Samples a second of what OpenAI calls pcm16."""
MIME = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    PCM: "audio/wav",
}


def part(medium: MediaContent, dialect: Dialect) -> dict[str, Any]:
    """A medium as a part of a user's message. Raises InvalidMedia where the server has none for it."""
    match medium.type:
        case "text":
            return {"type": "text", "text": media.text_of(medium)}
        case "image":
            return {"type": "image_url", "image_url": {"url": media.data_url(medium)}}
        case "audio":
            if dialect.audio_formats and medium.format not in dialect.audio_formats:
                raise media.not_taken(medium, "this server", [f"audio as {a}" for a in dialect.audio_formats])
            data = Embedded(medium.blob)
            return {
                "type": "input_audio",
                "input_audio": data if dialect.bare_audio else {"data": data, "format": medium.format},
            }
        case "video":
            if not dialect.video:
                raise media.not_taken(medium, "this server", ("text", "images", "audio", "files"))
            return {"type": "video_url", "video_url": {"url": media.data_url(medium)}}
        case "binary":
            if dialect.document_url:
                return {
                    "type": "document_url",
                    "document_url": media.data_url(medium),
                    "document_name": media.filename(medium),
                }
            return {
                "type": "file",
                "file": {"filename": media.filename(medium), "file_data": media.data_url(medium)},
            }


def asked(request: ModelRequest, *, stream: bool) -> dict[str, Any]:
    """The fields that say what the answer should be made of."""
    wanted = request.output_modalities
    fields: dict[str, Any] = {"modalities": list(wanted)} if wanted else {}
    if "audio" in wanted:
        fields["audio"] = {"voice": VOICE, "format": audio_format(request, stream=stream)}
    return fields


def audio_format(request: ModelRequest, *, stream: bool) -> str:
    """OpenAI streams nothing but bare samples."""
    given = request.parameters.get("audio")
    named = given.get("format") if isinstance(given, Mapping) else None
    return named if isinstance(named, str) else PCM if stream else "wav"


class Audio:
    """The audio of one answer, whole or in deltas."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._data = media.Base64Pieces()
        self._any = False

    def add(self, value: Any) -> str:
        """What an `audio` field holds; gives its piece of the transcript."""
        if not isinstance(value, dict):
            return ""
        data, transcript = value.get("data"), value.get("transcript")
        if isinstance(data, str) and data:
            self._any = True
            self._data.add(data)
        return transcript if isinstance(transcript, str) else ""

    def made(self) -> tuple[RawMedia, ...]:
        """When all of it is there. Bare samples become a WAV file, for nothing else says what they are."""
        if not self._any:
            return ()
        data = self._data.end()
        if self._form == PCM:
            data = media.wav(data, PCM_RATE)
        return (RawMedia(data=data, mime=MIME.get(self._form, "")),)


def images(holder: Mapping[str, Any]) -> Iterator[RawMedia | str]:
    """The images of a message or a delta; one that is only linked is given as its address."""
    for field in ("images", "content"):
        entries = holder.get(field)
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict) or entry.get("type", "image_url") != "image_url":
                continue
            held = entry.get("image_url")
            url = held.get("url") if isinstance(held, dict) else held
            if isinstance(url, str) and url:
                yield media.from_data_url(url) or url
