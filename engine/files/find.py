"""Which files of a list and of folders are photos. Standard library only: Blender's Python reads it too."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import NoPhotos, PhotoUnreadable

PHOTO_SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "tif", "tiff", "webp"),
        *("bmp", "gif", "avif", "jp2", "ppm", "pgm", "tga"),
    )
)
"""What a folder is searched for, lower case; a file named outright may be called anything."""


def find_photos(places: Iterable[str | Path]) -> list[Path]:
    """The photos in files and folders, sorted within each folder, without hidden files and repeats.

    Folders are not searched deeper. A file is taken as it is, so that a wrong one is named when it is read.

    Raises:
        NoPhotos: a folder holds none, or ``places`` is empty.
        PhotoUnreadable: a place does not exist or cannot be looked into.
    """
    found: dict[Path, None] = {}
    for place in map(Path, places):
        found.update(dict.fromkeys(_photos_at(place)))
    if not found:
        raise NoPhotos("the list of photos")
    return list(found)


def _photos_at(place: Path) -> list[Path]:
    try:
        if not place.is_dir():
            place.stat()
            return [place]
        files = [p for p in place.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES and not p.name.startswith(".")]
        photos = sorted(p for p in files if p.is_file())
    except FileNotFoundError as error:
        raise PhotoUnreadable(str(place), "there is no such file") from error
    except OSError as error:
        raise PhotoUnreadable(str(place), f"it cannot be opened ({error.strerror})") from error
    if not photos:
        raise NoPhotos(str(place))
    return photos
