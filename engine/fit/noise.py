"""What a detector's landmarks are worth: bias, response and covariance of its error.

All in metres at the face, in the image's axes turned so that the head stands upright (x right, y down), flattened
(L, 2) -> (2L,). A detected point is modelled as ``projected + bias + response . coefficients + error`` with
``error ~ N(0, scale^2 (diag(variance) + factor factor^T))``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.blas import ssyrk

from .basis import Array, LandmarkBasis, Singles

WHITE = 0.0012
"""Metres: a landmark's own error, where no calibration says better."""
SMOOTH = 0.0022
"""Metres: the error neighbouring landmarks share; it is what makes hundreds of points count as a few."""
REACH = 0.028
"""Metres over which neighbours share it."""


@dataclass(frozen=True)
class Noise:
    """The error of one detection, given the head's angles."""

    bias: Array
    """(2L,)."""
    response: Singles
    """(2L, K): what the detector adds for each identity or expression coefficient."""
    variance: Array
    """(2L,)."""
    factor: Array
    """(2L, r)."""

    def scaled(self, scale: Array) -> Noise:
        """The same with each coordinate's deviation multiplied by its own factor (2L,)."""
        return replace(self, variance=self.variance * scale**2, factor=self.factor * scale[:, None])

    def information(self, moves: Array, shape: Singles, residual: Array, weights: Array) -> tuple[Array, Array]:
        """``J^T S^-1 J`` and ``J^T S^-1 r`` with the covariance S above, its diagonal divided by ``weights`` (2L,).

        Woodbury: ``S^-1 = D^-1 - D^-1 U (I + U^T D^-1 U)^-1 U^T D^-1``. The products of the many columns of ``shape``
        are taken in single precision, which halves the landmark fit's time. Those of ``moves`` are not: distance and
        focal length make nearly the same picture, and only exact sums tell them apart.

        Args:
            moves: (2L, p) leading columns of J.
            shape: (2L, k) the others.
            residual: (2L,).
            weights: (2L,).
        """
        root = np.sqrt(weights / self.variance)[:, None]
        first, shared, white = moves * root, self.factor * root, residual * root[:, 0]
        second, single = shape * root.astype(np.float32), shared.astype(np.float32)
        inner = ssyrk(1.0, single.T, lower=True).astype(np.float64)
        inner[np.diag_indices(len(inner))] += 1
        inner = cholesky(inner, lower=True, check_finite=False)
        half_first = solve_triangular(inner, shared.T @ first, lower=True, check_finite=False)
        half_second = solve_triangular(inner.astype(np.float32), single.T @ second, lower=True, check_finite=False)
        white -= shared @ cho_solve((inner, True), shared.T @ white, check_finite=False)
        count, exact = moves.shape[1], second.astype(np.float64)
        hessian = np.empty((count + shape.shape[1],) * 2)
        hessian[:count, :count] = first.T @ first - half_first.T @ half_first
        hessian[:count, count:] = first.T @ exact - half_first.T @ half_second
        hessian[count:, :count] = hessian[:count, count:].T
        hessian[count:, count:] = squared(second, less=half_second)
        return hessian, np.r_[first.T @ white, exact.T @ white]

    def whiteness(self, residual: Array) -> Array:
        """(L,) squared residual of each landmark in units of its own total variance."""
        total = self.variance + (self.factor**2).sum(1)
        return (residual**2 / total).reshape(-1, 2).sum(1) / 2


def squared(matrix: Singles, less: Singles | None = None) -> Array:
    """``M^T M - N^T N`` (k, k) of ``matrix`` M and ``less`` N, each pair of columns multiplied once."""
    upper = ssyrk(1.0, matrix.T)
    if less is not None:
        upper = ssyrk(-1.0, less.T, beta=1.0, c=upper, overwrite_c=True)
    full: Array = upper.astype(np.float64)
    low = np.tril_indices(len(full), -1)
    full[low] = full.T[low]
    return full


def default_noise(basis: LandmarkBasis) -> Noise:
    """For detectors that nobody calibrated: no bias, a smooth shared error and a white one."""
    distance = np.linalg.norm(basis.mean[:, None] - basis.mean[None], axis=-1)
    values, vectors = np.linalg.eigh(SMOOTH**2 * np.exp(-((distance / REACH) ** 2)))
    half = (vectors * np.sqrt(np.clip(values, 0, None)))[:, -16:]
    factor = np.zeros((len(distance), 2, 2, half.shape[1]))
    factor[:, 0, 0], factor[:, 1, 1] = half, half
    lost = np.clip(SMOOTH**2 - (half**2).sum(1), 0, None)
    count = 2 * len(distance)
    return Noise(
        bias=np.zeros(count),
        response=np.zeros((count, basis.modes.shape[2]), np.float32),
        variance=np.repeat(WHITE**2 + lost, 2),
        factor=factor.reshape(count, -1),
    )
