"""How much of what makes a known head differ from the average a fit has found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..faces.model import FaceModel
from .alignment import Array, best_similarity

FACE_REACH = 0.012
"""Metres from the nearest landmark: what counts as the face."""


@dataclass(frozen=True)
class Region:
    """The face of a model."""

    vertices: NDArray[np.int64]
    """(n,) indices."""
    areas: Array
    """(n,) square metres each stands for."""


def face_region(model: FaceModel) -> Region:
    """Skin near landmarks, weighed by area so that dense eyelids do not decide."""
    mean = model.mean.cpu().numpy().astype(np.float64)
    layout = "478" if "478" in model.landmarks else "68"
    points = model.landmarks[layout].points(model.mean).cpu().numpy()
    near = np.array([np.linalg.norm(points - v, axis=1).min() for v in mean]) < FACE_REACH
    chosen = np.flatnonzero(near & (model.skin_weight.cpu().numpy() > 0.05))
    triangles = model.triangles.cpu().numpy()
    corners = mean[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    share = np.zeros(len(mean))
    np.add.at(share, triangles, area[:, None])
    return Region(chosen, share[chosen])


def shape_error(shape: Array, truth: Array, region: Region) -> float:
    """Millimetres: area-weighted mean distance of corresponding vertices (V, 3) after similarity alignment."""
    a, b = shape[region.vertices], truth[region.vertices]
    gap = np.linalg.norm(best_similarity(a, b, region.areas)(a) - b, axis=1)
    return float((gap * region.areas).sum() / region.areas.sum()) * 1e3


def recovered(shape: Array, truth: Array, mean: Array, region: Region) -> tuple[float, float]:
    """``<found, true>`` and ``<true, true>`` of the deviations from the mean face, each shape laid on the mean first.

    Their sums' ratio over many heads is the slope: 0 has learned nothing, 1 everything.
    """
    base = mean[region.vertices]
    found, true = (_on(s[region.vertices], base, region.areas) - base for s in (shape, truth))
    weights = region.areas[:, None]
    return float((weights * found * true).sum()), float((weights * true**2).sum())


def _on(points: Array, target: Array, weights: Array) -> Array:
    return best_similarity(points, target, weights)(points)
