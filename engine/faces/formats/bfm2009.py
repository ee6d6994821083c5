"""The Basel Face Model 2009 in every form that its users have on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import ModelUnavailable
from ...files.damage import FileDamaged
from ...files.hdf5 import is_hdf5, list_arrays
from ...files.matlab import is_matlab, list_variables
from . import bfm_cuts, bfm_deep3d, bfm_extreme3d, bfm_mgcnet
from .bfm_basel import basel_shapes, load_basel
from .loading import loading
from .published import PublishedModel

VARIANTS: dict[str, str] = {
    "basel": bfm_cuts.BASEL_REMEDY,
    "deep3d": bfm_cuts.DEEP3D_REMEDY,
    "extreme3d": bfm_cuts.EXTREME_REMEDY,
    "mgcnet": bfm_cuts.MGCNET_REMEDY,
}
"""Forms that :func:`recognises` tells apart, and where each is had."""

_CUTS: dict[str, Callable[[Path, Path], PublishedModel]] = {
    "deep3d": bfm_deep3d.build_front,
    "extreme3d": bfm_extreme3d.build_packed,
    "whole": lambda path, _folder: load_basel(path),
}


def recognises(path: Path) -> str | None:
    """Which of ``VARIANTS`` the file is by its variables' names and shapes, or ``None``; no array is read."""
    try:
        if is_matlab(path):
            return _matlab_variant(list_variables(path))
        return _hdf5_variant(list_arrays(path)) if is_hdf5(path) else None
    except (FileDamaged, OSError):
        return None


def available_cuts(folder: Path) -> tuple[str, ...]:
    """What ``01_MorphableModel.mat`` can be made into with the companions in ``folder``; ``"whole"`` needs none."""
    found = {"deep3d": bfm_deep3d.find_companions(folder), "extreme3d": bfm_extreme3d.find_companions(folder)}
    return (*(cut for cut, files in found.items() if None not in files.values()), "whole")


def load(path: Path, folder: Path | None = None, cut: str | None = None) -> PublishedModel:
    """The model in ``path``.

    Args:
        path: a file that :func:`recognises`.
        folder: where companions of ``01_MorphableModel.mat`` are looked for; its own folder if ``None``.
        cut: for ``01_MorphableModel.mat``: ``"deep3d"``, ``"extreme3d"`` or ``"whole"`` (no expressions); if ``None``,
            the first for which all companions are there, and Deep3D's if that is none.

    Raises:
        ModelUnavailable: not such a file, damaged, swapped, or a companion is missing; says where each is given out.
    """
    folder = path.parent if folder is None else folder
    variant = recognises(path)
    if variant is None:
        raise ModelUnavailable(bfm_cuts.NAME, _stranger(path), bfm_cuts.BASEL_REMEDY)
    if variant == "basel":
        able = [name for name in available_cuts(folder) if name != "whole"]
        chosen = cut or (able[0] if able else "deep3d")
        with loading(bfm_cuts.NAME, VARIANTS.get(chosen, bfm_cuts.BASEL_REMEDY)):
            return _CUTS[chosen](path, folder)
    whole = {
        "deep3d": bfm_deep3d.load_front,
        "extreme3d": bfm_extreme3d.load_packed,
        "mgcnet": bfm_mgcnet.load_mgcnet,
    }
    with loading(bfm_cuts.NAME, VARIANTS[variant]):
        return whole[variant](path)


def _matlab_variant(variables: dict[str, tuple[int, ...]]) -> str | None:
    if bfm_deep3d.is_front_model(variables):
        return "deep3d"
    if "BFM" in variables or "BFM/shapePC" in variables:
        return "extreme3d"
    shapes = basel_shapes()
    same = all(variables.get(name) == shape for name, shape in shapes.items() if not name.endswith("EV"))
    return "basel" if same else None


def _hdf5_variant(arrays: dict[str, tuple[int, ...]]) -> str | None:
    if bfm_extreme3d.is_packed(arrays):
        return "extreme3d"
    return "mgcnet" if bfm_mgcnet.is_mgcnet(arrays) else None


def _stranger(path: Path) -> str:
    """Why an unrecognised file is none, as far as that can be told."""
    if not path.is_file():
        return f"there is no file “{path.name}”"
    try:
        variables = list_variables(path) if is_matlab(path) else {}
    except FileDamaged as error:
        return str(error)
    if "shapePC" in variables:
        rows = variables["shapePC"][0]
        return f"“{path.name}” is another release with {rows // 3:,} vertices instead of {bfm_cuts.BASEL_VERTICES:,}"
    return f"“{path.name}” is none of its files"
