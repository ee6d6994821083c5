"""The conventions of the house, and every conversion out of them.

=============  =====================================================================================================
head space     metres, right-handed, +X the subject's left, +Y up, +Z out of the face. Origin: the midpoint of the
               two tragions (the notch in front of each ear canal).
camera space   OpenCV: +X right, +Y down, +Z forward; ``x_cam = R x_head + t``.
image          pixels, origin at the top-left *corner* of the top-left pixel; pixel (row 0, column 0) has its centre
               at (0.5, 0.5).
Blender        (x, y, z) -> (x, -z, y), metres, Z up; a Blender camera looks down its -Z with +Y up.
UV             (0, 0) bottom-left.
=============  =====================================================================================================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEAD_TO_BLENDER: NDArray[np.float64] = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
"""(3, 3) rotation from head space to Blender's world."""

CAMERA_TO_BLENDER: NDArray[np.float64] = np.diag([1.0, -1.0, -1.0])
"""(3, 3) rotation from an OpenCV camera's axes to a Blender camera's axes."""


def frontal_rotation() -> NDArray[np.float64]:
    """(3, 3) head -> camera rotation of a head that looks straight into the camera: half a turn about X."""
    return np.diag([1.0, -1.0, -1.0])
