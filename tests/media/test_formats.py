"""What a file is by its content, what it says of itself, and what is left of it without its metadata."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llmspell.content import AudioMetadata, ImageMetadata, MediaContent, VideoMetadata
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import InMemory, Joined, keep
from llmspell.media.inspect import inspect
from llmspell.media.outgoing import Outgoing
from llmspell.settings import MediaLimits, MediaSettings

from .hostile import box
from .made import (
    ENCODED,
    FFMPEG,
    PDF,
    SECRET,
    SVG,
    animation,
    encoded,
    exif,
    jpeg,
    needs_ffmpeg,
    picture,
    png,
    samples,
    saved,
    wav,
)  # fmt: skip


def seen(data: bytes, filename: str | None = None, mime: str = "", **settings: Any) -> MediaContent:
    return inspect(InMemory(data), MediaSettings(**settings), filename=filename, mime=mime)


def sent(medium: MediaContent, limit: int | None = None, **settings: Any) -> MediaContent:
    return Outgoing(MediaSettings(**settings)).prepare(medium, limit)


def shown(data: bytes) -> Image.Image:
    """As somebody sees it who knows nothing of orientations."""
    return Image.open(io.BytesIO(data)).convert("RGB")


IMAGES: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "png": (png(), "image/png", {"dpi": (72.01, 72.01)}),
    "png with transparency": (saved(picture(mode="RGBA"), "PNG"), "image/png", {"has_transparency": True}),
    "gray png": (saved(picture(mode="L"), "PNG"), "image/png", {"color_space": "gray"}),
    "animated png": (animation("PNG"), "image/png", {"frames": 3}),
    "jpeg": (jpeg(), "image/jpeg", {"dpi": (300.0, 300.0)}),
    "progressive jpeg": (jpeg(progressive=True), "image/jpeg", {"dpi": (300.0, 300.0)}),
    "cmyk jpeg": (saved(picture(mode="CMYK"), "JPEG"), "image/jpeg", {"color_space": "cmyk"}),
    "gif": (animation("GIF"), "image/gif", {"color_space": "palette", "frames": 3}),
    "webp": (saved(picture(), "WEBP"), "image/webp", {}),
    "lossless webp": (saved(picture(), "WEBP", lossless=True), "image/webp", {}),
    "animated webp": (animation("WEBP"), "image/webp", {"frames": 3}),
    "tiff": (saved(picture(), "TIFF", dpi=(150, 150)), "image/tiff", {"dpi": (150.0, 150.0)}),
    "tiff of pages": (animation("TIFF"), "image/tiff", {"frames": 3}),
}


def with_telemetry(film: bytes) -> bytes:
    """A film that ends with its table (moov), with one more track: places, in two chunks of two and one sample."""
    table = film.rindex(b"moov") - 4
    places = [SECRET.encode(), b"52.5200N 13.4050E", b"48.8566N 2.3522E"]
    data = box(b"mdat", b"video" + places[0] + places[1] + b"sound" + places[2])
    first = table + 8 + 5
    second = first + len(places[0] + places[1]) + 5
    handler = box(b"hdlr", bytes(8) + b"meta" + bytes(12))
    tables = (
        box(b"stsd", bytes(8))
        + box(b"stsz", struct.pack(">4xII3I", 0, 3, *map(len, places)))
        + box(b"stsc", struct.pack(">4xI6I", 2, 1, 2, 1, 2, 1, 1))
        + box(b"stco", struct.pack(">4xI2I", 2, first, second))
    )
    track = box(b"trak", box(b"mdia", handler + box(b"minf", box(b"stbl", tables))))
    size = int.from_bytes(film[table : table + 4], "big")
    assert table + size == len(film)
    return film[:table] + data + box(b"moov", film[table + 8 :] + track)


@needs_ffmpeg
def test_where_a_camera_was_is_not_sent() -> None:
    film = encoded("film.mp4")
    medium = seen(with_telemetry(film))
    left = sent(medium).blob.read()
    assert medium.metadata == seen(film).metadata == seen(left).metadata
    assert len(left) == medium.size
    for place in (SECRET.encode(), b"52.5200N", b"48.8566N"):
        assert place in medium.blob.read()
        assert place not in left
    assert b"video\0" in left
    assert b"\0sound\0" in left


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_known_by_its_content(name: str) -> None:
    data, mime, more = IMAGES[name]
    medium = seen(data)
    assert (medium.type, medium.mime) == ("image", mime)
    assert medium.metadata == ImageMetadata(**{"width": 64, "height": 48, "color_space": "rgb", **more})


def test_a_vector_image_has_a_size_in_css_pixels() -> None:
    assert seen(SVG).metadata == ImageMetadata(width=192, height=96, color_space="rgb", has_transparency=True)
    assert seen(b'<svg viewBox="0 0 30 40"/>').described()["metadata"]["height"] == 40
    assert seen(b"<svg/>").described()["metadata"]["width"] == 300


def test_a_recording_of_the_standard_library() -> None:
    medium = seen(wav(seconds=1, rate=8000, channels=2))
    assert (medium.type, medium.format, medium.mime) == ("audio", "wav", "audio/wav")
    assert medium.metadata == AudioMetadata(codec="pcm", duration=1.0, sample_rate=8000, channels=2, bit_depth=16)


def test_a_recording_whose_length_nobody_set_has_the_length_that_is_there() -> None:
    whole = wav()
    streamed = b"RIFF\xff\xff\xff\xff" + whole[8:40] + b"\xff\xff\xff\xff" + whole[44:]
    assert seen(streamed).metadata == seen(whole).metadata
    assert sent(seen(streamed)).blob.read() == whole


MP3 = AudioMetadata(codec="mp3", duration=1.045, sample_rate=44100, channels=1)
SOUND = {
    "sound.mp3": ("mp3", "audio/mpeg", MP3),
    "variable.mp3": ("mp3", "audio/mpeg", MP3),
    "sound.flac": ("flac", "audio/flac", AudioMetadata(codec="flac", sample_rate=44100, channels=2, bit_depth=16)),
    "sound.wav": ("wav", "audio/wav", AudioMetadata(codec="pcm", sample_rate=44100, channels=1, bit_depth=24)),
    "vorbis.ogg": ("ogg", "audio/ogg", AudioMetadata(codec="vorbis", sample_rate=44100, channels=1)),
    "sound.opus": ("ogg", "audio/ogg", AudioMetadata(codec="opus", sample_rate=48000, channels=1)),
    "flac.oga": ("ogg", "audio/ogg", AudioMetadata(codec="flac", sample_rate=44100, channels=1)),
    "sound.m4a": ("m4a", "audio/mp4", AudioMetadata(codec="aac", sample_rate=44100)),
    "sound.webm": ("webm", "audio/webm", AudioMetadata(codec="opus", sample_rate=48000, channels=1)),
}
FILMS = {
    "film.mp4": ("mp4", "video/mp4", "h264", "aac"),
    "fast.mp4": ("mp4", "video/mp4", "h264", "aac"),
    "film.mov": ("mov", "video/quicktime", "mjpeg", "pcm"),
    "film.webm": ("webm", "video/webm", "vp8", "opus"),
    "film.mkv": ("mkv", "video/x-matroska", "h264", "flac"),
    "film.avi": ("avi", "video/x-msvideo", "mjpeg", "mp3"),
}


@needs_ffmpeg
@pytest.mark.parametrize("name", SOUND)
def test_a_recording_is_known_by_its_content(name: str) -> None:
    form, mime, expected = SOUND[name]
    medium = seen(encoded(name), name)
    assert (medium.type, medium.format, medium.mime) == ("audio", form, mime)
    found = medium.metadata
    assert isinstance(found, AudioMetadata)
    assert (found.codec, found.sample_rate) == (expected.codec, expected.sample_rate)
    assert found.channels == (expected.channels or found.channels)
    assert found.bit_depth == (expected.bit_depth or found.bit_depth)
    assert found.duration == pytest.approx(expected.duration or 1.0, abs=0.05)


@needs_ffmpeg
@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_known_by_its_content(name: str) -> None:
    form, mime, video, audio = FILMS[name]
    medium = seen(encoded(name), name)
    assert (medium.type, medium.format, medium.mime) == ("video", form, mime)
    found = medium.metadata
    assert isinstance(found, VideoMetadata)
    assert (found.width, found.height, found.frame_rate) == (96, 64, 10.0)
    assert (found.video_codec, found.audio_codec) == (video, audio)
    assert found.duration == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("data", "kind", "mime"),
    [
        ("Grüße\r\n\tund mehr".encode(), "text", "text/plain"),
        (b"", "text", "text/plain"),
        (b"<html><svg/></html>", "text", "text/plain"),
        (PDF, "binary", "application/pdf"),
        (b"\0\1\2", "binary", "application/octet-stream"),
        ("Grüße".encode("latin-1"), "binary", "application/octet-stream"),
        (b"PK\3\4" + bytes(30), "binary", "application/octet-stream"),
    ],
)
def test_everything_else_is_text_a_pdf_or_unknown(data: bytes, kind: str, mime: str) -> None:
    medium = seen(data)
    assert (medium.type, medium.mime, medium.metadata) == (kind, mime, None)


@pytest.mark.parametrize(
    ("filename", "mime", "message"),
    [
        ("photo.png", "", "'photo.png' is a JPEG, and its name ends in .png, which is a PNG"),
        ("photo.JPG", "image/png", "'photo.JPG' is a JPEG, and it was declared as image/png, which is a PNG"),
        ("memo.mp3", "", "'memo.mp3' is a JPEG, and its name ends in .mp3, which is an MP3"),
        (None, "text/html; x=1", "this is a JPEG, and it was declared as text/html; x=1, which is text"),
    ],
)
def test_a_wrong_name_or_type_is_an_error_that_says_both(filename: str | None, mime: str, message: str) -> None:
    with pytest.raises(InvalidMedia) as raised:
        seen(jpeg(), filename, mime)
    assert raised.value.message == message
    assert raised.value.details["reason"] == "mismatch"


@pytest.mark.parametrize(
    ("filename", "mime"),
    [("photo.jpeg", "image/jpg"), ("photo", "IMAGE/JPEG; q=1"), ("photo.bin", "application/octet-stream"), (None, "")],
)
def test_a_name_or_type_that_fits_or_claims_nothing_is_taken(filename: str | None, mime: str) -> None:
    assert seen(jpeg(), filename, mime).format == "jpeg"


def test_a_file_name_is_the_last_part_of_a_path_and_harmless() -> None:
    names = [seen(b"x", name).filename for name in ("/a/b.txt", "a\\b.txt", "a\x1b[1m\n\u202eb.txt", "/", "é" * 300)]
    assert names == ["b.txt", "b.txt", "a_[1m__b.txt", None, "é" * 127]


def test_each_type_has_its_largest_size() -> None:
    with pytest.raises(InvalidMedia, match=r"'a.jpg' is a JPEG of .* bytes, and at most 100 bytes are allowed"):
        seen(jpeg(), "a.jpg", max_size=MediaLimits(image=100))
    assert seen(wav(), max_size=MediaLimits(image=100)).type == "audio"
    with pytest.raises(InvalidMedia, match="64 x 48 pixels, and at most 3,071"):
        seen(jpeg(), max_pixels=3071)


# ---- what is sent ----

SECRETIVE = [name for name, data in samples().items() if SECRET.encode() in data]


@pytest.mark.parametrize("name", SECRETIVE)
def test_what_a_file_says_beside_its_content_is_not_sent(name: str) -> None:
    medium = seen(samples()[name], name)
    data = sent(medium).blob.read()
    assert SECRET.encode() not in data
    assert seen(data, name).metadata == medium.metadata
    assert medium.blob.read() == samples()[name]


def test_every_format_that_holds_metadata_is_among_those_looked_at() -> None:
    forms = {seen(samples()[name], name).format for name in SECRETIVE}
    wanted = {"png", "jpeg", "gif", "webp", "tiff", "svg"}
    if FFMPEG:
        wanted |= {"mp3", "wav", "flac", "ogg", "m4a", "mp4", "mov", "webm", "mkv", "avi"}
    assert forms == wanted


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "a.gif", "a.webp", "animated.webp", "a.tiff"])
def test_the_picture_itself_stays_bit_for_bit(name: str) -> None:
    before, after = (Image.open(io.BytesIO(d)) for d in (samples()[name], sent(seen(samples()[name])).blob.read()))
    for frame in range(getattr(before, "n_frames", 1)):
        before.seek(frame)
        after.seek(frame)
        assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()


@needs_ffmpeg
@pytest.mark.parametrize("name", ENCODED)
def test_sound_and_films_stay_bit_for_bit(name: str, tmp_path: Path) -> None:
    def decoded(data: bytes) -> bytes:
        path = tmp_path / name
        path.write_bytes(data)
        command = [str(FFMPEG), "-v", "error", "-xerror", "-i", str(path), "-map", "0", "-f", "framemd5", "-"]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    assert decoded(encoded(name)) == decoded(sent(seen(encoded(name))).blob.read())


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_sent_upright(form: str, orientation: int) -> None:
    choices: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}
    options = choices.get(form, {})
    data = saved(picture(), form, exif=exif(orientation), **options)
    wanted = Image.open(io.BytesIO(data))
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(wanted).convert("RGB")
    medium = seen(data)
    result = sent(medium)
    assert isinstance(medium.metadata, ImageMetadata)
    assert (medium.metadata.width, medium.metadata.height) == upright.size
    assert result.metadata == medium.metadata
    found = shown(result.blob.read())
    assert found.size == upright.size
    for place in ((3, 3), (upright.width - 4, 3), (3, upright.height - 4), (upright.width - 4, upright.height - 4)):
        near = zip(_pixel(found, place), _pixel(upright, place), strict=True)
        assert all(abs(a - b) < 40 for a, b in near), place
    assert not dict(Image.open(io.BytesIO(result.blob.read())).getexif()).get(0x0112)


def _pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    value = image.getpixel(place)
    assert isinstance(value, tuple)
    return tuple(int(part) for part in value)


def test_colour_profiles_stay_and_thumbnails_go() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("JPEG", "PNG", "WEBP"):
        for orientation in (1, 6):
            data = sent(seen(saved(picture(), form, icc_profile=profile, exif=exif(orientation)))).blob.read()
            assert Image.open(io.BytesIO(data)).info["icc_profile"] == profile
    thumbnail = jpeg()
    twice = jpeg()[:2] + b"\xff\xe1" + (len(thumbnail) + 8).to_bytes(2, "big") + b"Exif\0\0" + thumbnail + jpeg()[2:]
    assert sent(seen(twice)).blob.read() == sent(seen(jpeg())).blob.read()


def test_further_pictures_behind_a_photograph_are_not_sent() -> None:
    phone = jpeg() + jpeg(size=(32, 24))
    assert sent(seen(phone)).blob.read() == sent(seen(jpeg())).blob.read()


def test_metadata_are_sent_where_the_manifest_says_so() -> None:
    medium = seen(jpeg())
    assert sent(medium, strip_metadata=False) == medium


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF"])
def test_an_image_is_made_small_enough_where_the_manifest_says_so(form: str) -> None:
    noisy = Image.effect_noise((300, 200), 90).convert("RGB")
    medium = seen(saved(noisy, form), f"noise.{form.lower()}")
    limit = medium.size // 5
    small = sent(medium, limit, resize=True)
    assert small.size <= limit
    assert isinstance(small.metadata, ImageMetadata)
    assert small.metadata.width / small.metadata.height == pytest.approx(1.5, abs=0.1)
    assert (small.format, small.filename) == (
        ("png", "noise.png") if form == "GIF" else (medium.format, medium.filename)
    )
    assert seen(small.blob.read(), small.filename).metadata == small.metadata
    assert sent(medium, limit).size > limit


def test_what_cannot_be_made_small_enough_stays_as_it_is() -> None:
    for data in (SVG, animation("GIF")):
        medium = seen(data)
        assert sent(medium, 10, resize=True).format == medium.format
    assert sent(seen(jpeg()), 5, resize=True).size > 5


# ---- where the bytes are ----


@pytest.mark.parametrize("size", [0, 1, 131_072, 131_073, 3_000_001])
def test_a_blob_gives_its_bytes_whole_in_parts_and_in_pieces(size: int) -> None:
    import hashlib

    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    blob = keep(data[n : n + 1000] for n in range(0, size, 1000))
    joined = Joined(blob, [(0, size // 2), b"", (size // 2, size)])
    for item in (InMemory(data), blob, joined):
        assert (item.size, item.read()) == (size, data)
        assert item.sha256 == hashlib.sha256(data).hexdigest()
        assert item.part(size // 3, 1000) == data[size // 3 : size // 3 + 1000]
        assert item.part(size, 10) == b""
        for length in (777, 100_000):
            pieces = list(item.pieces(length))
            assert b"".join(pieces) == data
            assert all(len(piece) == length for piece in pieces[:-1])


def test_a_joined_blob_is_ranges_bytes_and_zeros() -> None:
    blob = Joined(InMemory(b"0123456789"), [(2, 4), b"ab", 3, (8, 10)])
    assert (blob.size, blob.read(), blob.part(1, 5)) == (9, b"23ab\0\0\x0089", b"3ab\0\0")
    assert list(blob.pieces(4)) == [b"23ab", b"\0\0\x008", b"9"]


NO_FILES = """
import resource
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import keep
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
blobs = []
try:
    for n in range(100):
        blobs.append(keep([bytes(200_000)]))
except InvalidMedia as error:
    print(error.message, error.hint, sep="; ")
"""


def test_a_disk_that_takes_no_more_is_said() -> None:
    done = subprocess.run([sys.executable, "-c", NO_FILES], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a medium cannot be copied to disk: too many open files; ")
    assert "`ulimit -n`" in done.stdout


def test_transparency_survives_turning() -> None:
    palette = picture(mode="RGB").quantize(8)
    data = saved(palette, "PNG", transparency=0, exif=exif(6))
    upright = Image.open(io.BytesIO(sent(seen(data)).blob.read()))
    assert upright.size == (48, 64)
    assert upright.has_transparency_data


def test_an_image_that_is_made_smaller_is_upright_even_where_metadata_are_kept() -> None:
    noisy = Image.effect_noise((300, 200), 90).convert("RGB")
    small = sent(seen(saved(noisy, "JPEG", exif=exif(6))), 3000, resize=True, strip_metadata=False)
    assert isinstance(small.metadata, ImageMetadata)
    assert small.size <= 3000
    assert small.metadata.width / small.metadata.height == pytest.approx(2 / 3, abs=0.1)


def test_the_pages_of_a_tiff_have_a_bound_together() -> None:
    medium = seen(animation("TIFF", frames=4), "pages.tiff", max_pixels=3 * 64 * 48)
    with pytest.raises(InvalidMedia, match=r"'pages\.tiff': its pages have more than 9,216 pixels together"):
        sent(medium, max_pixels=3 * 64 * 48)


def test_a_text_in_another_encoding_is_told_what_to_do() -> None:
    with pytest.raises(InvalidMedia) as raised:
        seen("Grüße".encode("latin-1"), "notes.txt")
    assert raised.value.message == "'notes.txt' is nothing that is known, and its name ends in .txt, which is text"
    assert raised.value.hint == "save it as UTF-8"
