"""The lashes' texture: strands with alpha, drawn by code into the strips that the built-in head's cards show.

Each card is a ribbon along a lid. Its strip of the image runs from the outer corner (u = 0) to the inner one and from
the roots (v = 0) to the tips; the left eye's strips lie beside the right one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 1024
COLOR = (0.012, 0.008, 0.006)
"""Linear RGB."""
SEED = 11
SUPERSAMPLE = 4
GAP = 0.015
"""Share of the image that stays empty round each strip."""


@dataclass(frozen=True)
class Strip:
    """A ribbon of lashes: its geometry and its place in the image."""

    low: float
    """Lowest v of its place."""
    high: float
    rows: int
    """Vertices from root to tip."""
    length: float
    """mm of the longest lash."""
    profile: tuple[tuple[float, ...], tuple[float, ...]]
    """Places 0..1 from the outer to the inner corner and shares of ``length`` there."""
    count: int
    """Lashes."""
    clumped: float
    """How far 0..1 tips lean towards those of their clump."""

    def place(self, u: NDArray[np.float64], v: NDArray[np.float64], side: str) -> NDArray[np.float64]:
        """UVs (..., 2) of strip coordinates 0..1."""
        across = GAP + (0.5 - 2 * GAP) * u
        return np.stack([across if side == "R" else 1 - across, self.low + (self.high - self.low) * v], -1)


LONG = ((0.0, 0.12, 0.35, 0.6, 0.85, 1.0), (0.72, 0.95, 1.0, 0.88, 0.6, 0.4))
STRIPS = {
    "upper": Strip(0.62, 0.985, 4, 9.5, LONG, 66, 0.5),
    "second": Strip(0.34, 0.60, 3, 7.5, LONG, 48, 0.4),
    "lower": Strip(0.02, 0.30, 3, 5.6, ((0.0, 0.2, 0.5, 0.8, 1.0), (0.85, 1.0, 0.85, 0.7, 0.6)), 46, 0.3),
}


@cache
def lash_texture(size: int = SIZE) -> NDArray[np.uint8]:
    """(size / 2, size, 4) sRGB and alpha; row 0 is the top (v = 1). The same for every head."""
    generator = np.random.default_rng(SEED)
    height, width = size // 2, size
    alpha = np.zeros((height * SUPERSAMPLE, width * SUPERSAMPLE), np.uint8)
    for strip in STRIPS.values():
        for lash in _strands(strip, generator):
            for side in "RL":
                _draw(alpha, strip.place(lash[:, 0], lash[:, 1], side), lash[:, 2] * width / 1024)
    image = np.empty((height, width, 4), np.uint8)
    image[..., :3] = np.rint(255 * np.array(COLOR) ** (1 / 2.2))
    image[..., 3] = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
    return image


def _strands(strip: Strip, generator: np.random.Generator) -> list[NDArray[np.float64]]:
    """Lashes as (P, 3): u, v and width in pixels of a 1024 image; neighbours lean together in clumps."""
    clumps = np.sort(generator.uniform(0, 1, strip.count // 4))
    found = []
    for start in np.linspace(0.01, 0.99, strip.count) + generator.normal(0, 0.25 / strip.count, strip.count):
        nearest = clumps[np.abs(clumps - start).argmin()]
        tip = start + strip.clumped * (nearest - start) + generator.normal(0, 0.012)
        length = np.clip(generator.normal(0.84, 0.12), 0.4, 0.99)
        t = np.linspace(0, 1, 14)
        u = start + (tip - start) * t**1.6
        thick = generator.uniform(2.6, 3.6) * (1 - 0.85 * t**1.3)
        found.append(np.column_stack([np.clip(u, 0, 1), length * t, thick]))
    return found


def _draw(alpha: NDArray[np.uint8], uv: NDArray[np.float64], thick: NDArray[np.float64]) -> None:
    """A tapered curve through points ``uv`` (P, 2), ``thick`` (P,) pixels of the final image wide."""
    height, width = alpha.shape
    points = np.column_stack([uv[:, 0] * width, (1 - uv[:, 1]) * height]) - 0.5  # to OpenCV's pixel centres
    along = np.gradient(points, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    aside = normal * thick[:, None] * SUPERSAMPLE / 2
    outline = np.vstack([points + aside, (points - aside)[::-1]])
    cv2.fillPoly(alpha, [np.rint(outline * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
