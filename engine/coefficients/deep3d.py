"""Deep3DFaceReconstruction, Microsoft's and the PyTorch one: their ``.mat`` files, or the network's 257 numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Floats, Licence
from .vector import DEEP3D, Coefficients, Content, frames_of, person, rows

LICENCE = Licence("Deep3DFaceReconstruction", "MIT", True, "https://github.com/sicxu/Deep3DFaceRecon_pytorch")
_SLICES = {"id": (0, 80), "exp": (80, 144), "tex": (144, 224), "angle": (224, 227), "trans": (254, 257)}
VECTOR = (257, 258)
"""258: some networks end in a number without meaning."""
FOCAL, CENTRE, DISTANCE = 1015.0, 112.0, 1.0
"""Pixels of the 224 px crop, and metres from its camera to the head's origin."""
DECIMETRE = 0.1


def read(content: Content) -> Coefficients | None:
    """Deep3D's coefficients, or None where the file is another tool's.

    Its mesh is turned as a whole, so the pose becomes a camera round a head that rests: ``camera_rotation`` and
    ``camera_translation`` (OpenCV, metres, authors' origin) with ``camera_intrinsics`` of the 224 px crop.

    Raises ``FileDamaged``: other lengths than it writes.
    """
    whole = "coeff" if "coeff" in content else ""
    if whole in content and content[whole].shape[-1:] in ((257,), (258,)):
        vector = rows(content, whole, *VECTOR)
        parts = {name: vector[:, a:b] for name, (a, b) in _SLICES.items()}
    elif {"id", "exp", "tex", "angle", "trans"} <= content.keys():
        parts = {name: rows(content, name, b - a) for name, (a, b) in _SLICES.items()}
    else:
        return None
    tables = frames_of(parts)
    identity, notes = person(tables["id"])
    return Coefficients(
        tool="Deep3DFaceReconstruction",
        family="bfm2009",
        version=DEEP3D,
        licence=LICENCE,
        identity=identity,
        expression=tables["exp"].astype(np.float32),
        albedo=tables["tex"][0].astype(np.float32),
        others=_camera(tables["angle"], tables["trans"]),
        notes=notes,
    )


def _camera(angles: NDArray[np.float64], translation: NDArray[np.float64]) -> dict[str, Floats]:
    """Cameras of T frames: ``R = Rz Ry Rx``, seen from 10 dm in front along -Z, then Y and Z turned to OpenCV's."""
    flip = np.diag([1.0, -1.0, -1.0])
    turn = _axis(angles[:, 2], 2) @ _axis(angles[:, 1], 1) @ _axis(angles[:, 0], 0)
    place = translation * DECIMETRE - np.array([0, 0, DISTANCE])
    intrinsics = np.array([[FOCAL, 0, CENTRE], [0, FOCAL, CENTRE], [0, 0, 1]], np.float32)
    return {
        "camera_rotation": (flip @ turn).astype(np.float32),
        "camera_translation": (place @ flip).astype(np.float32),
        "camera_intrinsics": np.repeat(intrinsics[None], len(angles), 0),
    }


def _axis(angles: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """(T, 3, 3) right-handed rotations about one axis."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turned = np.tile(np.eye(3), (len(angles), 1, 1))
    turned[:, i, i] = turned[:, j, j] = np.cos(angles)
    turned[:, j, i] = np.sin(angles)
    turned[:, i, j] = -np.sin(angles)
    return turned
