"""ICT-FaceKit Light: a folder of Wavefront OBJ files, one absolute mesh a morph.

Centimetres become metres. Expressions carry ARKit's names with ``_L`` and ``_R`` for Left and Right; ARKit's
``browInnerUp`` and ``cheekPuff`` are sums of ICT's two halves, which stay as expressions of their own; ``tongueOut`` is
not among them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats, Ints, Licence
from ...errors import ModelUnavailable
from ...files.damage import FileDamaged
from ...files.read_obj import read_polygons, read_positions
from ..arkit import NAMES
from .loading import checked_head, expect_shape, indices, loading, single_vertices
from .published import PublishedModel

NAME = "ICT-FaceKit Light"
LICENCE = Licence(NAME, "MIT", True, "https://github.com/ICT-VGL/ICT-FaceKit")
REMEDY = "download and choose the whole folder “FaceXModel” of github.com/ICT-VGL/ICT-FaceKit (MIT licence)"
CENTIMETRE = 0.01
NEUTRAL = "generic_neutral_mesh.obj"
INDICES = "vertex_indices.json"
VERTICES = 26719
POLYGONS = 26384
IDENTITIES = 100
EXPRESSIONS = 53
EXTRAS = ("cheekRaiser_L", "cheekRaiser_R", "PupilDilate_L", "PupilDilate_R")
"""Expressions whose OBJ is in the folder but not in the list of ``vertex_indices.json``."""

PARTS: dict[str, tuple[int, int]] = {
    "skin": (0, 11247),
    "mouth_bag": (11248, 13293),
    "eye_socket_L": (13294, 13677),
    "eye_socket_R": (13678, 14061),
    "gums": (14062, 16610),
    "tongue": (16611, 17038),
    "teeth_upper": (17039, 19246),
    "teeth_lower": (19247, 21450),
    "eye_L": (21451, 23020),
    "iris_L": (22221, 23020),
    "eye_R": (23021, 24590),
    "iris_R": (23791, 24590),
    "lacrimal": (24591, 24998),
    "eye_blend": (24999, 25046),
    "eye_occlusion": (25047, 25350),
    "lashes": (25351, 26718),
}
"""First and last vertex of each part: the authors' ranges, but teeth by jaw and the tongue on its own."""

LASH_STRIPS = ((0.62, 0.985), (0.34, 0.60), (0.62, 0.985), (0.02, 0.30), (0.02, 0.30), (0.02, 0.30))
"""Lowest and highest v in the house's picture of lashes (:mod:`engine.texture.lashes`) of the authors' six strips, from
the top: three layers of upper lashes, three of lower ones."""

_INDEX_BYTES = 4 << 20
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def recognises(path: Path) -> str | None:
    """``"light"`` if ``path`` is ICT-FaceKit's folder, its ``FaceXModel``, or a file in it; else ``None``."""
    folder = _folder(path)
    if folder is None:
        return None
    try:
        _read_indices(folder)
    except FileDamaged:
        return None
    return "light"


def load(path: Path, folder: Path | None = None) -> PublishedModel:
    """The model in a folder that :func:`recognises`; ``folder`` overrides where its files are looked for.

    Raises:
        ModelUnavailable: a file is missing, incomplete or of another mesh; says where it is given out.
    """
    place = _folder(path if folder is None else folder)
    if place is None:
        raise ModelUnavailable(NAME, f"“{NEUTRAL}” and “{INDICES}” are not in “{path.name}”", REMEDY)
    with loading(NAME, REMEDY):
        return _model(place)


def arkit_name(name: str) -> str:
    """ARKit's spelling of an ICT name, e.g. ``eyeBlinkLeft`` of ``eyeBlink_L``; the name itself if there is none."""
    stem, side = name[:-2], {"_L": "Left", "_R": "Right"}.get(name[-2:], "")
    return stem + side if stem + side in NAMES else name


def _folder(path: Path) -> Path | None:
    """The folder with the neutral mesh: ``path``, its ``FaceXModel``, or where the OBJ or JSON file ``path`` lies."""
    beside = (path.parent,) if path.suffix.lower() in (".obj", ".json") else ()
    for place in (path, path / "FaceXModel", *beside):
        if (place / NEUTRAL).is_file() and (place / INDICES).is_file():
            return place
    return None


def _model(folder: Path) -> PublishedModel:
    tables = _read_indices(folder)
    neutral, polygons, uvs = read_polygons(folder / NEUTRAL)
    expect_shape(neutral, (VERTICES, 3), NEUTRAL)
    expect_shape(polygons, (POLYGONS, 4), NEUTRAL)
    extras = [name for name in EXTRAS if (folder / f"{name}.obj").is_file()]
    names, expressions = _arkit_expressions([*tables["expressions"], *extras], folder, neutral)
    landmarks = indices(np.asarray(tables["idx_to_landmark_verts"]), VERTICES, 0, "idx_to_landmark_verts")
    return checked_head(
        PublishedModel(
            family="ict",
            name=NAME,
            version="light",
            licence=LICENCE,
            mean=(neutral * CENTIMETRE).astype(np.float32),
            identity_basis=_offsets([f"identity{k:03d}" for k in range(IDENTITIES)], folder, neutral),
            expression_names=names,
            expression_basis=expressions,
            expression_range=np.tile(np.array([0, 1], np.float32), (len(names), 1)),
            polygons=polygons,
            uvs=None if uvs is None else _with_lashes(uvs, polygons),
            parts={name: np.arange(first, last + 1, dtype=np.int32) for name, (first, last) in PARTS.items()},
            landmarks_68=single_vertices(landmarks),
        )
    )


def _with_lashes(uvs: Floats, polygons: Ints) -> Floats:
    """``uvs`` (F, 4, 2) with the cards of lashes laid out the house's way.

    The authors have a tile with six strips below one another, the right eye's cards in its left half, outer corners
    outside, as the house has; but their tips are below and their roots above.
    """
    first, last = PARTS["lashes"]
    cards = ((polygons >= first) & (polygons <= last)).all(1)
    u, v = np.moveaxis(uvs[cards] % 1, -1, 0)
    strip = np.clip((1 - v.mean(1)) * len(LASH_STRIPS), 0, len(LASH_STRIPS) - 1).astype(int)
    laid = np.empty((len(u), 4, 2), np.float32)
    for index, (low, high) in enumerate(LASH_STRIPS):
        rows = strip == index
        if rows.any():
            root, tip = v[rows].max(), v[rows].min()
            laid[rows] = np.stack([u[rows], low + (high - low) * (root - v[rows]) / max(root - tip, 1e-6)], -1)
    whole = uvs.copy()
    whole[cards] = laid
    return whole


def _offsets(names: list[str], folder: Path, neutral: NDArray[np.float64]) -> Floats:
    """(K, V, 3) metres of the OBJ files ``names`` from the neutral one."""
    offsets = np.empty((len(names), VERTICES, 3), np.float32)
    for row, name in enumerate(names):
        positions = read_positions(folder / f"{name}.obj")
        expect_shape(positions, (VERTICES, 3), f"{name}.obj")
        offsets[row] = (positions - neutral) * CENTIMETRE
    return offsets


def _arkit_expressions(
    published: list[str], folder: Path, neutral: NDArray[np.float64]
) -> tuple[tuple[str, ...], Floats]:
    """Names and offsets (E, V, 3): ARKit's in Apple's order, then the others in the authors'."""
    raw = _offsets(published, folder, neutral)
    named = dict(zip(map(arkit_name, published), raw, strict=True))
    for whole in NAMES:
        left, right = (named.get(f"{whole}_{side}") for side in "LR")
        if left is not None and right is not None:
            named[whole] = left + right
    order = [*(name for name in NAMES if name in named), *(name for name in named if name not in NAMES)]
    return tuple(order), np.stack([named[name] for name in order])


def _read_indices(folder: Path) -> dict[str, Any]:
    """``vertex_indices.json``, as far as it is used, checked.

    Raises ``FileDamaged``.
    """
    path = folder / INDICES
    try:
        if path.stat().st_size > _INDEX_BYTES:
            raise FileDamaged(f"“{INDICES}” is too large")
        tables = json.loads(path.read_bytes())
        names, landmarks = tables["expressions"], tables["idx_to_landmark_verts"]
        whole = len(landmarks) == 68 and all(type(index) is int for index in landmarks)
        # The names become file names, so nothing but a word may pass.
        words = all(isinstance(name, str) and _WORD.fullmatch(name) for name in names)
    except FileDamaged:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileDamaged(f"“{INDICES}” is damaged") from error
    if not whole or not words or not isinstance(names, list) or not len(set(names)) == len(names) == EXPRESSIONS:
        raise FileDamaged(f"“{INDICES}” does not list {EXPRESSIONS} expressions and 68 landmarks")
    return {"expressions": names, "idx_to_landmark_verts": landmarks}
