"""How a :class:`FaceResult` lies on disk: ``face.npz`` (arrays), images, ``report.json`` (everything readable).

Standard library and numpy only. Nothing is unpickled, and every name that becomes a path is checked. A folder appears
whole: it is written beside its place under a temporary name and moved in at the end.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .contract import (
    VERSION,
    Correctives,
    FaceResult,
    Licence,
    Light,
    Material,
    Mesh,
    Rig,
    ShapeKeys,
    View,
)
from .errors import OutputUnwritable, ResultUnreadable

_ARRAYS = "face.npz"
_REPORT = "report.json"
_IMAGE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.(png|jpg)")
_LONGEST_NAME = 120
"""Bytes. Systems allow 255 for a name with its suffixes, and Windows 260 characters for a whole path."""
_RESERVED = frozenset(("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))))
"""Names of devices on Windows, with any suffix."""
_PARTS: dict[str, type] = {
    "mesh": Mesh,
    "shape_keys": ShapeKeys,
    "correctives": Correctives,
    "rig": Rig,
    "light": Light,
}


def save(result: FaceResult, folder: Path) -> FaceResult:
    """Write ``result`` to ``folder``, replacing an earlier result there; return it with ``folder`` set.

    Other files in the folder stay. Raises ``OutputUnwritable``; the earlier result is untouched until the new one is
    complete.
    """
    arrays, plain = _split(result)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".saving.", dir=folder.parent))
        try:
            np.savez(staging / _ARRAYS, **arrays)  # type: ignore[arg-type]
            for name, data in result.images.items():
                (staging / _checked(name)).write_bytes(data)
            text = json.dumps(plain, indent=1, ensure_ascii=False, default=_plain)
            # A photo's name need not be text; what is not becomes an escape that JSON gives back.
            (staging / _REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")
            staging.chmod(0o755)
            replace_folder(staging, folder)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
    except OSError as error:
        raise OutputUnwritable(str(folder), error.strerror or str(error)) from error
    return dataclasses.replace(result, folder=folder)


def replace_folder(new: Path, place: Path) -> None:
    """Move the finished folder ``new`` to ``place`` at once; what was there under other names stays.

    Raises ``OSError``, with everything that was in ``place`` still there.
    """
    place = place.resolve()
    if not place.exists():
        new.rename(place)
        return
    if not place.is_dir():
        raise FileExistsError(errno.EEXIST, "a file of that name is in the way", str(place))
    _carry_over(place, new)
    old = Path(tempfile.mkdtemp(prefix=".replaced.", dir=place.parent))
    try:
        place.rename(old / "previous")
        try:
            new.rename(place)
        except OSError:
            (old / "previous").rename(place)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _carry_over(place: Path, new: Path) -> None:
    """Give ``new`` whatever ``place`` holds under names that ``new`` has not."""

    def present(folder: str, names: list[str]) -> set[str]:
        there = new / Path(folder).relative_to(place)
        return {name for name in names if (there / name).is_file() and not Path(folder, name).is_dir()}

    try:
        shutil.copytree(place, new, symlinks=True, ignore=present, copy_function=_link, dirs_exist_ok=True)
    except shutil.Error as error:
        raise OSError(errno.EIO, f"a file that is already there cannot be kept ({error.args[0][0][2]})") from error


def _link(source: str, target: str) -> None:
    """The same file under a second name, which costs nothing; a copy where the disk cannot do that."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def folder_name(photo: Path, number: int = 0) -> str:
    """A folder's name for face ``number`` of a photo: the photo's own, made such that every system takes it.

    Neither empty nor hidden nor a way up (of ``...jpg`` only dots remain), without characters that Windows forbids,
    and short enough for suffixes: at most :data:`_LONGEST_NAME` bytes.
    """
    name = "".join("_" if c in '<>:"/\\|?*' or ord(c) < 32 or "\ud800" <= c <= "\udfff" else c for c in photo.stem)
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .") or "face"
    if name.partition(".")[0].rstrip().upper() in _RESERVED:
        name = f"{name}_"
    return name if number == 0 else f"{name}_{number + 1}"


def unused_name(name: str, used: set[str]) -> str:
    """``name``, or with a number where ``used`` has it (in whatever case); it is added to ``used``."""
    free, number = name, 1
    while free.casefold() in used:
        number += 1
        free = f"{name}-{number}"
    used.add(free.casefold())
    return free


def load(folder: Path) -> FaceResult:
    """Read a folder that :func:`save` wrote. Raises ``ResultUnreadable`` with the reason."""
    try:
        plain = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
        if plain["version"] > VERSION:
            raise ResultUnreadable(str(folder), "it was made by a newer version; update the add-on")
        with np.load(folder / _ARRAYS, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        images = {name: (folder / _checked(name)).read_bytes() for name in plain["images"]}
        return _join(arrays, plain, images, folder)
    except ResultUnreadable:
        raise
    except FileNotFoundError as error:
        raise ResultUnreadable(str(folder), f"“{Path(str(error.filename)).name}” is missing") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ResultUnreadable(str(folder), f"it is damaged ({error})") from error


def _split(result: FaceResult) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by dotted name, and the rest as JSON."""
    arrays: dict[str, np.ndarray] = {}
    plain: dict[str, Any] = {
        "version": VERSION,
        "model": result.model,
        "images": sorted(result.images),
        "report": result.report,
        "materials": [dataclasses.asdict(material) for material in result.materials],
        "licences": [dataclasses.asdict(licence) for licence in result.licences],
    }
    for name in _PARTS:
        if (value := getattr(result, name)) is not None:
            plain[name] = _unload(value, name, arrays)
    plain["views"] = [_unload(view, f"views.{i}", arrays) for i, view in enumerate(result.views)]
    for name, values in result.coefficients.items():
        arrays[f"coefficients.{name}"] = values
    return arrays, plain


def _unload(part: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Move the array fields of a dataclass to ``arrays``; return its other fields."""
    rest: dict[str, Any] = {}
    for item in dataclasses.fields(part):
        value = getattr(part, item.name)
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}.{item.name}"] = value
        elif isinstance(value, Mapping):
            arrays.update({f"{prefix}.{item.name}.{key}": array for key, array in value.items()})
        else:
            rest[item.name] = value
    return rest


def _join(arrays: dict[str, np.ndarray], plain: dict[str, Any], images: dict[str, bytes], folder: Path) -> FaceResult:
    def part(kind: type, prefix: str, rest: dict[str, Any]) -> Any:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in rest.items()
        }
        for name, array in arrays.items():
            if name.startswith(prefix + "."):
                first, _, key = name[len(prefix) + 1 :].partition(".")
                if key:
                    values.setdefault(first, {})[key] = array
                else:
                    values[first] = array
        return kind(**values)

    return FaceResult(
        model=plain["model"],
        materials=tuple(part(Material, "-", rest) for rest in plain["materials"]),
        views=tuple(part(View, f"views.{i}", rest) for i, rest in enumerate(plain["views"])),
        coefficients={n.partition(".")[2]: a for n, a in arrays.items() if n.startswith("coefficients.")},
        images=images,
        report=plain["report"],
        licences=tuple(Licence(**rest) for rest in plain["licences"]),
        folder=folder,
        **{
            name: part(kind, name, plain[name])
            for name, kind in _PARTS.items()
            if name != "correctives" or name in plain
        },
    )


def _checked(name: str) -> str:
    if not _IMAGE_NAME.fullmatch(name):
        raise ValueError(f"“{name}” is not a plain image file name")
    return name


def _plain(value: Any) -> Any:
    """Numpy scalars and paths for JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not belong in a report")
