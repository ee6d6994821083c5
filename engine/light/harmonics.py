"""Light as real spherical harmonics of order 2: nine bands per colour.

Bands in order (l, m): (0,0), (1,-1), (1,0), (1,1), (2,-2), (2,-1), (2,0), (2,1), (2,2). For a unit normal (x, y, z):

====  ============================    ====  =====================
0     1/2 sqrt(1/pi)                  5     1/2 sqrt(15/pi) y z
1     sqrt(3/(4 pi)) y                6     1/4 sqrt(5/pi) (3 z^2 - 1)
2     sqrt(3/(4 pi)) z                7     1/2 sqrt(15/pi) x z
3     sqrt(3/(4 pi)) x                8     1/4 sqrt(15/pi) (x^2 - y^2)
4     1/2 sqrt(15/pi) x y
====  ============================    ====  =====================

They are orthonormal over the sphere. A *shading* coefficient is the radiance coefficient convolved with the cosine
lobe and divided by pi (``A_l / pi``; Ramamoorthi and Hanrahan 2001), so shading times linear albedo is outgoing
radiance. Nothing is batched: one light, any number of normals.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

CONSTANTS: tuple[float, ...] = (
    math.sqrt(1 / (4 * math.pi)),
    *(math.sqrt(3 / (4 * math.pi)),) * 3,
    *(math.sqrt(15 / (4 * math.pi)),) * 2,
    math.sqrt(5 / (16 * math.pi)),
    math.sqrt(15 / (4 * math.pi)),
    math.sqrt(15 / (16 * math.pi)),
)
"""What multiplies 1, y, z, x, xy, yz, 3z^2-1, xz, x^2-y^2."""

COSINE_LOBE: tuple[float, ...] = (math.pi, *(2 * math.pi / 3,) * 3, *(math.pi / 4,) * 5)
"""A_l of the clamped cosine by band: irradiance coefficient / radiance coefficient."""


def basis(normals: Tensor) -> Tensor:
    """The nine bands (..., 9) in unit directions (..., 3)."""
    x, y, z = normals.unbind(-1)
    bands = torch.stack([torch.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], -1)
    return bands * normals.new_tensor(CONSTANTS)


def shade(normals: Tensor, coefficients: Tensor) -> Tensor:
    """What multiplies linear albedo, (..., 3), for unit normals (..., 3) and shading coefficients (9, 3).

    Normals and coefficients are in the same frame. Not clamped: a strong light of order 2 can dip below 0.
    """
    return basis(normals) @ coefficients


def ambient(level: float = 1.0) -> Tensor:
    """Shading coefficients (9, 3) of light from everywhere, so that :func:`shade` is ``level`` for every normal."""
    coefficients = torch.zeros(9, 3)
    coefficients[0] = level / CONSTANTS[0]
    return coefficients


def directional(direction: Tensor, color: Tensor) -> Tensor:
    """Shading coefficients (9, 3) of a distant lamp seen in unit ``direction`` (3,): ``color`` (3,) is its shading
    of a surface that faces it, before order 2 smooths it (the order-2 peak is 1.06 times that).
    """
    return radiance_to_shading(basis(direction)[:, None] * (color * math.pi))


def radiance_to_shading(coefficients: Tensor) -> Tensor:
    """Shading coefficients (9, C) of radiance coefficients (9, C): times ``A_l / pi``."""
    return coefficients * (coefficients.new_tensor(COSINE_LOBE)[:, None] / math.pi)


def shading_to_radiance(coefficients: Tensor) -> Tensor:
    """Radiance coefficients (9, C), as a world's background wants them, of shading coefficients (9, C)."""
    return coefficients * (math.pi / coefficients.new_tensor(COSINE_LOBE)[:, None])


def rotate(coefficients: Tensor, rotation: Tensor) -> Tensor:
    """The same light's coefficients (9, C) in the frame that ``rotation`` R (3, 3) leads to.

    ``shade(R n, rotate(c, R)) = shade(n, c)``. Exact: the icosahedron's vertices are a spherical 5-design, so they
    integrate products of two bands of order 2 without error. Differentiable in both arguments.
    """
    directions = _icosahedron(coefficients)
    turned = basis(directions @ rotation.T)
    return turned.T @ (basis(directions) @ coefficients) * (4 * math.pi / len(directions))


def solve(
    normals: Tensor,
    irradiance: Tensor,
    weights: Tensor | None = None,
    regularisation: float = 1e-3,
    iterations: int = 5,
) -> Tensor:
    """Shading coefficients (9, 3) that explain ``irradiance`` (N, 3) on unit ``normals`` (N, 3), robustly.

    Least squares reweighted by Geman and McClure, ``1 / (1 + (r / 2.5 s)^2)^2`` with s the robust spread of the
    residual, so that cast shadows and highlights count little.

    Args:
        normals: in the frame the light is wanted in.
        irradiance: shading, i.e. linear colour divided by linear albedo.
        weights: (N,) or (N, 3), not negative; squared albedo makes the colour's error the one that is minimised.
        regularisation: pull of bands 1 to 8 to 0, relative to the total weight.
        iterations: of reweighting; 1 is plain least squares.
    """
    bands = basis(normals)
    given = torch.ones_like(irradiance) if weights is None else weights.reshape(len(normals), -1).expand_as(irradiance)
    coefficients = _weighted(bands, irradiance, given, regularisation)
    for _ in range(iterations - 1):
        residual = (bands @ coefficients - irradiance).norm(dim=-1, keepdim=True)
        spread = 2.5 * 1.4826 * residual[given.sum(-1) > 0].median().clamp_min(1e-6)
        coefficients = _weighted(bands, irradiance, given / (1 + (residual / spread) ** 2) ** 2, regularisation)
    return coefficients


def _weighted(bands: Tensor, values: Tensor, weights: Tensor, regularisation: float) -> Tensor:
    """Ridge regression of each channel with its own weights (N, 3): (9, 3)."""
    ridge = torch.full((9,), regularisation, dtype=bands.dtype, device=bands.device)
    # The mean level is always known; a trace of ridge there keeps an empty or flat selection solvable.
    ridge[0] = 1e-6
    channels = []
    for channel in range(values.shape[-1]):
        weight = weights[:, channel, None]
        normal = bands.T @ (bands * weight) + torch.diag(ridge * weight.sum().clamp_min(1e-12))
        channels.append(torch.linalg.solve(normal, bands.T @ (values[:, channel, None] * weight)))
    return torch.cat(channels, -1)


def _icosahedron(like: Tensor) -> Tensor:
    """(12, 3) unit vertices."""
    long, short = (math.sqrt((5 + sign * math.sqrt(5)) / 10) for sign in (1, -1))
    corners = [(0.0, a * short, b * long) for a in (-1, 1) for b in (-1, 1)]
    return like.new_tensor([(c[i % 3], c[(i + 1) % 3], c[(i + 2) % 3]) for c in corners for i in range(3)])
