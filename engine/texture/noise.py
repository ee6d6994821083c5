"""Repeatable noise on the head's surface, made in head space: it does not stretch with the UVs or show their seams."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

from ..contract import Floats
from ..faces.model import FaceModel
from .layout import Layout, once

CELLS = 48
"""Side of the repeating block of random values."""
CROWN, CENTRE = (0.0, 0.90, -0.436), (0.0, 0.035, 0.0)
"""Direction and origin, head space, of the axis that hair turns round."""
STRANDS, ROWS = 640, 22
"""Cells of random values round that axis and along it."""


def speckle(model: FaceModel, layout: Layout, spacing: float, channels: int, seed: int) -> Floats:
    """(S, S, C) smooth noise of unit deviation and mean 0 with features of about ``spacing`` metres; 0 off the skin.

    Made once for each model, size and spacing.
    """
    key = f"speckle_{layout.size}_{spacing}_{seed}"
    return once(model, key, lambda: _speckle(model, layout, spacing, channels, seed))


def strands(model: FaceModel, layout: Layout, seed: int) -> Floats:
    """(S, S) noise of unit deviation drawn out from the crown downwards, as short hair lies; 0 off the skin."""
    return once(model, f"strands_{layout.size}_{seed}", lambda: _strands(model, layout, seed))


def _speckle(model: FaceModel, layout: Layout, spacing: float, channels: int, seed: int) -> Floats:
    block = np.random.default_rng(seed).standard_normal((channels, CELLS, CELLS, CELLS), dtype=np.float32)
    places = layout.texels(model.mean)[layout.covered].T / np.float32(spacing)
    noise = np.zeros((layout.size, layout.size, channels), dtype=np.float32)
    for channel in range(channels):
        noise[layout.covered, channel] = _looked_up(block[channel], places)
    return noise


def _strands(model: FaceModel, layout: Layout, seed: int) -> Floats:
    axis, random = np.array(CROWN, np.float32), np.random.default_rng(seed)
    places = layout.texels(model.mean)[layout.covered] - np.array(CENTRE, np.float32)
    along = places @ axis
    side = np.array([1, 0, 0], np.float32)
    turn = np.arctan2(places @ side, places @ np.cross(axis, side)) / (2 * np.pi) + 0.5
    down = np.arccos(np.clip(along / np.maximum(np.linalg.norm(places, axis=-1), 1e-6), -1, 1)) / np.pi
    total = np.zeros(len(places), dtype=np.float32)
    for share, weight in ((1.0, 0.75), (0.4, 0.5), (0.12, 0.45)):
        cells = (round(STRANDS * share), round(ROWS * max(share, 0.5)))
        # Neighbouring strands end at different heights: each column starts somewhere else.
        block = random.standard_normal(cells, dtype=np.float32)
        total += weight * _looked_up(block, np.stack([turn * cells[0], down * cells[1]]))
    noise = np.zeros((layout.size, layout.size), dtype=np.float32)
    noise[layout.covered] = total / total.std()
    return noise


def _looked_up(block: Floats, places: Floats) -> Floats:
    """(N,) the repeating block at fractional cells (D, N), linear, brought to unit deviation."""
    found = map_coordinates(block, places, order=1, mode="grid-wrap")
    return np.asarray(found / max(float(found.std()), 1e-6), dtype=np.float32)
