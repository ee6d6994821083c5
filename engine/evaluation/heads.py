"""Random heads of a model, photographed by our own renderer: pictures with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from ..faces.model import FaceModel
from ..fit.pose import Pose, rotation_of
from ..light.color import linear_to_srgb
from ..light.harmonics import ambient, directional
from ..render.shading import render

STAINS = 48
"""Waves that make up the colour variation no model knows of."""
STAIN = 0.06
"""Its standard deviation, relative to the albedo."""


@dataclass(frozen=True)
class Subject:
    """A head and the camera that sees it."""

    identity: Tensor
    expression: Tensor
    albedo: Tensor
    light: Tensor
    pose: Pose
    size: int
    """Side of the square picture in pixels."""

    @property
    def camera(self) -> Camera:
        """The pose as a float32 camera on the CPU."""
        return self.pose.camera((self.size, self.size))


def random_subject(model: FaceModel, random: np.random.Generator, size: int = 320, yaw_limit: float = 40.0) -> Subject:
    """A head drawn from the model's own distribution, posed, lit and seen at random.

    Yaw is even to ``yaw_limit`` degrees; pitch within 12, roll within 10; focal length 1.1 to 3 picture sides; half
    the heads have some expression.
    """
    yaw, pitch, roll = np.radians([random.uniform(-yaw_limit, yaw_limit), random.normal(0, 6), random.normal(0, 4)])
    focal = size * float(np.exp(random.uniform(np.log(1.1), np.log(3.0))))
    depth = focal * 0.21 / (size * random.uniform(0.5, 0.75))
    shift = random.uniform(-0.05, 0.05, 2) * depth * size / focal
    pose = Pose(
        pose_rotation(yaw, float(np.clip(pitch, -0.25, 0.25)), roll),
        np.array([shift[0], shift[1] + 0.01, depth]),
        focal,
        np.array([size / 2, size / 2]),
    )
    return Subject(
        identity=_tensor(np.clip(random.normal(size=len(model.identity_basis)), -3, 3)),
        expression=_tensor(random_expression(model, random)),
        albedo=_tensor(np.clip(random.normal(size=len(model.albedo_basis)), -2.5, 2.5)),
        light=random_light(random),
        pose=pose,
        size=size,
    )


def pose_rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """(3, 3) head to camera: the subject's turn to their left, nod downwards and clockwise tilt in the picture."""
    turn = rotation_of(np.array([0.0, yaw, 0.0]))
    nod = rotation_of(np.array([pitch, 0.0, 0.0]))
    tilt = rotation_of(np.array([0.0, 0.0, roll]))
    return tilt @ np.diag([1.0, -1.0, -1.0]) @ nod @ turn


def random_expression(model: FaceModel, random: np.random.Generator) -> NDArray[np.float64]:
    """(E,) mostly small, a few strong; the jaw seldom wide open."""
    weights = np.zeros(len(model.expression_names))
    if random.random() < 0.5:
        chosen = random.random(len(weights)) < 0.12
        weights[chosen] = random.beta(1.2, 2.5, chosen.sum())
    bounds = model.expression_range.cpu().numpy()
    return np.clip(weights, bounds[:, 0], bounds[:, 1])


def random_light(random: np.random.Generator) -> Tensor:
    """(9, 3) in head space: soft light from everywhere and one or two lamps, nearly white."""
    tint = random.normal(0, 0.05, (3, 3))
    light = ambient(1.0) * _tensor(random.uniform(0.25, 0.6) * (1 + tint[0]))
    for lamp in range(random.integers(1, 3)):
        direction = random.normal(size=3) * [1, 0.7, 0.5] + [0, 0.3, 0.8]
        strength = random.uniform(0.2, 0.7) * (1 + tint[1 + lamp])
        light = light + directional(_tensor(direction / np.linalg.norm(direction)), _tensor(strength))
    return light


def photograph(model: FaceModel, subject: Subject, random: np.random.Generator) -> NDArray[np.uint8]:
    """(size, size, 3) sRGB: the head before a background of coloured noise, with blemishes and sensor noise."""
    vertices = model.shape(subject.identity, subject.expression)
    albedo = model.albedo(subject.albedo) * _stains(model, random)
    size = subject.size
    coarse = random.uniform(0, 1, (6, 6, 3)) * 0.5 + random.uniform(0, 0.6, 3)
    background = cv2.resize(coarse.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    picture = render(
        subject.camera, vertices, model.triangles, albedo.clamp(0.01, 1), subject.light, background=_tensor(background)
    ).image
    colour = linear_to_srgb(picture.clamp(0, 1)).numpy() * 255
    return (colour + random.normal(0, 2, colour.shape)).round().clip(0, 255).astype(np.uint8)


def _stains(model: FaceModel, random: np.random.Generator) -> Tensor:
    """(V, 1) smooth random factor, 8 to 40 mm from spot to spot."""
    waves = random.normal(size=(3, STAINS)) * np.exp(random.uniform(np.log(25), np.log(130), STAINS))
    phases = model.mean.cpu().numpy() @ waves + random.uniform(0, 2 * np.pi, STAINS)
    return _tensor(1 + STAIN * np.sqrt(2 / STAINS) * np.cos(phases).sum(1, keepdims=True))


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).float()
