"""Colour of skin from what it holds: melanin in the epidermis, haemoglobin in the dermis.

Two layers by Kubelka and Munk: an epidermis that melanin darkens, on a dermis without end that blood reddens, below
a surface of index 1.4 (Saunderson's correction). What the surface itself mirrors is left out: that is gloss, not
albedo. Absorption of melanosomes, of pheomelanin and of bloodless tissue, and scattering, by Jacques (1998, 2013) and
Donner and Jensen (2006); haemoglobin by Prahl's table after Gratzer and Kollias.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.ndimage import map_coordinates

from .cage import Array
from .ita import DEOXYGENATED, OXYGENATED, WAVELENGTHS, spectrum_to_rgb

BLOOD_MOLAR = 150 / 64500
"""Haemoglobin in whole blood, mol/l."""
SATURATION = 0.75
EPIDERMIS = 0.007
"""cm; of the face, with its folds."""
INSIDE = 0.527
"""Share of diffuse light that the surface sends back into the skin (index 1.4)..."""
OUTSIDE = 0.028
"""...and of light falling straight on it that never enters."""
HORN = 0.006
"""Diffuse reflectance of the horny layer and the roughness of its surface, above all pigment."""
MELANIN_RANGE, BLOOD_RANGE, PHEO_RANGE = (0.0, 0.60), (0.0, 0.16), (0.0, 1.0)
"""Where the table holds: volume fractions of melanosomes in the epidermis and of blood in the dermis, and the share of
pheomelanin in the melanin."""
_STEPS = (64, 48, 6)


def skin_reflectance(melanin: Array, blood: Array, pheo: Array) -> Array:
    """(..., L) diffuse reflectance of skin at the wavelengths of :mod:`.ita`, the surface's gloss left out.

    Args:
        melanin: (...) volume fraction of melanosomes in the epidermis, about 0.01 fair .. 0.45 dark.
        blood: (...) volume fraction of blood in the dermis, about 0.002 pale .. 0.07 flushed.
        pheo: (...) share of pheomelanin in the melanin.
    """
    nm = WAVELENGTHS
    scatter = 0.75 * 46.0 * (nm / 500) ** -1.421
    tissue = 0.244 + 85.3 * np.exp(-(nm - 154) / 66.2)
    eu, red = 6.6e11 * nm**-3.33, 2.9e15 * nm**-4.75
    pigment = eu + np.asarray(pheo)[..., None] * (red - eu)
    whole = np.log(10) * BLOOD_MOLAR * (SATURATION * OXYGENATED + (1 - SATURATION) * DEOXYGENATED)
    dermis = _endless(2 * (tissue + np.asarray(blood)[..., None] * whole) / scatter)
    mirrored, passed = _layer(2 * (tissue + np.asarray(melanin)[..., None] * pigment) / scatter, scatter * EPIDERMIS)
    below = mirrored + passed**2 * dermis / (1 - mirrored * dermis)
    return HORN + (1 - HORN) * (1 - OUTSIDE) * (1 - INSIDE) * below / (1 - INSIDE * below)


def skin_rgb(melanin: Array, blood: Array, pheo: Array) -> Array:
    """(..., 3) linear sRGB of skin, from a table; arguments as in :func:`skin_reflectance`, held to its range."""
    values = np.broadcast_arrays(melanin, blood, pheo)
    places = [
        _even(value, ends) * (steps - 1)
        for value, ends, steps in zip(values, (MELANIN_RANGE, BLOOD_RANGE, PHEO_RANGE), _STEPS, strict=True)
    ]
    return np.stack([map_coordinates(table, places, order=1, mode="nearest") for table in _table()], -1)


@cache
def _table() -> Array:
    """(3, *_STEPS) linear sRGB."""
    axes = [
        low + (high - low) * np.linspace(0, 1, steps) ** 2  # finer where a little pigment changes much
        for (low, high), steps in zip((MELANIN_RANGE, BLOOD_RANGE), _STEPS, strict=False)
    ]
    grid = np.meshgrid(*axes, np.linspace(*PHEO_RANGE, _STEPS[2]), indexing="ij")
    return np.moveaxis(np.clip(spectrum_to_rgb(skin_reflectance(*grid)), 0, 1), -1, 0)


def _even(value: Array, ends: tuple[float, float]) -> Array:
    part = np.clip((value - ends[0]) / (ends[1] - ends[0]), 0, 1)
    return part if ends == PHEO_RANGE else np.sqrt(part)


def _endless(ratio: Array) -> Array:
    """Reflectance of a layer without end whose absorption is ``ratio`` times its scattering."""
    return 1 + ratio - np.sqrt(ratio**2 + 2 * ratio)


def _layer(ratio: Array, depth: Array) -> tuple[Array, Array]:
    """Reflectance and transmittance of a layer of optical depth ``depth`` (scattering times thickness)."""
    a = 1 + ratio
    b = np.sqrt(a**2 - 1)
    sinh, cosh = np.sinh(b * depth), np.cosh(b * depth)
    return sinh / (a * sinh + b * cosh), b / (a * sinh + b * cosh)
