"""The face cut out of the photo at a chosen size, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from .basis import Array

MARGIN = 0.75
"""Half the crop's side, in sizes of the landmarks' box."""
ENLARGE = 1.5
"""A small face is never blown up by more."""
SMOOTH = 0.9
"""Pixels of blur before differentiating."""
_ACROSS, _ALONG = np.array([-0.5, 0, 0.5]), np.array([0.25, 0.5, 0.25])


@dataclass(frozen=True)
class Level:
    """One level of the pyramid."""

    channels: Tensor
    """(9, H, H): sRGB, its x derivative, its y derivative (per pixel)."""
    left: float
    top: float
    scale: float
    """``p_level = (p_photo - (left, top)) * scale``."""

    def camera(self, photo: Camera) -> Camera:
        """The photo's camera for this level."""
        side = self.channels.shape[1]
        return photo.crop(self.left, self.top, self.scale, (side, side))

    def sample(self, pixels: Tensor) -> Tensor:
        """(n, 9) bilinear values at pixels (n, 2) of this level; outside, the border goes on."""
        grid = pixels / self.channels.shape[1] * 2 - 1
        values = torch.nn.functional.grid_sample(
            self.channels[None], grid[None, None], align_corners=False, padding_mode="border"
        )
        return values[0, :, 0].T


def cut_level(photo: NDArray[np.uint8], landmarks: Array, face: int, device: torch.device) -> Level:
    """The square round ``landmarks`` (L, 2) of ``photo`` (H, W, 3), their box ``face`` pixels wide."""
    low, high = landmarks.min(0), landmarks.max(0)
    extent, middle = float((high - low).max()), (low + high) / 2
    scale = min(face / extent, ENLARGE)
    half = MARGIN * extent
    side = max(round(2 * half * scale), 16)
    left, top = (float(v) for v in middle - half)
    # OpenCV counts pixel centres from 0, we count corners.
    shift = np.array([[1 / scale, 0, left + 0.5 / scale - 0.5], [0, 1 / scale, top + 0.5 / scale - 0.5]])
    source = photo
    if scale < 0.5:
        source, corner = _blurred(photo, left, top, half, 0.5 * (1 / scale - 1))
        shift[:, 2] -= corner
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(source, shift, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    image = cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), SMOOTH)
    sideways = cv2.sepFilter2D(image, -1, _ACROSS, _ALONG)
    downwards = cv2.sepFilter2D(image, -1, _ALONG, _ACROSS)
    stacked = torch.from_numpy(np.concatenate([image, sideways, downwards], 2)).permute(2, 0, 1).contiguous()
    return Level(stacked.to(device), left, top, scale)


def _blurred(
    photo: NDArray[np.uint8], left: float, top: float, half: float, sigma: float
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The square's surroundings, averaged because warping would skip pixels, and their top-left corner."""
    reach = 4 * sigma + 2
    x0, y0 = max(int(left - reach), 0), max(int(top - reach), 0)
    x1, y1 = int(left + 2 * half + reach), int(top + 2 * half + reach)
    part = np.ascontiguousarray(photo[y0:y1, x0:x1])
    return np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), np.uint8), (x0, y0)
