"""What the pixels see, and the numbers both rasteriser backends share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

SUBPIXEL_BITS = 12
"""Corners are snapped to 2**-12 px."""
LIMIT = float(2**17)
"""Triangles that reach this many pixels from the image's origin are dropped: beyond it integers would overflow."""


@dataclass(frozen=True)
class Fragments:
    """What a pixel sees. Height H, width W."""

    triangle: Tensor
    """(H, W) int64 index of the nearest triangle, -1 where there is none."""
    barycentric: Tensor
    """(H, W, 3) perspective-correct weights of its corners at the pixel's centre, 0 where it is -1. No gradient."""

    @cached_property
    def mask(self) -> Tensor:
        """(H, W) bool: whether anything is seen."""
        return self.triangle >= 0

    @cached_property
    def pixels(self) -> Tensor:
        """(P,) int64 flat indices (row * W + column) of the pixels that see something."""
        return self.mask.flatten().nonzero()[:, 0]

    @cached_property
    def pixel_triangles(self) -> Tensor:
        """(P,) int64 triangle of each of :attr:`pixels`."""
        return self.triangle.flatten()[self.pixels]

    @cached_property
    def centres(self) -> Tensor:
        """(P, 2) pixel coordinates (x, y) of the centres of :attr:`pixels`."""
        width = self.triangle.shape[1]
        at = torch.stack([self.pixels % width, torch.div(self.pixels, width, rounding_mode="floor")], -1)
        return at.to(self.barycentric.dtype) + 0.5
