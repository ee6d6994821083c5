"""From head space to Blender: (x, y, z) -> (x, -z, y), so that the head faces -Y with Z up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEAD_TO_BLENDER: NDArray[np.float64] = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
"""(3, 3) rotation from head space to Blender's world."""

CAMERA_TO_BLENDER: NDArray[np.float64] = np.diag([1.0, -1.0, -1.0])
"""(3, 3) rotation from an OpenCV camera's axes to a Blender camera's axes (it looks down -Z with +Y up)."""


def to_blender(points: NDArray) -> NDArray[np.float32]:
    """Head-space points or directions (..., 3) in Blender's axes; C-contiguous float32 for ``foreach_set``."""
    points = np.asarray(points, np.float32)
    return np.ascontiguousarray(np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1))
