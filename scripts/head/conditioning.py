"""A Gaussian process made to agree with what is known of some linear measures of it.

With covariance K and measures m = G u, whose covariance under the process is M = G K G', the process
K + K G' M^-1 (T - M) M^-1 G K has covariance T in the measures, and given the measures it is the old process: what
was not measured changes only as far as it goes along with what was (Jeffrey's rule of conditioning for Gaussians).
"""

from __future__ import annotations

import numpy as np

from .cage import Array

ROUNDS = 200


def conditioned(factor: Array, reading: Array, wanted: Array) -> tuple[Array, Array]:
    """A factor of the process that has covariance ``wanted`` in the measures.

    Args:
        factor: (K, D) whose outer products sum to the covariance.
        reading: (K, m) measures of each row.
        wanted: (m, m) covariance of the measures.

    Returns:
        The new factor (K, D) and the symmetric root (K, K) that made it, ``root @ factor``.
    """
    inverse = np.linalg.inv(reading.T @ reading)
    basis, triangle = np.linalg.qr(reading)
    ratio = triangle @ inverse @ wanted @ inverse @ triangle.T
    values, vectors = np.linalg.eigh(ratio)
    if values.min() <= 0:
        raise ValueError("the wanted covariance is not positive definite")
    gain = (vectors * (np.sqrt(values) - 1)) @ vectors.T
    root = np.eye(len(factor)) + basis @ gain @ basis.T
    return root @ factor, root


def likeliest(factor: Array, reading: Array, wanted: Array) -> Array:
    """(D,) the most probable field of the process whose measures are ``wanted`` (m,)."""
    return np.asarray((reading @ np.linalg.solve(reading.T @ reading, wanted)) @ factor)


def completed(prior: Array, deviations: Array, known: dict[tuple[int, int], float]) -> Array:
    """(m, m) covariance with these deviations and known correlations, and as for the rest closest to ``prior``.

    Closest in relative entropy: iterative proportional fitting of the 2 x 2 marginals (Speed and Kiiveri, "Gaussian
    Markov distributions over finite graphs", Ann. Stat. 1986), begun at the prior's correlations.
    """
    root = np.sqrt(np.diag(prior))
    precision = np.linalg.inv(prior / np.outer(root, root))
    single = [(np.array([i]), np.eye(1)) for i in range(len(prior))]
    double = [(np.array(pair), np.array([[1, r], [r, 1]])) for pair, r in known.items()]
    for _ in range(ROUNDS):
        for places, target in single + double:
            block = np.ix_(places, places)
            present = np.linalg.inv(precision)[block]
            precision[block] += np.linalg.inv(target) - np.linalg.inv(present)
    correlation = np.linalg.inv(precision)
    return np.asarray(correlation * np.outer(deviations, deviations))
