"""The built-in head's expressions on another topology: deformation transfer.

After Sumner and Popović, "Deformation transfer for triangle meshes" (SIGGRAPH 2004): each triangle of the target takes
the deformation gradient of the triangle of the source that it corresponds to, and one sparse least-squares problem,
factored once, finds the vertices that agree best. Written for displacements (a Poisson equation), with a weak pull
towards the carried displacement that keeps what should stand still and holds lids and lips where they must meet. Lids
open and close by the same share of the eye's opening (:mod:`.lids`), whatever its height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from ...contract import Floats
from ..formats.published import PublishedModel
from ..model import FaceModel, split_polygons
from .correspondence import Correspondence, locate
from .lids import EyeCover, lid_pairs, opened, opening
from .nearest import Array, Indices
from .parts import EYES, eyeball, part_of

RIGID = ("eye_L", "eye_R", "teeth_upper", "teeth_lower")
"""Parts that move as one piece."""
ATTACHED = ("lashes",)
"""Parts that follow the skin they grow from."""
UNSURE = 0.05
"""Weight of a triangle without a counterpart, relative to a sure one: it only stretches evenly."""
PAINTED = 1.0
"""Weight of a triangle of an iris painted on skin, which keeps its shape while lids move round it."""
SURE_FROM = 0.3
"""Confidence from which a triangle takes the whole gradient."""
HOLD, HOLD_EDGES = 0.020, 0.004
"""Metres over which the carried displacement pulls the solution back: anywhere, and on lids and lips."""
STILL = 1e-5
"""Metres: smaller displacements are dropped."""
UNROLLED = 0.003
"""Metres: lids take the built-in head's lie where a blink moves them by a quarter to five quarters of that."""
MEET = 30.0
"""Weight of the openings between the lids, against 1 for the weights of edges."""


@dataclass(frozen=True)
class _Solver:
    """The factored problem of one topology: K shapes at once."""

    vertices: Indices
    """(v,) of the model, that are solved for."""
    gradient: sparse.csr_matrix
    """(3t, v) displacement to its gradient along x, y, z in each triangle."""
    source: Indices
    """(t,) triangle of the built-in head."""
    place: Array
    """(t, 3) barycentric in it."""
    lie: Array
    """(t, 3) rotation vectors from the model's surface there to the built-in head's, both mean."""
    weight: Array
    """(t,) area times confidence."""
    share: Array
    """(t,) 0..1: how much of the source's gradient is believed."""
    planes: Array
    """(t, 3, 3) projections to the triangles' planes."""
    hold: Array
    """(v,) weight of the carried displacement."""
    pairs: Indices
    """(K, 2) points of the built-in head's lids that meet when the eyes close."""
    opening: sparse.csr_matrix
    """(K, v) from the lower to the upper one on the model."""
    across: Array
    """(K, 3) that on the mean head."""
    scale: float
    """Size of the model's mean head over the built-in one's."""


def transfer(
    published: PublishedModel,
    builtin: FaceModel,
    found: Correspondence,
    shapes: NDArray[np.floating],
) -> Floats:
    """Displacements (K, B, 3) of the built-in head, metres, as displacements (K, V, 3) of the model."""
    parts = part_of(published)
    solver = _prepare(published, builtin, found, parts)
    factor = splu(_matrix(solver), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = np.zeros((len(shapes), len(published.mean), 3), np.float32)
    attached, root = _roots(published, parts)
    covers = [EyeCover(published, parts, eye) for eye in EYES if (parts == eye).any()]
    for shape, displacement in zip(result, shapes.astype(np.float64), strict=True):
        carried = found.scale * found.carry(displacement, builtin)
        shape[:] = carried
        shape[solver.vertices] = factor.solve(_right_side(solver, builtin, displacement, carried[solver.vertices]))
        for part in RIGID:
            if (parts == part).any():
                shape[parts == part] = _as_one_piece(published, builtin, found, part, displacement)
        for cover in covers:
            cover.lift(shape)
        shape[attached] = shape[root]
        shape[np.linalg.norm(shape, axis=1) < STILL] = 0
    return result


def _prepare(published: PublishedModel, builtin: FaceModel, found: Correspondence, parts: NDArray[np.str_]) -> _Solver:
    points = published.mean.astype(np.float64)
    triangles = split_polygons(published.polygons)[0]
    free = ~np.isin(parts, (*RIGID, *ATTACHED))
    vertices, compact = np.unique(triangles[free[triangles].all(1)], return_inverse=True)
    compact = compact.reshape(-1, 3)
    corners = points[vertices][compact]
    gradient, area, normals = _gradients(corners, compact, len(vertices))
    part = parts[vertices][compact[:, 0]]
    source, place, confidence = locate(
        corners.mean(1), normals, part, set(parts), builtin, found.registered.astype(np.float64)
    )
    own, eyes = builtin.triangles.cpu().numpy(), _members(builtin, "eye_L", "eye_R")
    # Skin that covers an eye has no like among moving skin: it only stretches between the lids.
    confidence = confidence * ~((part == "skin") & eyes[own[source]].any(1))
    mass = np.zeros(len(vertices))
    np.add.at(mass, compact.ravel(), np.repeat(area / 3, 3))
    edges = np.clip(found.carry(_members(builtin, "lids", "lips").astype(float), builtin)[vertices], 0, 1)
    bare = 1 - np.clip(found.carry(eyes.astype(float), builtin)[vertices], 0, 1)
    hold = ((1 - edges) / HOLD**2 + edges / HOLD_EDGES**2) * found.confidence[vertices] * bare + 1e-3 / HOLD**2
    planes = np.eye(3) - normals[:, :, None] * normals[:, None, :]
    iris = _members(builtin, "iris_L", "iris_R")[own[source]].all(1) & (part == "skin")
    weight, share = area * (UNSURE + confidence + PAINTED * iris), np.clip(confidence / SURE_FROM, 0, 1)
    lie = _lie(normals, found.carry(builtin.mean.cpu().double().numpy(), builtin)[vertices][compact])
    pairs = lid_pairs(builtin)
    between = opening(published, parts, builtin, found, pairs)
    return _Solver(
        *(vertices, gradient, source, place, lie, weight, share, planes, mass * hold),
        *(pairs, between[:, vertices], between @ points, found.scale),
    )


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
    lids = MEET * solver.opening.T @ solver.opening
    return (solver.gradient.T @ weighted + sparse.diags(solver.hold) + lids).tocsc()


def _right_side(solver: _Solver, builtin: FaceModel, displacement: NDArray[np.floating], carried: Array) -> Array:
    """(v, 3) of the normal equations for one shape."""
    wanted = _unrolled(solver, builtin, displacement, _source_gradients(builtin, displacement, solver.source))
    wanted = (wanted @ solver.planes) * (solver.share * solver.weight)[:, None, None]
    flat = wanted.transpose(0, 2, 1).reshape(-1, 3)
    lids = opened(builtin.mean.cpu().double().numpy(), solver.across, solver.pairs, displacement, solver.scale)
    return np.asarray(solver.gradient.T @ flat + solver.hold[:, None] * carried + MEET * (solver.opening.T @ lids))


def _source_gradients(builtin: FaceModel, displacement: NDArray[np.floating], chosen: Indices) -> Array:
    """(t, 3, 3) Sumner's deformation gradients, less the identity, of the chosen triangles of the built-in head."""
    triangles = builtin.triangles.cpu().numpy()[chosen]
    before = builtin.mean.cpu().double().numpy()
    frames = [_frame(points[triangles]) for points in (before, before + displacement)]
    return np.asarray(frames[1] @ np.linalg.pinv(frames[0]) - np.eye(3))


def _unrolled(solver: _Solver, builtin: FaceModel, displacement: Array, gradients: Array) -> Array:
    """Gradients (t, 3, 3) of lids that lie as the built-in head's do, as far as they have closed.

    The fold above an open eye unrolls as the eye closes. It is elsewhere and of another depth on every head, so the
    built-in head's unrolling would leave the model's own fold as a bulge on the closed lid.
    """
    corners = builtin.triangles.cpu().numpy()[solver.source]
    moved = (displacement[corners] * solver.place[..., None]).sum(1)
    closed = np.zeros(len(moved))
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        blink = builtin.expression_basis[builtin.expression_names.index(name)].cpu().double().numpy()
        full = (blink[corners] * solver.place[..., None]).sum(1)
        length = np.linalg.norm(full, axis=1)
        share = np.clip((moved * full).sum(1) / np.maximum(length, 1e-6) ** 2, 0, 1)
        closed = np.maximum(closed, share * np.clip(length / UNROLLED - 0.25, 0, 1))
    result = gradients.copy()
    rows = np.flatnonzero(closed > 0.01)
    turns = Rotation.from_rotvec(closed[rows, None] * solver.lie[rows]).as_matrix()
    result[rows] = (np.eye(3) + gradients[rows]) @ turns - np.eye(3)
    return result


def _lie(normals: Array, there: Array) -> Array:
    """(t, 3) rotation vectors from triangles' ``normals`` (t, 3) to theirs on the built-in head.

    ``there`` (t, 3, 3) are their corners' places on it, metres.
    """
    end = np.cross(there[:, 1] - there[:, 0], there[:, 2] - there[:, 0])
    end /= np.maximum(np.linalg.norm(end, axis=1, keepdims=True), 1e-14)
    axis = np.cross(normals, end)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    return np.asarray(axis / np.maximum(sine, 1e-12) * np.arctan2(sine, (normals * end).sum(1, keepdims=True)))


def _frame(corners: Array) -> Array:
    """(t, 3, 3) with two edges and the scaled normal ``n / sqrt(|n|)`` as columns."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    normal = normal / np.sqrt(np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20))
    return np.stack([first, second, normal], -1)


def _as_one_piece(
    published: PublishedModel, builtin: FaceModel, found: Correspondence, part: str, displacement: Array
) -> Array:
    """(n, 3) displacements of a rigid part of the model, which turns as the built-in head's does.

    The built-in head's motion is the rigid one nearest to its ``displacement`` (Kabsch). It is taken relative to the
    centres of the eyes, and for teeth to the middles of the lips.
    """
    own, lips = builtin.groups[part], builtin.groups["lips"]
    mean = builtin.mean.cpu().double().numpy()
    before = mean[own]
    centred = before - before.mean(0)
    u, _, vt = np.linalg.svd((centred + displacement[own] - displacement[own].mean(0)).T @ centred)
    turn = (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt - np.eye(3)
    pivot = eyeball(before)[0] if part in EYES else mean[lips].mean(0)
    shift = displacement[own].mean(0) + turn @ (pivot - before.mean(0))
    points = published.mean[part_of(published) == part].astype(np.float64)
    about = eyeball(points)[0] if part in EYES else found.registered[lips].astype(np.float64).mean(0)
    return np.asarray((points - about) @ turn.T + found.scale * shift)


def _roots(published: PublishedModel, parts: NDArray[np.str_]) -> tuple[Indices, Indices]:
    """Vertices of attached parts and the skin vertex that each follows: the one nearest to its own strand's root."""
    attached, skin = np.flatnonzero(np.isin(parts, ATTACHED)), np.flatnonzero(parts == "skin")
    if not len(attached):
        return attached, attached
    gap, nearest = cKDTree(published.mean[skin]).query(published.mean[attached])
    rooted = np.flatnonzero(gap <= np.quantile(gap, 0.3))
    _, own = cKDTree(published.mean[attached[rooted]]).query(published.mean[attached])
    return attached, skin[nearest[rooted[own]]]
