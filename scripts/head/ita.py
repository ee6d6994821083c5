"""Colorimetry of skin: spectra to linear sRGB, CIELAB, and the individual typology angle (ITA).

Sources: colour matching functions of the CIE 1931 observer as the sums of skewed Gaussians of Wyman, Sloan and
Shirley (2013); daylight D65 by the CIE's table; sRGB by IEC 61966-2-1; CIELAB by CIE 15; ITA by Chardon et al. (1991)
with the classes of Del Bino and Bernerd (2013).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .cage import Array

WAVELENGTHS, D65, OXYGENATED, DEOXYGENATED = np.loadtxt(Path(__file__).with_name("spectra.csv"), delimiter=",").T
"""nm (beyond these the observer sees next to nothing); relative power of daylight; molar extinction of haemoglobin with
and without oxygen, 1/(cm M)."""
WHITE = np.array([0.95047, 1.0, 1.08883])
"""XYZ of D65."""
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
CLASSES = {"very light": 55.0, "light": 41.0, "intermediate": 28.0, "tan": 10.0, "brown": -30.0, "dark": -90.0}
"""ITA in degrees above which a skin is called so."""
_LOBES = (
    ((1.056, 599.8, 37.9, 31.0), (0.362, 442.0, 16.0, 26.7), (-0.065, 501.1, 20.4, 26.2)),
    ((0.821, 568.8, 46.9, 40.5), (0.286, 530.9, 16.3, 31.1)),
    ((1.217, 437.0, 11.8, 36.0), (0.681, 459.0, 26.0, 13.8)),
)
"""For x, y and z: height, middle (nm), and widths (nm) below and above the middle."""


def spectrum_to_rgb(reflectance: Array) -> Array:
    """Linear sRGB (..., 3) under D65 of reflectance (..., L) at :data:`WAVELENGTHS`; 1 everywhere gives white."""
    weights = D65[:, None] * np.stack([_bells(WAVELENGTHS, lobes) for lobes in _LOBES], -1)
    xyz = reflectance @ (weights / weights.sum(0)) * WHITE
    return xyz @ np.linalg.inv(RGB_TO_XYZ).T


def lab(rgb: Array) -> Array:
    """CIELAB (..., 3) under D65 of linear sRGB (..., 3)."""
    ratio = np.clip(rgb, 0, None) @ RGB_TO_XYZ.T / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def ita(rgb: Array) -> Array:
    """Individual typology angle (...) in degrees of linear sRGB (..., 3): ``atan2(L* - 50, b*)``."""
    lightness, _, yellow = np.moveaxis(lab(rgb), -1, 0)
    return np.degrees(np.arctan2(lightness - 50, yellow))


def skin_class(angle: float) -> str:
    """What a skin of this ITA (degrees) is called."""
    return next(name for name, low in CLASSES.items() if angle > low)


def _bells(x: Array, lobes: tuple[tuple[float, float, float, float], ...]) -> Array:
    return np.sum(
        [h * np.exp(-0.5 * ((x - m) / np.where(x < m, below, above)) ** 2) for h, m, below, above in lobes], 0
    )
