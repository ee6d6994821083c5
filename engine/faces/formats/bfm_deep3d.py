"""Basel Face Model 2009 as Deep3DFaceReconstruction cuts it: 35,709 vertices, 80 identity and 64 expression modes.

Authors' frame: the mean shape's own mean is subtracted (their decoder does that), decimetres become metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats
from ...files.damage import FileDamaged
from ...files.matlab import read_variables
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

DECIMETRE = 0.1
_ROWS = 3 * cuts.DEEP3D_VERTICES
_INFO = ("tri", "keypoints", "skinmask", "frontmask2_idx")
_FRONT = {
    "meanshape": (1, _ROWS),
    "idBase": (_ROWS, cuts.DEEP3D_IDENTITY),
    "exBase": (_ROWS, cuts.DEEP3D_EXPRESSION),
    "meantex": (1, _ROWS),
    "texBase": (_ROWS, cuts.DEEP3D_IDENTITY),
}


def is_front_model(variables: dict[str, tuple[int, ...]]) -> bool:
    """Whether a MATLAB file with these variables is ``BFM_model_front.mat``."""
    return {*_FRONT, "tri", "keypoints"} <= variables.keys()


def find_companions(folder: Path) -> dict[str, Path | None]:
    """The five files that Deep3D's cut needs beside Basel's, by published name; ``None`` where there is none."""
    return {
        "Exp_Pca.bin": find_companion(folder, "Exp_Pca.bin", lambda p: p.stat().st_size == cuts.GUO_BYTES),
        "BFM_exp_idx.mat": find_companion(folder, "BFM_exp_idx.mat", lambda p: holds_variable(p, "trimIndex")),
        "BFM_front_idx.mat": find_companion(folder, "BFM_front_idx.mat", lambda p: holds_variable(p, "idx")),
        "facemodel_info.mat": find_companion(folder, "facemodel_info.mat", lambda p: holds_variable(p, "skinmask")),
        "std_exp.txt": find_companion(folder, "std_exp.txt", _is_deviations),
    }


def load_front(path: Path) -> PublishedModel:
    """``BFM_model_front.mat``, which holds everything.

    Raises ``FileDamaged``.
    """
    parts = read_variables(path, [*_FRONT, *_INFO])
    for name, shape in _FRONT.items():
        # The file has rows for the means; Microsoft's own comment says columns, and older makers wrote those.
        values = parts[name].reshape(1, -1) if name.startswith("mean") else parts[name]
        expect_shape(values, shape, f"{name}” of “{path.name}")
    ones = np.ones(cuts.DEEP3D_IDENTITY)
    colours = modes(parts["texBase"], ones, 1 / 255)
    return _model(
        parts["meanshape"].astype(np.float64).reshape(-1, 3) * DECIMETRE,
        modes(parts["idBase"], ones, DECIMETRE),
        modes(parts["exBase"], ones[: cuts.DEEP3D_EXPRESSION], DECIMETRE),
        gamma_albedo(parts["meantex"].reshape(-1, 3) / 255, colours, cuts.NAME),
        parts,
    )


def build_front(basel: Path, folder: Path) -> PublishedModel:
    """The same from ``01_MorphableModel.mat`` and the companions in ``folder``.

    Raises ``FileDamaged``: a companion is missing, swapped or damaged.
    """
    found = all_found(find_companions(folder), basel)
    trimmed = read_variables(found["BFM_exp_idx.mat"], ["trimIndex"])["trimIndex"]
    front = read_variables(found["BFM_front_idx.mat"], ["idx"])["idx"]
    _expect_length(trimmed, cuts.TRIMMED_VERTICES, found["BFM_exp_idx.mat"])
    _expect_length(front, cuts.DEEP3D_VERTICES, found["BFM_front_idx.mat"])
    expression_rows = indices(front, cuts.TRIMMED_VERTICES, 1, "idx")
    basel_rows = trimmed_rows(trimmed, "trimIndex")[expression_rows]
    head = read_basel(basel, basel_rows, cuts.DEEP3D_IDENTITY)
    deviations = _read_deviations(found["std_exp.txt"])[: cuts.DEEP3D_EXPRESSION]
    basis = _read_guo(found["Exp_Pca.bin"])
    expressions = modes(basis, deviations, MICROMETRE, expression_rows)
    info = read_variables(found["facemodel_info.mat"], _INFO)
    return _model(head.mean, head.identity_basis, expressions, head.albedo, info)


def _model(
    mean: NDArray[np.floating],
    identity: Floats,
    expression: Floats,
    albedo: PublishedAlbedo,
    info: dict[str, NDArray[Any]],
) -> PublishedModel:
    expect_shape(info["tri"], (cuts.DEEP3D_TRIANGLES, 3), "tri")
    _expect_length(info["skinmask"], cuts.DEEP3D_VERTICES, Path("skinmask"))
    keypoints = indices(info["keypoints"], cuts.DEEP3D_VERTICES, 1, "keypoints")
    if not np.array_equal(keypoints, cuts.DEEP3D_KEYPOINTS):
        raise FileDamaged("its 68 key points are not those of Deep3D's cut")
    centred = mean - mean.mean(0)
    names, ranges = pca_expressions(cuts.DEEP3D_EXPRESSION)
    return checked_head(
        PublishedModel(
            family="bfm2009",
            name=f"{cuts.NAME} (Deep3D)",
            version="2009-deep3d",
            licence=cuts.licence("Deep3D"),
            mean=centred.astype(np.float32),
            identity_basis=identity,
            expression_names=names,
            expression_basis=expression,
            expression_range=ranges,
            polygons=outward_polygons(np.asarray(info["tri"], np.float64) - 1, centred, "tri"),
            albedo=albedo,
            landmarks_68=single_vertices(keypoints),
            extra_indices={"front": indices(info["frontmask2_idx"], cuts.DEEP3D_VERTICES, 1, "frontmask2_idx")},
            mask_skin=(np.asarray(info["skinmask"]).reshape(-1) > 0).astype(np.int32),
            companions=(cuts.GUO_LICENCE,),
        )
    )


def _read_guo(path: Path) -> NDArray[np.float32]:
    """(159645, 79) expression components: int32 count, a mean that nobody uses, then component by component."""
    size = path.stat().st_size
    if size != cuts.GUO_BYTES:
        raise FileDamaged(f"“{path.name}” has {size:,} bytes where {cuts.GUO_BYTES:,} are expected")
    rows = 3 * cuts.TRIMMED_VERTICES
    with path.open("rb") as file:
        count = int(np.fromfile(file, "<i4", 1)[0])
        values = np.fromfile(file, "<f4").reshape(cuts.GUO_EXPRESSIONS + 1, rows)
    if count != cuts.GUO_EXPRESSIONS or not np.isfinite(values[1:]).all():
        raise FileDamaged(f"“{path.name}” is not the expression model of Guo et al.")
    return values[1:].T


def _read_deviations(path: Path) -> NDArray[np.float64]:
    """(79,) standard deviations of the expression components.

    Raises ``FileDamaged``.
    """
    try:
        values = np.array(path.read_bytes()[: 1 << 16].split(), np.float64)
    except ValueError as error:
        raise FileDamaged(f"“{path.name}” does not hold numbers") from error
    if values.shape != (cuts.GUO_EXPRESSIONS,) or not (np.isfinite(values) & (values > 0)).all():
        raise FileDamaged(f"“{path.name}” does not hold the {cuts.GUO_EXPRESSIONS} positive deviations expected")
    return values


def _is_deviations(path: Path) -> bool:
    try:
        return path.stat().st_size < 1 << 16 and len(_read_deviations(path)) > 0
    except (OSError, FileDamaged):
        return False


def _expect_length(values: NDArray[Any], count: int, path: Path) -> None:
    if values.size != count:
        raise FileDamaged(f"“{path.name}” lists {values.size:,} vertices where {count:,} are expected")
