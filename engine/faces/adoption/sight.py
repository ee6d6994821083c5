"""Landmarks of a model whose authors publish none: look at both means with the same detector.

Both heads are drawn alike and the detector's points are taken back to the surfaces, so that what it gets wrong on
drawn faces it gets wrong on both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import sparse

from ...camera.camera import Camera
from ...detect.layouts import IBUG_FROM_MEDIAPIPE
from ...detect.library import create_detector
from ...errors import ModelUnavailable
from ...light.color import linear_to_srgb
from ...light.harmonics import ambient, directional
from ...render.fragments import Fragments
from ...render.shading import render
from ..formats.published import PublishedModel
from ..model import FaceModel, split_polygons
from .nearest import Array, Indices
from .registration import Anchors

Detect = Callable[[np.ndarray], "np.ndarray | None"]
"""Points (478, 2) in pixels of the face in a picture (H, W, 3) uint8 sRGB, or None."""
SIZE = 640
DISTANCE = 1.5
MARGIN = 1.25
SKIN, SCLERA = (0.50, 0.31, 0.23), (0.65, 0.62, 0.58)
USED = tuple(int(i) for i in IBUG_FROM_MEDIAPIPE[[8, *range(17, 68)]])
"""Chin, brows, eyes, nose, lips."""


def seen_anchors(published: PublishedModel, builtin: FaceModel, detect: Detect | None) -> Anchors:
    """The same detected points on both heads; without ``detect`` by MediaPipe.

    Raises:
        DetectorUnavailable: MediaPipe is missing.
        ModelUnavailable: no face was seen in one of the two.
    """
    detect = detect or _by_mediapipe
    triangles = split_polygons(published.polygons)[0]
    albedo = np.tile(np.array(SKIN, np.float32), (len(published.mean), 1))
    for eye in ("eye_L", "eye_R"):
        albedo[published.parts.get(eye, np.zeros(0, np.int32))] = SCLERA
    if published.albedo is not None and published.albedo.mean.shape == albedo.shape:
        albedo = published.albedo.mean
    theirs = _seen(published.mean.astype(np.float64), triangles, albedo, detect)
    own_triangles = builtin.triangles.cpu().numpy()
    ours = _seen(builtin.mean.cpu().double().numpy(), own_triangles, builtin.albedo_mean.cpu().numpy(), detect)
    if theirs is None or ours is None:
        raise ModelUnavailable(
            published.name,
            "it has no landmarks and no face was detected in a picture of it",
            "choose another model",
        )
    both = theirs[2] & ours[2]
    rows = np.repeat(np.arange(both.sum()), 3)
    columns, values = own_triangles[ours[0][both]].ravel(), ours[1][both].ravel()
    weights = sparse.csr_matrix((values, (rows, columns)), shape=(int(both.sum()), len(builtin.mean)))
    targets = (published.mean[triangles[theirs[0][both]]] * theirs[1][both][..., None]).sum(1)
    return Anchors(weights, targets.astype(np.float64))


def _seen(
    vertices: Array, triangles: Indices, albedo: np.ndarray, detect: Detect
) -> tuple[Indices, Array, np.ndarray] | None:
    """Triangle (A,), weights (A, 3) and whether there is a surface (A,) under each of the points ``USED``."""
    picture, fragments = _portrait(vertices, triangles, albedo)
    points = detect(picture)
    if points is None:
        return None
    columns, rows = np.clip(points[list(USED)].astype(np.int64), 0, SIZE - 1).T
    triangle = fragments.triangle.numpy().reshape(SIZE, SIZE)[rows, columns]
    weights = fragments.barycentric.numpy().reshape(SIZE, SIZE, 3)[rows, columns].astype(np.float64)
    return np.maximum(triangle, 0).astype(np.int64), weights, triangle >= 0


def _by_mediapipe(picture: np.ndarray) -> np.ndarray | None:
    detector = create_detector("mediapipe")
    found = detector.detect(picture)
    detector.close()
    return found[0].landmarks if found else None


def _portrait(vertices: Array, triangles: Indices, albedo: np.ndarray) -> tuple[np.ndarray, Fragments]:
    """(S, S, 3) uint8: the head from the front under soft light, filling the picture, and what each pixel sees."""
    low, high = vertices.min(0), vertices.max(0)
    middle, extent = (low + high) / 2, float(max(high[0] - low[0], high[1] - low[1]))
    focal = SIZE * DISTANCE / (extent * MARGIN)
    camera = Camera(
        torch.tensor([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1]]),
        torch.diag(torch.tensor([1.0, -1.0, -1.0])),
        torch.tensor([0.0, 0.0, DISTANCE]),
        (SIZE, SIZE),
    )
    light = ambient(1.0) * torch.full((3,), 0.45) + directional(torch.tensor([0.3, 0.4, 0.87]), torch.full((3,), 0.6))
    seen = render(
        camera,
        torch.from_numpy((vertices - middle).astype(np.float32)),
        torch.from_numpy(triangles),
        torch.from_numpy(np.ascontiguousarray(albedo, dtype=np.float32)),
        light,
        background=torch.full((3,), 0.25),
    )
    picture = (linear_to_srgb(seen.image.clamp(0, 1)) * 255).round().to(torch.uint8).numpy()
    return picture, seen.fragments
