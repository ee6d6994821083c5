"""Unevenness of skin: soft symmetric fields of pigment and blood, and freckles."""

from __future__ import annotations

import numpy as np

from .cage import Array, Head, smoothstep

SEED = 12


def unevenness(points: Array, sizes: tuple[float, ...], other: bool) -> Array:
    """(K, P) smooth fields of unit size, equal on both sides of the face, whose bumps measure ``sizes`` mm.

    Random Fourier features of |x|, y and z; ``other`` draws another set.
    """
    generator = np.random.default_rng(SEED + other)
    folded = np.column_stack([np.sqrt(points[:, 0] ** 2 + 9.0), points[:, 1:]])
    fields = []
    for size in sizes:
        waves = generator.normal(size=(40, 3)) * np.sqrt(2) / size
        phase = generator.uniform(0, 2 * np.pi, 40)
        fields.append(np.cos(folded @ waves.T + phase).sum(1) / np.sqrt(20))
    return np.stack(fields)


def freckles(points: Array, head: Head) -> Array:
    """(P,) 0..1 spots of 3 to 6 mm on nose, cheekbones and less on the forehead, different on the two sides."""
    generator = np.random.default_rng(SEED + 2)
    face = head.vertices[:468]
    waves = generator.normal(size=(160, 3)) * np.sqrt(2) / 3.4
    phase = generator.uniform(0, 2 * np.pi, 160)
    noise = np.cos(points @ waves.T + phase).sum(1) / np.sqrt(80)
    where = np.zeros(len(points))
    for vertex, radii, share in ((6, (12, 14, 14), 0.9), (50, (24, 14, 24), 1.0), (280, (24, 14, 24), 1.0)):
        where = np.maximum(where, share * np.exp(-(((points - face[vertex]) / radii) ** 2).sum(1)))
    where = np.maximum(where, 0.45 * np.exp(-(((points - face[151]) / [40, 18, 30]) ** 2).sum(1)))
    return smoothstep(noise, 0.75, 1.7) * where
