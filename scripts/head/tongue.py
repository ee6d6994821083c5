"""The tongue."""

from __future__ import annotations

import numpy as np

from .parts import Part, box


def tongue(line: float, front: float) -> Part:
    """An arched body with a median groove, its tip behind the lower incisors.

    ``line`` is the lips' height and ``front`` the depth of the upper incisors' face, mm.
    """
    shape, quads, uvs = box(6, 2, 8)
    grid = np.sign(shape) * np.abs(shape) ** 0.85
    x, y, z = (grid / ((np.abs(grid) ** 2.4).sum(1) ** (1 / 2.4))[:, None]).T
    ahead = (z + 1) / 2
    arch = 7.5 * np.sin(np.pi * np.clip(1 - ahead, 0, 1) ** 0.8) - 1.5
    thick = 7.0 - 3.6 * ahead**1.5
    top = np.clip(y, 0, 1)
    groove = 1.2 * np.exp(-((x / 0.35) ** 2)) * top * np.sin(np.pi * np.clip(ahead * 0.95 + 0.05, 0, 1))
    edge = 1.6 * np.abs(x) ** 2.5 * top
    low = 6.0 - 4.4 * ahead
    height = line - 9.0 + arch + np.where(y > 0, y * thick, y * low) - groove - edge
    width = 14.0 * (1 - 0.22 * ahead**3) * (1 - 0.28 * np.clip(-y, 0, 1))
    return Part("tongue", "tongue", np.column_stack([x * width, height, front - 33.5 + z * 21.0]), quads, uvs)
