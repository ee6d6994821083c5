"""What a fit knows: coefficients, camera, light, and how far each point and vertex was trusted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..camera.camera import Camera
from ..detect.detector import Layout
from ..faces.model import FaceModel
from .calibration import Calibration


@dataclass(frozen=True)
class Fit:
    """A face model laid over one photo. Tensors are float32 on the model's device."""

    identity: Tensor
    """(I,) standard deviations."""
    expression: Tensor
    """(E,) weights."""
    albedo: Tensor
    """(A,) standard deviations."""
    light: Tensor
    """(9, 3) linear RGB spherical harmonics in head space, as :class:`engine.contract.Light`."""
    camera: Camera
    """Of the whole photo, ``camera.size`` its (width, height) in pixels."""
    layout: Layout
    landmarks: Tensor
    """(L, 2) observed, pixels of the photo."""
    landmarks_fitted: Tensor
    """(L, 2) the model's points projected, pixels of the photo."""
    landmark_weights: Tensor
    """(L,) 0..1: visibility times the robust weight the last step gave."""
    noise: float
    """Robust landmark residual in metres at the face; what the photo says about its own detection error."""
    inliers: Tensor | None = None
    """(V,) 0..1 after the photometric stage: how far the photo at each vertex is the model's skin (0: hair, glasses,
    hands, shadow's edge, or not seen)."""
    calibration: Calibration | None = None
    """The detector's error model the landmarks were fitted with."""
    focal_known: bool = False
    """Whether the focal length was given; then no stage moves it."""
    residual: float = float("nan")
    """Robust photometric residual, linear RGB, after the photometric stage."""

    def to(self, device: torch.device | str) -> Fit:
        """The same fit with its tensors and its camera on ``device``."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        moved: dict[str, Any] = {k: v.to(device) for k, v in values.items() if isinstance(v, Tensor | Camera)}
        return dataclasses.replace(self, **moved)

    def vertices(self, model: FaceModel) -> Tensor:
        """(V, 3) metres, head space: identity and expression."""
        return model.shape(self.identity, self.expression)
