"""The face model cut down to its landmarks, ready for small dense linear algebra (numpy, float64, CPU)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..detect.detector import Layout
from ..detect.layouts import FACE_OVAL
from ..faces.model import FaceModel
from ..render.normals import vertex_normals
from .memo import memo

Array = NDArray[np.float64]
Singles = NDArray[np.float32]
"""What only says in which direction to go, and how much, not where to end, is kept in single precision for speed."""

IRIS_DIAMETER = 0.0122
"""Metres: the iris as detectors draw it. Adults' measure 11.7 mm, give or take 5 %, but with that the pupils of some
fifty people on photos would stand 61 mm apart on average, and they do 63.8."""
RARE_SPREAD = 0.12
"""Standard deviation of the weight of an expression that nobody wears for a portrait..."""
COMMON_SPREAD = 0.45
"""...and of those that people do wear:"""
COMMON = ("mouthSmile", "jawOpen", "eyeBlink", "browInnerUp", "mouthUpperUp")
LOPSIDED = 0.1
"""Standard deviation of the difference between an expression's left and right weight: faces move nearly evenly, and
what looks one-sided in a single photo is more often a shadow. Glances, for which each eye turns another way, are free.
"""
GLANCES = ("eyeLookIn", "eyeLookOut")


@dataclass(frozen=True)
class LandmarkBasis:
    """Landmarks of one layout as a linear function of the coefficients."""

    mean: Array
    """(L, 3) metres."""
    modes: Array
    """(L, 3, I + E): identity, then expression."""
    slopes: Singles
    """The same, for Jacobians."""
    normals: Array
    """(L, 3) unit normals of the mean face."""
    present: Array
    """(L,) 1 where the model has the point."""
    contour: NDArray[np.bool_]
    """(L,) the points on the outline."""
    identities: int
    low: Array
    """(E,) lowest expression weights."""
    high: Array
    """(E,) highest expression weights."""
    precision: Array
    """(E, E) of the expression weights, round 0."""

    def points(self, coefficients: Array) -> Array:
        """(L, 3) metres for (I + E,) coefficients."""
        return self.mean + self.modes @ coefficients


def landmark_basis(model: FaceModel, layout: Layout) -> LandmarkBasis:
    """The landmark basis of ``model``, built once for each model."""
    return memo(model, f"basis_{layout}", lambda: _build(model, layout))


def _build(model: FaceModel, layout: Layout) -> LandmarkBasis:
    points = model.landmarks[layout]
    modes = torch.cat([points.points(model.identity_basis), points.points(model.expression_basis)])
    normals = points.points(vertex_normals(model.mean, model.triangles))
    contour = np.zeros(len(points.vertices), bool)
    contour[list(FACE_OVAL) if layout == "478" else list(range(17))] = True
    bounds = _numpy(model.expression_range)
    return LandmarkBasis(
        mean=_numpy(points.points(model.mean)),
        modes=np.ascontiguousarray(np.moveaxis(_numpy(modes), 0, -1)),
        slopes=np.ascontiguousarray(np.moveaxis(modes.detach().cpu().numpy(), 0, -1), np.float32),
        normals=_numpy(torch.nn.functional.normalize(normals, dim=-1, eps=1e-12)),
        present=_numpy((points.vertices >= 0).all(-1)),
        contour=contour,
        identities=len(model.identity_basis),
        low=bounds[:, 0],
        high=bounds[:, 1],
        precision=expression_precision(model.expression_names),
    )


def expression_precision(names: tuple[str, ...]) -> Array:
    """(E, E) inverse covariance of expression weights: each small, left and right nearly the same."""
    spread = np.array([COMMON_SPREAD if name.startswith(COMMON) else RARE_SPREAD for name in names])
    precision = np.diag(spread**-2)
    for left, name in enumerate(names):
        twin = name.replace("Left", "Right")
        if twin == name or twin not in names or name.startswith(GLANCES):
            continue
        right = names.index(twin)
        pair = np.ix_([left, right], [left, right])
        # The mean of the two has the spread of one; the difference has its own.
        precision[pair] = (
            np.array([[1, 1], [1, 1]]) / 4 / spread[left] ** 2 + np.array([[1, -1], [-1, 1]]) / LOPSIDED**2
        )
    return precision


def _numpy(tensor: Tensor) -> Array:
    return tensor.detach().cpu().numpy().astype(np.float64)
