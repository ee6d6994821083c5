"""Repeatable noise on the head's surface, made in head space: it does not stretch with the UVs or show their seams."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

from ..contract import Floats
from ..faces.model import FaceModel
from .layout import Layout, once

CELLS = 48
"""Side of the repeating block of random values."""
BLOCK = 64
"""The same for strands."""
CROWN, CENTRE = (0.12, 0.90, -0.42), (0.0, 0.035, 0.0)
"""Direction, head space, in which hair whirls, a little off the middle, and the middle of the skull."""
WHIRL = 0.35
"""How far hair turns round the crown as it grows away from it."""
LENGTH = 0.0045
"""Metres that a strand is drawn out."""
ASKEW = np.linalg.qr(np.array([[2, 1, -1], [1, 3, 2], [-2, 1, 2]], np.float64))[0].astype(np.float32)
"""A rotation: strands seldom lie along the axes of the blocks, where cells would show."""
WIDTHS = ((0.00045, 0.7, 8), (0.0012, 0.6, 4), (0.0040, 0.35, 2))
"""Metres between the random values of single hairs, of locks and of tufts, their shares, and values averaged along a
strand."""


def speckle(model: FaceModel, layout: Layout, spacing: float, channels: int, seed: int) -> Floats:
    """(S, S, C) smooth noise of unit deviation and mean 0 with features of about ``spacing`` metres; 0 off the skin.

    Made once for each model, size and spacing.
    """
    key = f"speckle_{layout.size}_{spacing}_{seed}"
    return once(model, key, lambda: _speckle(model, layout, spacing, channels, seed))


def strands(places: Floats, seed: int) -> Floats:
    """(N,) noise of unit deviation drawn out as cropped hair lies at ``places`` (N, 3) metres.

    Random values in space, averaged along the direction of growth (line integral convolution, Cabral and Leedom 1993),
    so strands are equally fine everywhere and no seam of the UVs shows.
    """
    along = _growth(places) @ ASKEW
    places = places @ ASKEW
    total = np.zeros(len(places), dtype=np.float32)
    for number, (width, share, taps) in enumerate(WIDTHS):
        block = np.random.default_rng((seed, number)).standard_normal(BLOCK**3, dtype=np.float32)
        drawn = np.zeros(len(places), dtype=np.float32)
        for step in np.linspace(-0.5, 0.5, taps, dtype=np.float32):
            x, y, z = (((places + step * LENGTH * along) / width).astype(np.int32) & (BLOCK - 1)).T
            drawn += block[(x * BLOCK + y) * BLOCK + z]
        total += share * drawn / max(float(drawn.std()), 1e-6)
    return np.asarray(total / max(float(total.std()), 1e-6), dtype=np.float32)


def _growth(places: Floats) -> Floats:
    """(N, 3) unit directions in which hair lies at ``places`` (N, 3): away from the crown, whirling a little."""
    axis = np.array(CROWN, np.float32) / np.float32(np.linalg.norm(CROWN))
    out = places - np.array(CENTRE, np.float32)
    out /= np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-6)
    away = out * (out @ axis)[:, None] - axis + np.float32(WHIRL) * np.cross(out, axis)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-4), dtype=np.float32)


def _speckle(model: FaceModel, layout: Layout, spacing: float, channels: int, seed: int) -> Floats:
    block = np.random.default_rng(seed).standard_normal((channels, CELLS, CELLS, CELLS), dtype=np.float32)
    places = layout.texels(model.mean)[layout.covered].T / np.float32(spacing)
    noise = np.zeros((layout.size, layout.size, channels), dtype=np.float32)
    for channel in range(channels):
        noise[layout.covered, channel] = _looked_up(block[channel], places)
    return noise


def _looked_up(block: Floats, places: Floats) -> Floats:
    """(N,) the repeating block at fractional cells (D, N), linear, brought to unit deviation."""
    found = map_coordinates(block, places, order=1, mode="grid-wrap")
    return np.asarray(found / max(float(found.std()), 1e-6), dtype=np.float32)
