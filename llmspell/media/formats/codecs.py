"""What containers call their codecs, and what we do."""

from __future__ import annotations

from typing import Final

WAVE: Final = {
    0x0001: "pcm", 0x0002: "adpcm", 0x0003: "pcm-float", 0x0006: "alaw", 0x0007: "mulaw", 0x0011: "adpcm",
    0x0050: "mp2", 0x0055: "mp3", 0x00FF: "aac", 0x1610: "aac", 0x2000: "ac3", 0x566F: "vorbis", 0xF1AC: "flac",
}  # fmt: skip
"""Of WAV and AVI."""

BOXES: Final = {
    "avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "mp4v": "mpeg4", "vp09": "vp9", "vp08": "vp8",
    "av01": "av1", "mp4a": "aac", "alac": "alac", "Opus": "opus", "fLaC": "flac", "ac-3": "ac3", "ec-3": "eac3",
    "jpeg": "mjpeg", "apch": "prores", "apcn": "prores", ".mp3": "mp3", "sowt": "pcm", "twos": "pcm", "lpcm": "pcm",
}  # fmt: skip
"""Of MP4 and MOV."""

MATROSKA: Final = {
    "V_MPEG4/ISO/AVC": "h264", "V_MPEGH/ISO/HEVC": "hevc", "V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av1",
    "V_MPEG4/ISO/ASP": "mpeg4", "V_MPEG2": "mpeg2", "V_THEORA": "theora", "A_OPUS": "opus", "A_VORBIS": "vorbis",
    "A_AAC": "aac", "A_MPEG/L3": "mp3", "A_FLAC": "flac", "A_AC3": "ac3", "A_PCM/INT/LIT": "pcm",
}  # fmt: skip

FOURCC: Final = {"h264": "h264", "x264": "h264", "avc1": "h264", "xvid": "mpeg4", "divx": "mpeg4", "fmp4": "mpeg4",
                 "mjpg": "mjpeg", "hevc": "hevc"}  # fmt: skip
"""Of AVI, in lower case."""

MAX_NAME: Final = 32


def word(data: bytes) -> str:
    """A codec's name from a file: short, and nothing in it that a terminal would not print."""
    text = data[:MAX_NAME].split(b"\0")[0].decode("ascii", "replace")
    return "".join(char if char.isprintable() and char != "\ufffd" else "?" for char in text).strip() or "unknown"


def fourcc(data: bytes) -> str:
    name = word(data)
    return FOURCC.get(name.lower(), name)
