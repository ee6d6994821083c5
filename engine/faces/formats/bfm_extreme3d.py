"""Basel Face Model 2009 as extreme_3d_faces and 3dmm_cnn trim it: 46,990 vertices, 99 identity, 29 expression modes.

Millimetres become metres. The mean expression belongs to the neutral head in extreme_3d_faces (3dmm_cnn leaves it out
of the meshes it writes), so it is part of ``mean``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats
from ...files.hdf5 import list_arrays, read_arrays
from ...files.matlab import is_matlab, read_struct, read_variables
from . import bfm_cuts as cuts
from .bfm_basel import MICROMETRE, read_basel, trimmed_rows
from .loading import (
    all_found,
    checked_head,
    expect_shape,
    find_companion,
    gamma_albedo,
    holds_variable,
    indices,
    modes,
    outward_polygons,
    pca_expressions,
    single_vertices,
)
from .published import PublishedAlbedo, PublishedModel

MILLIMETRE = 1e-3
_ROWS = 3 * cuts.EXTREME_VERTICES
PACKED = {
    "faces": (cuts.EXTREME_TRIANGLES, 3),
    "shapeMU": (_ROWS, 1),
    "shapePC": (_ROWS, cuts.EXTREME_MODES),
    "shapeEV": (cuts.EXTREME_MODES, 1),
    "texMU": (_ROWS, 1),
    "texPC": (_ROWS, cuts.EXTREME_MODES),
    "texEV": (cuts.EXTREME_MODES, 1),
    "expMU": (_ROWS, 1),
    "expPC": (_ROWS, cuts.EXTREME_EXPRESSIONS),
    "expEV": (cuts.EXTREME_EXPRESSIONS, 1),
    "innerLandmarkIndex": (68, 1),
    "outerLandmarkIndex": (68, 1),
}
_PACKED_LATER = ("faces_fill", "pair")
"""Not in the file that 3dmm_cnn's older script makes."""
_STRUCT = ("tx", "vertex_indices", "vertex_expr_ref", "innerLandmarkIndex", "outerLandmarkIndex", "faces", "expEV")
_EXPRESSION = {
    "mu_exp": (3 * cuts.TRIMMED_VERTICES, 1),
    "w_exp": (3 * cuts.TRIMMED_VERTICES, cuts.EXTREME_EXPRESSIONS),
}


def is_packed(arrays: dict[str, tuple[int, ...]]) -> bool:
    """Whether an HDF5 file with these arrays is ``BaselFaceModel_mod.h5``."""
    return PACKED.keys() <= arrays.keys()


def find_companions(folder: Path) -> dict[str, Path | None]:
    """The two files that this cut needs beside Basel's, by published name; ``None`` where there is none."""
    return {
        "Model_Expression.mat": find_companion(folder, "Model_Expression.mat", lambda p: holds_variable(p, "w_exp")),
        "mod_struct_expr.mat": find_companion(folder, "mod_struct_expr.mat", lambda p: holds_variable(p, "mod_struct")),
    }


def load_packed(path: Path) -> PublishedModel:
    """``BaselFaceModel_mod.h5`` or ``.mat``, which holds everything.

    Raises ``FileDamaged``.
    """
    if is_matlab(path):
        parts = read_struct(path, "BFM", PACKED, _PACKED_LATER)
    else:
        present = list_arrays(path)
        parts = read_arrays(path, [*PACKED, *(name for name in _PACKED_LATER if name in present)])
    for name, shape in PACKED.items():
        if 1 in shape:
            parts[name] = parts[name].reshape(-1, 1)
        expect_shape(parts[name], shape, f"{name}” of “{path.name}")
    colours = modes(parts["texPC"], parts["texEV"].reshape(-1), 1 / 255)
    return _model(
        (parts["shapeMU"].astype(np.float64) + parts["expMU"]).reshape(-1, 3) * MILLIMETRE,
        modes(parts["shapePC"], parts["shapeEV"].reshape(-1), MILLIMETRE),
        modes(parts["expPC"], parts["expEV"].reshape(-1), MILLIMETRE),
        gamma_albedo(parts["texMU"].reshape(-1, 3) / 255, colours, cuts.NAME),
        parts,
    )


def build_packed(basel: Path, folder: Path) -> PublishedModel:
    """The same from ``01_MorphableModel.mat``, ``Model_Expression.mat`` and ``mod_struct_expr.mat`` in ``folder``.

    Raises ``FileDamaged``: a companion is missing, swapped or damaged.
    """
    found = all_found(find_companions(folder), basel)
    parts = read_struct(found["mod_struct_expr.mat"], "mod_struct", _STRUCT, _PACKED_LATER)
    expect_shape(parts["vertex_indices"].reshape(-1), (cuts.EXTREME_VERTICES,), "vertex_indices")
    expect_shape(parts["vertex_expr_ref"].reshape(-1), (cuts.BASEL_VERTICES,), "vertex_expr_ref")
    expect_shape(parts["expEV"].reshape(-1), (cuts.EXTREME_EXPRESSIONS,), "expEV")
    expect_shape(parts["tx"].reshape(-1), (1,), "tx")
    rows = trimmed_rows(parts["vertex_indices"], "vertex_indices")
    expression_rows = indices(parts["vertex_expr_ref"].reshape(-1)[rows], cuts.TRIMMED_VERTICES, 1, "vertex_expr_ref")
    expression = read_variables(found["Model_Expression.mat"], _EXPRESSION)
    expression["mu_exp"] = expression["mu_exp"].reshape(-1, 1)
    for name, shape in _EXPRESSION.items():
        expect_shape(expression[name], shape, f"{name}” of “Model_Expression.mat")
    head = read_basel(basel, rows, cuts.EXTREME_MODES)
    shift = np.array([float(parts["tx"].reshape(-1)[0]) * MILLIMETRE, 0, 0])
    mean_expression = expression["mu_exp"].astype(np.float64).reshape(-1, 3)[expression_rows] * MICROMETRE
    offsets = modes(expression["w_exp"], parts["expEV"].reshape(-1), MICROMETRE, expression_rows)
    return _model(head.mean + shift + mean_expression, head.identity_basis, offsets, head.albedo, parts)


def _model(
    mean: NDArray[np.float64],
    identity: Floats,
    expression: Floats,
    albedo: PublishedAlbedo,
    parts: dict[str, NDArray[Any]],
) -> PublishedModel:
    expect_shape(parts["faces"], (cuts.EXTREME_TRIANGLES, 3), "faces")
    outer, inner = (
        indices(parts[f"{side}LandmarkIndex"], cuts.EXTREME_VERTICES, 1, f"{side}LandmarkIndex")
        for side in ("outer", "inner")
    )
    expect_shape(np.stack([outer, inner]), (2, 68), "outerLandmarkIndex")
    watertight = {}
    if "faces_fill" in parts:
        filled = np.asarray(parts["faces_fill"], np.float64) - 1
        watertight = {"faces_fill": outward_polygons(filled, mean, "faces_fill")}
    names, ranges = pca_expressions(cuts.EXTREME_EXPRESSIONS)
    mirror = indices(parts["pair"], cuts.EXTREME_VERTICES, 1, "pair") if "pair" in parts else None
    return checked_head(
        PublishedModel(
            family="bfm2009",
            name=f"{cuts.NAME} (Extreme 3D)",
            version="2009-extreme3d",
            licence=cuts.licence("Extreme 3D"),
            mean=mean.astype(np.float32),
            identity_basis=identity,
            expression_names=names,
            expression_basis=expression,
            expression_range=ranges,
            polygons=outward_polygons(np.asarray(parts["faces"], np.float64) - 1, mean, "faces"),
            albedo=albedo,
            landmarks_68=single_vertices(outer),
            extra_points={"ibug_inner": single_vertices(inner)},
            extra_indices=watertight,
            mirror=mirror if mirror is not None and len(mirror) == cuts.EXTREME_VERTICES else None,
            companions=(cuts.MODEL_EXPRESSION_LICENCE,),
        )
    )
