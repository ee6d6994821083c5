"""``01_MorphableModel.mat``, the Basel Face Model 2009 as its owners give it out, and rows of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats, Ints
from ...files.damage import FileDamaged
from ...files.matlab import read_variables
from . import bfm_cuts as cuts
from .loading import (
    checked_head,
    column_norms,
    expect_shape,
    gamma_albedo,
    indices,
    modes,
    outward_polygons,
    single_vertices,
)
from .published import PublishedAlbedo, PublishedModel

MICROMETRE = 1e-6


@dataclass(frozen=True)
class BaselRows:
    """Some vertices of the model, x y z in metres."""

    mean: NDArray[np.float64]
    """(V', 3)."""
    identity_basis: Floats
    """(I, V', 3) of one standard deviation."""
    albedo: PublishedAlbedo


def basel_shapes() -> dict[str, tuple[int, int]]:
    """The variables used and the shape each must have."""
    rows, count = 3 * cuts.BASEL_VERTICES, cuts.BASEL_MODES
    kinds = {"MU": (rows, 1), "PC": (rows, count), "EV": (count, 1)}
    return {f"{part}{kind}": shape for part in ("shape", "tex") for kind, shape in kinds.items()}


def read_basel(path: Path, rows: Ints | None, count: int) -> BaselRows:
    """The vertices ``rows`` (all if ``None``) and the first ``count`` modes of shape and colour.

    Raises ``FileDamaged``: not the 2009 model, or damaged.
    """
    shape = _part(path, "shape")
    mean = shape["MU"].astype(np.float64).reshape(-1, 3) * MICROMETRE
    identity = modes(shape["PC"], shape["EV"].reshape(-1)[:count], MICROMETRE, rows)
    del shape
    colour = _part(path, "tex")
    colours = colour["MU"].astype(np.float64).reshape(-1, 3) / 255
    offsets = modes(colour["PC"], colour["EV"].reshape(-1)[:count], 1 / 255, rows)
    kept = slice(None) if rows is None else rows
    return BaselRows(mean[kept], identity, gamma_albedo(colours[kept], offsets, cuts.NAME))


def load_basel(path: Path) -> PublishedModel:
    """The whole head with ears and neck, 199 modes, no expressions.

    Raises ``FileDamaged``.
    """
    head = read_basel(path, None, cuts.BASEL_MODES)
    triangles = read_variables(path, ["tl"])["tl"]
    expect_shape(triangles, (cuts.BASEL_TRIANGLES, 3), "tl")
    known = np.array(list(cuts.EOS_POINTS), np.int32)
    return checked_head(
        PublishedModel(
            family="bfm2009",
            name=f"{cuts.NAME} (whole head)",
            version="2009-whole",
            licence=cuts.licence("whole head"),
            mean=head.mean.astype(np.float32),
            identity_basis=head.identity_basis,
            expression_names=(),
            expression_basis=np.zeros((0, cuts.BASEL_VERTICES, 3), np.float32),
            expression_range=np.zeros((0, 2), np.float32),
            polygons=outward_polygons(triangles.astype(np.int64) - 1, head.mean, "tl"),
            albedo=head.albedo,
            extra_points={"ibug_subset": single_vertices(np.array(list(cuts.EOS_POINTS.values()), np.int32))},
            extra_indices={"ibug_subset": known},
        )
    )


def trimmed_rows(values: NDArray[np.generic], name: str) -> Ints:
    """Zero-based Basel vertices of a published list, which counts from 1 and only rises.

    Raises ``FileDamaged``.
    """
    rows = indices(values, cuts.BASEL_VERTICES, 1, name)
    if (np.diff(rows) <= 0).any():
        raise FileDamaged(f"“{name}” in it is not in rising order")
    return rows


def _part(path: Path, part: str) -> dict[str, NDArray[np.floating]]:
    """MU, PC and EV of ``shape`` or ``tex``; one part at a time keeps memory down."""
    shapes = {name: shape for name, shape in basel_shapes().items() if name.startswith(part)}
    values = read_variables(path, shapes)
    for name, shape in shapes.items():
        expect_shape(values[name], shape, f"{name}” of “{path.name}")
    norms = column_norms(values[f"{part}PC"])
    if np.abs(norms - 1).max() > 0.02:
        raise FileDamaged(f"the columns of “{part}PC” in “{path.name}” are not of unit length")
    if (values[f"{part}EV"] <= 0).any():
        raise FileDamaged(f"the deviations “{part}EV” in “{path.name}” are not positive")
    return {name[len(part) :]: array for name, array in values.items()}
