"""Basel Face Model 2009 as MGCNet packs it into one HDF5 file: Deep3D's cut with UVs, millimetres, not recentred.

Names in the file follow statismo's, its contents do not: lengths are micrometres and ``pcaVariance`` holds standard
deviations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats, Ints
from ...files.hdf5 import list_arrays, read_arrays
from . import bfm_cuts as cuts
from .bfm_basel import MICROMETRE
from .loading import (
    checked_head,
    expect_shape,
    gamma_albedo,
    indices,
    modes,
    outward_polygons,
    pca_expressions,
    single_vertices,
)
from .published import PublishedModel

REQUIRED = (
    *("shape/model/mean", "shape/model/pcaBasis", "shape/model/pcaVariance", "shape/representer/tri"),
    *("color/model/mean", "color/model/pcaBasis", "color/model/pcaVariance"),
    *("expression/model/pcaBasis", "expression/model/pcaVariance"),
)
_LANDMARKS = "shape/representer/idx_lm68"
_FORE = "shape/representer/idx_sub"
_UV = "color/model/uv"


def is_mgcnet(arrays: dict[str, tuple[int, ...]]) -> bool:
    """Whether an HDF5 file with these arrays is MGCNet's."""
    return set(REQUIRED) <= arrays.keys()


def load_mgcnet(path: Path) -> PublishedModel:
    """MGCNet's face region; the small and the full topology in the same file are left alone.

    Raises ``FileDamaged``.
    """
    present = list_arrays(path)
    parts = read_arrays(path, [*REQUIRED, *(name for name in (_LANDMARKS, _FORE, _UV) if name in present)])
    mean = parts["shape/model/mean"].astype(np.float64).reshape(-1)
    expect_shape(mean, (3 * cuts.DEEP3D_VERTICES,), "shape/model/mean")
    vertices = mean.reshape(-1, 3) * MICROMETRE
    triangles = np.asarray(parts["shape/representer/tri"], np.float64).reshape(-1, 3)
    expect_shape(triangles, (cuts.DEEP3D_TRIANGLES, 3), "shape/representer/tri")
    polygons = outward_polygons(triangles - 1, vertices, "shape/representer/tri")
    expression = _modes(parts, "expression", cuts.DEEP3D_EXPRESSION, MICROMETRE)
    colour_mean = parts["color/model/mean"].astype(np.float64).reshape(-1)
    expect_shape(colour_mean, mean.shape, "color/model/mean")
    colours = _modes(parts, "color", cuts.DEEP3D_IDENTITY, 1 / 255)
    names, ranges = pca_expressions(cuts.DEEP3D_EXPRESSION)
    fore = parts.get(_FORE)
    return checked_head(
        PublishedModel(
            family="bfm2009",
            name=f"{cuts.NAME} (MGCNet)",
            version="2009-mgcnet",
            licence=cuts.licence("MGCNet"),
            mean=vertices.astype(np.float32),
            identity_basis=_modes(parts, "shape", cuts.DEEP3D_IDENTITY, MICROMETRE),
            expression_names=names,
            expression_basis=expression,
            expression_range=ranges,
            polygons=polygons,
            uvs=_corner_uvs(parts.get(_UV), polygons),
            albedo=gamma_albedo(colour_mean.reshape(-1, 3) / 255, colours, cuts.NAME),
            landmarks_68=single_vertices(_landmarks(parts.get(_LANDMARKS))),
            extra_indices={} if fore is None else {"front": indices(fore, cuts.DEEP3D_VERTICES, 0, _FORE)},
            companions=(cuts.GUO_LICENCE,),
        )
    )


def _modes(parts: dict[str, NDArray[Any]], group: str, count: int, unit: float) -> Floats:
    """The first ``count`` modes of ``shape``, ``color`` or ``expression``."""
    basis = parts[f"{group}/model/pcaBasis"]
    deviations = parts[f"{group}/model/pcaVariance"].reshape(-1)[:count]
    expect_shape(basis, (3 * cuts.DEEP3D_VERTICES, -1), f"{group}/model/pcaBasis")
    expect_shape(deviations, (count,), f"{group}/model/pcaVariance")
    expect_shape(basis[:, :count], (3 * cuts.DEEP3D_VERTICES, count), f"{group}/model/pcaBasis")
    return modes(basis, deviations, unit)


def _landmarks(stored: NDArray[Any] | None) -> Ints:
    """The file's own list, or Deep3D's, whose cut this is."""
    if stored is None:
        return np.array(cuts.DEEP3D_KEYPOINTS, np.int32)
    vertices = indices(stored, cuts.DEEP3D_VERTICES, 0, _LANDMARKS)
    expect_shape(vertices, (68,), _LANDMARKS)
    return vertices


def _corner_uvs(table: NDArray[Any] | None, polygons: Ints) -> Floats | None:
    """(F, 4, 2) of one UV pair a vertex, (0, 0) bottom-left as in the file."""
    if table is None:
        return None
    expect_shape(table, (cuts.DEEP3D_VERTICES, 2), _UV)
    corners = table[polygons.clip(0)].astype(np.float32)
    corners[polygons < 0] = 0
    return corners
