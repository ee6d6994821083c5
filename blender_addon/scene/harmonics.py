"""Spherical harmonics as a quadratic form, which a node tree evaluates with few nodes.

Real order-2 harmonics in the order (0,0) (1,-1) (1,0) (1,1) (2,-2) (2,-1) (2,0) (2,1) (2,2), orthonormal and without
the Condon-Shortley sign: with a unit normal n = (x, y, z),
``sum_k c_k Y_k(n) = n.A.n + b.n + c`` (Ramamoorthi and Hanrahan 2001, equations 11 and 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .space import HEAD_TO_BLENDER

if TYPE_CHECKING:
    from .types import Light, View

_Y0 = 0.5 / np.sqrt(np.pi)
_Y1 = np.sqrt(3 / (4 * np.pi))
_Y2 = np.sqrt(15 / (4 * np.pi))
_Y20 = np.sqrt(5 / (16 * np.pi))

RADIANCE = np.repeat([1.0, 3 / 2, 4.0], [1, 3, 5])
"""(9,) what turns cosine-convolved harmonics divided by pi back into radiance: pi / A_l, A = (pi, 2pi/3, pi/4)."""


@dataclass(frozen=True)
class Quadratic:
    """``f(n) = n.A.n + b.n + c`` for each of three channels."""

    matrix: NDArray[np.float64]
    """(3, 3, 3): channel, then the symmetric matrix A."""
    vector: NDArray[np.float64]
    """(3, 3): channel, then b."""
    constant: NDArray[np.float64]
    """(3,) c by channel."""

    def rotated(self, rotation: NDArray) -> Quadratic:
        """The same light for normals given in other axes: ``n_new = rotation @ n_old``."""
        return Quadratic(rotation @ self.matrix @ rotation.T, self.vector @ rotation.T, self.constant)

    @property
    def main_direction(self) -> NDArray[np.float64]:
        """(3,) unit vector to where most light comes from: the linear term's, by luminance (Rec. 709)."""
        total = np.array([0.2126, 0.7152, 0.0722]) @ self.vector
        return total / max(float(np.linalg.norm(total)), 1e-9)

    def __call__(self, normals: NDArray) -> NDArray[np.float64]:
        """Colour (N, 3) for unit normals (N, 3)."""
        return (
            np.einsum("ni,cij,nj->nc", normals, self.matrix, normals)
            + np.asarray(normals) @ self.vector.T
            + self.constant
        )


def quadratic(coefficients: NDArray) -> Quadratic:
    """The quadratic form of SH coefficients (9, 3), in the same axes."""
    c = np.asarray(coefficients, np.float64).T
    xy, yz, xz = _Y2 * c[:, 4] / 2, _Y2 * c[:, 5] / 2, _Y2 * c[:, 7] / 2
    z2, x2y2 = _Y20 * c[:, 6], _Y2 / 2 * c[:, 8]
    rows = [[x2y2, xy, xz], [xy, -x2y2, yz], [xz, yz, 3 * z2]]
    return Quadratic(np.moveaxis(np.array(rows), -1, 0), _Y1 * c[:, [3, 1, 2]], _Y0 * c[:, 0] - z2)


def world_light(light: Light, view: View | None, *, radiance: bool = False) -> Quadratic:
    """The light for normals in Blender's world axes, with the head in its neutral place.

    ``radiance`` undoes the cosine lobe, for a world that lights other things.
    """
    gain = RADIANCE if radiance else np.ones(9)
    form = quadratic(np.asarray(light.coefficients) * gain[:, None])
    if light.frame == "camera" and view is not None:
        form = form.rotated(np.asarray(view.rotation, np.float64).T)
    return form.rotated(HEAD_TO_BLENDER)
