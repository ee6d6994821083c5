"""The identity space: how heads differ, from published measurements and a Gaussian process. Nobody's scans go into it.

The process of ``process`` says what is smooth and what goes with what; the surveys of ``surveys`` say how far heads
differ in fifteen calliper distances and how these go together; ``conditioning`` makes the two agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Head, Indices
from .conditioning import completed, conditioned, likeliest
from .measures import measures
from .process import carrier_weight, prior
from .semantics import semantic_directions
from .surveys import half_differences, within_correlations, within_deviations

MODES = 80
PRIOR_SHARE = 0.5
"""Of the process' correlations, what is kept for pairs of distances without a published correlation: a smooth process
exaggerates how neighbouring distances go together."""
PART_PREFIXES = ("eye_", "teeth_", "gums_", "tongue")


@dataclass(frozen=True)
class IdentitySpace:
    """How heads differ from the mean."""

    modes: Array
    """(80, N', 3) mm offset of the control vertices for one standard deviation, ordered by variance over the skin;
    N' counts ``head.controls``: the cage's vertices, then the parts' control vertices. Each is symmetric or
    antisymmetric under mirroring."""
    names: tuple[str, ...]
    """Semantic directions."""
    directions: Array
    """(S, 80) coefficients that make one standard deviation along each."""


def build_identity(head: Head) -> IdentitySpace:
    """The identity space round ``head``, whose control vertices are the mean.

    Rigid motion of the face is taken out of each mode, size is not. Lids slide on their eyeball; eyeballs, teeth, gums
    and tongue move rigidly. The fifteen distances, linearised at the mean, have the surveys' covariance exactly.
    """
    gradients = on_carriers(np.stack([m.gradient(head) for m in measures(head)]), head)
    factor, traits = prior(head)
    weight = carrier_weight(head)
    whole, wanted, traits = _as_surveyed(factor.reshape(len(factor), -1), traits, gradients)
    modes = _principal(whole.reshape(-1, *factor.shape[1:]), _mirror(head), weight)
    flat = conditioned(modes.reshape(MODES, -1), _read(modes, gradients), wanted)[0]
    modes = _principal(flat.reshape(modes.shape), _mirror(head), weight)
    coordinates = {name: _coordinates(field, modes, weight) for name, field in traits.items()}
    coordinates["sex"] += _missing(modes, gradients, coordinates["sex"])
    modes = with_parts(modes, head)
    return IdentitySpace(modes, *semantic_directions(modes, head, coordinates))


def on_carriers(gradients: Array, head: Head) -> Array:
    """(m, P * 3) of gradients (m, N', 3) by control vertex: those of a part's vertices added up at what carries it."""
    count = len(head.cage.vertices)
    total = np.zeros((len(gradients), count + 3, 3))
    total[:, :count] = gradients[:, :count]
    for column, vertices in _columns(head):
        total[:, column] += gradients[:, vertices].sum(1)
    return total.reshape(len(gradients), -1)


def with_parts(fields: Array, head: Head) -> Array:
    """Fields (K, P, 3) on the carriers (``process.prior``) spread to all control vertices: (K, N', 3)."""
    count = len(head.cage.vertices)
    full = np.zeros((len(fields), len(head.controls), 3))
    full[:, :count] = fields[:, :count]
    for column, vertices in _columns(head):
        full[:, vertices] = fields[:, column : column + 1]
    return full


def part_controls(head: Head) -> dict[str, Indices]:
    """Control vertices of every separate part by the part's group name."""
    parts = {}
    for name, vertices in head.groups.items():
        if name.startswith(PART_PREFIXES):
            used = np.unique(head.subdivision[vertices].indices)
            parts[name] = used[used >= len(head.cage.vertices)]
    return parts


def _columns(head: Head) -> list[tuple[int, Indices]]:
    """Which carrier moves which parts' control vertices."""
    count = len(head.cage.vertices)
    source = {"eye_R": count, "eye_L": count + 1}
    return [(source.get(name, count + 2), vertices) for name, vertices in part_controls(head).items()]


def _mirror(head: Head) -> Indices:
    count = len(head.cage.vertices)
    return np.r_[head.cage.mirror, count + 1, count, count + 2]


def _read(fields: Array, gradients: Array) -> Array:
    """(K, m) change of each distance in mm under fields (K, P, 3)."""
    return np.asarray(fields.reshape(len(fields), -1) @ gradients.T)


def _as_surveyed(factor: Array, traits: dict[str, Array], gradients: Array) -> tuple[Array, Array, dict[str, Array]]:
    """Rows (K + 2, P * 3) whose distances have the surveys' covariance (m, m), that covariance, and the traits.

    The women's and the men's means are a standard deviation of "sex" to either side: an even mixture of two groups.
    """
    reading = _read(factor, gradients)
    covariance = reading.T @ reading
    diagonal = np.diag(np.diag(covariance))
    start = PRIOR_SHARE * covariance + (1 - PRIOR_SHARE) * diagonal
    within = completed(start, within_deviations(), within_correlations())
    sex, age = traits["sex"].reshape(-1), traits["age"].reshape(-1)
    sex = sex + likeliest(factor, reading, half_differences() - gradients @ sex)
    old = gradients @ age
    rest = conditioned(factor, reading, within - np.outer(old, old))[0]
    wanted = within + np.outer(half_differences(), half_differences())
    shape = traits["sex"].shape
    return np.vstack([rest, sex, age]), wanted, {"sex": sex.reshape(shape), "age": age.reshape(shape)}


def _coordinates(field: Array, modes: Array, weight: Array) -> Array:
    """(MODES,) of a field (P, 3) in modes that are orthogonal under ``weight``."""
    return np.einsum("kpc,pc,p->k", modes, field, weight) / np.einsum("kpc,kpc,p->k", modes, modes, weight)


def _missing(modes: Array, gradients: Array, sex: Array) -> Array:
    """(MODES,) the smallest coefficients that bring the distances at ``sex`` to the men's means."""
    reading = _read(modes, gradients)
    return likeliest(np.eye(MODES), reading, half_differences() - sex @ reading)


def _principal(factor: Array, mirror: Indices, weight: Array) -> Array:
    """(MODES, P, 3) principal components of the process under ``weight``, each symmetric or antisymmetric."""
    columns = factor.shape[1]
    image = factor[:, mirror] * [-1, 1, 1]
    root = np.sqrt(np.repeat(np.r_[weight, np.zeros(columns - len(weight))], 3))
    modes, sizes = [], []
    for sign in (1, -1):
        half = ((factor + sign * image) / 2).reshape(len(factor), -1)
        values, vectors = np.linalg.eigh((half * root) @ (half * root).T)
        modes.append(vectors.T @ half)
        sizes.append(values)
    order = np.argsort(np.concatenate(sizes))[::-1][:MODES]
    chosen = np.concatenate(modes)[order]
    largest = np.take_along_axis(chosen, np.abs(chosen).argmax(1)[:, None], 1)
    return (chosen * np.sign(largest)).reshape(MODES, columns, 3)
