"""Picture error and reprojection error."""

from __future__ import annotations

import numpy as np

from .alignment import Array

REGIONS: dict[str, range] = {
    "jaw": range(17),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "mouth": range(48, 68),
}
"""Of the 68 landmarks."""


def psnr(picture: Array, photo: Array, mask: Array) -> float:
    """Decibels, ``-10 log10(mean squared error)``, of pictures (H, W, 3) in 0..1 over the pixels (H, W) in ``mask``."""
    error = float(((picture - photo)[mask.astype(bool)] ** 2).mean())
    return float(-10 * np.log10(max(error, 1e-12)))


def reprojection_percent(fitted: Array, observed: Array) -> dict[str, float]:
    """Mean distance of 68 fitted and observed points (68, 2), in % of the distance of the outer eye corners.

    By region and, as ``"all"``, over all points.
    """
    distance = np.linalg.norm(fitted - observed, axis=1) / np.linalg.norm(observed[36] - observed[45]) * 100
    parts = {name: float(distance[list(index)].mean()) for name, index in REGIONS.items()}
    return {"all": float(distance.mean()), **parts}
