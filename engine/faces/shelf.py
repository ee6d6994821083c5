"""What lies in the models folder: every face model there, recognised by its content, never by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import FaceError
from .catalogue import Entry, entry_of
from .formats import bfm2009, bfm2017, flame, gnm, ict
from .formats.published import PublishedModel

DEEPEST = 4
"""Levels of folders that are looked into."""
MOST_FILES = 5000
SUFFIXES = (".pkl", ".npz", ".mat", ".h5", ".hdf5", ".json")
"""Endings of files that may be a model's main file."""


@dataclass(frozen=True)
class Family:
    """How one family of files is known and read."""

    recognises: Callable[[Path], str | None]
    """The variant, from content alone and without running any of it; None if it is no such file."""
    load: Callable[[Path], PublishedModel]


FAMILIES: dict[str, Family] = {
    "ict": Family(ict.recognises, ict.load),
    "gnm": Family(gnm.recognises, gnm.load),
    "flame": Family(flame.recognises, flame.load),
    "bfm2009": Family(bfm2009.recognises, bfm2009.load),
    "bfm2017": Family(bfm2017.recognises, bfm2017.load),
}


@dataclass(frozen=True)
class Found:
    """A face model that is there."""

    name: str
    """What ``Settings.model`` calls it, e.g. ``"flame-2020"``."""
    family: str
    path: Path
    """Its main file (ICT-FaceKit: its folder)."""

    @property
    def entry(self) -> Entry:
        """What the catalogue says of it."""
        family = self.name.partition("-")[0]
        return entry_of("flame_open" if family == "flame" and "open" in self.name else family)

    def load(self) -> PublishedModel:
        """Read it. Raises ``ModelUnavailable``, ``FileRefused``."""
        return FAMILIES[self.family].load(self.path)

    def fingerprint(self) -> str:
        """Changes when its main file or any file beside it does, so that an adopted copy is made again."""
        folder = self.path if self.path.is_dir() else self.path.parent
        parts = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(folder.iterdir()) if p.is_file()]
        return hashlib.sha256(repr((self.path.name, parts)).encode()).hexdigest()[:16]


def look(folder: Path) -> list[Found]:
    """Every face model below ``folder``, by name; of two of the same kind the first by path counts.

    An unreadable folder or file is passed over: whoever chooses a model by name is told why it cannot be used.
    """
    found: dict[str, Found] = {}
    for path in _candidates(folder):
        for family, methods in FAMILIES.items():
            try:
                variant = methods.recognises(path)
            except (OSError, FaceError):
                variant = None
            if variant is None:
                continue
            place = path.parent if family == "ict" else path
            name = name_of(family, variant)
            found.setdefault(name, Found(name, family, place))
            break
    return sorted(found.values(), key=lambda model: model.name)


def pretenders(folder: Path, entry: Entry, found: list[Found]) -> list[Path]:
    """Files below ``folder`` with a name of ``entry``'s main files that are none of the models ``found`` there.

    They are damaged, or something else: what the user who put them there needs to hear.
    """
    models = {model.path for model in found}
    words = entry.files.replace(",", " ").split()
    return [path for path in _candidates(folder) if path.name in words and path not in models]


def name_of(family: str, variant: str) -> str:
    """What ``Settings.model`` calls a variant: ``"ict"``, ``"flame-2020-generic"``, ``"bfm2019-fullhead"``."""
    if family in ("ict", "gnm"):
        return family
    words = variant.lower().replace(" ", "-")
    year, _, rest = words.partition("-")
    return f"bfm{year}-{rest}" if family == "bfm2017" and year in ("2017", "2019") else f"{family}-{words}"


def _candidates(folder: Path) -> Iterator[Path]:
    """Files that may be a model, nearest first, never through a link out of the folder."""
    level, seen = [folder], 0
    for _ in range(DEEPEST):
        below: list[Path] = []
        for place in level:
            try:
                entries = sorted(place.iterdir())
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if seen > MOST_FILES:
                    return
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    if not entry.is_symlink():
                        below.append(entry)
                elif entry.suffix.lower() in SUFFIXES:
                    yield entry
        level = below
