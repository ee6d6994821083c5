"""Fine mottling for skin that no photo shows, with the strength and tint of what the photo shows elsewhere.

Smooth fill beside real skin looks like plastic however well its colour fits.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import Floats
from ..faces.model import FaceModel
from .layout import Layout
from .noise import speckle
from .pixels import window

SCALES = (0.0004, 0.0009, 0.002)
"""Sigmas of the bands in the photo's texture, metres."""
SPACINGS = (0.0008, 0.0018, 0.004)
"""Metres between the cells of the noise that stands in for each band."""
STRENGTH = 0.8
"""Of the photo's own variation: part of that is noise and wrinkles, which belong where they are."""
LIMIT = 0.10
"""Largest standard deviation of one band in log albedo."""
SEED = 11


def grain(model: FaceModel, log_albedo: Floats, plain: NDArray[np.bool_], layout: Layout) -> Floats:
    """(S, S, 3) log factors: noise whose bands vary, channel with channel, like the photo's plain skin.

    Args:
        model: the noise lies on its mean head.
        log_albedo: (S, S, 3) from the photo.
        plain: (S, S) bool: skin that the photo shows, without features. With little of it there is no grain.
        layout: of the same size.
    """
    total = np.zeros_like(log_albedo)
    if plain.mean() < 1e-3:
        return total
    part = window(plain)
    for number, band in enumerate(_bands(log_albedo[part], layout.metre)):
        mixing = _mixing(band[plain[part]])
        total += speckle(model, layout, SPACINGS[number], 3, SEED + number) @ mixing.T
    return total


def prepare(model: FaceModel, layout: Layout) -> None:
    """Make the noise of every band, once for each model and size."""
    for number, spacing in enumerate(SPACINGS):
        speckle(model, layout, spacing, 3, SEED + number)


def _mixing(values: Floats) -> Floats:
    """(3, 3) that gives unit noise the covariance of ``values`` (N, 3), outliers and excess left out."""
    kept = values[np.abs(values).max(1) <= 3 * np.median(np.abs(values)) + 1e-6]
    if len(kept) < 10:
        return np.zeros((3, 3), dtype=np.float32)
    variances, axes = np.linalg.eigh(np.cov(kept.T))
    deviations = np.minimum(np.sqrt(np.maximum(variances, 0)) * STRENGTH, LIMIT)
    return np.asarray(axes * deviations, dtype=np.float32)


def _bands(image: Floats, metre: float) -> list[Floats]:
    """Differences of Gaussians, finest first."""
    blurred = [image, *(cv2.GaussianBlur(image, (0, 0), max(scale * metre, 0.5)) for scale in SCALES)]
    return [fine - coarse for fine, coarse in pairwise(blurred)]
