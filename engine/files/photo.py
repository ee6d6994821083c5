"""Photos: found in folders, read upright in sRGB whatever their format, refused with a reason."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..camera.focal import focal_from_exif
from ..errors import NoPhotos, PhotoUnreadable

PHOTO_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif")
    + (".jp2", ".ppm", ".pgm", ".tga")
)
"""What a folder is searched for, lower case; a file named outright may be called anything."""

LONGEST_SIDE = 6000
"""Pixels of the working copy: more than a face texture can use, little enough for memory."""

_MOST_PIXELS = 500_000_000
_EXIF_DIRECTORY = 0x8769
_BACKGROUND = 128
"""sRGB grey put behind transparent pixels: no light or dark fringe round a cut-out head."""


@dataclass(frozen=True)
class Photo:
    """A photo, upright and in sRGB."""

    path: Path
    pixels: NDArray[np.uint8] = field(repr=False)
    """(H, W, 3) RGB: the photo, or a reduced copy of a very large one."""
    size: tuple[int, int]
    """(width, height) of the original, upright; landmarks and intrinsics are given in its pixels."""
    focal_px: float | None
    """Focal length from EXIF in pixels of the original, where EXIF tells."""

    @property
    def scale(self) -> float:
        """Pixels of ``pixels`` per pixel of the original, at most 1: ``p_pixels = p_original * scale``."""
        return self.pixels.shape[1] / self.size[0]


def find_photos(places: Iterable[str | Path]) -> list[Path]:
    """The photos in files and folders, sorted within each folder, without hidden files and repeats.

    Folders are not searched deeper. A file is taken as it is, so that a wrong one is named when it is read.

    Raises:
        NoPhotos: a folder holds none, or ``places`` is empty.
        PhotoUnreadable: a place does not exist.
    """
    found: dict[Path, None] = {}
    for place in map(Path, places):
        if place.is_dir():
            inside = _photos_in(place)
            if not inside:
                raise NoPhotos(str(place))
            found.update(dict.fromkeys(inside))
        elif place.exists():
            found[place] = None
        else:
            raise PhotoUnreadable(str(place), "there is no such file")
    if not found:
        raise NoPhotos("the list of photos")
    return list(found)


def _photos_in(folder: Path) -> list[Path]:
    try:
        files = [p for p in folder.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES and not p.name.startswith(".")]
    except OSError as error:
        raise PhotoUnreadable(str(folder), f"the folder cannot be opened ({error.strerror})") from error
    return sorted(p for p in files if p.is_file())


def read_photo(path: str | Path) -> Photo:
    """A photo in any format that Pillow reads: the first frame, upright by EXIF, converted to 8-bit sRGB.

    Transparent pixels are put over mid-grey. A photo longer than :data:`LONGEST_SIDE` is reduced while it is read.

    Raises:
        PhotoUnreadable: with the reason.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(path, data)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PhotoUnreadable(str(path), _why_not_opened(error)) from error
    except MemoryError as error:
        raise PhotoUnreadable(str(path), "it is too large for this computer's memory") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise PhotoUnreadable(str(path), "the file is damaged or cut short") from error


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise PhotoUnreadable(str(path), "it is a folder, not a photo")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoUnreadable(str(path), "there is no such file") from error
    except OSError as error:
        raise PhotoUnreadable(str(path), f"the file cannot be opened ({os.strerror(error.errno or 0)})") from error
    if not data:
        raise PhotoUnreadable(str(path), "the file is empty (0 bytes)")
    return data
