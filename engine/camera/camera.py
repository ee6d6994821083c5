"""A pinhole camera looking at a head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Camera:
    """Perspective camera in OpenCV's convention (see :mod:`engine.camera.conventions`)."""

    intrinsics: Tensor
    """(3, 3): [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels, no skew."""
    rotation: Tensor
    """(3, 3) head space to camera space."""
    translation: Tensor
    """(3,) metres: where the head's origin lies in camera space."""
    size: tuple[int, int]
    """(width, height) of the image in pixels."""

    def to_camera(self, points: Tensor) -> Tensor:
        """Head-space points (..., 3) in camera space: ``R x + t``."""
        return points @ self.rotation.T + self.translation

    def project(self, points: Tensor) -> Tensor:
        """Pixels (..., 2) of head-space points (..., 3): ``(fx x/z + cx, fy y/z + cy)``. z must be positive."""
        return self.to_image(self.to_camera(points))[..., :2]

    def to_image(self, points: Tensor) -> Tensor:
        """(..., 3) = (pixel x, pixel y, depth z in metres) of camera-space points (..., 3): what rasterising needs."""
        z = points[..., 2]
        k = self.intrinsics
        return torch.stack([points[..., 0] / z * k[0, 0] + k[0, 2], points[..., 1] / z * k[1, 1] + k[1, 2], z], -1)

    @property
    def centre(self) -> Tensor:
        """(3,) where the camera stands in head space: ``-R^T t``."""
        return -self.translation @ self.rotation

    def crop(self, left: float, top: float, scale: float, size: tuple[int, int]) -> Camera:
        """The camera of the image cut at (left, top) and then resized by ``scale`` to ``size`` (width, height).

        Pixel edges are the origin, so ``p_crop = (p - (left, top)) * scale`` with no half-pixel terms.
        """
        shift = torch.tensor(
            [[scale, 0, -left * scale], [0, scale, -top * scale], [0, 0, 1]],
            dtype=self.intrinsics.dtype,
            device=self.intrinsics.device,
        )
        return replace(self, intrinsics=shift @ self.intrinsics, size=size)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Camera:
        """The same camera elsewhere."""
        return Camera(
            self.intrinsics.to(device, dtype),
            self.rotation.to(device, dtype),
            self.translation.to(device, dtype),
            self.size,
        )
