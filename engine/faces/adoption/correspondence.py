"""Which point of the built-in head each vertex of another model is, and where the built-in head's landmarks lie on it.

Found once for each topology by laying the built-in mean over the model's mean (:mod:`.registration`), then kept in a
file: everything the model lacks (expressions, joints, colours, groups, MediaPipe's points) is carried along it.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...contract import Floats, Ints
from ...detect.layouts import IRIS_LEFT, IRIS_RIGHT
from ..formats.published import PublishedModel
from ..model import FaceModel, LandmarkMap, split_polygons
from .nearest import Array, Indices, NearestOn, vertex_normals
from .parts import laid_parts, part_of, sources_of
from .registration import Anchors, best_similarity, register
from .sight import Detect, seen_anchors

VERSION = 1
SURE = 0.003
"""Metres between the surfaces at which a correspondence keeps a third of its confidence."""
INNER = (8, *range(17, 68))
"""Of the 68: chin, brows, eyes, nose, lips. The jaw line's points are where an artist drew an outline, no places."""


@dataclass(frozen=True)
class Correspondence:
    """V vertices of the model, B of the built-in head."""

    registered: Floats
    """(B, 3) the built-in mean head laid over the model's, metres, the authors' origin."""
    scale: float
    """Size of the model's mean head over the built-in one's."""
    triangle: Ints
    """(V,) row of the built-in head's triangles."""
    weights: Floats
    """(V, 3) barycentric in it."""
    confidence: Floats
    """(V,) 0..1: how surely the two are the same place."""
    landmarks: dict[str, tuple[Ints, Floats]]
    """``"478"`` and ``"68"``: vertices (L, 3) of the model and weights (L, 3)."""

    def carry(self, values: NDArray[np.floating], builtin: FaceModel) -> Array:
        """Values (B, ...) on the built-in head as (V, ...) on the model."""
        corners = values[builtin.triangles.cpu().numpy()[self.triangle]]
        return np.einsum("vc,vc...->v...", self.weights.astype(np.float64), corners)


def correspond(
    published: PublishedModel, builtin: FaceModel, cache: Path | None = None, detect: Detect | None = None
) -> Correspondence:
    """The correspondence, from the file ``cache`` where that belongs to this topology, else found and kept there.

    Args:
        published: the model; its landmarks decide where it has some.
        builtin: the built-in head on the CPU.
        cache: an .npz; a damaged or foreign one is written anew.
        detect: gives MediaPipe's points (478, 2) in a picture (H, W, 3) uint8, or None; for models without landmarks.
            MediaPipe itself if left out.

    Raises:
        ModelUnavailable: there are no landmarks and none were detected.
        DetectorUnavailable: they should be detected and MediaPipe is missing.
    """
    key = _fingerprint(published, builtin)
    if cache is not None and (kept := _load(cache, key, published)) is not None:
        return kept
    found = _find(published, builtin, detect)
    if cache is not None:
        _save(cache, key, found)
    return found


def _find(published: PublishedModel, builtin: FaceModel, detect: Detect | None) -> Correspondence:
    vertices = builtin.mean.cpu().double().numpy()
    triangles = builtin.triangles.cpu().numpy()
    target, target_triangles = published.mean.astype(np.float64), split_polygons(published.polygons)[0]
    parts = part_of(published)
    skin = (parts[target_triangles] == "skin").all(1)
    anchors = _anchors(published, builtin) or seen_anchors(published, builtin, detect)
    start = best_similarity(anchors.weights @ vertices, anchors.targets)
    own_skin = skin_triangles(builtin)
    laid = register(start(vertices), triangles[own_skin], _trust(builtin), anchors, target, target_triangles[skin])
    laid = laid_parts(published, builtin, start, laid)
    triangle, weights, confidence = locate(
        target, vertex_normals(target, target_triangles), parts, set(parts), builtin, laid
    )
    landmarks = {
        layout: _landmarks(published, builtin, laid, layout, parts, target_triangles) for layout in ("478", "68")
    }
    if published.landmarks_68 is not None:
        # The authors' own, but for the jaw line: which outline they drew differs, and the texture goes by ours.
        for ours, theirs in zip(landmarks["68"], published.landmarks_68, strict=True):
            ours[INNER[1] :] = theirs[INNER[1] :]
    arrays = (laid.astype(np.float32), start.scale, triangle.astype(np.int32), weights.astype(np.float32))
    return Correspondence(*arrays, confidence.astype(np.float32), landmarks)


def skin_triangles(builtin: FaceModel) -> NDArray[np.bool_]:
    """(T,) which of the built-in head's triangles are its skin, mouth bag included."""
    inside = np.zeros(len(builtin.mean), bool)
    inside[builtin.groups["skin"]] = True
    inside[builtin.groups["mouth_bag"]] = True
    return np.asarray(inside[builtin.triangles.cpu().numpy()].all(1))


def _trust(builtin: FaceModel) -> Array:
    """(B,): insides have no certain counterpart, ears differ in every fold."""
    trust = np.zeros(len(builtin.mean))
    for name, value in (("skin", 1.0), ("ears", 0.5), ("nostrils", 0.1), ("mouth_bag", 0.0)):
        trust[builtin.groups[name]] = value
    return trust


def _anchors(published: PublishedModel, builtin: FaceModel) -> Anchors | None:
    if published.landmarks_68 is None:
        return None
    vertices, weights = (values[list(INNER)] for values in published.landmarks_68)
    targets = (published.mean[vertices] * weights[..., None]).sum(1)
    return Anchors(_selection(builtin.landmarks["68"], len(builtin.mean))[list(INNER)], targets.astype(np.float64))


def _selection(points: LandmarkMap, count: int) -> sparse.csr_matrix:
    """(L, B) the landmarks as means of vertices."""
    rows = np.repeat(np.arange(len(points.vertices)), 3)
    columns, values = points.vertices.clamp_min(0).cpu().numpy().ravel(), points.weights.cpu().numpy().ravel()
    return sparse.csr_matrix((values.astype(np.float64), (rows, columns)), shape=(len(points.vertices), count))


def locate(
    points: Array,
    normals: Array,
    parts: NDArray[np.str_],
    present: set[str],
    builtin: FaceModel,
    laid: NDArray[np.floating],
) -> tuple[Indices, Array, Array]:
    """Where points of a model are on the built-in head.

    Args:
        points: (N, 3) on the model's mean head, the authors' origin.
        normals: (N, 3) there; they tell an upper lip from a lower one. Used on skin and in the mouth.
        parts: (N,) the part each lies on.
        present: every part the model has.
        builtin: the built-in head.
        laid: (B, 3) its vertices on the model, see :attr:`Correspondence.registered`.

    Returns:
        triangle (N,) of the built-in head, weights (N, 3), confidence (N,).
    """
    triangles = builtin.triangles.cpu().numpy()
    triangle, weights, confidence = np.zeros(len(points), np.int64), np.zeros((len(points), 3)), np.zeros(len(points))
    for part in np.unique(parts):
        chosen = np.flatnonzero(parts == part)
        rows = np.flatnonzero(sources_of(str(part), present, builtin))
        facing = normals[chosen] if part in ("skin", "mouth_bag") else None
        found = NearestOn(laid, triangles[rows])(points[chosen], facing)
        triangle[chosen], weights[chosen] = rows[found.triangle], found.weights
        confidence[chosen] = np.exp(-((found.distance / SURE) ** 2)) * found.agrees
    return triangle, weights, confidence


def _landmarks(
    published: PublishedModel,
    builtin: FaceModel,
    laid: Array,
    layout: str,
    parts: NDArray[np.str_],
    triangles: Indices,
) -> tuple[Ints, Floats]:
    """The built-in head's landmarks on the model: the nearest skin; irises on the eyeballs where there are some."""
    pull = _selection(builtin.landmarks[layout], len(builtin.mean))
    own = builtin.triangles.cpu().numpy()
    points, normals = pull @ laid, pull @ vertex_normals(laid, own)
    skin = triangles[(parts[triangles] == "skin").all(1)]
    found = NearestOn(published.mean.astype(np.float64), skin)(points, normals)
    vertices, weights = skin[found.triangle], found.weights
    if layout == "478":
        for iris, eye in ((IRIS_RIGHT, "eye_R"), (IRIS_LEFT, "eye_L")):
            _place_iris(vertices, weights, list(iris), points, published, np.flatnonzero(parts == eye))
    return vertices.astype(np.int32), weights.astype(np.float32)


def _place_iris(
    vertices: Indices, weights: Array, iris: list[int], points: Array, published: PublishedModel, eye: Indices
) -> None:
    """Rim points at the eyeball's nearest vertices, the centre amid two opposite ones; no eyeball, no change."""
    if len(eye):
        gaps = np.linalg.norm(published.mean[eye][None] - points[iris][:, None], axis=-1)
        vertices[iris] = eye[gaps.argmin(1)][:, None]
        weights[iris] = [1.0, 0, 0]
        vertices[iris[0]] = vertices[[iris[1], iris[3], iris[1]], 0]
        weights[iris[0]] = [0.5, 0.5, 0]


def _fingerprint(published: PublishedModel, builtin: FaceModel) -> str:
    """Changes with either mean, the topology, the parts and the landmarks."""
    digest = hashlib.sha256(f"{VERSION} {builtin.name} {builtin.version}".encode())
    arrays = [published.mean, published.polygons, builtin.mean.cpu().numpy(), *(published.landmarks_68 or ())]
    for name, part in sorted(published.parts.items()):
        digest.update(name.encode())
        arrays.append(part)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _save(path: Path, key: str, found: Correspondence) -> None:
    """Whole or not at all; a folder that cannot be written costs only time at the next start."""
    points: dict[str, NDArray[np.generic]] = {}
    for layout, (vertices, weights) in found.landmarks.items():
        points |= {f"v_{layout}": vertices, f"w_{layout}": weights}
    values = {name: value for name, value in vars(found).items() if name != "landmarks"}
    draft = path.with_suffix(f".{os.getpid()}.part.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(draft, key=key, **values, **points)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)


def _load(path: Path, key: str, published: PublishedModel) -> Correspondence | None:
    """What :func:`_save` wrote for this key, if it is whole."""
    try:
        with np.load(path) as data:
            if str(data["key"]) != key:
                return None
            landmarks = {layout: (data[f"v_{layout}"], data[f"w_{layout}"]) for layout in ("478", "68")}
            arrays = {name: data[name] for name in ("registered", "triangle", "weights", "confidence")}
            kept = Correspondence(scale=float(data["scale"]), landmarks=landmarks, **arrays)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return kept if len(kept.triangle) == len(published.mean) else None
