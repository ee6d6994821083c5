"""The colour of a person's irises, from the photo."""

from __future__ import annotations

import numpy as np
import torch

from ..contract import Floats
from ..detect.layouts import IRIS_LEFT, IRIS_RIGHT
from ..fit.state import Fit
from ..light.color import luminance, srgb_to_linear
from ..light.harmonics import shade
from .seen import smoothstep

TYPICAL = (0.12, 0.065, 0.035)
"""Linear RGB of a mid-brown iris, the world's commonest; what a photo too small or dark to tell is given."""
INNER, OUTER = 0.42, 0.88
"""Ring between pupil and limbus, as shares of the iris's radius."""
ENOUGH = 40
"""Pixels of iris from which the photo alone decides."""
SHADED = 0.7
"""Share of the face's frontal light that reaches an iris below its lid and lashes."""
WARM, BRIGHTEST_WARM = (1.1, 1.5), 0.12
"""Ratios of red to green between which melanin shows, and the luminance that irises with it reach at most: what is
bright and orange is skin of the lids, or a lamp."""
LEAST_GREEN = 0.8
"""Of the mean of red and blue: brown, hazel, grey and blue eyes all have it; a purple one is a reflection."""
DARKEST, BRIGHTEST = 0.025, 0.40
"""Luminance between which irises lie."""


def iris_color(fit: Fit, photo: np.ndarray) -> tuple[float, float, float]:
    """Linear RGB albedo of the irises: the median of the rings' pixels, highlights left out, over the face's light.

    ``photo`` (H, W, 3) sRGB uint8 as the fit's camera sees it. With few pixels the answer leans on a typical brown.
    """
    rings = [_ring(photo, *circle) for circle in _irises(fit)]
    pixels = np.concatenate(rings) if rings else np.zeros((0, 3), dtype=np.float32)
    typical = np.array(TYPICAL, dtype=np.float32)
    if not len(pixels):
        return TYPICAL
    bright = luminance(pixels)
    # Lashes and lid shadow are the darkest pixels, the lamp's reflection and sclera the brightest.
    low, high = np.quantile(bright, [0.25, 0.75])
    seen = np.median(pixels[(bright >= low) & (bright <= high)], axis=0)
    frontal = shade(torch.tensor([[0.0, 0.0, 1.0]]), fit.light.cpu())[0].numpy()
    albedo = seen / np.maximum(frontal * SHADED, 0.05)
    share = min(len(pixels) / ENOUGH, 1.0)
    mixed = share * albedo + (1 - share) * typical
    level = float(luminance(mixed))
    warm = float(smoothstep(*WARM, mixed[0] / max(mixed[1], 1e-6)))
    brightest = BRIGHTEST + warm * (BRIGHTEST_WARM - BRIGHTEST)
    red, green, blue = (mixed * np.clip(level, DARKEST, brightest) / max(level, 1e-6)).tolist()
    green = max(green, LEAST_GREEN * (red + blue) / 2)
    return red, green, min(blue, green) if red > green else blue


def _irises(fit: Fit) -> list[tuple[Floats, float]]:
    """Centre and radius in pixels of each iris; none in a layout without irises or in eyes turned away."""
    if fit.layout != "478":
        return []
    points, weights = fit.landmarks.cpu().numpy(), fit.landmark_weights.cpu().numpy()
    found = []
    for centre, *rim in (IRIS_RIGHT, IRIS_LEFT):
        radius = float(np.linalg.norm(points[rim] - points[centre], axis=1).mean())
        if weights[[centre, *rim]].mean() > 0.2 and radius > 1:
            found.append((points[centre], radius))
    return found


def _ring(photo: np.ndarray, centre: Floats, radius: float) -> Floats:
    """(N, 3) linear RGB of the lower three quarters of an iris, where the upper lid seldom reaches."""
    height, width = photo.shape[:2]
    reach = int(np.ceil(radius))
    left, top = max(int(centre[0]) - reach, 0), max(int(centre[1]) - reach, 0)
    patch = photo[top : min(top + 2 * reach + 1, height), left : min(left + 2 * reach + 1, width)]
    y, x = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]] + 0.5
    dx, dy = (x + left - centre[0]) / radius, (y + top - centre[1]) / radius
    distance = np.hypot(dx, dy)
    return srgb_to_linear(patch[(distance > INNER) & (distance < OUTER) & (dy > -0.4)].astype(np.float32) / 255)
