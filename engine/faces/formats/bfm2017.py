"""Basel Face Model 2017 and 2019, and the 2009 one where it is packed alike: statismo's HDF5.

Vertex = shape mean + shape modes + expression mean + expression modes; neutral is the shape alone. The expression
mean, 17 mm in places, is therefore an expression of its own: ``expression_mean`` at weight 1 and the coefficients
together give the authors' vertices.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...contract import Floats, Ints, Licence
from ...errors import ModelUnavailable
from ...files.damage import FileDamaged
from ...files.hdf5 import is_hdf5, list_arrays, read_arrays, read_text
from .bfm_cuts import BASEL_SOURCE, BASEL_VERTICES, EOS_POINTS
from .loading import (
    checked_head,
    column_norms,
    expect_shape,
    gamma_albedo,
    loading,
    modes,
    outward_polygons,
    pca_expressions,
    single_vertices,
)
from .published import PublishedAlbedo, PublishedModel

REMEDY = (
    "“model2017-1_bfm_nomouth.h5”, “model2019_bfm.h5” and their siblings are given out by the University of Basel "
    "after registration (faces.dmi.unibas.ch), for non-commercial use"
)
RELEASES: dict[int, tuple[str, str]] = {
    BASEL_VERTICES: ("2017", "bfm"),
    53149: ("2017", "bfm_nomouth"),
    28588: ("2017", "face12_nomouth"),
    47439: ("2019", "bfm"),
    27657: ("2019", "face12"),
    58203: ("2019", "fullHead"),
}
"""Year and mesh by number of vertices."""
TRIANGLES: dict[int, int] = {53149: 105694, 28588: 56572, 47439: 94464, 27657: 55040, 58203: 116160}
"""Number of triangles by number of vertices."""

_NAMED_POINTS: dict[str, int] = {
    **{"chin.tip": 8, "nose.tip": 30, "nose.attachement_to_philtrum": 33},
    **{"right.eye.corner_outer": 36, "right.eye.corner_inner": 39},
    **{"left.eye.corner_inner": 42, "left.eye.corner_outer": 45},
    **{"right.lips.corner": 48, "left.lips.corner": 54, "lips.upper.outer": 51, "lips.lower.outer": 57},
    **{"lips.upper.inner": 62, "lips.lower.inner": 66},
}
"""iBUG points (zero-based) that the landmarks of the file's own metadata are."""
NOMOUTH_POINTS: dict[int, int] = {
    **{8: 47846, 30: 8156, 36: 2602, 39: 5830, 42: 10390, 45: 13481},
    **{48: 5522, 49: 6026, 50: 7355, 51: 8181, 52: 9007, 53: 10329, 54: 10857, 55: 9730, 56: 8670, 57: 8199, 58: 7726},
    **{59: 6898, 60: 6291, 61: 7364, 62: 8190, 63: 9016, 64: 10088, 65: 8663, 66: 8191, 67: 7719},
}
"""The same on ``model2017-1_bfm_nomouth``, as the eos library maps them."""
_NEAR = 0.005
"""Metres within which a named landmark must have a vertex."""


def recognises(path: Path) -> str | None:
    """``"2017-bfm_nomouth"``, ``"2019-fullHead"`` ... or ``None``, by the arrays' names and shapes alone."""
    try:
        arrays = list_arrays(path) if is_hdf5(path) else {}
    except FileDamaged:
        return None
    needed = {f"{group}/model/{name}" for group in ("shape", "color") for name in ("mean", "pcaBasis", "pcaVariance")}
    if not {*needed, "shape/representer/cells", "shape/representer/points"} <= arrays.keys():
        return None
    shape = arrays["shape/representer/points"]
    return _version(shape[1] if len(shape) == 2 else 0, "expression/model/mean" in arrays)


def load(path: Path, folder: Path | None = None) -> PublishedModel:
    """The model in ``path``; ``folder`` is not needed, these files have no companions.

    Raises:
        ModelUnavailable: not such a file, or damaged; says where it is given out.
    """
    version = recognises(path)
    name = f"BFM {version}" if version else "BFM 2017/2019"
    if version is None:
        reason = f"“{path.name}” is none of its files" if path.is_file() else f"there is no file “{path.name}”"
        raise ModelUnavailable(name, reason, REMEDY)
    with loading(name, REMEDY):
        return _model(path, version)


def _version(vertices: int, has_expressions: bool) -> str:
    year, mesh = RELEASES.get(vertices, ("2017", f"{vertices}"))
    return f"{year}-{mesh}" if has_expressions else "2009-statismo"


def _model(path: Path, version: str) -> PublishedModel:
    parts = read_arrays(path, ["shape/model/mean", "shape/representer/cells"])
    raw = parts["shape/model/mean"].astype(np.float64).reshape(-1)
    expect_shape(raw, (3 * (len(raw) // 3),), "shape/model/mean")
    unit = _unit(raw.reshape(-1, 3))
    vertices = raw.reshape(-1, 3) * unit
    triangles = _triangles(parts["shape/representer/cells"], len(vertices))
    names, expressions, ranges = _expressions(path, len(raw), unit)
    points, which = _landmarks(path, vertices, unit)
    family = f"bfm{version[:4]}"
    return checked_head(
        PublishedModel(
            family=family,
            name=f"BFM {version[:4]} ({version[5:]})",
            version=version,
            licence=Licence(f"BFM {version}", "Basel Face Model licence (non-commercial)", False, BASEL_SOURCE),
            mean=vertices.astype(np.float32),
            identity_basis=_modes(path, "shape", len(raw), unit),
            expression_names=names,
            expression_basis=expressions,
            expression_range=ranges,
            polygons=outward_polygons(triangles, vertices, "shape/representer/cells"),
            albedo=_albedo(path, len(raw), f"BFM {version[:4]}"),
            extra_points={"ibug_subset": single_vertices(points)} if len(which) else {},
            extra_indices={"ibug_subset": which} if len(which) else {},
        )
    )


def _unit(mean: NDArray[np.float64]) -> float:
    """Metres of one unit: millimetres, but micrometres in some files of 2009."""
    return 1e-6 if np.ptp(mean[:, 1]) > 1e4 else 1e-3


def _triangles(cells: NDArray[Any], vertices: int) -> NDArray[Any]:
    """(F, 3) of statismo's (3, F)."""
    expect_shape(cells, (3, TRIANGLES.get(vertices, -1)), "shape/representer/cells")
    return cells.T


def _modes(path: Path, group: str, rows: int, unit: float) -> Floats:
    """(K, V, 3) of one standard deviation."""
    names = [f"{group}/model/pcaBasis", f"{group}/model/pcaVariance"]
    basis, variances = read_arrays(path, names).values()
    deviations = np.sqrt(np.maximum(variances.astype(np.float64).reshape(-1), 0))
    expect_shape(basis, (rows, len(deviations)), names[0])
    expect_shape(deviations, (-1,), names[1])
    if not deviations[0] > 0 or (variances < 0).any():
        raise FileDamaged(f"“{names[1]}” in it does not hold variances")
    used = deviations > 1e-6 * deviations[0]
    scaled = _is_scaled(column_norms(basis)[used], deviations[used], names[0])
    return modes(basis, np.ones_like(deviations) if scaled else deviations, unit)


def _is_scaled(lengths: NDArray[np.float64], deviations: NDArray[np.float64], name: str) -> bool:
    """Whether columns of these lengths already hold their deviations.

    Statismo files of version 0.8 and those without a version do, later ones hold columns of unit length. Tools that
    rewrote a file left the version entry missing or wrong, and a file cut from a larger mesh has shorter columns; so
    the columns decide: neither kind is longer than it should be, and the right kind varies less.
    """
    kinds = {False: lengths, True: lengths / deviations}
    possible = {kind: float(np.ptp(np.log(x))) for kind, x in kinds.items() if x.max() < 1.02 and x.min() > 0.02}
    if not possible:
        raise FileDamaged(f"the columns of “{name}” in it have neither unit length nor that of their deviations")
    return min(possible, key=lambda kind: possible[kind])


def _expressions(path: Path, rows: int, unit: float) -> tuple[tuple[str, ...], Floats, Floats]:
    """Names, basis and range; the mean comes last, so that a coefficient keeps its index."""
    if "expression/model/mean" not in list_arrays(path):
        return (), np.zeros((0, rows // 3, 3), np.float32), np.zeros((0, 2), np.float32)
    mean = read_arrays(path, ["expression/model/mean"])["expression/model/mean"].reshape(-1)
    expect_shape(mean, (rows,), "expression/model/mean")
    basis = _modes(path, "expression", rows, unit)
    names, ranges = pca_expressions(len(basis))
    offsets = np.concatenate([basis, (mean.reshape(1, -1, 3) * unit).astype(np.float32)])
    return (*names, "expression_mean"), offsets, np.vstack([ranges, [0, 1]]).astype(np.float32)


def _albedo(path: Path, rows: int, name: str) -> PublishedAlbedo:
    """Colours are 0..1 in 2017 and 2019, 0..255 in 2009; both are taken for sRGB."""
    mean = read_arrays(path, ["color/model/mean"])["color/model/mean"].astype(np.float64).reshape(-1)
    expect_shape(mean, (rows,), "color/model/mean")
    unit = 1 / 255 if mean.max() > 2 else 1.0
    return gamma_albedo(mean.reshape(-1, 3) * unit, _modes(path, "color", rows, unit), name)


def _landmarks(path: Path, vertices: NDArray[np.float64], unit: float) -> tuple[Ints, Ints]:
    """Vertices and which of iBUG's 68 (zero-based) each is: the metadata's, else the known ones, else none."""
    found = _metadata_points(read_text(path, "metadata/landmarks/json"))
    if len(vertices) == 53149:
        return np.array(list(NOMOUTH_POINTS.values()), np.int32), np.array(list(NOMOUTH_POINTS), np.int32)
    if len(vertices) == BASEL_VERTICES and not found:
        return np.array(list(EOS_POINTS.values()), np.int32), np.array(list(EOS_POINTS), np.int32)
    if not found:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    distance, nearest = cKDTree(vertices).query(np.array(list(found.values())) * unit)
    close = distance < _NEAR
    return nearest[close].astype(np.int32), np.array(list(found), np.int32)[close]


def _metadata_points(text: str | None) -> dict[int, list[float]]:
    """Coordinates by iBUG point of a JSON list of ``{"id": ..., "coordinates": [x, y, z]}``; others are skipped."""
    try:
        entries = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return {}
    points: dict[int, list[float]] = {}
    for entry in entries if isinstance(entries, list) else []:
        name, place = (entry.get("id"), entry.get("coordinates")) if isinstance(entry, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(place, list) or len(place) != 3:
            continue
        index = _NAMED_POINTS.get(name.removeprefix("center."))
        if index is not None and all(isinstance(x, int | float) and abs(x) < 1e6 for x in place):
            points[index] = [float(x) for x in place]
    return points
