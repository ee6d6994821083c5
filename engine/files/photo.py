"""Photos: read upright in sRGB whatever their format, refused with a reason."""

from __future__ import annotations

import os
import stat
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..camera.focal import focal_from_exif
from ..errors import PhotoUnreadable
from .find import find_photos as find_photos
from .srgb import to_srgb

LONGEST_SIDE = 6000
"""Pixels of the working copy: more than a face texture can use, little enough for memory."""
BAND = 64
"""Rows of the working copy that are made at a time from a larger photo."""

_MOST_PIXELS = 500_000_000
"""More would not fit into a few gigabytes while Pillow decodes it; 22,000 x 22,000 fits."""
_DRAWINGS = ("EPS", "WMF", "PDF")
_EXIF_DIRECTORY, _EXIF_ORIENTATION = 0x8769, 0x0112


@dataclass(frozen=True)
class Photo:
    """A photo, upright and in sRGB."""

    path: Path
    pixels: NDArray[np.uint8] = field(repr=False)
    """(H, W, 3) RGB: the photo, or a reduced copy of a very large one."""
    size: tuple[int, int]
    """(width, height) of the original, upright; landmarks and intrinsics are given in its pixels."""
    focal_px: float | None = None
    """Focal length from EXIF in pixels of the original, where EXIF tells."""
    scale: float = 1.0
    """Pixels of ``pixels`` per pixel of the original, 1 or 1/2, 1/3 ...: ``p_pixels = p_original * scale``."""


def read_photo(path: str | Path) -> Photo:
    """A photo in any format that Pillow reads: the first frame, upright by EXIF, converted to 8-bit sRGB.

    Transparent pixels are put over mid-grey. A photo longer than :data:`LONGEST_SIDE` is reduced while it is read.

    Raises:
        PhotoUnreadable: with the reason.
    """
    path = Path(path)
    try:
        with _opened(path) as file, _large_images_allowed(), Image.open(file, formats=_formats()) as image:
            return _decode(path, image)
    except UnidentifiedImageError as error:
        raise PhotoUnreadable(str(path), "it is not an image, or of a kind that cannot be read here") from error
    except MemoryError as error:
        raise PhotoUnreadable(str(path), "it is too large for this computer's memory") from error
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error) as error:
        raise PhotoUnreadable(str(path), "the file is damaged or cut short") from error


def _opened(path: Path) -> BinaryIO:
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise PhotoUnreadable(str(path), "it is a folder, not a photo")
        if not stat.S_ISREG(about.st_mode):  # a pipe or a device may never end
            raise PhotoUnreadable(str(path), "it is not a file")
        if not about.st_size:
            raise PhotoUnreadable(str(path), "the file is empty (0 bytes)")
        return path.open("rb")
    except FileNotFoundError as error:
        raise PhotoUnreadable(str(path), "there is no such file") from error
    except OSError as error:
        raise PhotoUnreadable(str(path), f"the file cannot be opened ({os.strerror(error.errno or 0)})") from error


@cache
def _formats() -> tuple[str, ...]:
    """What Pillow may take a photo for: no drawings, least of all those that it has another program run."""
    Image.init()
    return tuple(kind for kind in Image.OPEN if kind not in _DRAWINGS)


@contextmanager
def _large_images_allowed() -> Iterator[None]:
    """Lift Pillow's own bound (:func:`_decode` has one) and silence its warnings about odd metadata."""
    kept = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = kept


def _decode(path: Path, image: Image.Image) -> Photo:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        reason = f"it has {width * height / 1e6:.0f} million pixels and at most {_MOST_PIXELS / 1e6:.0f} can be read"
        raise PhotoUnreadable(str(path), reason)
    tags = _exif(image)
    reduced, factor = _reduced(image)
    orientation = tags.get(_EXIF_ORIENTATION, 1)
    size = (height, width) if orientation in (5, 6, 7, 8) else (width, height)
    pixels = np.ascontiguousarray(_upright(to_srgb(reduced), orientation))
    return Photo(path, pixels, size, focal_from_exif(tags, width, height), 1 / factor)


def _exif(image: Image.Image) -> dict[int, Any]:
    """EXIF values by tag, empty where there are none or they are damaged."""
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(_EXIF_DIRECTORY)}
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error):
        return {}


def _reduced(image: Image.Image) -> tuple[Image.Image, int]:
    """The image with its long side at most :data:`LONGEST_SIDE`, as means of whole blocks, and the blocks' side.

    JPEG is decoded smaller at once; anything else is reduced in bands and then let go, so that never more than one
    whole copy is in memory.
    """
    original = image.size
    width, height = (-(-n * LONGEST_SIDE // max(*original, LONGEST_SIDE)) for n in original)
    image.draft(None, (width, height))
    drafted = round(max(original) / max(image.size))
    block = -(-max(image.size) // LONGEST_SIDE)
    image.load()
    if block == 1:
        return image, drafted
    width, height = image.size[0] // block, image.size[1] // block
    first = _band(image, 0, min(BAND, height), block)
    result = Image.new(first.mode, (width, height))
    result.paste(first, (0, 0))
    for top in range(BAND, height, BAND):
        result.paste(_band(image, top, min(BAND, height - top), block), (0, top))
    result.info = image.info
    image.close()
    return result, drafted * block


def _band(image: Image.Image, top: int, rows: int, block: int) -> Image.Image:
    width = image.size[0] // block
    band = image.crop((0, top * block, width * block, (top + rows) * block))
    band.info = image.info
    if band.mode in ("P", "PA", "1"):  # a mean of palette indices means nothing
        band = band.convert("RGBA" if "transparency" in band.info or band.mode == "PA" else "RGB")
    if band.mode.startswith("I;"):  # Pillow does not reduce 16 bits
        band = Image.fromarray(np.asarray(band).astype(np.int32))
    return band.reduce(block)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the EXIF orientation of pixels (H, W, 3): the tag says where the stored first row and column belong."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
