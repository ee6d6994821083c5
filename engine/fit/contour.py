"""Outline landmarks follow the silhouette, not a place on the skin: move them to where the head's outline is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..detect.layouts import FACE_OVAL
from ..faces.model import FaceModel
from .basis import Array, LandmarkBasis
from .memo import memo
from .pose import Pose

REACH = 0.022
"""Metres a contour point may slide along the skin."""
BAND = 0.006
"""Metres it may slide along the outline: down a cheek, across a chin."""
BESIDE = 0.7
"""Pixels outwards that one pixel nearer to the observed point is worth."""
CANDIDATES = 64


@dataclass(frozen=True)
class ContourPaths:
    """Vertices that each contour landmark may slide to."""

    rows: NDArray[np.int64]
    """(C,) the contour landmarks."""
    mean: Array
    """(C, n, 3)."""
    modes: Array
    """(C, n, 3, I + E)."""


def slide(model: FaceModel, basis: LandmarkBasis, pose: Pose, observed: Array) -> LandmarkBasis:
    """The basis with each contour landmark at the candidate whose image lies farthest out from the face's middle, and
    beside the point that was ``observed`` (L, 2): where along the outline a detector puts its points is arbitrary.
    """
    paths = memo(model, f"contour_{len(basis.mean)}", lambda: _paths(model, basis))
    middle = pose.project(basis.mean).mean(0)
    outward = pose.project(basis.mean[paths.rows]) - middle
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    pixels = pose.project(paths.mean.reshape(-1, 3)).reshape(*paths.mean.shape[:2], 2)
    along = outward @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    beside = np.abs(((pixels - observed[paths.rows][:, None]) * along[:, None]).sum(-1))
    best = ((pixels * outward[:, None]).sum(-1) - BESIDE * beside).argmax(1)
    mean, modes, slopes = basis.mean.copy(), basis.modes.copy(), basis.slopes.copy()
    each = np.arange(len(best))
    mean[paths.rows], modes[paths.rows] = paths.mean[each, best], paths.modes[each, best]
    slopes[paths.rows] = modes[paths.rows]
    return replace(basis, mean=mean, modes=modes, slopes=slopes)


def _paths(model: FaceModel, basis: LandmarkBasis) -> ContourPaths:
    vertices = model.mean.detach().cpu().numpy().astype(np.float64)
    skin = np.flatnonzero(model.skin_weight.cpu().numpy() > 0)
    rows = np.flatnonzero(basis.contour)
    offset = vertices[skin][None] - basis.mean[rows][:, None]
    distance = np.linalg.norm(offset, axis=-1)
    along = np.abs((offset * _tangents(basis)[rows][:, None]).sum(-1))
    distance[(distance > REACH) | (along > BAND)] = np.inf
    order = np.argsort(distance, 1)[:, :CANDIDATES]
    picked = np.where(np.isfinite(np.take_along_axis(distance, order, 1)), order, order[:, :1])
    chosen = skin[picked]
    stack = np.concatenate(
        [model.identity_basis.cpu().numpy()[:, chosen], model.expression_basis.cpu().numpy()[:, chosen]]
    )
    return ContourPaths(rows, vertices[chosen], np.moveaxis(stack.astype(np.float64), 0, -1))


def _tangents(basis: LandmarkBasis) -> Array:
    """(L, 3) unit directions from each contour point's neighbour before to that after it, in a view from the front."""
    ring = np.array(FACE_OVAL) if len(basis.mean) == 478 else np.arange(17)
    points = basis.mean * [1, 1, 0]
    before, after = points[np.roll(ring, 1)], points[np.roll(ring, -1)]
    if len(basis.mean) != 478:  # an open line
        before[0], after[-1] = points[0], points[16]
    tangents = np.zeros_like(basis.mean)
    tangents[ring] = (after - before) / np.linalg.norm(after - before, axis=1, keepdims=True)
    return tangents
