"""Pictures decoded and encoded again by Pillow: upright, or small enough. Slow and large, so one at a time. What comes
here has been looked at (formats/), and but for TIFF has no metadata any more."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from llmspell.content import Blob, ImageMetadata, MediaContent
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import keep
from llmspell.media.formats.pictures import opened
from llmspell.media.kinds import KINDS
from llmspell.media.window import Window

if TYPE_CHECKING:
    from PIL import Image

FORMS: Final[dict[str, dict[str, Any]]] = {
    "png": {"format": "PNG"},
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:2:0"},
    "webp": {"format": "WEBP", "quality": 95},
    "tiff": {"format": "TIFF", "compression": "tiff_lzw"},
}
"""How each format is written: what the eye does not tell from the original."""
SMALLER: Final = {"quality": 85}
"""How a shrunk picture is written, which is no original."""
STEP: Final = 0.75
"""Of the width and height, from one try to the next."""
MAX_TRIES: Final = 24
_ONE_AT_A_TIME = threading.Lock()


def upright(medium: MediaContent, orientation: int, max_pixels: int) -> MediaContent:
    """Encoded again without its metadata, turned as its EXIF says (1 to 8). TIFFs keep their pages, which have at most
    `max_pixels` together."""

    def turn() -> bytes:
        pages, pixels = [], 0
        with opened(medium.format, medium.blob) as image:
            for page in range(getattr(image, "n_frames", 1)):
                image.seek(page)
                pixels += image.width * image.height
                if pixels > max_pixels:
                    message = f"its pages have more than {max_pixels:,} pixels together"
                    raise InvalidMedia(f"{called(medium)}: {message}", details={"reason": "too_large"})
                pages.append(_turned(image, orientation))
            more = {} if dpi is None else {"dpi": dpi}
            return _written(pages, medium.format, image.info.get("icc_profile"), **more)

    dpi = medium.metadata.dpi if isinstance(medium.metadata, ImageMetadata) else None
    return _made(medium, medium.format, _guarded(medium, turn))


def scale(medium: MediaContent, limit: int | None, side: int | None) -> float:
    """Of its width and height, to have at most `limit` bytes, as a first guess, and `side` pixels in each; 1 where it
    has."""
    seen = medium.metadata
    by_size = 1 if limit is None or medium.size <= limit else min((limit / medium.size) ** 0.5, STEP)
    by_side = 1 if side is None or not isinstance(seen, ImageMetadata) else side / max(seen.width, seen.height)
    return min(by_size, by_side, 1)


def shrunk(medium: MediaContent, limit: int | None, side: int | None = None) -> MediaContent:
    """Smaller in width and height, until it has at most `limit` bytes and `side` pixels in each. Raises InvalidMedia
    for one that cannot be."""
    factor = scale(medium, limit, side)
    if factor == 1:
        return medium
    form = KINDS[medium.format].shrinks
    seen = medium.metadata
    if not form or not isinstance(seen, ImageMetadata) or seen.frames > 1:
        what = "an animation" if form else f"{KINDS[medium.format].label}"
        raise InvalidMedia(f"it is {what}, which cannot be made smaller", details={"reason": "too_large"})

    def shrink() -> bytes:
        with opened(medium.format, medium.blob) as image:
            if form == "jpeg":  # decoding then takes a part of the time and memory
                image.draft(None, (int(image.width * factor), int(image.height * factor)))
            profile, picture = image.info.get("icc_profile"), _drawable(image, form)
            target = (seen.width * factor, seen.height * factor)
            for _ in range(MAX_TRIES):
                size = max(1, round(target[0])), max(1, round(target[1]))
                data = _written([picture.resize(size)], form, profile, **(SMALLER if form in ("jpeg", "webp") else {}))
                if limit is None or len(data) <= limit:
                    return data
                target = target[0] * STEP, target[1] * STEP
        raise InvalidMedia(f"it cannot be made as small as {limit:,} bytes", details={"reason": "too_large"})

    return _made(medium, form, _guarded(medium, shrink))


def _guarded(medium: MediaContent, work: Callable[[], bytes]) -> bytes:
    with _ONE_AT_A_TIME:
        try:
            return work()
        except InvalidMedia:
            raise
        except Exception as error:  # Pillow's decoders raise whatever a broken file makes them
            raise InvalidMedia(
                f"{called(medium)} is {KINDS[medium.format].label} that cannot be decoded ({type(error).__name__})",
                details={"reason": "broken"},
            ) from error


def called(medium: MediaContent) -> str:
    """In messages."""
    return f"'{medium.filename}'" if medium.filename else "a medium"


def _made(medium: MediaContent, form: str, data: bytes) -> MediaContent:
    blob: Blob = keep([data])
    kind = KINDS[form]
    name = medium.filename
    if name is not None and form != medium.format:
        name = f"{name.rpartition('.')[0] or name}.{kind.extensions[0]}"
    return replace(
        medium, format=form, mime=kind.mime, blob=blob, filename=name, metadata=kind.read(Window(blob, kind.label))
    )


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    """A copy, without what the file said beside its pixels."""
    from PIL import Image as pillow  # noqa: N813

    method = {
        2: pillow.Transpose.FLIP_LEFT_RIGHT,
        3: pillow.Transpose.ROTATE_180,
        4: pillow.Transpose.FLIP_TOP_BOTTOM,
        5: pillow.Transpose.TRANSPOSE,
        6: pillow.Transpose.ROTATE_270,
        7: pillow.Transpose.TRANSVERSE,
        8: pillow.Transpose.ROTATE_90,
    }.get(orientation)
    return image.copy() if method is None else image.transpose(method)


def _drawable(image: Image.Image, form: str) -> Image.Image:
    """In a mode that can be scaled and that the format knows."""
    if image.mode in ("RGB", "L") or (image.mode == "CMYK" and form in ("jpeg", "tiff")):
        image.load()
        return image
    transparent = image.has_transparency_data and form != "jpeg"
    return image.convert("RGBA" if transparent else "RGB")


def _written(pages: list[Image.Image], form: str, profile: bytes | None, **more: Any) -> bytes:
    for page in pages:
        page.info = {name: value for name, value in page.info.items() if name == "transparency"}
    file = io.BytesIO()
    options: dict[str, Any] = {**FORMS[form], **more}
    if len(pages) > 1:
        options |= {"save_all": True, "append_images": pages[1:]}
    pages[0].save(file, icc_profile=profile, **options)
    return file.getvalue()
