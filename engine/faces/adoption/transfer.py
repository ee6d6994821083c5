"""The built-in head's expressions on another topology: deformation transfer.

After Sumner and Popović, "Deformation transfer for triangle meshes" (SIGGRAPH 2004): each triangle of the target takes
the deformation gradient of the triangle of the source that it corresponds to, and one sparse least-squares problem,
factored once, finds the vertices that agree best. Written for displacements (a Poisson equation), with a weak pull
towards the carried displacement that keeps what should stand still and holds lids and lips where they must meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from torch import Tensor

from ...contract import Floats
from ..formats.published import PublishedModel
from ..model import FaceModel, LandmarkMap, split_polygons
from .correspondence import Correspondence, locate
from .nearest import Array, Indices
from .parts import part_of

RIGID = ("eye_L", "eye_R", "teeth_upper", "teeth_lower")
"""Parts that move as one piece."""
ATTACHED = ("lashes",)
"""Parts that follow the skin they grow from."""
UNSURE = 0.05
"""Weight of a triangle without a counterpart, relative to a sure one: it only stretches evenly."""
SURE_FROM = 0.3
"""Confidence from which a triangle takes the whole gradient."""
HOLD, HOLD_EDGES = 0.020, 0.004
"""Metres over which the carried displacement pulls the solution back: anywhere, and on lids and lips."""
STILL = 1e-5
"""Metres: smaller displacements are dropped."""
LIDS = {
    "Right": ((161, 163), (160, 144), (159, 145), (158, 153), (157, 154)),
    "Left": ((388, 390), (387, 373), (386, 374), (385, 380), (384, 381)),
}
"""Of the 478: upper and lower lid of the subject's eyes."""


@dataclass(frozen=True)
class _Solver:
    """The factored problem of one topology: K shapes at once."""

    vertices: Indices
    """(v,) of the model, that are solved for."""
    gradient: sparse.csr_matrix
    """(3t, v) displacement to its gradient along x, y, z in each triangle."""
    source: Indices
    """(t,) triangle of the built-in head."""
    weight: Array
    """(t,) area times confidence."""
    share: Array
    """(t,) 0..1: how much of the source's gradient is believed."""
    planes: Array
    """(t, 3, 3) projections to the triangles' planes."""
    hold: Array
    """(v,) weight of the carried displacement."""


def transfer(
    published: PublishedModel,
    builtin: FaceModel,
    found: Correspondence,
    names: Sequence[str],
    shapes: NDArray[np.floating],
) -> Floats:
    """Displacements (K, B, 3) of the built-in head, metres, as displacements (K, V, 3) of the model.

    Of ``names`` (K,) those of an eye, as ARKit spells them, are made as strong as it takes to close that model's eye.
    """
    parts = part_of(published)
    solver = _prepare(published, builtin, found, parts)
    factor = splu(_matrix(solver), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = np.zeros((len(shapes), len(published.mean), 3), np.float32)
    attached, root = _roots(published, parts)
    for shape, displacement in zip(result, shapes, strict=True):
        carried = found.scale * found.carry(displacement.astype(np.float64), builtin)
        shape[:] = carried
        shape[solver.vertices] = factor.solve(_right_side(solver, builtin, displacement, carried[solver.vertices]))
        for part in RIGID:
            chosen = parts == part
            if chosen.any():
                shape[chosen] = _as_one_piece(published.mean[chosen].astype(np.float64), carried[chosen])
        shape[attached] = shape[root]
        shape[np.linalg.norm(shape, axis=1) < STILL] = 0
    _close_eyes(result, published, builtin, found, list(names), shapes)
    return result


def _close_eyes(
    result: Floats,
    published: PublishedModel,
    builtin: FaceModel,
    found: Correspondence,
    names: list[str],
    shapes: NDArray[np.floating],
) -> None:
    """Scale each eye's shapes so that its lids close by the share of their opening that the built-in head's do."""
    theirs, ours = LandmarkMap(*map(torch.from_numpy, found.landmarks["478"])), builtin.landmarks["478"]
    fields = torch.from_numpy(published.mean), builtin.mean.cpu()
    soft = ~np.isin(part_of(published), RIGID)
    for side, pairs in LIDS.items():
        if f"eyeBlink{side}" not in names:
            continue
        blink = names.index(f"eyeBlink{side}")
        their_share = _closed_share(theirs.points(fields[0]), theirs.points(torch.from_numpy(result[blink])), pairs)
        our_share = _closed_share(ours.points(fields[1]), ours.points(torch.from_numpy(shapes[blink])), pairs)
        factor = min(max(our_share / max(their_share, 1e-3), 0.5), 2.0)
        for index, name in enumerate(names):
            if name.startswith("eye") and name.endswith(side):
                result[index, soft] *= factor


def _closed_share(points: Tensor, displacement: Tensor, pairs: Sequence[tuple[int, int]]) -> float:
    """By which share of its height an eye's opening shrinks."""
    upper, lower = torch.tensor(pairs).T
    gap = points[upper] - points[lower]
    moved = displacement[upper] - displacement[lower]
    return float(-(gap * moved).sum() / (gap * gap).sum())


def _prepare(published: PublishedModel, builtin: FaceModel, found: Correspondence, parts: NDArray[np.str_]) -> _Solver:
    points = published.mean.astype(np.float64)
    triangles = split_polygons(published.polygons)[0]
    free = ~np.isin(parts, (*RIGID, *ATTACHED))
    vertices, compact = np.unique(triangles[free[triangles].all(1)], return_inverse=True)
    compact = compact.reshape(-1, 3)
    corners = points[vertices][compact]
    gradient, area, normals = _gradients(corners, compact, len(vertices))
    part = parts[vertices][compact[:, 0]]
    source, _, confidence = locate(
        corners.mean(1), normals, part, set(parts), builtin, found.registered.astype(np.float64)
    )
    eyes = _members(builtin, "eye_L", "eye_R")
    # Skin that covers an eye has no like among moving skin: it only stretches between the lids.
    confidence = confidence * ~((part == "skin") & eyes[builtin.triangles.cpu().numpy()[source]].any(1))
    mass = np.zeros(len(vertices))
    np.add.at(mass, compact.ravel(), np.repeat(area / 3, 3))
    edges = np.clip(found.carry(_members(builtin, "lids", "lips").astype(float), builtin)[vertices], 0, 1)
    bare = 1 - np.clip(found.carry(eyes.astype(float), builtin)[vertices], 0, 1)
    hold = ((1 - edges) / HOLD**2 + edges / HOLD_EDGES**2) * found.confidence[vertices] * bare + 1e-3 / HOLD**2
    planes = np.eye(3) - normals[:, :, None] * normals[:, None, :]
    weight, share = area * (UNSURE + confidence), np.clip(confidence / SURE_FROM, 0, 1)
    return _Solver(vertices, gradient, source, weight, share, planes, mass * hold)


def _members(builtin: FaceModel, *groups: str) -> NDArray[np.bool_]:
    """(B,) whether a vertex is in any of the groups."""
    inside = np.zeros(len(builtin.mean), bool)
    for name in groups:
        inside[builtin.groups[name]] = True
    return inside


def _gradients(corners: Array, triangles: Indices, count: int) -> tuple[sparse.csr_matrix, Array, Array]:
    """The gradient operator (3t, v) of functions linear on each triangle, areas (t,), unit normals (t, 3)."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.maximum(np.linalg.norm(normal, axis=1), 1e-14)
    normal = normal / double[:, None]
    # The hat function of a corner rises at right angles to the opposite side, by 1 over its height.
    opposite = np.stack([corners[:, (k + 2) % 3] - corners[:, (k + 1) % 3] for k in range(3)], 1)
    slopes = np.cross(normal[:, None], opposite) / double[:, None, None]
    rows = np.broadcast_to(3 * np.arange(len(corners))[:, None, None] + np.arange(3), slopes.shape)
    columns = np.broadcast_to(triangles[:, :, None], slopes.shape)
    operator = sparse.csr_matrix((slopes.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * len(corners), count))
    return operator, double / 2, normal


def _matrix(solver: _Solver) -> sparse.csc_matrix:
    weighted = sparse.diags(np.repeat(solver.weight, 3)) @ solver.gradient
    return (solver.gradient.T @ weighted + sparse.diags(solver.hold)).tocsc()


def _right_side(solver: _Solver, builtin: FaceModel, displacement: NDArray[np.floating], carried: Array) -> Array:
    """(v, 3) of the normal equations for one shape."""
    wanted = _source_gradients(builtin, displacement, solver.source)
    wanted = (wanted @ solver.planes) * (solver.share * solver.weight)[:, None, None]
    flat = wanted.transpose(0, 2, 1).reshape(-1, 3)
    return np.asarray(solver.gradient.T @ flat + solver.hold[:, None] * carried)


def _source_gradients(builtin: FaceModel, displacement: NDArray[np.floating], chosen: Indices) -> Array:
    """(t, 3, 3) Sumner's deformation gradients, less the identity, of the chosen triangles of the built-in head."""
    triangles = builtin.triangles.cpu().numpy()[chosen]
    before = builtin.mean.cpu().double().numpy()
    frames = [_frame(points[triangles]) for points in (before, before + displacement)]
    return np.asarray(frames[1] @ np.linalg.pinv(frames[0]) - np.eye(3))


def _frame(corners: Array) -> Array:
    """(t, 3, 3) with two edges and the scaled normal ``n / sqrt(|n|)`` as columns."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    normal = normal / np.sqrt(np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20))
    return np.stack([first, second, normal], -1)


def _as_one_piece(points: Array, displacement: Array) -> Array:
    """(n, 3) the rigid motion of ``points`` nearest to ``displacement`` (Kabsch)."""
    middle, moved = points.mean(0), (points + displacement).mean(0)
    u, _, vt = np.linalg.svd((points + displacement - moved).T @ (points - middle))
    rotation = (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    return (points - middle) @ rotation.T + moved - points


def _roots(published: PublishedModel, parts: NDArray[np.str_]) -> tuple[Indices, Indices]:
    """Vertices of attached parts and the skin vertex that each follows: the one nearest to its own strand's root."""
    attached, skin = np.flatnonzero(np.isin(parts, ATTACHED)), np.flatnonzero(parts == "skin")
    if not len(attached):
        return attached, attached
    gap, nearest = cKDTree(published.mean[skin]).query(published.mean[attached])
    rooted = np.flatnonzero(gap <= np.quantile(gap, 0.3))
    _, own = cKDTree(published.mean[attached[rooted]]).query(published.mean[attached])
    return attached, skin[nearest[rooted[own]]]
