"""Files that mean harm, each of them small: what they claim is large, or without end, or two things at once."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from tests.media.made import PDF, animation, jpeg, picture, png, saved, wav


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int = 50_000) -> bytes:
    """All black: 2.5 billion pixels that compress to some KB."""
    squeeze = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    data = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def jpeg_scans(count: int) -> bytes:
    """A progressive picture, the last of whose scans comes again and again."""
    data = jpeg(progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + data[-2:]


def gif_frames(count: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\x00"
    return head + frame * count + b";"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("evil.txt", "x")
    return file.getvalue()


def box(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(data) if size is None else size) + kind + data


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"trak", inner)
    return inner


FTYP = box(b"ftyp", b"isom\0\0\2\0isommp41")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))

HOSTILE: dict[str, tuple[bytes, str]] = {
    "png of 50,000 x 50,000": (png_bomb(), "50,000 x 50,000 pixels, and at most 64,000,000"),
    "png that is cut off": (png()[:-20], "cut off"),
    "png with a wrong checksum": (png()[:60] + b"\0" + png()[61:], "checksum"),
    "png that claims a chunk of 2 GB": (png()[:33] + b"\x7f\xff\xff\xffIDAT", "cut off"),
    "png with a zip behind": (png() + zipped(), "a PNG, and a ZIP too"),
    "png with a script behind": (png() + b"<script>1</script>", "follow its end"),
    "jpeg that is cut off": (jpeg()[:-30], "cut off"),
    "jpeg without a scan": (jpeg()[:200], "cut off"),
    "jpeg with a page behind": (jpeg() + b"<html>", "a file of another kind follows"),
    "jpeg that is a pdf too": (jpeg(comment=b"%PDF-1.4"), "a JPEG, and a PDF too"),
    "jpeg of 65,000 x 65,000": (
        jpeg().replace(struct.pack(">HH", 48, 64), struct.pack(">HH", 65000, 65000)),
        "65,000 x 65,000 pixels",
    ),
    "gif of a million frames": (gif_frames(1_000_000), "more than 10,000 frames"),
    "gif that is cut off": (animation("GIF")[:-9], "cut off"),
    "gif without a picture": (gif_frames(0), "no picture"),
    "webp that is cut off": (saved(picture(), "WEBP")[:-6], "cut off"),
    "webp of 16,384 x 16,384": (
        b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\x0f" + bytes(9),
        "16,384 x 16,384 pixels",
    ),
    "tiff whose directories are a ring": (
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 3, 1, 5) + struct.pack("<I", 8),
        "in a ring",
    ),
    "tiff whose tags claim the same bytes again and again": (
        b"II*\0\x08\0\0\0" + struct.pack("<H", 100) + struct.pack("<HHII", 700, 1, 900, 8) * 100 + bytes(4),
        "claim more than the whole file",
    ),
    "svg of entities": (
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]><svg xmlns="http://www.w3.org/2000/svg">&l11;</svg>'.encode(),
        "declares entities",
    ),
    "svg that reads a file": (
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "declares entities",
    ),
    "svg that is nested without end": (b"<svg>" + b"<g>" * 100_000, "nested more than 256 deep"),
    "svg of 100,000 attributes": (
        b"<svg " + b" ".join(b"a%d=''" % n for n in range(100_000)) + b"/>",
        "an element of more than 10,000 attributes",
    ),
    "svg of 100,000 names": (
        b"<svg>" + b"".join(b"<a%d/>" % n for n in range(100_000)) + b"</svg>",
        "more than 1,000 names",
    ),
    "svg of 700,000 comments": (b"<svg>" + b"<!---->" * 700_000 + b"</svg>", "more than 50,000 comments"),
    "svg of a million elements": (b"<svg>" + b"<a/>" * 1_000_000 + b"</svg>", "more than 400,000 parts"),
    "svg that is cut off": (b"<svg><g></g>", "no element found"),
    "wav that claims 4 GB": (wav()[:40] + struct.pack("<I", 0xFFFFFFF0) + wav()[44:], "claims 4,294,967,280 bytes"),
    "wav that is cut off": (wav()[:-50], "cut off"),
    "mp3 whose tag claims 256 MB": (b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100), "ID3 tag claims 268,435,465 bytes"),
    "mp3 of tags alone": (b"ID3\4\0\0\0\0\0\0" * 500, "no sound in it"),
    "flac that is cut off": (b"fLaC\0\0\0\x22" + bytes(20), "cut off"),
    "ogg that is cut off": (b"OggS" + bytes(22) + b"\xff" * 100, "cut off"),
    "mp4 whose box has no size": (FTYP + box(b"moov", b"", size=4), "smaller than its own head"),
    "mp4 whose box claims 4 EB": (FTYP + b"\0\0\0\1moov\x40" + bytes(7), "cut off"),
    "mp4 of nested boxes": (FTYP + box(b"moov", nested(5_000)), "it has a table of contents and no data"),
    "mp4 of a million boxes": (FTYP + box(b"free", b"") * 1_000_000, "more than 400,000 parts"),
    "mp4 without a table": (FTYP + box(b"mdat", bytes(10)), "no table of contents"),
    "webm that claims 70 PB": (b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xf0", "cut off"),
    "webm without a segment": (b"\x1aE\xdf\xa3\x87\x42\x82\x84webm", "no segment"),
    "avi that is cut off": (b"RIFF\xff\xff\0\0AVI LIST", "cut off"),
    "pdf that is cut off": (PDF[:-8], "cut off"),
    "pdf with a zip behind": (PDF + zipped(), "a PDF, and a ZIP too"),
    "pdf with a picture behind": (PDF + jpeg(), "a file of another kind follows"),
}
"""Each with what is said of it."""
