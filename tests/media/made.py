"""Real media files, made once a session by real encoders: Pillow, the standard library, and ffmpeg if there is one."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is not installed (apt-get install ffmpeg)")

SECRET = "52.3759N 4.8975E taken by Nobody"
"""Stands in every place of metadata; it must be in nothing that is sent."""


def picture(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Red on the left half, blue on the right, the top row green: one sees which way up it is."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (size[0] // 2, 0, *size))
    image.paste((30, 200, 30), (0, 0, size[0], max(size[1] // 8, 1)))
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = SECRET
    gps = data.get_ifd(0x8825)
    gps[1], gps[2], gps[29] = "N", (52.0, 22.0, 33.0), SECRET
    return data


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def jpeg(orientation: int = 1, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    options = {
        "exif": exif(orientation),
        "comment": SECRET,
        "dpi": (300, 300),
        "xmp": f"<x>{SECRET}</x>".encode(),
    } | options
    return saved(picture(size), "JPEG", **options)


def png(orientation: int = 1, **options: Any) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    text.add_itxt("XML:com.adobe.xmp", SECRET)
    return saved(picture(), "PNG", pnginfo=text, exif=exif(orientation), dpi=(72, 72), **options)


def animation(form: str, frames: int = 3, **options: Any) -> bytes:
    pages = [picture((64, 48 + n)).crop((0, n, 64, 48 + n)) for n in range(frames)]
    return saved(pages[0], form, save_all=True, append_images=pages[1:], **options)


def wav(seconds: float = 0.5, rate: int = 8000, channels: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes(bytes(range(256)) * int(seconds * rate * channels * 2 / 256))
    return file.getvalue()


SVG = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {SECRET} -->
<svg xmlns="http://www.w3.org/2000/svg" width="2in" height="96px">
  <metadata><rdf>{SECRET} &gt; <inner/></rdf></metadata>
  <rect width="10" height="10"/><!--{SECRET}-->
</svg>
""".encode()
PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"

_TAGS = ["-metadata", f"title={SECRET}", "-metadata", f"comment={SECRET}", "-metadata", f"location={SECRET}"]
_SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=1"]
_FILM = ["-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=1"]
ENCODED: dict[str, list[str]] = {
    "sound.mp3": [*_SOUND, "-c:a", "libmp3lame", "-b:a", "64k"],
    "variable.mp3": [*_SOUND, "-c:a", "libmp3lame", "-q:a", "4"],
    "sound.flac": [*_SOUND, "-ac", "2"],
    "sound.wav": [*_SOUND, "-c:a", "pcm_s24le"],
    "vorbis.ogg": [*_SOUND, "-c:a", "libvorbis"],
    "sound.opus": [*_SOUND, "-c:a", "libopus"],
    "flac.oga": [*_SOUND, "-c:a", "flac", "-f", "ogg"],
    "sound.m4a": [*_SOUND, "-c:a", "aac"],
    "film.mp4": [*_FILM, *_SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"],
    "fast.mp4": [*_FILM, *_SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"],
    "film.mov": [*_FILM, *_SOUND, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"],
    "film.webm": [*_FILM, *_SOUND, "-c:v", "libvpx", "-c:a", "libopus"],
    "film.mkv": [*_FILM, *_SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac"],
    "sound.webm": [*_SOUND, "-c:a", "libopus"],
    "film.avi": [*_FILM, *_SOUND, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "libmp3lame"],
}
"""What ffmpeg is asked for, by the name of the file."""


@functools.cache
def encoded(name: str) -> bytes:
    """A file of ENCODED, with SECRET in its tags."""
    assert FFMPEG is not None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, name)
        command = [FFMPEG, "-hide_banner", "-loglevel", "error", "-threads", "1", *ENCODED[name], *_TAGS, "-shortest"]
        subprocess.run([*command, str(target)], check=True, stdin=subprocess.DEVNULL, timeout=60)
        return target.read_bytes()


@functools.cache
def samples() -> dict[str, bytes]:
    """A file of every format that can be made here, by name."""
    made = {
        "a.jpg": jpeg(),
        "progressive.jpg": jpeg(progressive=True),
        "a.png": png(),
        "a.gif": animation("GIF", comment=SECRET.encode(), loop=0),
        "a.webp": saved(picture(), "WEBP", exif=exif(), xmp=SECRET.encode()),
        "lossless.webp": saved(picture(mode="RGBA"), "WEBP", lossless=True),
        "animated.webp": animation("WEBP"),
        "a.tiff": saved(picture(), "TIFF", exif=exif(), dpi=(150, 150), compression="tiff_lzw"),
        "a.svg": SVG,
        "a.wav": wav(),
        "a.pdf": PDF,
        "a.txt": "Grüße\n".encode(),
    }
    return made | ({name: encoded(name) for name in ENCODED} if FFMPEG else {})
