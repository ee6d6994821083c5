"""Where the detector really sees its points on an adopted model, learned once from pictures of the model's own heads.

The correspondence puts the built-in head's points on another model's mean. That is off by a few millimetres where the
two surfaces have little to hold on to, and an offset that every photo shares bends every fit. So some random heads are
drawn, MediaPipe looks at them, and each point moves to the place on the skin where it was seen most often.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...camera.camera import Camera
from ...detect.detector import Detector
from ...detect.layouts import FACE_OVAL, IRIS_LEFT, IRIS_RIGHT, MIRROR
from ...detect.library import create_detector
from ...light.color import linear_to_srgb
from ...light.harmonics import ambient, directional
from ...render.fragments import Fragments
from ...render.shading import render
from ..model import FaceModel, LandmarkMap
from .nearest import Array, NearestOn

HEADS = 120
ENOUGH = 40
"""Heads on which a face must have been found."""
PATIENCE = 12
"""Heads without a face at the start after which the model is taken for one that the detector does not know."""
SIZE = 320
DISTANCE, FOCAL = 0.9, 2.4
"""Metres, and picture sides."""
TURN, NOD = 0.35, 0.1
"""Radians to either side: even, and the standard deviation."""
FARTHEST = 0.006
"""Metres: a point seen farther from its place than this was a mistake."""
STAY = (*FACE_OVAL, *IRIS_LEFT, *IRIS_RIGHT)
"""The outline follows hair and background, which drawn heads lack; irises lie on the eyeballs."""


def with_seen_places(model: FaceModel, detector: Detector | None = None) -> FaceModel:
    """``model`` with MediaPipe's points where ``detector`` sees them; unchanged where it seldom finds a face.

    Args:
        model: adopted, on the CPU.
        detector: with 478 points; MediaPipe if left out.

    Raises:
        DetectorUnavailable: MediaPipe is missing.
    """
    sightings = _sightings(model, detector or create_detector("mediapipe"))
    if len(sightings) < ENOUGH:
        return model
    old = model.landmarks["478"]
    start = old.points(model.mean).double().numpy()
    places = np.stack(sightings)
    seldom = np.isfinite(places[..., 0]).sum(0) < ENOUGH // 2
    places[:, seldom] = start[seldom]
    move: Array = np.nanmedian(places, 0) - start
    move[np.linalg.norm(move, axis=1) > FARTHEST] = 0
    # The detector's mirror image of a point is the mirror image's point, and heads are even on average.
    move = (move + move[MIRROR["478"]] * [-1, 1, 1]) / 2
    move[list(STAY)] = 0
    skin = model.triangles.numpy()[(model.skin_weight[model.triangles] > 0).all(1).numpy()]
    found = NearestOn(model.mean.double().numpy(), skin)(start + move)
    changed = torch.from_numpy((move != 0).any(1))[:, None]
    vertices = torch.where(changed, torch.from_numpy(skin[found.triangle]), old.vertices)
    weights = torch.where(changed, torch.from_numpy(found.weights).float(), old.weights)
    return replace(model, landmarks={**model.landmarks, "478": LandmarkMap(vertices, weights)})


def _sightings(model: FaceModel, detector: Detector) -> list[Array]:
    """For each head with a face: (478, 3) where on the *mean* head each point was seen, nan off the skin."""
    found: list[Array] = []
    for number in range(HEADS):
        if number == PATIENCE and not found:
            break
        picture, fragments = _portrait(model, np.random.default_rng([478, number]))
        faces = detector.detect(picture)
        if faces:
            found.append(_on_the_mean(model, faces[0].landmarks, fragments))
    return found


def _on_the_mean(model: FaceModel, points: NDArray[np.float32], fragments: Fragments) -> Array:
    columns, rows = np.clip(points.astype(np.int64), 0, SIZE - 1).T
    triangle = fragments.triangle.view(SIZE, SIZE)[rows, columns]
    shares = fragments.barycentric.view(SIZE, SIZE, 3)[rows, columns]
    corners = model.triangles[triangle.clamp_min(0)]
    places: Array = (model.mean[corners] * shares[..., None]).sum(1).double().numpy()
    places[triangle.numpy() < 0] = np.nan
    return places


def _portrait(model: FaceModel, random: np.random.Generator) -> tuple[NDArray[np.uint8], Fragments]:
    """(SIZE, SIZE, 3) uint8: a random head without expression, somewhat turned, and what each pixel sees."""
    identity = torch.from_numpy(random.normal(size=len(model.identity_basis))).float().clamp(-2.5, 2.5)
    tint = torch.from_numpy(random.normal(size=len(model.albedo_basis))).float().clamp(-2, 2)
    lamp = torch.from_numpy(random.normal(size=3) * [0.6, 0.4, 0.3] + [0, 0.3, 0.9]).float()
    light = ambient(0.5) + directional(torch.nn.functional.normalize(lamp, dim=0), torch.full((3,), 0.5))
    seen = render(
        _camera(random.uniform(-TURN, TURN), random.normal(0, NOD)),
        model.shape(identity),
        model.triangles,
        model.albedo(tint).clamp(0.01, 1),
        light,
        background=torch.from_numpy(random.uniform(0.1, 0.7, 3)).float(),
    )
    picture = (linear_to_srgb(seen.image.clamp(0, 1)) * 255).round().to(torch.uint8).numpy()
    return picture, seen.fragments


def _camera(yaw: float, pitch: float) -> Camera:
    cos, sin = torch.cos(torch.tensor([yaw, pitch])), torch.sin(torch.tensor([yaw, pitch]))
    turn = torch.tensor([[cos[0], 0, sin[0]], [0, 1, 0], [-sin[0], 0, cos[0]]])
    nod = torch.tensor([[1, 0, 0], [0, cos[1], -sin[1]], [0, sin[1], cos[1]]])
    focal = FOCAL * SIZE
    intrinsics = torch.tensor([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1]])
    rotation = torch.diag(torch.tensor([1.0, -1.0, -1.0])) @ nod @ turn
    return Camera(intrinsics, rotation, torch.tensor([0.0, 0.0, DISTANCE]), (SIZE, SIZE))
